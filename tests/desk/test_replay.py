"""Replayed tickets side by side: moved through, marked and drawn without obeying what customers wrote."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import OptionList, Static

from app.desk.replay import Handoff, ReplayDesk

MISSED = Handoff(
    id="m1",
    ticket="4183 Charged twice",
    verdict="missed stop",
    meaning="would have gone out by itself, though people handed it over",
    message="I was charged twice for order W2378156.\nPlease give me my money back!",
    route="routine: one clear wish: duplicate charge",
    ours=("Refund €50.00 to card ••9212 for order W2378156",),
    theirs=("Refund €120.00 to card ••9212 for order W2378156",),
    fields=(("amount", "€120.00", "€50.00"),),
    our_reply="Hi Mia, we refund €50.00.",
    their_reply="Hello Mia, €120.00 are on their way.",
)
STOPPED = replace(
    MISSED, verdict="stopped", meaning="the gate would have stopped it before a person, rightly",
    reasons=("Refund of €50.00 moves money or goods",),
)  # fmt: skip
ASKED = Handoff(
    id="m3", ticket="4190 Where is my parcel?", verdict="asks", meaning="one question would have gone to the customer",
    message="It should have come on Monday.", route="fallback: missing: order number", mark="right",
    our_reply="Please reply with the order number.",
)  # fmt: skip
HOSTILE = Handoff("m2", "[@click=app.quit]x[/x]", "agrees", "the same", "\x1b]52;c;aGk=\x07 [/b]", "routine: clear")


def desk(*handoffs: Handoff, kept: list[tuple[str, str]] | None = None) -> ReplayDesk:
    marks = [] if kept is None else kept
    return ReplayDesk(handoffs, lambda case, kind: marks.append((case, kind)))


def said(app: ReplayDesk, selector: str) -> str:
    return str(app.query_one(selector, Static).render())


async def test_a_mark_is_kept_and_the_next_case_comes() -> None:
    kept: list[tuple[str, str]] = []
    app = desk(MISSED, HOSTILE, kept=kept)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("w")
        await pilot.pause()
        assert kept == [("m1", "wrong")]
        assert app.query_one(OptionList).highlighted == 1
        assert "1 marked" in said(app, "#head")
        await pilot.press("k")
        await pilot.pause()
        assert "marked wrong" in said(app, "#said")


async def test_a_disk_that_takes_no_mark_is_told_and_nothing_moves() -> None:
    def full(_case: str, _kind: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    app = ReplayDesk([MISSED, HOSTILE], full)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("r")
        await pilot.pause()
        assert "No space left" in said(app, "#head")
        assert app.query_one(OptionList).highlighted == 0


async def test_nothing_replayed_is_said() -> None:
    app = desk()
    async with app.run_test(size=(80, 24)):
        assert "Nothing was replayed" in said(app, "#said")


async def test_hostile_words_are_drawn_and_not_obeyed() -> None:
    app = desk(HOSTILE)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.click("#cases", offset=(20, 1))
        await pilot.pause()
        assert app.is_running
        assert "[@click=app.quit]x[/x]" in said(app, "#said")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_it_as_it_looks(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(desk(STOPPED, ASKED, HOSTILE), terminal_size=size)
