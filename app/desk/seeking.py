"""What the main screen does to show another part of the queue: search, filter, sort, and back to everything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.desk import sections
from app.desk.dialogs.find import FilterDialog, SearchDialog
from store.live import View
from store.queue import QueueError

if TYPE_CHECKING:
    from app.desk.screens.main import MainScreen


def search(screen: MainScreen) -> None:
    """Ask for words, and list the tickets that hold them, newest first."""

    def answered(asked: str | None) -> None:
        if asked:
            screen.look_at(View(), asked)

    screen.ask(SearchDialog(screen.reading.words if screen.reading else ""), answered)


def choose(screen: MainScreen) -> None:
    """Count the sections, then offer them."""
    screen.spawn(_offer(screen), "sections")


def everything(screen: MainScreen) -> None:
    """Back to all that waits, in the order that was chosen."""
    reading = screen.reading
    if reading is not None:
        screen.look_at(View(sort=reading.view.sort), "")


async def _offer(screen: MainScreen) -> None:
    reading = screen.reading
    if reading is None:
        return
    view = reading.view
    try:
        standing = sections.standing(screen.me, screen.routes(), view)
        counted = [replace(each, count=(await reading.counts(each.view)).get("all", 0)) for each in standing]
        reasons = sections.by_reason(await reading.counts(View()), view)
    except QueueError as error:
        screen.say(str(error), "bold $error")
        return

    def answered(chosen: View | None) -> None:
        if chosen is not None:
            screen.look_at(chosen, "")

    screen.ask(FilterDialog((*counted, *reasons, *sections.sorts(view))), answered)
