"""One suite for every queue: a test asks for `house` and gets each kind in turn. A new kind joins by adding a factory.

`LASTCLICK_EVERY_QUEUE=1` runs all four; without it the two that hold every part of the others.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.rules import Windows
from store.contract import Review
from store.local import LocalQueue
from store.local_work import LocalWork
from store.queue import Queue
from store.work import Work
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge
from tests.server.serving import Everyone, Served


@dataclass
class House:
    """A queue, the workers' door to the same store, and the judge both were opened with."""

    queue: Queue
    work: Work
    judge: HonestJudge

    async def waiting(self, number: str = "m1", thread: str = "4183", *actions: Any, **more: Any) -> Review:
        return await shop.waiting(self.queue, self.work, self.judge, number, thread, *actions, **more)

    def run(self, state: str = "done") -> list[str]:
        """Carries out everything that is due, as a worker does; returns the kinds in the order they ran."""
        self.work.beat("w1", "here", 1)
        kinds = []
        while ids := self.work.due():
            for one in ids:
                kinds.append(self.work.dispatch(one, "w1").action.kind)
                self.work.settle(one, state)
        return kinds


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 5.0) -> None:
    """Waits for something that time brings."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)


def sqlite(folder: Path, judge: HonestJudge) -> tuple[Queue, Work]:
    return LocalQueue(folder / "queue.sqlite", judge), LocalWork(folder / "queue.sqlite", judge)


def postgresql(url: str, judge: HonestJudge) -> tuple[Queue, Work]:
    return LocalQueue(url, judge), LocalWork(url, judge)


def http_over_sqlite(folder: Path, judge: HonestJudge) -> tuple[Queue, Work]:
    """A real server, real HTTP, and one user for each name a test acts as; workers stay beside the database."""
    served = Served(folder / "queue.sqlite", judge)
    return Everyone(served), LocalWork(folder / "queue.sqlite", judge)


def http_over_postgresql(url: str, judge: HonestJudge) -> tuple[Queue, Work]:
    return Everyone(Served(url, judge)), LocalWork(url, judge)


EVERY = [sqlite, postgresql, http_over_sqlite, http_over_postgresql]
ENDS = [sqlite, http_over_postgresql]
"""A file without anything in between, and everything in between: what the other two are made of."""
FACTORIES = EVERY if os.environ.get("LASTCLICK_EVERY_QUEUE") else ENDS


@pytest.fixture(params=FACTORIES, ids=lambda factory: factory.__name__)
async def open_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[..., House]]:
    """Opens houses over the same store with windows of the test's choice."""
    opened: list[House] = []
    place = request.getfixturevalue("database") if request.param in (postgresql, http_over_postgresql) else tmp_path

    def make(**windows: Any) -> House:
        judge = HonestJudge(Windows(**{"undo_seconds": 0.0, "spot_check_share": 0.0} | windows))
        house = House(*request.param(place, judge), judge)
        opened.append(house)
        return house

    yield make
    for house in opened:
        await house.queue.close()
        house.work.close()  # type: ignore[attr-defined]


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    """Lease and undo windows as in life, except that what is approved is due at once."""
    return open_house()
