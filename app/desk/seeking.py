"""What the main screen does to show another part of the queue, back to everything, and to save a part by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.desk import saved, sections
from app.desk.dialogs.find import AgeDialog, Chosen, FilterDialog, NameDialog, SearchDialog
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
    view, words = reading.view, reading.words
    kept, problem = saved.load(screen.saved_views)
    if problem:
        screen.say(problem, "bold $error")
    try:
        all_counts = await reading.counts(View())
        standing = (*kept, *sections.standing(screen.me, screen.routes(), view))
        counted = [replace(each, count=(await reading.counts(each.view)).get("all", 0)) for each in standing]
    except QueueError as error:
        screen.say(str(error), "bold $error")
        return
    named = (*sections.by_assignee(all_counts, screen.me, view), *sections.by_reason(all_counts, view))
    can_save = screen.saved_views is not None and not reading.whole and not words

    def answered(chosen: Chosen | None) -> None:
        if chosen is not None:
            _do(screen, chosen, view)

    screen.ask(FilterDialog((*counted, *named, *sections.sorts(view)), can_save=can_save), answered)


def _do(screen: MainScreen, chosen: Chosen, view: View) -> None:
    section = chosen.section
    if chosen.what == "save":
        screen.ask(NameDialog(sections.called(view)), lambda name: _save(screen, name, view))
    elif chosen.what == "age":
        screen.ask(AgeDialog(), lambda minutes: _older(screen, minutes, view))
    elif section is None:
        return
    elif chosen.what == "drop" and screen.saved_views is not None:
        screen.say(
            saved.drop(screen.saved_views, section.title) or f"“{section.title}” is not saved any more.", "$quiet"
        )
    elif chosen.what == "narrow":
        screen.look_at(sections.narrowed(view, section.view), "")
    else:
        screen.look_at(section.view, "")


def _older(screen: MainScreen, minutes: int | None, view: View) -> None:
    if minutes is not None:
        screen.look_at(view.model_copy(update={"older_than_minutes": minutes}), "")


def _save(screen: MainScreen, name: str | None, view: View) -> None:
    if name and screen.saved_views is not None:
        problem = saved.keep(screen.saved_views, name, view)
        screen.say(problem or f"✓ saved as “{name}”", "bold $error" if problem else "$success")
