"""Whether the clock of this machine runs steadily: after a jump nothing is sent for as long as an undo window lasts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger("lastclick.worker")

JUMP_SECONDS = 2.0
"""More than that between two looks is no drift and no correction of one."""


class Steadiness:
    """Compares the wall clock, by which undo windows end, with one that nobody can set.

    A clock that is set ahead ends every undo window at once, before the person who sees it count down has had the time.
    """

    def __init__(
        self, window: float, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._window, self._wall, self._steady = window, wall, steady
        self._apart = wall() - steady()
        self._until = steady()

    def holds(self) -> bool:
        """False from a jump on until an undo window has passed."""
        at = self._steady()
        apart = self._wall() - at
        jump, self._apart = apart - self._apart, apart
        if abs(jump) > JUMP_SECONDS:
            log.warning("the clock jumped by %.0f s; nothing is sent for %.0f s", jump, self._window)
            self._until = at + self._window
        return at >= self._until
