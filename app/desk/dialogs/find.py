"""Find a part of the queue: by words, or from a menu of sections, each with how many wait there."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from app.desk.dialogs.frame import Dialog
from app.desk.sections import Section
from app.desk.words import fit, line, words
from store.live import View

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


class FilterDialog(Dialog[View]):
    """The sections under their headings; Enter shows one."""

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__(
            words("Show"),
            line(("↑ ↓ Enter", "bold $primary"), (" choose   ", ""), ("Esc", "bold $primary"), (" back", "")),
        )
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
            self.dismiss(self._sections[event.option_id].view)


def _row(section: Section) -> Content:
    count = "" if section.count is None else f"{section.count:>7,}"
    style = "$quiet" if section.count == 0 else ""
    return line((f"  {fit(section.title, TITLE_CELLS)}", style), (count, "bold" if section.count else "$quiet"))
