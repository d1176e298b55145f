"""A campaign that is told to end does so as one that is done: it ends all that it started."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

WITH_ITS_PARENT = "import ctypes, sys\nif sys.platform == 'linux': ctypes.CDLL(None).prctl(1, 9)\n"
"""Put before a child's code: it ends with the campaign, also when that is killed with kill -9 (PR_SET_PDEATHSIG)."""


@contextmanager
def unwinding() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SystemExit, as Ctrl+C raises: whatever stands in a `finally` is done."""
    before = {each: signal.signal(each, _leave) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, was in before.items():
            signal.signal(each, was)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
