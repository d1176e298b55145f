"""The list of waiting cases: draws only the rows in view, two lines each, and asks for pages when it runs out of them."""

from __future__ import annotations

import itertools
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from app.desk.figures import age
from app.desk.words import fit
from store.contract import now
from store.live import Row

ROW_LINES = 2


class RowSource(Protocol):
    """What the list draws from: rows by place, and how many there are."""

    @property
    def total(self) -> int: ...

    def row(self, place: int) -> Row | None: ...


class QueueList(ScrollView, can_focus=False):
    """Rows of the window; `cursor` is the chosen place. Posts `Moved` and `Wanted`, changes nothing else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "queue--row",
        "queue--quiet",
        "queue--chosen",
        "queue--chosen-quiet",
        "queue--bar",
        "queue--risk",
        "queue--chosen-risk",
    }
    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """Another row is chosen."""

        row: Row | None

    @dataclass
    class Wanted(Message):
        """These places are in view and one of them is not in memory."""

        first: int
        last: int

    @dataclass
    class Opened(Message):
        """A row was clicked."""

        row: Row

    def __init__(self, me: str, tagged: Container[str] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._me = me
        self._tagged = tagged
        self.on: str | None = None
        """The review under the cursor, whatever comes and goes above it; None while its row is not in memory."""
        self._source: RowSource | None = None
        self._drawn_at: datetime = now()

    def show(self, source: RowSource) -> None:
        """Draw from this source; keeps the cursor in range."""
        self.draw_from(source)
        self._drawn_at = now()
        self.virtual_size = Size(self.scrollable_content_region.width, source.total * ROW_LINES)
        self.refresh()

    def draw_from(self, source: RowSource) -> None:
        """This source from now on, at the next `show`; keeps the cursor in range."""
        self._source = source
        self.cursor = max(0, min(self.cursor, source.total - 1))

    def tick(self) -> None:
        """Draw ages anew, if a minute has passed since."""
        if int(self._drawn_at.timestamp() // 60) != int(now().timestamp() // 60):
            self._drawn_at = now()
            self.refresh()

    @property
    def in_view(self) -> tuple[int, int]:
        """First and last place in view."""
        first = int(self.scroll_offset.y) // ROW_LINES
        return first, first + max(1, self.size.height // ROW_LINES)

    def chosen(self) -> Row | None:
        return self._source.row(self.cursor) if self._source else None

    @property
    def here(self) -> bool:
        """Whether the row under the cursor is the one it was put on: that one may have left the list."""
        chosen = self.chosen()
        return chosen is None or self.on is None or chosen.review_id == self.on

    def move(self, places: int) -> bool:
        """Move the cursor; False when it could not."""
        if self._source is None or not self._source.total:
            return False
        to = max(0, min(self.cursor + places, self._source.total - 1))
        if to == self.cursor:
            return False
        self.choose(to)
        return True

    def following(self, place: int) -> int | None:
        """The first place from there on, then from the top, whose case nobody else has open: where the next work is. A
        row that is not in memory counts as free."""
        total: int = self._source.total if self._source else 0
        for each in itertools.chain(range(place, total), range(min(place, total))):
            row = self._source.row(each) if self._source else None
            if row is None or row.claimed_by in {None, self._me}:
                return each
        return None

    def choose(self, place: int) -> None:
        before, self.cursor = self.cursor, place
        chosen = self.chosen()
        self.on = chosen.review_id if chosen else None
        self._refresh_row(before)
        self._refresh_row(place)
        self._bring(place)
        self._ask()
        self.post_message(self.Moved(chosen))

    def _bring(self, place: int) -> None:
        """Into view; from beyond an edge to the middle, so that the whole list is not painted anew at each further step."""
        first, last = self.in_view
        if not first <= place < last:
            self.scroll_to(y=(place - (last - first) // 2) * ROW_LINES, animate=False, force=True, immediate=True)
        self.scroll_to_region(Region(0, place * ROW_LINES, 1, ROW_LINES), animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._ask()

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        place = (at.y + int(self.scroll_offset.y)) // ROW_LINES
        row = self._source.row(place) if self._source else None
        if row is not None:
            self.choose(place)
            self.post_message(self.Opened(row))

    def on_resize(self) -> None:
        if self._source is not None:
            self.virtual_size = Size(self.scrollable_content_region.width, self._source.total * ROW_LINES)
        self._ask()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        place, part = divmod(y + int(self.scroll_offset.y), ROW_LINES)
        background = self.get_component_rich_style("queue--row")
        if self._source is None or place >= self._source.total:
            return Strip.blank(width, background)
        row = self._source.row(place)
        if row is None:
            return Strip(
                [Segment(fit("  …" if part == 0 else "", width), self.get_component_rich_style("queue--quiet"))], width
            )
        return self._reason_line(row, place, width) if part == 0 else self._subject_line(row, place, width)

    def _reason_line(self, row: Row, place: int, width: int) -> Strip:
        chosen = place == self.cursor
        when = age(row.created_at, self._drawn_at).rjust(4)
        sign = "▲" if row.risk == "high" else " "
        return Strip(
            [
                self._bar(chosen),
                Segment(f"{sign} ", self._style("risk", chosen)),
                Segment(fit(row.reason, width - 9), self._style("row", chosen)),
                Segment(f" {when} ", self._style("quiet", chosen)),
            ],
            width,
        )

    def _subject_line(self, row: Row, place: int, width: int) -> Strip:
        chosen = place == self.cursor
        holder = f" ◆{row.claimed_by}" if row.claimed_by and row.claimed_by != self._me else ""
        holder = fit(holder, min(len(holder), 9)) if holder else ""
        text = fit(f"{row.ticket_id} {row.subject}", width - 4 - len(holder))
        tag = Segment("✓ " if row.review_id in self._tagged else "  ", self._style("risk", chosen))
        return Strip([self._bar(chosen), tag, Segment(f"{text}{holder} ", self._style("quiet", chosen))], width)

    def _bar(self, chosen: bool) -> Segment:
        if chosen:
            return Segment("▌", self.get_component_rich_style("queue--bar"))
        return Segment(" ", self.get_component_rich_style("queue--row"))

    def _style(self, name: str, chosen: bool) -> Style:
        full = f"queue--{name}" if not chosen else ("queue--chosen" if name == "row" else f"queue--chosen-{name}")
        return self.get_component_rich_style(full)

    def _refresh_row(self, place: int) -> None:
        y = place * ROW_LINES - int(self.scroll_offset.y)
        self.refresh(Region(0, y, self.size.width, ROW_LINES))

    def _ask(self) -> None:
        if self._source is None or not self._source.total:
            return
        first, last = self.in_view
        last = min(last, self._source.total - 1)
        if any(self._source.row(place) is None for place in range(first, last + 1)):
            self.post_message(self.Wanted(first, last))
