"""The journal is followed: every committed event once, in order, over cuts, by everybody; too old is said, not skipped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import cast

import pytest

from store.live import Event
from store.queue import TooOld
from tests.contract import shop
from tests.contract.conftest import House


async def take(events: AsyncIterator[Event], n: int) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(10), aclosing(cast("object", events)) as stream:  # type: ignore[type-var]
        async for event in stream:  # type: ignore[attr-defined]
            found.append(event)
            if len(found) == n:
                return found
    return found


async def test_a_follower_gets_every_event_once_in_order_from_another_door(open_house: Callable[..., House]) -> None:
    here, there = open_house(), open_house()
    following = asyncio.create_task(take(here.queue.follow(0), 60))
    for n in range(20):
        await there.queue.submit(shop.message(f"m{n}", f"t{n}"))
        await there.queue.note(f"t{n}", "ana", "hm")
        await here.queue.note(f"t{n}", "bo", "hm")
    assert [event.seq for event in await following] == list(range(1, 61))


async def test_a_cut_follower_goes_on_after_its_number(house: House) -> None:
    for n in range(6):
        await house.queue.submit(shop.message(f"m{n}", f"t{n}"))
    first = await take(house.queue.follow(0), 2)
    rest = await take(house.queue.follow(first[-1].seq), 4)
    assert [event.seq for event in (*first, *rest)] == [1, 2, 3, 4, 5, 6]


async def test_without_a_number_only_what_comes_is_followed(house: House) -> None:
    await house.queue.submit(shop.message())
    await house.queue.note("4183", "ana", "a server knows her from now on")
    stream = house.queue.follow()
    following = asyncio.create_task(take(stream, 1))
    await asyncio.sleep(0.1)
    await house.queue.note("4183", "ana", "hm")
    assert (await following)[0].kind == "note.added"


async def test_a_number_beyond_the_end_is_another_journal(house: House) -> None:
    with pytest.raises(TooOld, match="Read everything again"):
        await take(house.queue.follow(99), 1)


async def test_a_change_elsewhere_is_seen_within_half_a_second(open_house: Callable[..., House]) -> None:
    here, there = open_house(), open_house()
    following = asyncio.create_task(take(here.queue.follow(), 1))
    await asyncio.sleep(0.2)
    began = asyncio.get_running_loop().time()
    await there.queue.submit(shop.message())
    await following
    assert asyncio.get_running_loop().time() - began < 0.5


async def test_each_change_names_its_ticket_and_who(house: House) -> None:
    review = await house.waiting()
    await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    events = (await house.queue.history("4183")).events
    assert {event.data["ticket_id"] for event in events} == {"4183"}
    made = next(event for event in events if event.kind == "decision.made")
    assert (made.actor, made.subject) == ("ana", review.id)
