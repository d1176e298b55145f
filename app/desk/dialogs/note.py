"""A note for the team on a ticket. `@name` speaks to somebody; the case keeps its place in the queue."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static, TextArea

from app.desk import people
from app.desk.dialogs.texts import TextDialog
from app.desk.words import line, words


class NoteDialog(TextDialog):
    """Says whom the note speaks to while it is written. `known` are the names the queue has seen."""

    def __init__(self, known: Sequence[str], text: str = "") -> None:
        super().__init__(words("Note for the team"), words("Write the note first.", "$warning"), text)
        self._known = tuple(known)

    def fields(self) -> ComposeResult:
        yield from super().fields()
        yield Static(Content(""), id="back")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#text", TextArea).focus()
        self._speaks_to()

    @on(TextArea.Changed)
    def _speaks_to(self) -> None:
        names = people.mentions(self.query_one("#text", TextArea).text)
        if names:
            new = [name for name in names if name not in self._known]
            unseen = f"   not seen in this queue: {', '.join(new)}" if new else ""
            self._say(line(("speaks to ", "$quiet"), (", ".join(names), "bold $accent"), (unseen, "$warning")))
        else:
            hint = f"@name speaks to somebody: {', '.join('@' + name for name in self._known[:6])}"
            self._say(words(hint.removesuffix(": "), "$quiet"))

    def _say(self, content: Content) -> None:
        self.query_one("#back", Static).update(content)
