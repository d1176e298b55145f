"""At most one person holds a review; the fence only grows; reading and drafting need no claim."""

from __future__ import annotations

import asyncio

import pytest

from store.contract import Draft, HandOver
from store.live import View
from store.queue import Conflict, LeaseLost, NotFound, Taken
from tests.contract import shop
from tests.contract.conftest import House, until


async def test_another_persons_claim_is_named(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    with pytest.raises(Taken) as refused:
        await house.queue.claim("bo", review.id)
    assert (refused.value.by, refused.value.until) == ("ana", lease.until)
    assert (await house.queue.page(View())).rows[0].claimed_by == "ana"


async def test_claiming_the_next_gives_each_person_another_and_then_none(house: House) -> None:
    first, second = await house.waiting("m1", "t1"), await house.waiting("m2", "t2")
    leases = [await house.queue.claim(actor) for actor in ("ana", "bo", "cy")]
    assert [lease.review_id if lease else None for lease in leases] == [first.id, second.id, None]


async def test_the_next_is_taken_in_the_views_order(house: House) -> None:
    await house.waiting("m1", "t1", shop.refund(6_000))
    large = await house.waiting("m2", "t2", shop.refund(40_000))
    lease = await house.queue.claim("ana", view=View(sort="amount"))
    assert lease is not None
    assert lease.review_id == large.id


async def test_many_at_once_get_different_reviews(house: House) -> None:
    for n in range(8):
        await house.waiting(f"m{n}", f"t{n}")
    leases = await asyncio.gather(*(house.queue.claim(f"p{n}") for n in range(12)))
    got = [lease.review_id for lease in leases if lease is not None]
    assert len(got) == len(set(got)) == 8


async def test_the_fence_only_grows_and_an_old_one_changes_nothing(house: House) -> None:
    review = await house.waiting()
    old = await shop.held(house.queue, review)
    new = await shop.held(house.queue, review)
    assert new.fence > old.fence
    with pytest.raises(LeaseLost):
        await house.queue.renew(old)
    with pytest.raises(LeaseLost):
        await house.queue.decide(shop.decision(review), old)
    await house.queue.release(old)
    assert (await house.queue.review(review.id)).claimed_by == "ana"
    await house.queue.decide(shop.decision(review), new)


async def test_a_lease_that_ran_out_is_free_for_others(open_house: object) -> None:
    house: House = open_house(lease_seconds=0.05)  # type: ignore[operator]
    review = await house.waiting()
    lease = await shop.held(house.queue, review)

    async def free() -> bool:
        return (await house.queue.review(review.id)).claimed_by is None

    await until(free)
    other = await house.queue.claim("bo")
    assert other is not None
    assert other.fence > lease.fence
    with pytest.raises(LeaseLost, match="bo has it now"):
        await house.queue.renew(lease)


async def test_renewing_lengthens_the_same_claim(house: House) -> None:
    lease = await shop.held(house.queue, await house.waiting())
    longer = await house.queue.renew(lease)
    assert longer.fence == lease.fence
    assert longer.until > lease.until


async def test_releasing_frees_it(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.release(lease)
    await house.queue.release(lease)
    assert await house.queue.claim("bo", review.id) is not None


async def test_what_is_decided_cannot_be_claimed(house: House) -> None:
    review = await house.waiting()
    await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    with pytest.raises(Conflict, match="decided"):
        await house.queue.claim("bo", review.id)
    with pytest.raises(NotFound):
        await house.queue.claim("bo", "nope")


async def test_a_decision_needs_the_deciders_own_live_claim(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    with pytest.raises(LeaseLost):
        await house.queue.decide(shop.decision(review, "bo"), lease.model_copy(update={"actor": "bo"}))
    assert (await house.queue.review(review.id)).state == "open"


async def test_what_was_handed_to_somebody_is_theirs_to_take(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, instead=HandOver(to="bo")), lease)
    assert await house.queue.claim("ana") is None
    assert await house.queue.claim("bo") is not None


async def test_a_draft_is_one_a_person_and_goes_with_the_decision(house: House) -> None:
    review = await house.waiting()
    for text in ("first", "second"):
        await house.queue.keep_draft(Draft(review_id=review.id, actor="ana", reply=text))
    kept = (await house.queue.review(review.id)).draft
    assert kept is not None
    assert kept.reply == "second"
    await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    assert (await house.queue.review(review.id)).draft is None


async def test_a_note_is_kept_and_does_not_reorder_the_queue(house: House) -> None:
    first, second = await house.waiting("m1", "t1"), await house.waiting("m2", "t2")
    await house.queue.note("t1", "ana", "called her")
    assert [row.review_id for row in (await house.queue.page(View())).rows] == [first.id, second.id]
    assert [note.text for note in (await house.queue.review(first.id)).notes] == ["called her"]
