"""Keeps a held key or a pasted text from deciding more than one case. Pure: the clock is handed in."""

from __future__ import annotations

from collections.abc import Iterable

REST_SECONDS = 1.0
"""A key that decided must rest this long before it counts again: longer than a keyboard waits before it repeats."""
SETTLE_SECONDS = 0.35
"""No verdict counts before a new case has been on screen so long: nobody has read it yet."""

VERDICTS = ("approve", "edit", "reject", "respond", "retry", "hand_over", "snooze", "confirm")


class RepeatGuard:
    """After a decision, the keys that made it are deaf until they have rested; each press starts the rest anew."""

    def __init__(self) -> None:
        self._deaf: dict[str, tuple[float, float]] = {}

    def allows(self, key_id: str, at: float) -> bool:
        """Whether the press counts. `at` is a monotonic time in seconds."""
        if key_id not in self._deaf:
            return True
        until, rest = self._deaf[key_id]
        if at < until:
            self._deaf[key_id] = (at + rest, rest)
            return False
        del self._deaf[key_id]
        return True

    def decided(self, by: Iterable[str], at: float) -> None:
        """These keys have just made a decision, and another case comes on screen."""
        used = set(by)
        for key_id in VERDICTS:
            rest = REST_SECONDS if key_id in used else SETTLE_SECONDS
            self._deaf[key_id] = (at + rest, rest)
