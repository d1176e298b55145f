"""The frame of every dialog: a title, Esc leaves without a trace, and what was typed ahead does not count."""

from __future__ import annotations

import time
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.style import Style
from textual.widgets import Static

from app.desk.keymap import canonical
from app.desk.words import line, pressed

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
            yield Static(line(_to_click(self._hint)), id="hint")

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

    def hint(self, content: Content) -> None:
        """Other keys work now."""
        self.query_one("#hint", Static).update(line(_to_click(content)))

    def on_click(self, event: events.Click) -> None:
        """A key of the hint is pressed by a click on it; a click beside the dialog leaves it, as Esc does."""
        key = pressed(event.style)
        if event.widget is self:
            self._type("escape")
        elif key and event.chain == 1:
            self._type(key)

    def _type(self, key: str) -> None:
        """As if it came from the keyboard: a key that this screen has sent itself would not bubble up to it."""
        event = events.Key(key, None)
        event.set_sender(self.app)
        self.app.post_message(event)

    def written(self) -> str:
        """The words in it now."""
        return ""

    def action_leave(self) -> None:
        self.left = self.written()
        self.dismiss(None)


def _to_click(hint: Content) -> Content:
    """The hint, in which each key and the words behind it press that key. Keys are what stands in bold."""
    begins = [span for span in hint.spans if str(span.style).startswith("bold $")]
    ends = [span.start for span in begins[1:]] + [len(hint)]
    for span, end in zip(begins, ends, strict=True):
        key = canonical(hint.plain[span.start : span.end].split()[-1])
        if key:
            hint = hint.stylize(Style.from_meta({"press": key}), span.start, end)
    return hint
