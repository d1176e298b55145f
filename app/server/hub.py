"""One reader of the journal for all who follow it: each event is read and written as bytes once, and everybody takes it from
the same row. Who is slow lags behind alone; who is behind the row is caught up from the journal itself."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator

from store.live import Event
from store.queue import Queue, QueueError, TooOld

LOG = logging.getLogger("lastclick.server")

BEAT_SECONDS = 10.0
"""Who hears nothing for so long is sent a beat; a follower takes a line that is silent for longer as cut."""
KEPT = 8_192
"""Newest events in memory."""
AT_ONCE = 200
"""Events of one piece: one at a time keeps the server from everybody else, all at once lie in its memory for who is slow."""


class Entry:
    """An event with the bytes that every follower is sent."""

    __slots__ = ("event", "sent")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.sent = b"id: %d\nevent: entry\ndata: %s\n\n" % (event.seq, event.model_dump_json().encode())


class Hub:
    """`run` reads; `entries` gives what follows a number, in order, once each."""

    def __init__(self, queue: Queue, kept: int = KEPT) -> None:
        self._queue = queue
        self._kept = kept
        self._row: list[Entry] = []
        self._stirred = asyncio.Event()
        self.closed = False

    async def run(self) -> None:
        """Reads until it is cancelled; begins anew where it was when the store could not be read."""
        last: int | None = None
        while True:
            try:
                last = await self._queue.head() if last is None else last
                async for event in self._queue.follow(last):
                    self._add(Entry(event))
                    last = event.seq
            except TooOld:
                last, self._row = None, []
            except QueueError:
                await asyncio.sleep(random.uniform(0.2, 1.0))
            except Exception as defect:  # everybody's stream hangs on this one reader: it goes on, and says so
                LOG.error("The journal's reader failed with %s and goes on", type(defect).__name__)
                await asyncio.sleep(random.uniform(0.2, 1.0))

    async def beat(self) -> None:
        """Now and then everybody looks up, also when nothing happens."""
        while True:
            await asyncio.sleep(BEAT_SECONDS / 4)
            self._wake()

    def close(self) -> None:
        """Every follower is told that it is over."""
        self.closed = True
        self._wake()

    async def entries(self, after: int) -> AsyncGenerator[list[Entry]]:
        """What follows that number, as it comes; an empty list when there is nothing, and at each beat. Raises `TooOld`."""
        while not self.closed:
            stirred = self._stirred
            if self._reaches(after):
                begin = after + 1 - self._row[0].event.seq
                if found := self._row[begin : begin + AT_ONCE]:
                    after = found[-1].event.seq
                    yield found
                    continue
            elif self._row and after < self._row[0].event.seq - 1:
                async for found in self._caught_up(after):
                    after = found[-1].event.seq
                    yield found
                continue
            yield []
            await stirred.wait()

    def _reaches(self, after: int) -> bool:
        return bool(self._row) and self._row[0].event.seq - 1 <= after

    async def _caught_up(self, after: int) -> AsyncIterator[list[Entry]]:
        """From the journal, until the row goes on: all of it is there already, so no piece waits for its end."""
        events, found = self._queue.follow(after), list[Entry]()
        try:
            async for event in events:
                found.append(Entry(event))
                over = self._reaches(event.seq)
                if over or len(found) == AT_ONCE:
                    yield found
                    found = []
                if over:
                    return
        finally:
            await events.aclose()  # type: ignore[attr-defined]

    def _add(self, entry: Entry) -> None:
        self._row.append(entry)
        if len(self._row) >= 2 * self._kept:
            self._row = self._row[-self._kept :]
        self._wake()

    def _wake(self) -> None:
        self._stirred.set()
        self._stirred = asyncio.Event()
