"""Dialogs that ask for words: a reason, a message."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, TextArea
from textual.widgets.option_list import Option

from app.desk.deciding import REJECT_CODES
from app.desk.dialogs.frame import Dialog
from app.desk.words import line, words

_SEND = line(("Ctrl+S", "bold $primary"), (" send   ", ""), ("Esc", "bold $primary"), (" back", ""))
_CHOOSE = line(("↑ ↓ Enter", "bold $primary"), (" choose   ", ""), ("Esc", "bold $primary"), (" back", ""))
_ENTER = line(("Enter", "bold $primary"), (" send   ", ""), ("Esc", "bold $primary"), (" back", ""))


class TextDialog(Dialog[str]):
    """Several lines; empty is refused in a sentence."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "send", "send", priority=True)]

    def __init__(self, title: Content, needed: Content, text: str = "") -> None:
        super().__init__(title, _SEND)
        self._needed = needed
        self._text = text

    def fields(self) -> ComposeResult:
        yield TextArea(self._text, id="text", soft_wrap=True, compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        area = self.query_one("#text", TextArea)
        area.move_cursor(area.document.end)

    def written(self) -> str:
        return self.query_one("#text", TextArea).text

    def action_send(self) -> None:
        text = self.written().strip()
        if text:
            self.dismiss(text)
        else:
            self.problem(self._needed)


class RejectDialog(Dialog[tuple[str, str]]):
    """A reason from the list, then words for whoever reads it later; the words may be empty."""

    def __init__(self, title: Content, text: str = "") -> None:
        super().__init__(title, _CHOOSE)
        self._code = ""
        self._text = text

    def fields(self) -> ComposeResult:
        yield OptionList(
            *(Option(words(f"{n}  {text}"), id=code) for n, (code, text) in enumerate(REJECT_CODES, start=1)),
            id="codes",
        )
        placeholder = "In your words, for the team (may stay empty)"
        yield Input(self._text, placeholder=placeholder, id="text", compact=True, select_on_focus=False)

    def written(self) -> str:
        return self.query_one("#text", Input).value

    def on_key(self, event: object) -> None:
        key = getattr(event, "key", "")
        codes = self.query_one("#codes", OptionList)
        if codes.has_focus and self.settled and key.isdigit() and 1 <= int(key) <= len(REJECT_CODES):
            codes.highlighted = int(key) - 1
            codes.action_select()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if self.settled:
            self._code = event.option_id or ""
            self.query_one("#text", Input).focus()
            self.hint(_ENTER)

    def on_input_submitted(self) -> None:
        if not self._code:
            self.problem(words("Choose a reason from the list first.", "$warning"))
            self.query_one("#codes", OptionList).focus()
        else:
            self.dismiss((self._code, self.written().strip()))
