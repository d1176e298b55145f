"""What somebody has before them is read again: a fact that changed is told to everybody who follows, and only once."""

from __future__ import annotations

from store import rereading
from store.contract import ChangedFact, Precondition, Review
from tests.contract import shop
from tests.contract.conftest import House

NEED = Precondition(record="order", record_id="W2378156", field="status", expected="pending")
SHIPPED = ChangedFact(**NEED.model_dump(), actual="shipped")


async def claimed(house: House) -> Review:
    resting = shop.refund().model_copy(update={"preconditions": (NEED,)})
    review = await house.waiting("m1", "4183", resting)
    await shop.held(house.queue, review)
    return review


async def told(house: House) -> list[object]:
    history = await house.queue.history("4183")
    return [event.data["changed"] for event in history.events if event.kind == "review.facts_read"]


async def test_only_what_somebody_has_before_them_and_what_rests_on_facts_is_read_again(house: House) -> None:
    await house.waiting("m0", "4100", shop.refund())
    review = await claimed(house)
    (case,) = house.work.facing()
    assert (case.review_id, case.fingerprint) == (review.id, review.fingerprint)
    assert [action.preconditions for action in case.actions] == [(NEED,)]


async def test_facts_that_still_hold_are_told_once_and_are_young_for_a_while(house: House) -> None:
    review = await claimed(house)
    assert review.facts is None
    for _ in range(2):
        house.work.reread(review.id, review.fingerprint, ())
    now = await house.queue.review(review.id)
    assert now.facts is not None
    assert now.facts.changed == ()
    assert now.fingerprint == review.fingerprint
    assert house.work.facing() == []
    assert await told(house) == [[]]


async def test_a_fact_that_changed_is_told_and_so_is_that_it_holds_again(house: House) -> None:
    review = await claimed(house)
    for changed in ((), (SHIPPED,), (SHIPPED,), ()):
        house.work.reread(review.id, review.fingerprint, changed)
    assert await told(house) == [[], ["order W2378156 status"], []]
    house.work.reread(review.id, review.fingerprint, (SHIPPED,))
    now = await house.queue.review(review.id)
    assert now.facts is not None
    assert now.facts.changed == (SHIPPED,)


async def test_what_was_read_for_another_envelope_or_came_too_late_is_not_kept(house: House) -> None:
    review = await claimed(house)
    house.work.reread(review.id, "another", (SHIPPED,))
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review), lease)
    house.work.reread(review.id, review.fingerprint, (SHIPPED,))
    assert (await house.queue.review(review.id)).facts is None
    assert await told(house) == []


async def test_a_case_that_rests_on_nothing_is_asked_for_once_and_stands_in_nobodys_way(house: House) -> None:
    bare = await house.waiting("m0", "4100", shop.refund())
    await shop.held(house.queue, bare)
    (first,) = house.work.facing(1)
    assert (first.review_id, first.actions) == (bare.id, ())
    review = await claimed(house)
    house.work.reread(bare.id, bare.fingerprint, None)
    assert [case.review_id for case in house.work.facing(1)] == [review.id]
    assert (await house.queue.review(bare.id)).facts is None
    assert [event.kind for event in (await house.queue.history("4100")).events if "facts" in event.kind] == []


async def test_facts_grow_old(house: House, monkeypatch: object) -> None:
    review = await claimed(house)
    house.work.reread(review.id, review.fingerprint, ())
    monkeypatch.setattr(rereading, "YOUNG", -rereading.YOUNG)  # type: ignore[attr-defined]
    assert [case.review_id for case in house.work.facing()] == [review.id]
