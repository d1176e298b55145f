"""What the desk's tests share: a desk on a queue, and steady times for pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from app.desk.desk import Desk
from app.desk.panes import queue_list, ticket
from app.desk.screens.main import MainScreen
from store.queue import Queue
from tests.desk import samples


@pytest.fixture(autouse=True)
def steady_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ages and clocks as of the samples, in UTC, so that a picture is the same tomorrow and elsewhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(queue_list, "now", lambda: samples.AT)
    monkeypatch.setattr(ticket, "now", lambda: samples.AT)
    monkeypatch.delenv("NO_COLOR", raising=False)


def desk(queue: Queue, **given: Any) -> Desk:
    async def opened() -> Queue:
        return queue

    return Desk(opened, actor="anna", **given)


async def until(pilot: Pilot[Any], true: Callable[[], object], what: str) -> None:
    """Wait until something holds; fail with its name when it has not on the busiest machine."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        await pilot.pause(0.01)


def main(pilot: Pilot[Any]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, Desk)
    return app.query_main()


def shown(pilot: Pilot[Any]) -> str | None:
    """The id of the case on screen."""
    handling = main(pilot)._handling
    return handling.case.review.id if handling and handling.case else None


async def on_screen(pilot: Pilot[Any], review_id: str = "r4183") -> None:
    await until(pilot, lambda: shown(pilot) == review_id, f"{review_id} on screen")
    await pilot.pause()


async def claimed(pilot: Pilot[Any], review_id: str = "r4183") -> None:
    await on_screen(pilot, review_id)
    await until(pilot, lambda: main(pilot).situation().mine, f"{review_id} claimed")
    await pilot.pause()


def words(pilot: Pilot[Any], selector: str) -> str:
    """What a drawn widget of the main screen says."""
    from app.desk.panes.ticket import Drawn

    return main(pilot).query_one(selector, Drawn)._drawn.plain
