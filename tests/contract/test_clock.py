"""The clock jumps by five years, ahead or back: nothing is lost, nothing waits for ever, nothing happens twice."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta

import pytest

from store import contract
from store.contract import Snooze
from store.live import Switch, View
from store.queue import Conflict, LeaseLost
from tests.contract import shop
from tests.contract.conftest import House, postgresql, sqlite

# At the stores themselves: over HTTP a token of this year is not one of five years later.
pytestmark = pytest.mark.parametrize(
    "open_house", [sqlite, postgresql], ids=lambda factory: factory.__name__, indirect=True
)

YEARS = timedelta(days=5 * 365)


class Clock:
    """What the store takes for now."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> contract.datetime:
        return contract.datetime.now(contract.UTC) + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for name, module in list(sys.modules.items()):
        if name.startswith(("store.", "tests.contract.shop")) and hasattr(module, "now"):
            monkeypatch.setattr(module, "now", clock.now)
    return clock


async def test_back_an_approval_still_waits_only_for_its_undo_window(
    open_house: Callable[..., House], clock: Clock
) -> None:
    house = open_house(undo_seconds=60)
    review = await house.waiting()
    await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    clock.ahead -= YEARS
    house.work.tick()
    assert house.work.due() == [], "the window goes on"
    clock.ahead += timedelta(seconds=61)
    assert house.run() == ["refund", "send_reply"]


async def test_back_the_window_can_still_be_used(open_house: Callable[..., House], clock: Clock) -> None:
    house = open_house(undo_seconds=60)
    review = await house.waiting()
    await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    clock.ahead -= YEARS
    house.work.tick()
    await house.queue.undo("d1", "ana")
    assert (await house.queue.review(review.id)).state == "open"


async def test_back_a_claim_runs_out_as_it_would_have(house: House, clock: Clock) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review, "ana")
    clock.ahead -= YEARS
    house.work.tick()
    clock.ahead += timedelta(seconds=house.judge.windows.lease_seconds + 1)
    assert (await house.queue.claim("bo", review.id)).actor == "bo"
    with pytest.raises(LeaseLost):
        await house.queue.decide(shop.decision(review), lease)


async def test_back_a_snoozed_case_and_a_switch_come_back_as_they_would_have(house: House, clock: Clock) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    until = clock.now() + timedelta(minutes=30)
    await house.queue.decide(shop.decision(review, instead=Snooze(until=until)), lease)
    off = Switch(kind="model", name="strong", on=False, who="ola", why="trying", until=until)
    await house.queue.throw(off)
    clock.ahead -= YEARS
    house.work.tick()
    assert (await house.queue.page(View())).rows == ()
    clock.ahead += timedelta(minutes=31)
    house.work.tick()
    assert [row.review_id for row in (await house.queue.page(View())).rows] == [review.id]
    assert all(one.on for one in await house.queue.switches())


async def test_back_a_dead_worker_is_found_dead_and_a_living_one_is_not(house: House, clock: Clock) -> None:
    house.work.beat("w1", "here", 1)
    house.work.beat("w2", "here", 2)
    clock.ahead -= YEARS
    house.work.tick()
    clock.ahead += timedelta(seconds=9)
    house.work.beat("w2", "here", 2)
    assert house.work.dead(8.0) == ["w1"]


async def test_back_is_told_once(house: House, clock: Clock) -> None:
    await house.waiting()
    clock.ahead -= YEARS
    for _ in range(3):
        await house.queue.submit(shop.message("m2"))
        house.work.tick()
    clock.ahead += timedelta(days=1)
    house.work.tick()
    events = [event async for event in _until_told(house)]
    assert [event.kind for event in events].count("clock.went_back") == 1


async def _until_told(house: House) -> object:
    async for event in house.queue.follow(0):
        yield event
        if event.kind == "clock.went_back":
            return


async def test_ahead_nothing_is_lost_and_nothing_runs_twice(open_house: Callable[..., House], clock: Clock) -> None:
    house = open_house(undo_seconds=60)
    first = await house.waiting("m1", "4183")
    second = await house.waiting("m2", "4184")
    await house.queue.decide(shop.decision(first), await shop.held(house.queue, first))
    lease = await shop.held(house.queue, second)
    clock.ahead += YEARS
    house.work.tick()
    assert house.run() == ["refund", "send_reply"]
    assert house.run() == []
    with pytest.raises(LeaseLost):
        await house.queue.decide(shop.decision(second, number="d2"), lease)
    await house.queue.decide(shop.decision(second, number="d2"), await shop.held(house.queue, second))
    clock.ahead -= YEARS
    house.work.tick()
    assert house.work.due() == []
    clock.ahead += timedelta(seconds=61)
    assert house.run() == ["refund", "send_reply"]
    with pytest.raises(Conflict):
        await house.queue.undo("d1", "ana")
