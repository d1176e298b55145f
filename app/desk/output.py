"""What is painted goes to the terminal at once, from where it was painted; what the terminal does not take yet waits.

Textual hands each frame to a thread, which has to wait for its turn behind whoever computes: a frame that was painted while
the queue is read came tens of milliseconds late.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from typing import TextIO

LEAVE_SECONDS = 2.0
"""A terminal that takes nothing for so long does not get the rest: nobody looks at it."""


class Output:
    """Writes without ever waiting, in the order of the calls. Made where an event loop runs; raises `OSError` when the
    file is no terminal that can be opened anew."""

    def __init__(self, file: TextIO) -> None:
        # Opened anew: whether a call waits belongs to the opened file, which others have too.
        self._terminal = os.open(os.ttyname(file.fileno()), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._encoding = file.encoding or "utf-8"
        self._left = bytearray()
        self._loop = asyncio.get_running_loop()

    def write(self, text: str) -> None:
        """Write it now, or as soon as the terminal takes it."""
        data = text.encode(self._encoding, "backslashreplace")
        if self._left:
            self._left += data
            return
        taken = self._take(data)
        if taken < len(data):
            self._left += data[taken:]
            self._loop.add_writer(self._terminal, self._go_on)

    def flush(self) -> None:
        """Nothing is held back."""

    def stop(self) -> None:
        """Write what is left, if the terminal takes it in a moment."""
        self._loop.remove_writer(self._terminal)
        until = time.monotonic() + LEAVE_SECONDS
        while self._left and (seconds := until - time.monotonic()) > 0:
            select.select([], [self._terminal], [], seconds)
            self._shorten()
        os.close(self._terminal)

    def _go_on(self) -> None:
        self._shorten()
        if not self._left:
            self._loop.remove_writer(self._terminal)

    def _shorten(self) -> None:
        del self._left[: self._take(self._left)]

    def _take(self, data: bytes | bytearray) -> int:
        """How many bytes the terminal took. One that is gone takes all."""
        try:
            return os.write(self._terminal, data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)
