"""Keys typed while the desk opens: they are kept until there is something to press them on.

A first picture of the case stands on screen meanwhile. A verdict is not taken from it: what is decided is what the desk
itself has shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.desk import keymap, keys
from app.desk.guard import VERDICTS

if TYPE_CHECKING:
    from app.desk.screens.main import MainScreen

MOST = 32
"""More than anybody types in a second or two; what comes after is a paste."""


class Early:
    """Keys in the order they came, until they are taken once."""

    def __init__(self) -> None:
        self._typed: list[str] | None = []

    def keeps(self, key: str) -> bool:
        """Keep this key, if it is early; False: the desk is open, and it is a key like any other."""
        if self._typed is None:
            return False
        if len(self._typed) < MOST:
            self._typed.append(key)
        return True

    def taken(self) -> tuple[list[str], str]:
        """What is pressed now that there is a case, and the first verdict among it, which is not. From a verdict on
        nothing is pressed: it was typed for what would have come of it."""
        typed, self._typed = self._typed or [], None
        verdict = next((n for n, key in enumerate(typed) if _decides(key)), None)
        return (typed, "") if verdict is None else (typed[:verdict], typed[verdict])


def press(screen: MainScreen) -> None:
    """Press them: there is a case on screen, or none waits."""
    typed, verdict = screen.early.taken()
    if screen.app.screen is not screen:
        return  # the last session's half-written edit is open again: they were not typed for it
    for key in typed:
        screen.app.simulate_key(key)
    if verdict:
        screen.say(f"{keymap.written(verdict)} not heard: the desk was still opening", "$warning")


def _decides(key: str) -> bool:
    return any(key in each.keys and each.id in VERDICTS for each in keys.table())
