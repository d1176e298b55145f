"""One number, wherever it is read: the stats screen, `lastclick stats --json`, /metrics and the live column say the same of
a busy queue, on the file and over HTTP; and none of them says which of the waiting cases is planted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import signed_in
from app.cli import main
from app.desk.desk import Desk
from app.desk.panes.ticket import Drawn
from app.desk.screens.main import MainScreen
from app.desk.screens.stats import StatsScreen
from app.server import metrics
from app.server.application import Options
from config.settings import settings
from store.contract import REPLY, Action, Approve, Attempt, Edit, Reject, Route, now
from store.live import Counters, Question, RepeatContact, Stats, Switch, View
from store.local import LocalQueue
from store.planted_told import Planting
from store.queue import Queue
from store.remote import RemoteQueue
from tests.contract import shop
from tests.desk.conftest import until
from tests.server.conftest import Team

Numbers = dict[str, float]
LEA, ANA = "lea", "ana"
WEEK = 168


@pytest.fixture
async def busy(open_team: Callable[..., Team], monkeypatch: pytest.MonkeyPatch) -> Team:
    """Replies, customers who came back, decisions of every kind, a switch that is off, and a planted case."""
    monkeypatch.setattr(metrics, "HOURS", WEEK)
    team = await asyncio.to_thread(
        open_team, options=Options(metrics=True), due_hours=0.0, spot_check_share=1.0, planted_by_person=True
    )
    await _replies(team)
    await _decisions(team)
    queue = team.served.local
    await queue.plant(Planting(by=LEA, kinds=("amount",)))
    await queue.throw(Switch(kind="action", name="close_account", on=False, who="ola", why="closes the wrong ones"))
    return team


def _run(team: Team) -> None:
    team.work.beat("w1", "here", 1)
    while ids := team.work.due():
        for one in ids:
            team.work.dispatch(one, "w1")
            team.work.settle(one, "done")


async def _replies(team: Team) -> None:
    queue, work = team.served.local, team.work
    for n in range(5):
        await queue.submit(shop.message(f"m{n}", f"t{n}"))
        tries = [
            Attempt(step="drafting", number=number, model="strong", prompt="drafting", route="messy", cost_micros=700)
            for number in range(1, 2 + n % 2)
        ]
        work.record(f"t{n}", tuple(tries))
        route = Route(name="messy" if n < 3 else "routine", model="strong", code="otherwise", reason="one intent")
        shop.handle(work, team.judge, f"m{n}", how="send", route=route)
    _run(team)
    for n in (0, 3):
        reply, proposal = next(one for one in work.ai_replies(f"t{n}") if one[0].ticket_id == f"t{n}")
        await queue.submit(shop.message(f"m{n}-2", f"t{n}", text="I do not understand."))
        contact = {"ticket_id": f"t{n}", "message_id": f"m{n}-2", "reply_id": reply.id, "route": proposal.route.name}
        work.link_repeat(RepeatContact(**contact, why="same_thread", confusion=n == 0, at=now()))


async def _decisions(team: Team) -> None:
    queue, work = team.served.local, team.work
    close = Action(action_id="a1", kind="close_account", args={"account": "C1"}, description="Close the account")
    await shop.waiting(queue, work, team.judge, "m-close", "t-close", close)
    reviews = [await shop.waiting(queue, work, team.judge, f"r{n}", f"w{n}") for n in range(5)]
    edited = Edit(action_id="a1", args={"order": "W2378156", "minor": 100, "currency": "EUR"})
    given: list[tuple[Any, ...]] = [
        (Approve(action_id="a1"), Approve(action_id=REPLY)),
        (Reject(action_id="a1", code="wrong_facts"), Reject(action_id=REPLY, code="wrong_facts")),
        (edited, Approve(action_id=REPLY)),
    ]
    for n, verdicts in enumerate(given):
        decision = shop.decision(reviews[n], ANA, *verdicts, number=f"d{n}", took_ms=300)
        await queue.decide(decision, await shop.held(queue, reviews[n], ANA))
        _run(team)


# ── read in each place ───────────────────────────────────────────────────────


def of_stats(stats: Stats) -> Numbers:
    by_route = {one.key: one for one in stats.cells}
    return {
        "waiting": stats.waiting.count, "due": stats.due, "held": stats.held,
        "reason": stats.waiting_by["refund_over_limit"],
        "replies": stats.repeats.whole, "repeats": stats.repeats.part, "confusions": stats.confusions.part,
        "decided": stats.overrides.whole, "changed": stats.overrides.part,
        "calls": stats.retries.whole, "again": stats.retries.part,
        "resolved": stats.reopened.whole, "reopened": stats.reopened.part,
        "cost": stats.cost_micros / 1e6, "spots": stats.spot.waiting,
        "messy replies": by_route["messy"].repeats.whole, "messy repeats": by_route["messy"].repeats.part,
        "messy changed": by_route["messy"].overrides.part, "first p50": round(stats.first_reply.p50, 3),
        "decision p90": round(stats.to_decision.p90, 3),
    }  # fmt: skip


async def of_metrics(team: Team, who: str, role: str) -> Numbers:
    answer = await asyncio.to_thread(team.ask, "GET", "/metrics", who, role)
    found = {
        " ".join((sample.name.removeprefix("lastclick_"), *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    names = {
        "waiting": "queue_waiting", "due": "queue_due", "held": "queue_held",
        "reason": "queue_waiting_by_reason refund_over_limit", "replies": "replies_hour", "repeats": "repeats_hour",
        "confusions": "confusions_hour", "decided": "decisions_hour", "changed": "overrides_hour",
        "calls": "calls_hour", "again": "calls_again_hour", "resolved": "resolved_hour", "reopened": "reopened_hour",
        "cost": "cost_hour", "spots": "spot_checks_waiting", "messy replies": "route_replies_hour messy",
        "messy repeats": "route_repeats_hour messy", "messy changed": "route_overrides_hour messy",
        "first p50": "first_reply_seconds_hour 0.5", "decision p90": "decision_seconds_hour 0.9",
    }  # fmt: skip
    return {name: round(found[metric], 4 if name == "cost" else 3) for name, metric in names.items()}


async def of_screen(queue: Queue, actor: str) -> Numbers:
    """What stands on the stats screen, read back from its words."""

    async def opened() -> Queue:
        return queue

    app = Desk(opened, actor)
    async with app.run_test(size=(160, 60)) as pilot:
        await until(
            pilot, lambda: isinstance(app.screen, MainScreen) and app.query_main()._reading is not None, "the desk"
        )
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen) and app.screen._ready, "the figures")
        await pilot.pause()
        text = app.screen.query_one("#readout-body", Drawn)._drawn.plain
    wanted = {
        ("repeats", "replies"): r"came back · (\d+) of (\d+) in the last",
        ("waiting",): r"waiting now +(\d+)", ("due",): r"(\d+) overdue", ("held",): r"(\d+) held",
        ("changed", "decided"): r"changed +\d+% \((\d+) of (\d+) decisions\)",
        ("reopened", "resolved"): r"reopened +[\d.]+% \((\d+) of (\d+) resolved\)",
        ("confusions",): r"not understood +[\d.]+% \((\d+) of",
        ("again", "calls"): r"retries +\d+% \((\d+) of (\d+) calls\)",
        ("cost",): r"cost +([\d.]+)", ("spots",): r"two agree[^\n]*\n[^\n]*waiting +(\d+)",
        ("messy replies", "messy repeats"): r"messy +(\d+) +(\d+) ",
        ("messy changed",): r"messy +\d+ +\d+ .* (\d+) +\d+% *\n",
    }  # fmt: skip
    told: Numbers = {}
    for names, pattern in wanted.items():
        found = re.search(pattern, text)
        assert found, (names, text)
        told |= dict(zip(names, map(float, found.groups()), strict=True))
    return told


def said(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> str:
    """What a command prints, by somebody whose folder this is."""
    capsys.readouterr()
    name, *rest = words
    assert main([name, "--home", str(home), *rest]) == 0
    return capsys.readouterr().out


def of_live(live: Counters) -> Numbers:
    messy = next(one for one in live.routes if one.name == "messy")
    return {
        "messy replies": messy.replies,
        "messy repeats": messy.repeats,
        "messy changed": messy.overrides,
        "confusions": live.confusions,
        "spots": live.spot_checks_waiting,
    }


async def _at_server(team: Team, name: str, role: Any) -> RemoteQueue:
    return await RemoteQueue.open(team.served.url, await asyncio.to_thread(team.served.token, name, role))


def _sign_in(team: Team, home: Path, name: str, role: Any) -> None:
    where = settings(home)
    login = signed_in.Login(url=team.served.url, user=name, token_file=home / "token")
    home.mkdir()
    signed_in.keep(where, login, team.served.token(name, role))


# ── the same everywhere ──────────────────────────────────────────────────────


async def test_screen_command_and_metrics_say_the_same_number(
    busy: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = of_stats(await busy.served.local.stats(Question(), LEA))
    assert asked["waiting"] == asked["due"] == 2
    assert (asked["held"], asked["reopened"]) == (1, 2)
    assert (asked["replies"], asked["repeats"], asked["decided"], asked["changed"]) == (5, 2, 3, 2)
    assert (asked["calls"], asked["again"], asked["cost"]) == (7, 2, 0.0049)
    for queue in (await _at_server(busy, LEA, "lead"), LocalQueue(busy.path, busy.judge)):
        assert of_stats(await queue.stats(Question(), LEA)) == asked
        live = of_live(await queue.counters())
        assert live == {name: asked[name] for name in live}
        screen = await of_screen(queue, LEA)  # the desk closes its queue when it is left
        assert screen == {name: asked[name] for name in screen}
    assert await of_metrics(busy, "prometheus", "worker") == asked
    _sign_in(busy, tmp_path / "lea", LEA, "lead")
    for home, who in ((tmp_path / "lea", ()), (tmp_path, ("--actor", LEA))):
        told = await asyncio.to_thread(said, capsys, home, "stats", "--json", *who)
        assert of_stats(Stats.model_validate_json(told)) == asked


async def test_beside_the_list_and_to_an_agent_a_planted_case_counts_as_what_it_looks_like(busy: Team) -> None:
    ana, lea = await _at_server(busy, ANA, "agent"), await _at_server(busy, LEA, "lead")
    try:
        rows = (await ana.page(View())).rows
        assert len(rows) == (await ana.counts(View()))["all"] == 3
        for queue in (ana, lea):
            live = await queue.counters()
            assert (live.waiting, live.due, live.oldest_at) == (3, 3, rows[0].created_at)
        mine, leads = await ana.stats(Question()), await lea.stats(Question())
        assert (mine.waiting.count, mine.due, sum(mine.waiting_by.values())) == (3, 3, 3)
        assert (leads.waiting.count, leads.due, sum(leads.waiting_by.values())) == (2, 2, 2)
        assert (await of_metrics(busy, ANA, "agent"))["waiting"] == 3
        now_ = {"at", "waiting", "waiting_by", "oldest_at", "due", "held", "care"}
        assert mine.model_dump(exclude=now_) == leads.model_dump(exclude=now_)
    finally:
        await ana.close()
        await lea.close()


async def test_the_oldest_is_the_oldest_customers(busy: Team) -> None:
    """When only the planted case is left, agents see one that waits, and no figure has an oldest."""
    queue = busy.served.local
    (planted,) = [one.ticket_id for one in (await queue.planted()).cases]
    for row in (await queue.page(View())).rows:
        if row.ticket_id != planted:
            review = await queue.review(row.review_id)
            await queue.decide(shop.decision(review, ANA, number=row.review_id), await shop.held(queue, review, ANA))
    live, figures = await queue.counters(), await queue.stats(Question(), LEA)
    assert (live.waiting, live.oldest_at is not None) == (1, True)
    assert (figures.waiting.count, figures.oldest_at, figures.due, figures.waiting_by) == (0, None, 0, {})


async def test_who_is_signed_in_stops_plants_and_reads_where_the_desks_look(
    busy: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pager script that switched off a route in an empty file at home would have stopped nothing."""
    home = tmp_path / "lea"
    _sign_in(busy, home, LEA, "lead")
    off = await asyncio.to_thread(said, capsys, home, "route", "off", "messy", "--why", "prompt loops")
    assert off.startswith("route messy is OFF")
    (thrown,) = [one for one in await busy.served.local.switches() if one.kind == "route"]
    assert (thrown.on, thrown.who, thrown.why) == (False, LEA, "prompt loops")
    assert "prompt loops" in await asyncio.to_thread(said, capsys, home, "route", "list")
    assert "1 waits" in await asyncio.to_thread(said, capsys, home, "seed", "list")
