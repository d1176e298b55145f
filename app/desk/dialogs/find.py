"""Find a part of the queue: by words, or from a menu of sections, each with how many wait there; save what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from app.desk import times
from app.desk.dialogs.frame import Dialog
from app.desk.sections import Section
from app.desk.words import fit, line, words

TITLE_CELLS = 44


class SearchDialog(Dialog[str]):
    """One line of words to search for; empty leaves everything as it is."""

    def __init__(self, last: str) -> None:
        super().__init__(
            words("Search in subjects, messages, replies, names and ids"),
            line(("Enter", "bold $primary"), (" search   ", ""), ("Esc", "bold $primary"), (" back", "")),
        )
        self._last = last

    def fields(self) -> ComposeResult:
        yield Input(self._last, id="text", compact=True)

    def on_input_submitted(self) -> None:
        self.dismiss(self.query_one("#text", Input).value.strip() or None)


@dataclass(frozen=True)
class Chosen:
    """What to do with a section: show it, narrow what is shown by it, or take it out of the saved ones; or `save` what is
    shown; or narrow it by an `age` of one's own."""

    what: Literal["show", "narrow", "drop", "save", "age"]
    section: Section | None = None


class FilterDialog(Dialog[Chosen]):
    """The sections under their headings; Enter shows one, Space narrows the list by it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pick('narrow')", "narrow", priority=True),
        ("delete", "pick('drop')", "take away"),
        ("w", "save", "save"),
        ("o", "age", "older than"),
    ]

    def __init__(self, sections: Sequence[Section], *, can_save: bool = False) -> None:
        save = (("w", "bold $primary"), (" save it   ", "")) if can_save else ()
        drop = (("Del", "bold $primary"), (" unsave   ", "")) if any(each.saved for each in sections) else ()
        super().__init__(
            words("Show"),
            line(
                ("Enter", "bold $primary"), (" show   ", ""), ("Space", "bold $primary"), (" narrow by it   ", ""),
                ("o", "bold $primary"), (" older than …   ", ""), *save, *drop, ("Esc", "bold $primary"), (" back", ""),
            ),
        )  # fmt: skip
        self._can_save = can_save
        self._sections = {str(n): section for n, section in enumerate(sections)}

    def fields(self) -> ComposeResult:
        options: list[Option | None] = []
        heading = ""
        for key, section in self._sections.items():
            if section.heading != heading:
                options += [None] if heading else []
                heading = section.heading
                options.append(Option(words(heading, "$secondary bold"), disabled=True))
            options.append(Option(line(_row(section)), id=key))
        yield OptionList(*options, id="sections")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if self.settled and event.option_id is not None:
            self.dismiss(Chosen("show", self._sections[event.option_id]))

    def action_pick(self, what: Literal["narrow", "drop"]) -> None:
        menu = self.query_one("#sections", OptionList)
        if not self.settled or menu.highlighted is None:
            return
        option = menu.get_option_at_index(menu.highlighted)
        section = self._sections.get(option.id or "")
        if section is not None and (what == "narrow" or section.saved):
            self.dismiss(Chosen(what, section))

    def action_age(self) -> None:
        if self.settled:
            self.dismiss(Chosen("age"))

    def action_save(self) -> None:
        if self.settled and self._can_save:
            self.dismiss(Chosen("save"))


class NameDialog(Dialog[str]):
    """A name for what the list shows."""

    def __init__(self, called: str) -> None:
        super().__init__(
            words("Save what is shown as"),
            line(("Enter", "bold $primary"), (" save   ", ""), ("Esc", "bold $primary"), (" back", "")),
        )
        self._called = called

    def fields(self) -> ComposeResult:
        yield Input(self._called, id="text", compact=True, max_length=60)

    def on_input_submitted(self) -> None:
        self.dismiss(" ".join(self.query_one("#text", Input).value.split()) or None)


class AgeDialog(Dialog[int]):
    """How long a case must have waited, in words; answers minutes."""

    def __init__(self) -> None:
        super().__init__(
            words("Show what waits longer than"),
            line(("Enter", "bold $primary"), (" show   ", ""), ("Esc", "bold $primary"), (" back", "")),
        )

    def fields(self) -> ComposeResult:
        yield Input(placeholder=times.SPANS, id="text", compact=True, max_length=40)

    def on_input_changed(self) -> None:
        self.problem(Content(""))

    def on_input_submitted(self) -> None:
        try:
            self.dismiss(times.span(self.query_one("#text", Input).value))
        except times.NotATimeError as wrong:
            self.problem(words(str(wrong)))


def _row(section: Section) -> Content:
    count = "" if section.count is None else f"{section.count:>7,}"
    style = "$quiet" if section.count == 0 else ""
    return line((f"  {fit(section.title, TITLE_CELLS)}", style), (count, "bold" if section.count else "$quiet"))
