"""The corner of the desk: what was just said, and what can be taken back and how long. Pure: the clock is handed in."""

from __future__ import annotations

from dataclasses import dataclass

SAY_SECONDS = 6.0
FIRST_SECONDS = 1.2


@dataclass(frozen=True)
class Undoable:
    """What can be taken back together until a monotonic time: decisions, and the cases they were about."""

    decisions: tuple[str, ...]
    effect: str
    until: float
    reviews: tuple[str, ...] = ()


class Corner:
    """One sentence at a time; an undo window that runs wins over it, but for a moment."""

    def __init__(self) -> None:
        self._said: tuple[str, str, float] = ("", "", 0.0)
        self._first = 0.0
        self.undo: Undoable | None = None

    def say(self, text: str, style: str, at: float, *, first: bool = False) -> None:
        """Say it as long as it takes to read; `first`: shortly, and before what can be undone."""
        self._said = (text, style, at + (FIRST_SECONDS if first else SAY_SECONDS))
        self._first = at + FIRST_SECONDS if first else 0.0

    def offer(
        self, decisions: tuple[str, ...], effect: str, seconds: float, at: float, reviews: tuple[str, ...] = ()
    ) -> None:
        """This can be taken back for so long; none when the window is closed already."""
        self.undo = Undoable(decisions, effect, at + seconds, reviews) if decisions and seconds > 0 else None

    def pass_time(self, at: float) -> None:
        if self.undo is not None and at >= self.undo.until:
            self.undo = None

    def text(self, at: float) -> tuple[str, str]:
        """The words and their style."""
        if self.undo is not None and at >= self._first:
            return f"✓ {max(0, round(self.undo.until - at))}s to undo: {self.undo.effect}", "$success"
        text, style, until = self._said
        return (text, style) if at < until else ("", "")
