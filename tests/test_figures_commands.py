"""`lastclick stats` and `lastclick route` on a real queue: what they print, what they refuse, what a pager script can do."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest

from app.cli import main
from config.rules import Windows
from config.settings import settings
from store.contract import REPLY, Reject, Route, now
from store.live import RepeatContact, Stats
from store.local import LocalQueue
from store.local_work import LocalWork
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

FORMULA = "=cmd()|routine"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two answered tickets, one of which came back, and one that a person rejected."""
    path = settings(tmp_path).queue
    judge = HonestJudge(Windows(undo_seconds=0.0, spot_check_share=0.0))
    queue, work = LocalQueue(path, judge), LocalWork(path, judge)
    asyncio.run(_fill(queue, work, judge))
    return tmp_path


async def _fill(queue: LocalQueue, work: LocalWork, judge: HonestJudge) -> None:
    work.beat("w1", "here", 1)
    for n, name in enumerate(("messy", FORMULA)):
        route = Route(name=name, model="strong", prompt="drafting", code="otherwise", reason="one intent")
        await queue.submit(shop.message(f"m{n}", f"t{n}"))
        shop.handle(work, judge, f"m{n}", how="send", route=route)
        for one in work.due():
            work.dispatch(one, "w1")
            work.settle(one, "done")
    reply = next(one for one, _ in work.ai_replies("t0") if one.ticket_id == "t0")
    await queue.submit(shop.message("m0-2", "t0"))
    work.link_repeat(
        RepeatContact(ticket_id="t0", message_id="m0-2", reply_id=reply.id, route="messy", why="same_thread", at=now())
    )
    review = await shop.waiting(queue, work, judge, "m9", "t9")
    verdicts = [Reject(action_id="a1", code="wrong_facts"), Reject(action_id=REPLY, code="wrong_facts")]
    await queue.decide(shop.decision(review, "ana", *verdicts), await shop.held(queue, review))
    await queue.close()
    work.close()


def said(capsys: pytest.CaptureFixture[str], home: Path, *words: str, code: int = 0) -> str:
    name, *rest = words
    assert main([name, "--home", str(home), "--actor", "ola", *rest]) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_the_one_number_stands_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, home, "stats").splitlines()
    assert lines[0] == "Repeat contacts after automatic replies, last 7 d"
    assert lines[1].startswith("  50%  1 of 2 replies came back  (95 %: 9.5% to 91%)")
    told = "\n".join(lines)
    assert "changed by people   1 of 1 100%: 1 rejected" in told
    assert "refund_over_limit" in told


def test_json_is_the_value_itself_and_csv_holds_no_formula(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stats = Stats.model_validate_json(said(capsys, home, "stats", "--json"))
    assert (stats.repeats.part, stats.repeats.whole) == (1, 2)
    rows = list(csv.DictReader(io.StringIO(said(capsys, home, "stats", "--csv"))))
    assert [(row["route"], row["replies"], row["came back"]) for row in rows] == [
        ("all", "2", "1"), ("messy", "1", "1"), (f"'{FORMULA}", "1", "0"),
    ]  # fmt: skip


def test_the_tickets_behind_a_line_with_what_was_changed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "t0  wrote again on the thread" in said(capsys, home, "stats", "--tickets", "messy")
    changed = said(capsys, home, "stats", "--tickets", "all", "--changed")
    assert "Refund €120.00 → rejected, wrong facts" in changed
    again = said(capsys, home, "stats", "--tickets", "all", "--of", "reopened")
    assert again.split()[2] == "t0"
    assert said(capsys, home, "stats", "--tickets", "routine").strip() == "No ticket is behind this."


def test_a_window_that_is_not_kept_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--hours is 1 to 672" in said(capsys, home, "stats", "--hours", "9000", code=1)


def test_a_recount_finds_nothing_to_mend(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, home, "stats", "--recount").strip() == "All figures are right."


def test_a_pager_script_switches_off_until_and_on_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    off = said(
        capsys, home, "route", "off", "messy", "--why", "prompt loops", "--waiting", "review", "--until", "in 2 hours"
    )
    assert off.startswith("route messy is OFF until ")
    assert "0 waiting: review; 0 held." in off
    (first, *_) = json.loads(said(capsys, home, "route", "list", "--json"))
    assert (first["name"], first["on"], first["switch"]["who"], first["switch"]["why"]) == (
        "messy", False, "ola", "prompt loops",
    )  # fmt: skip
    assert "switched off by ola: prompt loops" in said(capsys, home, "route", "list")
    assert said(capsys, home, "route", "on", "messy", "--why", "mended").startswith("route messy is on again")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("off", "messy"), "Say why"),
        (("off",), "Name what is switched off"),
        (("off", "mesy", "--why", "x"), 'did you mean "messy"?'),
        (("off", "messy", "--why", "x", "--waiting", "rutine"), 'did you mean "routine"?'),
        (("off", "messy", "--why", "x", "--until", "soonish"), "no time I know"),
    ],
)
def test_a_slip_switches_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], problem: str
) -> None:
    assert problem in said(capsys, home, "route", *words, code=1)
    assert all(one["on"] for one in json.loads(said(capsys, home, "route", "list", "--json")))


def test_a_preview_touches_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, home, "route", "off", "messy", "--preview")
    assert "waiting for a person" in told
    assert "new tickets: " in told
    assert all(one["on"] for one in json.loads(said(capsys, home, "route", "list", "--json")))
