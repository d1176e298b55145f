"""The same intent keeps its key: also in a follow-up, also when the customer wrote again before anybody knew the end."""

from __future__ import annotations

import pytest

from store.contract import Edit, Review, now
from store.queue import Conflict
from tests.contract import shop
from tests.contract.conftest import House


async def newest(house: House) -> Review:
    return await house.queue.review((await house.queue.history("4183")).reviews[-1].review_id)


async def sent(house: House, *actions: object) -> tuple[str, str]:
    """The id and the key of a refund that was let go and is on its way to the peer."""
    review = await house.waiting("m1", "4183", *actions)
    outcome = await house.queue.decide(shop.decision(review, number="d1"), await shop.held(house.queue, review))
    return outcome.execution_ids[0], house.work.dispatch(outcome.execution_ids[0], "w1").action.idempotency_key


async def let_go(house: House, review: Review, number: str, *verdicts: object) -> str:
    """The first execution of an approval."""
    decision = shop.decision(review, "ana", *verdicts, number=number)
    return (await house.queue.decide(decision, await shop.held(house.queue, review))).execution_ids[0]


async def test_the_follow_up_of_an_unknown_end_keeps_the_key_when_the_customer_wrote_meanwhile(house: House) -> None:
    action, key = await sent(house)
    await house.queue.submit(shop.message("m2", text="Where is my refund?"))
    house.work.settle(action, "unknown")
    again = house.work.dispatch(await let_go(house, await newest(house), "d2"), "w1")
    assert (again.action.idempotency_key, again.sent_before) == (key, True)


async def test_a_new_proposal_for_the_same_deed_keeps_the_key_while_the_first_end_is_unknown(house: House) -> None:
    action, key = await sent(house)
    house.work.settle(action, "unknown")
    await house.queue.submit(shop.message("m2", text="Where is my refund?"))
    shop.handle(house.work, house.judge, "m2", shop.refund(action_id="m2.1"))
    again = house.work.dispatch(await let_go(house, await newest(house), "d2"), "w1")
    assert again.action.idempotency_key == key


@pytest.mark.parametrize("state", ["running", "done"])
async def test_what_ran_while_it_was_proposed_anew_is_not_let_go_again(house: House, state: str) -> None:
    action, _ = await sent(house)
    await house.queue.submit(shop.message("m2", text="Where is my refund?"))
    shop.handle(house.work, house.judge, "m2", shop.refund(action_id="m2.1"))
    if state == "done":
        house.work.settle(action, "done")
    with pytest.raises(Conflict, match=f"already and is {state}"):
        await let_go(house, await newest(house), "d2")


async def test_the_workflow_does_not_repeat_by_itself_what_is_still_on_its_way(house: House) -> None:
    await sent(house, shop.refund(2_000))
    await house.queue.submit(shop.message("m2", text="Where is my refund?"))
    shop.handle(house.work, house.judge, "m2", shop.refund(2_000, "m2.1"), how="send")
    assert house.work.due() == []
    assert (await newest(house)).gate.reasons[0].code == "done_already"


async def test_another_amount_is_another_intent(house: House) -> None:
    action, key = await sent(house)
    house.work.settle(action, "unknown")
    edit = Edit(action_id="a1", args={"order": "W2378156", "minor": 11_000, "currency": "EUR"})
    review = await newest(house)
    other = house.work.dispatch(await let_go(house, review, "d2", edit, shop.Approve(action_id="reply")), "w1")
    assert (other.action.idempotency_key == key, other.sent_before) == (False, False)


async def test_of_two_alike_the_one_that_is_unknown_keeps_its_own_key(house: House) -> None:
    first, key = await sent(house, shop.refund(action_id="a1"), shop.refund(action_id="a2"))
    house.work.settle(first, "done")
    second = house.work.due()[0]
    its_own = house.work.dispatch(second, "w1").action.idempotency_key
    house.work.settle(second, "unknown")
    again = house.work.dispatch(await let_go(house, await newest(house), "d2"), "w1")
    assert key != its_own == again.action.idempotency_key


async def test_a_dispatch_says_since_when_the_peer_may_know_the_key(house: House) -> None:
    review = await house.waiting()
    action = await let_go(house, review, "d1")
    first = house.work.dispatch(action, "w1")
    dispatched = now()
    assert first.key_since is not None
    assert (first.key_since >= first.due_at, first.sent_before) == (True, False)
    house.work.bury("w1")
    taken = house.work.dispatch(action, "w2")
    assert taken.key_since is not None
    assert taken.key_since <= dispatched, "taken over, the key is as old"
    house.work.settle(action, "unknown")
    again = house.work.dispatch(await let_go(house, await newest(house), "d2"), "w2")
    assert (again.key_since, again.attempt, again.sent_before) == (taken.key_since, 1, True)
