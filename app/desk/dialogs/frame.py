"""The frame of every dialog: a title, Esc leaves without a trace, and what was typed ahead does not count."""

from __future__ import annotations

import time
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

SETTLE_SECONDS = 0.3

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None], Generic[Answer]):
    """Shows `title`, the subclass's `fields` and `hint`; dismisses with the answer, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "leave")]

    def __init__(self, title: Content, hint: Content) -> None:
        super().__init__()
        self._title = title
        self._hint = hint
        self._opened = 0.0
        self.about = ""
        """What is written here, by its key's id, so that words left unsent are there again; empty: they are not kept."""
        self.left = ""
        """What stood in it when it was left without being sent."""

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = self._title
            yield from self.fields()
            yield Static(Content(""), id="problem")
            yield Static(self._hint, id="hint")

    def fields(self) -> ComposeResult:
        """The dialog's own widgets."""
        yield from ()

    def on_mount(self) -> None:
        self._opened = time.monotonic()

    @property
    def settled(self) -> bool:
        """False just after opening: keys that were on their way belong to what was on screen before."""
        return time.monotonic() - self._opened >= SETTLE_SECONDS

    def problem(self, text: Content) -> None:
        self.query_one("#problem", Static).update(text)

    def written(self) -> str:
        """The words in it now."""
        return ""

    def action_leave(self) -> None:
        self.left = self.written()
        self.dismiss(None)
