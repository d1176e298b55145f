"""A case comes on screen in one frame: never the words of one under the title of another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual._compositor import ChopsUpdate, LayoutUpdate

from app.desk.desk import Desk
from app.desk.thrift import _chopped, _laid_out
from tests.desk import samples
from tests.desk.conftest import claimed, desk, main, on_screen, until, words
from tests.desk.fake_queue import FakeQueue

COLUMNS, ROWS = 120, 36


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What stood on the terminal after each frame, of what each frame painted."""
    seen: list[str] = []
    cells = [[" "] * COLUMNS for _ in range(ROWS)]
    display = Desk._display

    def look(self: Desk, screen: Any, update: Any) -> None:
        if isinstance(update, ChopsUpdate | LayoutUpdate):
            for x, y, segments in _chopped(update) if isinstance(update, ChopsUpdate) else _laid_out(update):
                text = "".join(segment.text for segment in segments)
                cells[y][x : x + len(text)] = text
            seen.append("\n".join("".join(row) for row in cells))
        display(self, screen, update)

    monkeypatch.setattr(Desk, "_display", look)
    return seen


async def test_no_frame_shows_one_case_under_the_title_of_another(frames: list[str]) -> None:
    async with desk(FakeQueue(samples.day(6))).run_test(size=(COLUMNS, ROWS)) as pilot:
        await on_screen(pilot)
        before = words(pilot, "#fact-why")[:24]
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        begun = len(frames)
        pane = main(pilot).query_one("#ticket")
        pane.call_later(asyncio.sleep, 0.3)  # its own turn comes late, as it does while the queue is read beside it
        await pilot.press("y")
        await claimed(pilot, "r4190")
        after = words(pilot, "#fact-why")[:24]
        assert before != after
        shown = [("─ 4183 " in frame, before in frame, "─ 4190 " in frame, after in frame) for frame in frames[begun:]]
        assert set(shown) <= {(True, True, False, False), (False, False, True, True)}
        assert shown[-1] == (False, False, True, True)
