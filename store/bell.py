"""Wakes who follows a PostgreSQL queue: one LISTEN connection a process, and at most one NOTIFY in twenty milliseconds.

A NOTIFY takes a lock that all notifying transactions share, so none is ever sent inside a transaction that changes
something. It only wakes: what happened stands in the journal, which is read after every wake, and looked at once a second
in case a process died between its commit and its NOTIFY.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
import time
from typing import Any

import psycopg
from sqlalchemy.engine import URL

from store import moment
from store.reaching import connect_arguments

log = logging.getLogger("lastclick.store")

CHANNEL = "lastclick"
APART = 0.02
"""Seconds between two NOTIFYs of one process."""
LOOK = 1.0
"""Seconds between two looks at the journal's head when nobody rings."""
_PAUSE = 0.5


class Bell:
    """Rung after a commit, heard by every ear in every process. Its connection is made when first needed."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._count = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pipe: tuple[int, int] | None = None
        self._rung = False
        self._closed = False
        self._head: int | None = None

    @property
    def count(self) -> int:
        """Grows whenever somebody may have committed something."""
        return self._count

    def ear(self) -> Ear:
        self._start()
        return Ear(self)

    def ring(self) -> None:
        """Something was committed here: wakes this process at once and the others within twenty milliseconds."""
        self._count += 1
        self._start()
        pipe = self._pipe
        if not self._rung and pipe is not None:
            self._rung = True
            with contextlib.suppress(OSError):
                os.write(pipe[1], b"!")

    def close(self) -> None:
        """What was rung is still passed on."""
        with self._lock:
            self._closed = True
            thread, pipe = self._thread, self._pipe
        if thread is not None and pipe is not None:
            with contextlib.suppress(OSError):
                os.write(pipe[1], b"!")
            thread.join(5.0)

    def _start(self) -> None:
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None and not self._closed:
                self._pipe = os.pipe()
                os.set_blocking(self._pipe[1], False)
                self._thread = threading.Thread(target=self._serve, name="bell", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        assert self._pipe is not None
        while not self._closed or self._rung:
            try:
                with psycopg.connect(**self._arguments(), autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._count += 1  # what was rung while nobody listened
                    self._listen(connection)
            except psycopg.Error as error:
                log.debug("the bell has no connection: %s", error)
                self._count += 1  # who waits looks for himself, and sees that the database is gone
                if self._closed:
                    break
                select.select([self._pipe[0]], [], [], _PAUSE)
        pipe, self._pipe = self._pipe, None  # before it is closed: its numbers are soon another file's
        for end in pipe:
            os.close(end)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        assert self._pipe is not None
        sent = looked = 0.0
        while not self._closed or self._rung:
            wait = max(0.0, sent + APART - time.monotonic()) if self._rung else LOOK
            ready, _, _ = select.select([connection.fileno(), *([] if self._rung else [self._pipe[0]])], [], [], wait)
            if self._pipe[0] in ready:
                os.read(self._pipe[0], 4096)
                self._rung = True
            if connection.fileno() in ready:
                for _ in connection.notifies(timeout=0):
                    self._count += 1
            if self._rung and time.monotonic() - sent >= APART:
                self._rung, sent = False, time.monotonic()
                connection.execute(f"NOTIFY {CHANNEL}")
            if time.monotonic() - looked >= LOOK:
                looked = time.monotonic()
                self._look(connection)

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        asked = moment.own()
        row = connection.execute("SELECT seq, clock_timestamp() FROM journal_head").fetchone()
        head = row[0] if row else None
        if row:
            moment.agree(row[1], asked, moment.own())
        if head != self._head:
            self._head = head
            self._count += 1

    def _arguments(self) -> dict[str, Any]:
        given = self._url.translate_connect_args(username="user", database="dbname") | dict(self._url.query)
        return given | connect_arguments()


class Ear:
    """One listener's view of the bell. For one thread."""

    quick = slow = APART
    """Seconds between two looks: a number is compared, nobody is asked."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._heard = -1

    def stirred(self) -> bool:
        """Whether anybody may have committed anything since the last call; true at the first."""
        now = self._bell.count
        before, self._heard = self._heard, now
        return now != before

    def close(self) -> None:
        """Nothing is held."""
