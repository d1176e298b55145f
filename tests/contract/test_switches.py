"""A switch is a row with a name and a reason; what waits holds, goes to people or another way, and comes back in order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.contract import now
from store.live import Switch, View
from store.queue import Conflict, Invalid
from tests.contract import shop
from tests.contract.conftest import House, until


def off(kind: str = "route", name: str = "messy", **more: object) -> Switch:
    return Switch(kind=kind, name=name, on=False, **({"who": "ola", "why": "prompt loops"} | more))  # type: ignore[arg-type]


def on(switch: Switch) -> Switch:
    return switch.model_copy(update={"on": True, "why": "mended"})


@pytest.mark.parametrize(
    "wrong", [{"why": " "}, {"who": ""}, {"waiting": "elsewhere"}, {"waiting": "route:messy"}, {"name": " "}]
)
async def test_a_switch_needs_who_why_and_a_way(house: House, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        await house.queue.throw(off(**wrong))
    assert await house.queue.switches() == ()


@pytest.mark.parametrize(
    ("kind", "name"), [("route", "messy"), ("model", "strong"), ("prompt", "draft"), ("action", "refund")]
)
async def test_the_preview_counts_what_throwing_then_holds(house: House, kind: str, name: str) -> None:
    reviews = [await house.waiting(f"m{n}", f"t{n}") for n in range(3)]
    switch = off(kind, name)
    assert (await house.queue.preview(switch)).reviews == 3
    assert (await house.queue.throw(switch)).held == 3
    assert (await house.queue.switches())[0].held == 3
    assert (await house.queue.page(View())).rows == ()
    assert (await house.queue.counters()).held == 3
    assert (await house.queue.review(reviews[0].id)).held_by == f"{kind}:{name}"
    with pytest.raises(Conflict, match="held"):
        await house.queue.claim("ana", reviews[0].id)
    await house.queue.throw(on(switch))
    assert [row.review_id for row in (await house.queue.page(View())).rows] == [one.id for one in reviews]


async def test_another_route_is_not_touched(house: House) -> None:
    await house.waiting()
    assert (await house.queue.throw(off(name="routine"))).held == 0
    assert len((await house.queue.page(View())).rows) == 1


async def test_a_claim_ends_when_the_review_is_held(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.throw(off())
    with pytest.raises(Conflict, match="held"):
        await house.queue.decide(shop.decision(review), lease)


async def test_what_the_workflow_held_goes_back_to_the_inbox_in_order(house: House) -> None:
    await house.queue.throw(off())
    for n in range(3):
        await house.queue.submit(shop.message(f"m{n}", f"t{n}"))
        shop.handle(house.work, house.judge, f"m{n}", how="hold", reply=None)
    assert house.work.inbox() == []
    assert len((await house.queue.page(View(state="held"))).rows) == 3
    await house.queue.throw(on(off()))
    assert house.work.inbox() == ["m0@2", "m1@2", "m2@2"]


async def test_a_hold_filed_after_the_switch_is_on_again_is_handled_again_at_once(house: House) -> None:
    await house.queue.submit(shop.message())
    shop.handle(house.work, house.judge, "m1", how="hold", reply=None)
    assert house.work.inbox() == ["m1@2"]


async def test_what_waits_can_take_another_route(house: House) -> None:
    review = await house.waiting()
    await house.queue.throw(off(waiting="route:routine"))
    assert (await house.queue.review(review.id)).state == "superseded"
    assert house.work.inbox() == ["m1@2"]


async def test_what_waits_can_go_to_people(house: House) -> None:
    review = await house.waiting()
    await house.queue.throw(off())
    await house.queue.throw(off(waiting="review"))
    assert (await house.queue.review(review.id)).state == "open"


async def test_two_switches_hold_until_both_are_on(house: House) -> None:
    review = await house.waiting()
    await house.queue.throw(off())
    await house.queue.throw(off("action", "refund"))
    await house.queue.throw(on(off()))
    assert (await house.queue.review(review.id)).held_by == "action:refund"
    await house.queue.throw(on(off("action", "refund")))
    assert (await house.queue.review(review.id)).state == "open"


async def test_a_switch_with_an_end_goes_on_by_itself(house: House) -> None:
    review = await house.waiting()
    await house.queue.throw(off(until=now() + timedelta(seconds=0.05)))

    async def back() -> bool:
        house.work.tick()
        return (await house.queue.review(review.id)).state == "open"

    await until(back)
    assert (await house.queue.switches())[0].on
