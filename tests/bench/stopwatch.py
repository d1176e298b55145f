"""Times what a program writes to its terminal: when the byte came that was needed to show something, and how many came."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.terminal import Terminal

QUIET = 0.15
"""Seconds without a byte, after which there is time to look."""
PATIENCE = 30.0


@dataclass(frozen=True)
class Seen:
    """Seconds and bytes to the last byte that was needed, and all bytes that came until the terminal was quiet."""

    seconds: float
    needed: int
    size: int


def after(terminal: Terminal, keys: str, shown: Callable[[str], bool], *, quiet: float = QUIET) -> Seen:
    """Types these keys and waits for what they bring."""
    begun = time.perf_counter()
    terminal.type(keys)
    return since(terminal, begun, shown, quiet=quiet)


def since(terminal: Terminal, begun: float, shown: Callable[[str], bool], *, quiet: float = QUIET) -> Seen:
    """Waits for something to be on screen. The screen is worked out while nothing comes: what reads a screen must not be
    counted as drawing it."""
    found, needed, size = 0.0, 0, 0
    while time.perf_counter() - begun < PATIENCE:
        came: list[tuple[float, bytes]] = []
        while part := terminal.part(quiet):
            came.append((time.perf_counter() - begun, part))
        for at, part in came:
            terminal.take(part)
            size += len(part)
            if not found and shown(terminal.screen()):
                found, needed = at, size
        if found:
            return Seen(found, needed, size)
    raise AssertionError(f"it never came:\n{terminal.screen()}")


def settle(terminal: Terminal, seconds: float) -> int:
    """Lets that time pass; the bytes that came meanwhile."""
    until, size = time.perf_counter() + seconds, 0
    while (left := until - time.perf_counter()) > 0:
        if part := terminal.part(left):
            terminal.take(part)
            size += len(part)
    return size
