"""The next case: read before it is asked for, and on a wide screen drawn beside the one in work, to be read only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.desk.deciding import OpenCase
from app.desk.panes.queue_list import QueueList
from app.desk.panes.ticket import TicketPane
from app.desk.words import words
from store.contract import Review

if TYPE_CHECKING:
    from app.desk.screens.main import MainScreen


def read(screen: MainScreen) -> None:
    """Have the case after the one on screen ready."""
    talk, following = screen.talk, _following(screen)
    if talk is None:
        return
    if following is None:
        show(screen, None)
    else:
        screen.spawn(talk.ahead(following), "ahead")


def show(screen: MainScreen, review: Review | None) -> None:
    """Draw it, where there is room for two."""
    if not screen.has_class("-wide"):
        return
    pane = next(screen.query("#beside").results(TicketPane), None)
    if pane is None:
        screen.spawn(_mount(screen, review), "beside")
        return
    if not pane.query("#fact-why"):
        return  # it is being mounted, and draws when it is
    if review is None:
        pane.blank(words("No other case waits.", "$quiet"))
    else:
        pane.draw_case(OpenCase(review, 0.0), None, every_message=False, called="next")


async def _mount(screen: MainScreen, review: Review | None) -> None:
    """The second pane is there only once there is room for it: a desk on 80 columns starts without."""
    await screen.query_one("#desk").mount(TicketPane(id="beside"), after="#ticket")
    show(screen, review)


def _following(screen: MainScreen) -> str | None:
    """The case that `n` would bring: the next one that nobody else has open."""
    reading, shown = screen.reading, screen.review
    if reading is None or reading.window.total < 2 or shown is None:
        return None
    place, rows = reading.window.place(shown.id), screen.query_one(QueueList)
    at = rows.following(rows.cursor if place is None else place + 1)
    row = reading.window.row(at) if at is not None else None
    return row.review_id or None if row is not None and row.review_id != shown.id else None
