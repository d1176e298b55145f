"""The figures that a lead and the person on call read, as every queue answers them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store import moment
from store.contract import (
    REPLY,
    Approve,
    Attempt,
    Edit,
    HandOver,
    Reject,
    Respond,
    Retry,
    Route,
    now,
)
from store.live import Behind, Question, RepeatContact, Switch
from store.queue import Invalid
from tests.contract import shop
from tests.contract.conftest import House


def route(name: str = "messy", version: str = "v1") -> Route:
    return Route(
        name=name, model="strong", prompt="drafting", prompt_version=version, code="otherwise", reason="one intent"
    )


async def answered(house: House, n: int, name: str = "messy", *, back: int = 0, confused: bool = False) -> None:
    """A ticket that is answered by itself, and a customer who comes back on it so often."""
    await house.queue.submit(shop.message(f"m{n}", f"t{n}"))
    text = f"Dear Mia {n}, your order W{n} is on its way."
    shop.handle(house.work, house.judge, f"m{n}", how="send", route=route(name), intents=("where_is_it",), reply=text)
    house.run()
    reply, proposal = house.work.ai_replies(f"t{n}")[0]
    for again in range(back):
        await house.queue.submit(shop.message(f"m{n}-{again}", f"t{n}", text="Where is it?"))
        house.work.link_repeat(
            RepeatContact(
                ticket_id=f"t{n}",
                message_id=f"m{n}-{again}",
                reply_id=reply.id,
                route=proposal.route.name,
                why="same_thread",
                confusion=confused,
                at=now(),
            )
        )


async def test_a_reply_that_customers_came_back_on_counts_once(house: House) -> None:
    for n in range(4):
        await answered(house, n, back=2 if n == 0 else 0)
    await answered(house, 9, "routine", back=1, confused=True)
    stats = await house.queue.stats(Question())
    assert (stats.repeats.part, stats.repeats.whole) == (2, 5)
    assert [(one.key, one.repeats.part, one.repeats.whole) for one in stats.cells] == [
        ("messy", 1, 4),
        ("routine", 1, 1),
    ]
    assert (stats.trend[-1].part, stats.trend[-1].whole, len(stats.trend)) == (2, 5, 28)
    assert (stats.confusions.part, stats.first_reply.count) == (1, 5)
    counters = await house.queue.counters()
    assert {one.name: (one.repeats, one.replies) for one in counters.routes} == {"messy": (1, 4), "routine": (1, 1)}


@pytest.mark.parametrize(
    ("by", "key"),
    [("intent", "where_is_it"), ("prompt", "drafting"), ("version", "drafting v1"), ("model", "strong")],
)
async def test_repeat_contacts_are_told_apart_and_listed(house: House, by: str, key: str) -> None:
    for n in range(3):
        await answered(house, n, back=1 if n < 2 else 0)
    (cell,) = (await house.queue.stats(Question(by=by))).cells  # type: ignore[arg-type]
    assert (cell.key, cell.repeats.part, cell.repeats.whole) == (key, 2, 3)
    page = await house.queue.cases(Behind(measure="repeats", by=by, key=key))  # type: ignore[arg-type]
    assert [one.ticket_id for one in page.lines] == ["t1", "t0"]
    first = await house.queue.cases(Behind(measure="repeats"), limit=1)
    rest = await house.queue.cases(Behind(measure="repeats"), after=first.next, limit=5)
    assert [one.ticket_id for one in (*first.lines, *rest.lines)] == ["t1", "t0"]
    assert rest.next is None


async def test_the_list_behind_a_window_holds_what_its_number_counts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = now() - timedelta(days=3)
    with monkeypatch.context() as then:
        then.setattr(moment, "now", lambda: early)
        await answered(house, 0)
    reply, _ = house.work.ai_replies("t0")[0]
    assert reply.at == early
    await house.queue.submit(shop.message("m0-0", "t0", text="Where is it?"))
    house.work.link_repeat(
        RepeatContact(ticket_id="t0", message_id="m0-0", reply_id=reply.id, route="messy", why="same_thread", at=now())
    )
    for hours in (24, 168):
        number = (await house.queue.stats(Question(hours=hours))).repeats.part
        lines = (await house.queue.cases(Behind(measure="repeats", hours=hours))).lines
        assert len(lines) == number == (0 if hours == 24 else 1)
    assert lines[0].text == "wrote again on the thread, 3 days later"


async def test_the_same_answer_to_many_is_one_reply(house: House) -> None:
    for n in range(3):
        await answered(house, n, back=1 if n else 0)
    (cell,) = (await house.queue.stats(Question(by="reply"))).cells
    assert (cell.repeats.part, cell.repeats.whole) == (2, 3)
    assert "your order … is on its way." in cell.key


async def test_a_failure_message_is_ranked_by_what_follows(house: House) -> None:
    await house.queue.submit(shop.message())
    failure = house.judge.failure("invoice_not_matched", "lookup")
    shop.handle(house.work, house.judge, "m1", how="ask", failure=failure, reply="Which e-mail did you use?")
    house.run()
    reply = house.work.ai_replies("4183")[0][0]
    await house.queue.submit(shop.message("m2"))
    house.work.link_repeat(
        RepeatContact(ticket_id="4183", message_id="m2", reply_id=reply.id, route="messy", why="same_thread", at=now())
    )
    stats = await house.queue.stats(Question())
    assert [(one.key, one.repeats.part, one.repeats.whole) for one in stats.messages] == [("invoice_not_matched", 1, 1)]


async def test_what_people_change_is_counted_by_reason_and_kind_with_the_difference(house: House) -> None:
    given = {
        "a": (Approve(action_id="a1"), Approve(action_id=REPLY)),
        "b": (
            Edit(action_id="a1", args={"order": "W2378156", "minor": 9_000, "currency": "EUR"}),
            Approve(action_id=REPLY),
        ),
        "c": (Reject(action_id="a1", code="wrong_facts", message="no such order"), Reject(action_id=REPLY, code="x")),
        "d": (Approve(action_id="a1"), Respond(action_id=REPLY, message="We look into it.")),
    }
    for name, verdicts in given.items():
        review = await house.waiting(f"m-{name}", f"t-{name}")
        lease = await shop.held(house.queue, review)
        await house.queue.decide(shop.decision(review, "ana", *verdicts, number=f"d-{name}"), lease)
    stats = await house.queue.stats(Question(by="reason"), "ana")
    assert (stats.overrides.part, stats.overrides.whole) == (3, 4)
    assert stats.override_kinds == {"edited": 1, "rejected": 1, "rewritten": 1}
    assert [(one.key, one.overrides.part, one.overrides.whole) for one in stats.reasons] == [
        ("refund_over_limit", 3, 4)
    ]
    assert stats.to_decision.count == 4
    page = await house.queue.cases(Behind(measure="overrides", by="reason", key="refund_over_limit"))
    changed = {one.ticket_id: one.changed for one in page.lines}
    assert changed["t-b"] == ("Refund €120.00 · minor: 12000 → 9000",)
    assert changed["t-c"][0] == "Refund €120.00 → rejected, wrong facts"
    assert "no such order" in next(one.text for one in page.lines if one.ticket_id == "t-c")


async def test_an_undone_decision_counts_nowhere(house: House) -> None:
    review = await house.waiting()
    reject = [Reject(action_id=one, code="x") for one in review.proposal.to_decide()]
    await house.queue.decide(shop.decision(review, "ana", *reject), await shop.held(house.queue, review))
    assert (await house.queue.stats(Question())).resolved == 1


async def test_taking_back_takes_out_of_the_figures(open_house: object) -> None:
    house: House = open_house(undo_seconds=60.0)  # type: ignore[operator]
    review = await house.waiting()
    reject = [Reject(action_id=one, code="x") for one in review.proposal.to_decide()]
    await house.queue.decide(shop.decision(review, "ana", *reject), await shop.held(house.queue, review))
    await house.queue.undo("d1", "ana")
    stats = await house.queue.stats(Question())
    assert (stats.overrides.whole, stats.resolved, stats.to_decision.count) == (0, 0, 0)
    assert (await house.queue.cases(Behind(measure="overrides"))).lines == ()


async def test_handing_over_decides_nothing_and_a_retry_is_a_change(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, instead=HandOver(to="billing")), lease)
    assert (await house.queue.stats(Question())).overrides.whole == 0
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, number="d2", instead=Retry(details="card 9213")), lease)
    assert (await house.queue.stats(Question())).override_kinds == {"sent round": 1}


async def test_a_customer_who_writes_after_the_answer_reopens_the_ticket(house: House) -> None:
    await answered(house, 1, back=1)
    stats = await house.queue.stats(Question())
    assert (stats.reopened.part, stats.resolved) == (1, 1)
    assert [one.ticket_id for one in (await house.queue.cases(Behind(measure="reopened"))).lines] == ["t1"]


async def test_carefulness_counts_quick_approvals_and_runs(house: House) -> None:
    for n, took in enumerate((200, 5_000, 0)):
        review = await house.waiting(f"m{n}", f"t{n}")
        lease = await shop.held(house.queue, review)
        await house.queue.decide(shop.decision(review, number=f"d{n}", took_ms=took), lease)
    care = (await house.queue.stats(Question(), "ana")).care
    assert (care.approvals, care.quick, care.mine, care.mine_quick, care.streak) == (3, 1, 3, 1, 3)
    assert (await house.queue.stats(Question(), "bo")).care.mine == 0
    review = await house.waiting("m9", "t9")
    reject = [Reject(action_id=one, code="x") for one in review.proposal.to_decide()]
    await house.queue.decide(shop.decision(review, "ana", *reject, number="d9"), await shop.held(house.queue, review))
    assert (await house.queue.stats(Question(), "ana")).care.streak == 0


async def test_how_old_what_waits_is(house: House) -> None:
    await house.waiting("m1", "t1")
    review = await house.waiting("m2", "t2")
    assert (await house.queue.stats(Question())).waiting.count == 2
    await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    stats = await house.queue.stats(Question())
    assert stats.waiting.count == 1
    assert stats.oldest_at is not None


# ── what runs ────────────────────────────────────────────────────────────────


async def test_what_runs_is_told_with_traffic_errors_latency_and_cost(house: House) -> None:
    await answered(house, 1)
    tries = [
        Attempt(step="drafting", model="strong", prompt="drafting", prompt_version="v1", route="messy", ms=400.0,
                outcome="temporary", code="server_error", detail="HTTP 502"),
        Attempt(step="drafting", number=2, model="strong", prompt="drafting", prompt_version="v1", route="messy",
                ms=100.0, cost_micros=1_500),
    ]  # fmt: skip
    house.work.record("t1", tuple(tries))
    found = {(one.kind, one.name): one for one in await house.queue.operations()}
    model = found["model", "strong"]
    assert (model.traffic, model.errors.part, model.retries.part, model.cost_micros) == (2, 1, 1, 1_500)
    assert 0.09 < model.latency.p50 < 0.11
    assert 0.36 < model.latency.p95 < 0.44
    assert found["route", "messy"].traffic == 1
    assert found["route", "messy"].per_hour[-1] + found["route", "messy"].per_hour[-2] == 1
    assert found["prompt", "drafting"].versions[0].startswith("v1 2 calls")
    assert found["action", "send_reply"].traffic == 1
    page = await house.queue.cases(Behind(measure="errors", by="model", key="strong", hours=24))
    assert [one.text for one in page.lines] == ["drafting: server error · HTTP 502"]


async def test_what_was_carried_out_badly_is_told_with_its_message(house: House) -> None:
    review = await house.waiting()
    await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    house.run("failed")
    refund = next(one for one in await house.queue.operations() if one.name == "refund")
    assert (refund.kind, refund.traffic, refund.errors.part) == ("action", 1, 1)
    page = await house.queue.cases(Behind(measure="errors", by="action", key="refund"))
    assert page.lines[0].ticket_id == "4183"
    assert "action_failed" in page.lines[0].text


async def test_what_is_off_is_told_first_with_who_and_why(house: House) -> None:
    await answered(house, 1, "routine")
    await house.queue.throw(Switch(kind="route", name="messy", on=False, who="ola", why="prompt loops"))
    first = (await house.queue.operations())[0]
    assert (first.name, first.on) == ("messy", False)
    assert first.switch is not None
    assert (first.switch.who, first.switch.why) == ("ola", "prompt loops")


@pytest.mark.parametrize(
    ("kind", "name"), [("route", "messy"), ("model", "strong"), ("prompt", "drafting"), ("action", "refund")]
)
async def test_the_preview_counts_the_tickets_of_exactly_this(house: House, kind: str, name: str) -> None:
    await house.waiting(route=route())
    await answered(house, 9, "routine")
    preview = await house.queue.preview(Switch(kind=kind, name=name, on=False, who="ola", why="x"))  # type: ignore[arg-type]
    both = kind in ("model", "prompt")
    assert round(preview.per_hour * 24) == (2 if both else 1)
    assert preview.then == ("take the route routine" if kind == "route" else "wait until it is on again")


async def test_a_question_has_bounds(house: House) -> None:
    with pytest.raises(ValueError, match="hours"):
        Question(hours=10_000)
    with pytest.raises(Invalid):
        await house.queue.cases(Behind(measure="repeats"), after="not ours")
