"""A large queue's file is read for damage once a day, by one process for all that have it open."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

DAY = 24 * 3600.0


def daily(queue: Path, check: Callable[[], bool]) -> None:
    """Runs `check`, which says whether the file is sound, unless it was found sound within a day. Who comes while another
    process reads waits for what it finds: damage is found by each of them, and nothing sound is read twice."""
    with contextlib.ExitStack() as held:
        try:
            mark = held.enter_context(open(os.open(_mark(queue), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600), "r+b"))
            fcntl.flock(mark, fcntl.LOCK_EX)
        except OSError:  # a folder that cannot be written to: then it is read each time
            check()
            return
        if lately(queue):
            return
        mark.truncate(0)
        if check():
            mark.write(_sound(queue))


def lately(queue: Path) -> bool:
    """Whether this very file was found sound within a day; one that was put in its place was not."""
    try:
        mark = _mark(queue)
        return mark.read_bytes() == _sound(queue) and 0 <= time.time() - mark.stat().st_mtime < DAY
    except OSError:
        return False


def _sound(queue: Path) -> bytes:
    return f"sound {queue.stat().st_ino}\n".encode()


def _mark(queue: Path) -> Path:
    return queue.with_name(f"{queue.name}.checked")
