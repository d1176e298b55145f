"""What was let go runs once, in order, after one more look; what went wrong comes back before a person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from store.contract import Approve, Edit, Failure, Reject, Retry, Review
from store.live import Switch, View
from store.queue import Conflict, NotFound
from store.work import Refused
from tests.contract import shop
from tests.contract.conftest import House


async def approved(house: House, *actions: object) -> tuple[str, ...]:
    review = await house.waiting("m1", "4183", *actions)
    outcome = await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    return outcome.execution_ids


async def test_nothing_is_due_before_the_undo_window_is_over(open_house: Callable[..., House]) -> None:
    house = open_house(undo_seconds=60)
    first, _ = await approved(house)
    assert house.work.due() == []
    with pytest.raises(Refused) as refused:
        house.work.dispatch(first, "w1")
    assert refused.value.code == "not_due"


async def test_the_reply_waits_for_the_action(house: House) -> None:
    action, reply = await approved(house)
    assert house.work.due() == [action]
    with pytest.raises(Refused, match="waits for refund"):
        house.work.dispatch(reply, "w1")
    house.work.dispatch(action, "w1")
    assert house.work.due() == []
    house.work.settle(action, "done")
    assert house.work.due() == [reply]


async def test_one_worker_at_a_time_and_a_dead_ones_is_taken_over(house: House) -> None:
    action, _ = await approved(house)
    house.work.beat("w1", "here", 1)
    house.work.beat("w2", "here", 2)
    assert house.work.dispatch(action, "w1").attempt == 1
    with pytest.raises(Refused) as refused:
        house.work.dispatch(action, "w2")
    assert refused.value.code == "taken"
    assert [one.id for one in house.work.running("w1")] == [action]
    house.work.bury("w1")
    assert house.work.dispatch(action, "w2").attempt == 2
    assert [one.id for one in house.work.running("w2")] == [action]


async def test_settling_twice_counts_once_and_another_end_is_refused(house: House) -> None:
    action, _ = await approved(house)
    house.work.dispatch(action, "w1")
    house.work.settle(action, "done", external_id="re_1")
    house.work.settle(action, "done", external_id="re_1")
    with pytest.raises(Refused):
        house.work.settle(action, "failed")
    kinds = [e.kind for e in (await house.queue.history("4183")).events]
    assert kinds.count("execution.done") == 1


@pytest.mark.parametrize("state", ["failed", "unknown"])
async def test_a_failure_comes_back_before_a_person_and_the_reply_does_not_go(house: House, state: str) -> None:
    action, _ = await approved(house)
    house.work.dispatch(action, "w1")
    failure = Failure(
        step="action",
        class_="permanent",
        code="connector_refused",
        customer_text="A colleague takes care of it.",
        internal_note="refund: refused by the shop",
        next_step="review",
    )
    house.work.settle(action, state, failure=failure)
    history = await house.queue.history("4183")
    assert [one.state for one in history.executions] == [state, "void"]
    again = await house.queue.review(history.reviews[-1].review_id)
    assert again.state == "open"
    assert again.gate.reasons[0].code == "connector_refused"
    assert [one.kind for one in again.proposal.actions] == ["refund"]
    assert (await house.queue.counters()).executions_unknown == (state == "unknown")


async def test_what_is_done_again_after_a_failure_keeps_its_key(house: House) -> None:
    action, _ = await approved(house)
    first = house.work.dispatch(action, "w1").action.idempotency_key
    house.work.settle(action, "unknown")
    review = await house.queue.review((await house.queue.history("4183")).reviews[-1].review_id)
    outcome = await house.queue.decide(shop.decision(review, number="d2"), await shop.held(house.queue, review))
    assert house.work.dispatch(outcome.execution_ids[0], "w1").action.idempotency_key == first


async def test_after_a_failed_second_action_only_the_rest_comes_back(house: House) -> None:
    one, two, _ = await approved(house, shop.refund(action_id="a1"), shop.refund(6_000, "a2", "W2"))
    house.work.dispatch(one, "w1")
    house.work.settle(one, "done")
    house.work.dispatch(two, "w1")
    house.work.settle(two, "failed")
    again = await house.queue.review((await house.queue.history("4183")).reviews[-1].review_id)
    assert [action.action_id for action in again.proposal.actions] == ["a2"]
    assert "Already done: Refund €120.00" in again.proposal.internal_note


async def test_the_very_same_thing_is_not_let_go_twice(house: House) -> None:
    action, reply = await approved(house)
    house.run()
    await house.queue.submit(shop.message("m2"))
    shop.handle(house.work, house.judge, "m2", shop.refund())
    review = await house.queue.review((await house.queue.history("4183")).reviews[-1].review_id)
    outcome = await house.queue.decide(shop.decision(review, number="d2"), await shop.held(house.queue, review))
    keys = {one.action.idempotency_key for one in (await house.queue.history("4183")).executions}
    assert len(keys) == 4, "another message is another intent"
    assert set(outcome.execution_ids).isdisjoint({action, reply})


async def test_two_of_the_same_in_one_proposal_are_two_intents(house: House) -> None:
    ids = await approved(house, shop.refund(action_id="a1"), shop.refund(action_id="a2"))
    keys = {one.action.idempotency_key for one in (await house.queue.history("4183")).executions}
    assert len(ids) == len(keys) == 3


async def test_what_a_retry_would_do_a_second_time_is_refused(house: House) -> None:
    await approved(house)
    house.run()
    work_id = "m1"
    review = await house.queue.submit(
        shop.proposal(house.work.case(work_id), shop.refund(), request_id="ext-9", reply=None)
    )
    shown = await house.queue.review(review)
    with pytest.raises(Conflict, match="already and is done"):
        await house.queue.decide(shop.decision(shown, number="d2"), await shop.held(house.queue, shown))
    assert (await house.queue.review(review)).state == "open"


async def test_a_routine_answer_goes_by_itself_and_is_marked(open_house: Callable[..., House]) -> None:
    house = open_house(spot_check_share=1.0)
    await house.queue.submit(shop.message())
    shop.handle(house.work, house.judge, "m1", shop.refund(2_000), how="send")
    assert house.run() == ["refund", "send_reply"]
    history = await house.queue.history("4183")
    assert history.ticket.state == "answered"
    assert history.ticket.customer == shop.MIA
    assert history.messages[-1].ai_handled
    reply, proposal = house.work.ai_replies("4183")[0]
    assert (reply.id, proposal.route.prompt_version) == (history.messages[-1].id, "v1")
    counters = await house.queue.counters()
    assert (counters.routes[0].handled, counters.routes[0].replies, counters.spot_checks_waiting) == (1, 1, 1)


async def test_a_question_leaves_the_ticket_waiting_for_the_customer(house: House) -> None:
    await house.queue.submit(shop.message())
    shop.handle(house.work, house.judge, "m1", how="ask")
    house.run()
    assert (await house.queue.ticket("4183")).state == "waiting_for_customer"


async def test_replies_to_the_same_customer_in_other_threads_are_found(house: House) -> None:
    await house.queue.submit(shop.message())
    shop.handle(house.work, house.judge, "m1", how="send")
    house.run()
    await house.queue.submit(shop.message("m2", "other"))
    await house.queue.submit(shop.message("m3", "stranger", sender="bo@example.com"))
    assert len(house.work.ai_replies("other")) == 1
    assert house.work.ai_replies("stranger") == []


async def test_finishing_twice_counts_once(house: House) -> None:
    await house.queue.submit(shop.message())
    for _ in range(2):
        shop.handle(house.work, house.judge, "m1", how="send")
    assert len((await house.queue.history("4183")).executions) == 1
    assert (await house.queue.counters()).routes[0].handled == 1


async def test_refunds_of_this_day_are_added_up_for_the_customer(house: House) -> None:
    await approved(house)
    assert house.work.refunded_today("C1") == {"EUR": 12_000}
    assert house.work.refunded_today("C2") == {}


async def test_an_unknown_execution_is_named(house: House) -> None:
    with pytest.raises(NotFound):
        await asyncio.to_thread(house.work.dispatch, "nope", "w1")


async def test_a_switched_off_action_is_not_dispatched_and_goes_on_later(house: House) -> None:
    action, _ = await approved(house)
    off = Switch(kind="action", name="refund", on=False, who="ola", why="double bookings")
    await house.queue.throw(off)
    assert house.work.due() == []
    with pytest.raises(Refused) as refused:
        house.work.dispatch(action, "w1")
    assert refused.value.code == "switch"
    await house.queue.throw(off.model_copy(update={"on": True}))
    assert house.run() == ["refund", "send_reply"]


async def unknown(house: House, *actions: object) -> tuple[str, Review]:
    """An approved action whose outcome nobody knows, and the review that asks a person about it."""
    action, *_ = await approved(house, *actions)
    house.work.dispatch(action, "w1")
    house.work.settle(action, "unknown")
    return action, await newest(house)


async def newest(house: House) -> Review:
    return await house.queue.review((await house.queue.history("4183")).reviews[-1].review_id)


async def test_what_turned_out_done_is_not_left_before_a_person_to_be_done_again(house: House) -> None:
    action, asked = await unknown(house, shop.refund(action_id="a1"), shop.refund(6_000, "a2", "W2"))
    house.work.settle(action, "done", external_id="re_1")
    assert (await house.queue.review(asked.id)).state == "superseded"
    rest = await newest(house)
    assert [one.action_id for one in rest.proposal.actions] == ["a2"], "only what is still not done"
    assert rest.proposal.customer_reply is not None
    assert rest.gate.reasons[0].code == "done_after_all"
    assert (await house.queue.counters()).executions_unknown == 0
    await house.queue.decide(shop.decision(rest, number="d2"), await shop.held(house.queue, rest))
    assert house.run() == ["refund", "send_reply"]
    assert (await house.queue.ticket("4183")).state == "answered"


async def test_nothing_more_is_asked_when_the_last_thing_turned_out_done(house: House) -> None:
    action, reply = await approved(house)
    house.work.dispatch(action, "w1")
    house.work.settle(action, "done")
    house.work.dispatch(reply, "w1")
    house.work.settle(reply, "unknown")
    house.work.settle(reply, "done")
    house.work.settle(reply, "done")
    history = await house.queue.history("4183")
    assert (history.ticket.state, history.messages[-1].direction) == ("answered", "outbound")
    assert [row.state for row in history.reviews] == ["decided", "superseded"]


async def test_an_approval_to_do_it_again_is_taken_back_when_it_was_done_after_all(
    open_house: Callable[..., House],
) -> None:
    house, slow = open_house(), open_house(undo_seconds=60)
    action, asked = await unknown(house)
    edit = Edit(action_id="a1", args={"order": "W2378156", "minor": 11_000, "currency": "EUR"})
    for number, verdict in (("d2", edit), ("d3", Approve(action_id="a1"))):
        lease = await shop.held(slow.queue, asked)
        verdicts = (verdict, Approve(action_id="reply"))
        await slow.queue.decide(shop.decision(asked, "ana", *verdicts, number=number), lease)
        if number == "d2":
            await slow.queue.undo("d2", "ana")
    house.work.settle(action, "done")
    history = await house.queue.history("4183")
    assert sorted({one.state for one in history.executions}) == ["done", "void"]
    rest = await newest(house)
    assert rest.proposal.to_decide() == ("reply",)
    with pytest.raises(Conflict):
        await house.queue.undo("d3", "ana")


async def test_the_same_deed_let_go_again_and_done_is_counted_once(house: House) -> None:
    action, asked = await unknown(house)
    outcome = await house.queue.decide(shop.decision(asked, number="d2"), await shop.held(house.queue, asked))
    again = outcome.execution_ids[0]
    house.work.dispatch(again, "w1")
    house.work.settle(action, "done")
    house.work.settle(action, "done")
    house.work.settle(again, "done")
    states = {one.id: one.state for one in (await house.queue.history("4183")).executions}
    assert (states[action], states[again]) == ("void", "done")
    assert house.work.refunded_today("C1") == {"EUR": 12_000}
    assert house.run() == ["send_reply"]


async def test_what_turned_out_failed_stays_before_the_person(house: House) -> None:
    action, asked = await unknown(house)
    house.work.settle(action, "failed")
    assert (await house.queue.review(asked.id)).state == "open"
    assert (await house.queue.counters()).executions_unknown == 0


@pytest.mark.parametrize("state", ["unknown", "done"])
async def test_the_workflow_never_does_again_by_itself_what_was_done_or_may_have_been(house: House, state: str) -> None:
    await house.queue.submit(shop.message())
    shop.handle(house.work, house.judge, "m1", shop.refund(2_000), how="send")
    action, reply = (one.id for one in (await house.queue.history("4183")).executions)
    house.work.dispatch(action, "w1")
    house.work.settle(action, state)
    if state == "done":
        house.work.dispatch(reply, "w1")
        house.work.settle(reply, "failed")
    review = await newest(house)
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, number="d2", instead=Retry(details="try again")), lease)
    shop.handle(house.work, house.judge, "m1@2", shop.refund(2_000), how="send")
    assert house.work.due() == []
    assert (await newest(house)).gate.reasons[0].code == "done_already"


RULES = {
    "nothing new": ({}, None),
    "a new reason": ({"day": 10_000}, "Refunds of this day"),
    "a second person": ({"two": 10_000}, "second person"),
}


@pytest.mark.parametrize("changed", RULES, ids=str)
async def test_under_rules_that_changed_only_what_they_would_have_shown_no_more_of_runs(
    house: House, changed: str
) -> None:
    action, _ = await approved(house)
    limits, said = RULES[changed]
    house.judge.rules_version, house.judge.limits = "rules-2", house.judge.limits | limits
    if said is None:
        assert house.run() == ["refund", "send_reply"]
        return
    with pytest.raises(Refused, match=said) as refused:
        house.work.dispatch(action, "w1")
    assert refused.value.code == "rules"
    assert house.work.due() == []
    again = await newest(house)
    assert (again.state, again.gate.reasons[0].code) == ("open", "approval_void")


async def test_under_rules_that_changed_an_edit_is_judged_as_edited(house: House) -> None:
    review = await house.waiting("m1", "4183", shop.refund(6_000))
    edit = Edit(action_id="a1", args={"order": "W2378156", "minor": 40_000, "currency": "EUR"})
    verdicts = (edit, Approve(action_id="reply"))
    lease = await shop.held(house.queue, review)
    action, _ = (await house.queue.decide(shop.decision(review, "ana", *verdicts), lease)).execution_ids
    house.judge.rules_version, house.judge.limits = "rules-2", house.judge.limits | {"two": 30_000}
    with pytest.raises(Refused, match="second person"):
        house.work.dispatch(action, "w1")


async def test_what_went_by_itself_stops_when_the_rules_of_now_would_stop_it(house: House) -> None:
    await house.queue.submit(shop.message())
    shop.handle(house.work, house.judge, "m1", shop.refund(2_000), how="send")
    house.judge.rules_version, house.judge.limits = "rules-2", house.judge.limits | {"one": 1_000}
    with pytest.raises(Refused, match="over the limit"):
        house.work.dispatch(house.work.due()[0], "w1")
    assert (await newest(house)).state == "open"


@pytest.mark.parametrize(("state", "asked"), [("failed", 0), ("unknown", 1)])
async def test_what_ends_badly_after_the_customer_wrote_again_leaves_nothing_that_cannot_be_decided(
    house: House, state: str, asked: int
) -> None:
    action, _ = await approved(house)
    house.work.dispatch(action, "w1")
    await house.queue.submit(shop.message("m2"))
    house.work.settle(action, state)
    rows = (await house.queue.page(View())).rows
    assert len(rows) == asked
    for row in rows:
        review = await house.queue.review(row.review_id)
        lease = await shop.held(house.queue, review)
        no = tuple(Reject(action_id=one, code="seen") for one in review.proposal.to_decide())
        await house.queue.decide(shop.decision(review, "ana", *no, number="d2"), lease)
