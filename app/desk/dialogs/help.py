"""The keys that work here and now, by what they are for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from app.desk.dialogs.frame import Dialog
from app.desk.keys import GROUPS, Key
from app.desk.words import NOTHING, fit, line, lines, press, pressed, words


class HelpDialog(Dialog[str]):
    """Lists what works in the situation it was opened in; a click on a line does it."""

    BINDINGS: ClassVar[list[BindingType]] = [("question_mark,q,enter", "leave", "leave")]

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__(Content("Keys that work here"), line(("Esc", "bold $primary"), (" back", "")))
        self._keys = keys

    def on_click(self, event: events.Click) -> None:
        key_id = pressed(event.style)
        if key_id and self.settled:
            event.stop()
            self.dismiss(key_id)

    def fields(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(listing(self._keys))


def listing(keys: Sequence[Key]) -> Content:
    """One line a key, under its group; the sources share one."""
    rows: list[Content] = []
    for group, title in GROUPS.items():
        mine = [key for key in keys if key.keys and key.group == group and not key.id.startswith("source_")]
        numbered = [key for key in keys if key.keys and key.group == group and key.id.startswith("source_")]
        if not mine and not numbered:
            continue
        rows.append(words(title, "$secondary bold"))
        rows += [press(key.id, (f"  {fit(key.shown, 10)}", "bold $primary"), (key.title, "")) for key in mine]
        if numbered:
            span = numbered[0].shown if len(numbered) == 1 else f"{numbered[0].shown}-{numbered[-1].shown}"
            rows.append(
                line((f"  {fit(span, 10)}", "bold $primary"), ("open a source, light the claims it carries", ""))
            )
        rows.append(NOTHING)
    return lines(rows[:-1])
