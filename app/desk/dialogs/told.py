"""A word to who decided: that a case was planted, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets import Static

from app.desk.dialogs.frame import Dialog
from app.desk.words import NOTHING, line, lines, words


class ToldDialog(Dialog[None]):
    """One sentence or more, and back to work."""

    def __init__(self, told: Sequence[str]) -> None:
        super().__init__(words("A planted case"), line(("Esc", "bold $primary"), (" back to work", "")))
        self._told = told

    def fields(self) -> ComposeResult:
        rows = [each for said in self._told for each in (words(said), NOTHING)]
        yield Static(lines(rows[:-1]), id="told")
