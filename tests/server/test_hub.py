"""One reader for all followers: each gets every event once, whoever is slow, late, or there when the reader fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from app.server.hub import Hub
from store.contract import now
from store.live import Event
from store.queue import Queue, TooOld, Unavailable


class Journal:
    """A journal in memory; `trouble` is raised once by whoever follows next."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.trouble: Exception | None = None
        self.begins = 1
        self._more = asyncio.Event()

    def add(self, n: int) -> None:
        for _ in range(n):
            seq = len(self.events) + 1
            self.events.append(Event(seq=seq, at=now(), actor="ana", kind="note.added", subject="t1"))
        self._more.set()
        self._more = asyncio.Event()

    async def head(self) -> int:
        return len(self.events)

    async def follow(self, after: int | None = None) -> AsyncIterator[Event]:
        seq = len(self.events) if after is None else after
        if seq + 1 < self.begins:
            raise TooOld("gone. Read everything again.")
        while True:
            more = self._more
            while seq < len(self.events):
                if self.trouble is not None:
                    trouble, self.trouble = self.trouble, None
                    raise trouble
                yield self.events[seq]
                seq += 1
            await more.wait()


@pytest.fixture
async def journal() -> Journal:
    return Journal()


async def seen(hub: Hub, after: int, upto: int, pause: float = 0.0) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(20):
        async for batch in hub.entries(after):
            found += [entry.event.seq for entry in batch]
            await asyncio.sleep(pause)
            if found and found[-1] >= upto:
                return found
    return found


async def running(journal: Journal, kept: int = 8) -> tuple[Hub, asyncio.Task[None]]:
    hub = Hub(cast("Queue", cast("Any", journal)), kept)
    task = asyncio.create_task(hub.run())
    await asyncio.sleep(0.05)
    return hub, task


async def test_a_slow_and_a_late_follower_get_what_everybody_gets(journal: Journal) -> None:
    """Also what has left the row in memory since."""
    hub, task = await running(journal)
    slow, quick = asyncio.create_task(seen(hub, 0, 200, 0.01)), asyncio.create_task(seen(hub, 0, 200))
    for _ in range(20):
        journal.add(10)
        await asyncio.sleep(0.005)
    late = asyncio.create_task(seen(hub, 3, 200))
    assert await quick == await slow == list(range(1, 201))
    assert await late == list(range(4, 201))
    task.cancel()


@pytest.mark.parametrize("trouble", [Unavailable("the disk is full"), RuntimeError("a defect")])
async def test_the_reader_goes_on_where_it_was(journal: Journal, trouble: Exception) -> None:
    hub, task = await running(journal)
    following = asyncio.create_task(seen(hub, 0, 30))
    journal.add(10)
    await asyncio.sleep(0.05)
    journal.trouble = trouble
    journal.add(20)
    assert await following == list(range(1, 31))
    assert not task.done()
    task.cancel()


async def test_a_point_before_the_journal_is_said(journal: Journal) -> None:
    journal.add(100)
    journal.begins = 50
    hub, task = await running(journal)
    journal.add(1)
    with pytest.raises(TooOld):
        await seen(hub, 10, 101)
    task.cancel()


async def test_closing_ends_every_follower(journal: Journal) -> None:
    hub, task = await running(journal)
    following = asyncio.create_task(seen(hub, 0, 99))
    await asyncio.sleep(0.05)
    hub.close()
    assert await following == []
    task.cancel()
