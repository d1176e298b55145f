"""A server with a review in it, for tests that ask it over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server.application import Options
from app.server.bounds import Limits
from config.rules import Windows
from store.contract import Review
from store.local_work import LocalWork
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge
from tests.server.serving import Served, loop


class Team:
    """A served queue with the workers' door beside it, asked as anybody."""

    def __init__(self, folder: Path, *, options: Options | None = None, **windows: float) -> None:
        self.judge = HonestJudge(Windows(**{"undo_seconds": 0.0, "spot_check_share": 0.0} | windows))
        self.path = folder / "queue.sqlite"
        self.served = Served(self.path, self.judge, options, head_seconds=1.0)
        self.work = LocalWork(self.path, self.judge)
        self._client = httpx.Client(base_url=self.served.url, timeout=20)

    def waiting(self, number: str = "m1", thread: str = "4183", *actions: Any, **more: Any) -> Review:
        """A review that waits, filed on the side."""
        filing = shop.waiting(self.served.local, self.work, self.judge, number, thread, *actions, **more)
        return asyncio.run_coroutine_threadsafe(filing, loop()).result(20)

    def ask(self, method: str, path: str, who: str | None = None, role: Any = "lead", **more: Any) -> httpx.Response:
        """One request; a write gets a key of its own."""
        headers = {"idempotency-key": f"key-{id(more)}-{len(path)}-{next(_COUNT)}"} | more.pop("headers", {})
        if who is not None:
            headers |= {"authorization": f"Bearer {self.served.token(who, role)}"}
        return self._client.request(method, path, headers=headers, **more)

    def close(self) -> None:
        self._client.close()
        self.work.close()
        self.served.stop()


_COUNT = iter(range(10**9))
QUICK = Options(limits=Limits(seconds=1.0))


@pytest.fixture
def open_team(tmp_path: Path) -> Iterator[Callable[..., Team]]:
    opened: list[Team] = []

    def make(**more: Any) -> Team:
        opened.append(Team(tmp_path, **more))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def team(open_team: Callable[..., Team]) -> Team:
    return open_team()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """One server for a whole module, with a second's patience for slow requests."""
    made = Team(tmp_path_factory.mktemp("quick"), options=QUICK)
    yield made
    made.close()
