"""The connection itself: a head has ten seconds, one spelling and no second request behind it.

uvicorn waits for a head for ever, and its parser takes bare line feeds and folded headers, which a proxy in front may read
otherwise than we do: that is how requests are smuggled.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
LONGEST_HEAD = 32 * 1024
_END = b"\r\n\r\n"
_LOOSE = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\x00|\r\n[ \t]")


class Line(H11Protocol):
    """uvicorn's protocol with a clock for the head and an eye on its spelling."""

    head_seconds = HEAD_SECONDS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._head = b""
        self._clock: asyncio.TimerHandle | None = None
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        waiting = self.conn.their_state is h11.IDLE
        if waiting:
            self._start_clock()
            self._head = (self._head + data).split(_END, 1)[0]
            if len(self._head) > LONGEST_HEAD:
                self._refuse(b"431 Request Header Fields Too Large", b"The head of this request is too long.")
                return
            if _LOOSE.search(self._head):
                self._refuse(b"400 Bad Request", b"The head of this request has loose line ends.")
                return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_clock()
            self._head = b""
        self._nothing_behind()

    def eof_received(self) -> None:
        """A client that stops writing has nothing more to ask: half-open connections are not kept."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _nothing_behind(self) -> None:
        """A second request in the same breath is not answered: no client of ours does that, and smugglers do."""
        behind, _ = self.conn.trailing_data
        if behind and self.conn.their_state is h11.DONE and self.cycle is not None:
            self.cycle.keep_alive = False

    def _start_clock(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _too_slow(self) -> None:
        self._clock = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: bytes, why: bytes) -> None:
        self._stop_clock()
        self._unset_keepalive_if_required()
        head = b"HTTP/1.1 %s\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(head % (status, len(why)) + why)
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade that is asked for is not made, and not worth a line in the log."""


def protocol(head_seconds: float = HEAD_SECONDS) -> type[Any]:
    """The protocol class with this patience."""
    return type("Line", (Line,), {"head_seconds": head_seconds})
