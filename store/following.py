"""The journal read live: every committed event once, in order, for as long as somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from store.journal import events, head
from store.live import Event
from store.queue import TooOld

if TYPE_CHECKING:
    from store.bell import Ear
    from store.engine import Database, Watch
    from store.postgres import Postgres

QUIET_SECONDS = 5.0
"""Without an event for so long, it is looked for less often."""


async def follow(database: Database | Postgres, after: int | None = None) -> AsyncIterator[Event]:
    """Committed events, once each, in order, as soon as the database's watch stirs.

    What it yields is on the disk: no number is ever given to another event after a crash. Raises `TooOld` when the number
    is older than the journal, or newer than its end (another journal, or a restored copy).
    """
    watch: Watch | Ear = await asyncio.to_thread(database.watch)
    try:
        seq, quiet = await asyncio.to_thread(_start, database, after), 0
        while True:
            quiet += 1
            if watch.stirred():
                while found := await asyncio.to_thread(_read, database, seq):
                    quiet = 0  # a heartbeat stirs too, and is no event
                    for one in found:
                        yield one
                    seq = found[-1].seq
            await asyncio.sleep(watch.quick if quiet * watch.quick < QUIET_SECONDS else watch.slow)
    finally:
        watch.close()


def _start(database: Database | Postgres, after: int | None) -> int:
    with database.reading() as session:
        last = head(session)
    if after is not None and after > last:
        raise TooOld(
            f"The journal ends at {last}, before {after}: it is not the one that was followed. Read everything again."
        )
    return last if after is None else after


def _read(database: Database | Postgres, after: int) -> list[Event]:
    with database.reading() as session:
        found = events(session, after)
    if found:
        database.harden()
    return found
