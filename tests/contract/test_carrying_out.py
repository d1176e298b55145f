"""What was let go runs once, in order, after one more look; what went wrong comes back before a person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from store.contract import Failure
from store.live import Switch
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


async def test_what_nobody_approved_stops_when_the_rules_changed(open_house: Callable[..., House]) -> None:
    house = open_house()
    await house.queue.submit(shop.message())
    shop.handle(house.work, house.judge, "m1", shop.refund(2_000), how="send")
    house.judge.rules_version, house.judge.limit = "rules-2", 1_000
    with pytest.raises(Refused) as refused:
        house.work.dispatch(house.work.due()[0], "w1")
    assert refused.value.code == "rules"
    assert (await house.queue.history("4183")).reviews[-1].state == "open"


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
