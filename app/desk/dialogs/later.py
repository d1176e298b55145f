"""Dialogs that put a case away: until a time in words, or to a person or a group. Both say back what Enter will do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from app.desk import people, times
from app.desk.dialogs.frame import Answer, Dialog
from app.desk.words import fit, line, words
from store.contract import now

SUGGESTED = 8


class ChoiceDialog(Dialog[Answer]):
    """A line to write in, and a list to choose from without leaving it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", "next", priority=True, show=False),
        Binding("up", "step(-1)", "before", priority=True, show=False),
    ]

    def fields(self) -> ComposeResult:
        yield Input(id="text", compact=True)
        yield Static(Content(""), id="back")
        yield OptionList(*self.options(), id="choices", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        choices = self.query_one("#choices", OptionList)
        choices.can_focus, choices.highlighted = False, None  # nothing is chosen before it is chosen
        self.query_one("#text", Input).focus()
        self.say_back()

    def options(self) -> list[Option]:
        raise NotImplementedError

    def say_back(self) -> None:
        """Show what Enter would do now."""
        raise NotImplementedError

    def draw_back(self, content: Content) -> None:
        self.query_one("#back", Static).update(content)

    def chosen(self) -> Answer | None:
        """What Enter would do now; None says in `problem` why it cannot."""
        raise NotImplementedError

    def action_step(self, by: int) -> None:
        choices = self.query_one("#choices", OptionList)
        if choices.option_count:
            at = choices.highlighted
            choices.highlighted = (0 if at is None else at + by) % choices.option_count

    @on(Input.Changed, "#text")
    def _typed(self) -> None:
        self.problem(Content(""))
        self.say_back()

    @on(OptionList.OptionHighlighted)
    def _lit(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_list.highlighted == event.option_index:
            self.lit(event.option_index)
            self.say_back()

    def lit(self, place: int) -> None:
        """A choice of the list is under the cursor."""

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _enter(self) -> None:
        if self.settled and (answer := self.chosen()) is not None:
            self.dismiss(answer)

    @property
    def typed(self) -> str:
        return self.query_one("#text", Input).value.strip()

    @property
    def place(self) -> int | None:
        return self.query_one("#choices", OptionList).highlighted


class SnoozeDialog(ChoiceDialog[datetime]):
    """When it comes back: words, or one of the usual times."""

    def __init__(self, title: Content, at: datetime) -> None:
        super().__init__(title, _hint("snooze"))
        self._usual = times.usual(at)

    def options(self) -> list[Option]:
        return [Option(words(f"{fit(title, 16)}{until:%a %d %b %H:%M}")) for title, until in self._usual]

    def say_back(self) -> None:
        said = words(f"for example: {times.EXAMPLES}", "$quiet")
        if self.typed:
            try:
                said = line(("until ", "$quiet"), (times.said(self._until(), now()), "bold $accent"))
            except times.NotATimeError as wrong:
                said = words(str(wrong), "$warning")
        self.draw_back(said)

    def chosen(self) -> datetime | None:
        try:
            return self._until()
        except times.NotATimeError as wrong:
            self.problem(words(str(wrong), "$warning"))
            return None

    def lit(self, place: int) -> None:
        """The words of the choice are written out: what can be chosen can be said."""
        self.query_one("#text", Input).value = self._usual[place][0]

    def _until(self) -> datetime:
        return times.parse(self.typed, now())


class HandOverDialog(ChoiceDialog[str]):
    """Who gets it: a name, or one of those the queue knows. A name nobody has seen is taken and said to be new."""

    def __init__(self, title: Content, known: Sequence[str]) -> None:
        super().__init__(title, _hint("hand over"))
        self._known = tuple(known)
        self._shown = self._known[:SUGGESTED]

    def options(self) -> list[Option]:
        return [Option(words(name)) for name in self._shown]

    def say_back(self) -> None:
        self._narrow()
        to = self._named()
        said = words("Name a person or a team.", "$quiet")
        if to:
            new = "" if to in self._known else "   a name that the queue has not seen yet"
            said = line(("to ", "$quiet"), (to, "bold $accent"), (new, "$warning"))
        self.draw_back(said)

    def chosen(self) -> str | None:
        if not self._named():
            self.problem(words("Name a person or a team.", "$warning"))
        return self._named() or None

    def _narrow(self) -> None:
        shown = people.matching(self.typed, self._known)[:SUGGESTED]
        if shown != self._shown:
            self._shown = shown
            choices = self.query_one("#choices", OptionList)
            choices.clear_options()
            choices.add_options(self.options())

    def _named(self) -> str:
        if self.place is not None and self.place < len(self._shown):
            return self._shown[self.place]
        return self.typed


def _hint(what: str) -> Content:
    return line(
        ("Enter", "bold $primary"), (f" {what}   ", ""), ("↑ ↓", "bold $primary"), (" choose   ", ""),
        ("Esc", "bold $primary"), (" back", ""),
    )  # fmt: skip
