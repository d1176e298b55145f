"""The team's database: PostgreSQL, with as many writers as there are desks and workers.

What one case needs is done by one transaction at a time (`store/locks.py`); everything that all of them share, the numbers
of the journal and the roll-ups, is written by the last statements of a transaction, in one message with its COMMIT. The
lock on the journal's head is so held for a fraction of a millisecond and never while a disk or a network is waited for:
the commit itself is asynchronous, and before anything is acknowledged the log is flushed up to it, for many at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import URL
from sqlmodel import Session

from store import journal, moment
from store.bell import Bell, Ear
from store.faults import named, sqlstate
from store.queue import Unavailable
from store.reaching import PATIENCE_MS, connect_arguments

T = TypeVar("T")

POOL = 8
"""Connections kept open: as many as one queue has threads. At a rush as many again are opened and closed after it."""

_AGAIN = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, and a row that another transaction made first: the whole transaction is run anew."""
_LOST = frozenset({"25P03", "57P01", "57P02", "57P03"})
"""The server ended the session: idle too long, or it shuts down."""
_TRIES = 5

_CHANGES = ("INSERT", "UPDATE", "DELETE", "WITH O")
_HARDEN = "SELECT set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'lastclick', '')"
"""A transaction of its own that waits for the disk: what was committed before it is then on the disk too."""
_TALLY = (
    "INSERT INTO tallies (name, at, key, count) SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[]) "
    "ON CONFLICT (name, at, key) DO UPDATE SET count = tallies.count + excluded.count"
)
_FIGURE = (
    "INSERT INTO figures (name, at, key, part, count) "
    "SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::int[], %s::bigint[]) "
    "ON CONFLICT (name, at, key, part) DO UPDATE SET count = figures.count + excluded.count"
)
_APPEND = f"SELECT journal_append(%s::bigint[], {', '.join(['%s::text[]'] * 8)})"


class Postgres:
    """One PostgreSQL database. `reading` sees one consistent state; `writing` is one transaction, all of it or nothing."""

    many_writers = True

    def __init__(self, url: URL) -> None:
        self.url = url
        self.place = f"The database {url.database or url.username} at {url.host or 'this machine'}:{url.port or 5432}"
        self.engine = _engine(url)
        self.bell = Bell(url)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot: nothing that commits meanwhile is seen."""
        with named(self.place), self.engine.connect() as pooled:
            connection = pooled.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin(), Session(connection, autoflush=False) as session:
                yield session

    @contextmanager
    def writing(self, *, journaled: bool = True) -> Iterator[Session]:
        """A transaction that commits at the end of the block, or leaves everything as it was when the block raises.

        A change without a journal entry is refused, so none can be forgotten; heartbeats alone say `journaled=False`.
        A conflict with another transaction is raised as it is: `write` runs again instead.
        """
        with named(self.place), self._transaction(_Ending(), journaled) as session:
            yield session

    def read(self, ask: Callable[[Session], T]) -> T:
        """What `ask` finds. A connection that a restarted server left dead is replaced, once."""
        with named(self.place):
            try:
                with self.reading() as session:
                    return ask(session)
            except Unavailable as gone:
                if not _was_stale(gone):
                    raise
            with self.reading() as session:
                return ask(session)

    def write(self, change: Callable[[Session], T], *, journaled: bool = True) -> T:
        """One transaction, run anew when another one came in between. Acknowledged means it is on the disk."""
        with named(self.place):
            for tries in range(1, _TRIES + 1):
                end = _Ending()
                try:
                    with self._transaction(end, journaled) as session:
                        return change(session)
                except (exc.DBAPIError, psycopg.Error) as error:
                    if end.begun and _is_lost(error):
                        raise Unavailable(
                            f"{self.place} was cut off while a change was being kept. Whether it was kept is not known: "
                            "look again before you repeat it."
                        ) from error
                    if tries == _TRIES or not (sqlstate(error) in _AGAIN or (tries == 1 and _is_lost(error))):
                        raise
        raise AssertionError("unreachable")

    def harden(self) -> None:
        """Waits until everything that is committed now is on the disk."""
        with named(self.place), self.engine.connect() as connection:
            connection.exec_driver_sql(_HARDEN)
            connection.commit()

    def set_clock(self) -> None:
        """This process goes by the database's clock; the bell looks at it again every second."""
        with self.engine.connect() as connection:
            asked = moment.own()
            moment.agree(connection.execute(text("SELECT clock_timestamp()")).scalar_one(), asked, moment.own())

    def watch(self) -> Ear:
        """Tells whether anybody has committed since it was last asked."""
        return self.bell.ear()

    def fold(self) -> None:
        """Adds up what the counts' triggers left, when there is enough of it."""
        self.write(_fold, journaled=False)

    def close(self) -> None:
        self.bell.close()
        self.engine.dispose()

    @contextmanager
    def _transaction(self, end: _Ending, journaled: bool) -> Iterator[Session]:
        with self.engine.connect() as connection:
            connection.info["changes"] = 0
            with connection.begin(), Session(connection, expire_on_commit=False) as session:
                session.info.update(staged=end.entries, late=end.tallies, figures=end.figures)
                yield session
                session.flush()
                changed = bool(connection.info["changes"] or end.tallies or end.figures)
                if journaled and changed and not end.entries:
                    raise RuntimeError("a change without a journal entry")
                _end(connection, end, acknowledged=journaled or bool(end.entries))
        if end.entries:
            self.bell.ring()


class _Ending:
    """What a transaction leaves for its last message, and whether that was sent."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.tallies: dict[tuple[str, int, str], int] = {}
        self.figures: dict[tuple[str, int, str, int], int] = {}
        self.begun = False


def _end(connection: Connection, end: _Ending, *, acknowledged: bool) -> None:
    """Journal, roll-ups, COMMIT and the wait for the disk, in one message: nobody waits for our network under the lock."""
    raw: Any = connection.connection.dbapi_connection
    end.begun = True
    try:
        with raw.pipeline(), raw.cursor() as cursor:
            if end.entries:
                cursor.execute(_APPEND, journal.columns(end.entries))
            if end.tallies:
                cursor.execute(_TALLY, _tallied(end.tallies))
            if end.figures:
                cursor.execute(_FIGURE, _tallied(end.figures))
            cursor.execute("COMMIT")
            if acknowledged:
                cursor.execute(_HARDEN)  # ends with the message
    except psycopg.Error:
        if raw.closed or raw.broken:
            connection.invalidate()
        raise


def _tallied(tallies: Mapping[tuple[Any, ...], int]) -> Sequence[list[Any]]:
    """In one order for everybody."""
    keys = sorted(tallies)
    return [*(list(one) for one in zip(*keys, strict=True)), [tallies[key] for key in keys]]


def _fold(session: Session) -> None:
    session.execute(text("SELECT fold_counts()"))


def _is_lost(error: Exception) -> bool:
    """Whether the connection itself is gone, so that nothing is known of what was under way on it."""
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or sqlstate(error) in _LOST or _is_lost_raw(error.orig)
    return _is_lost_raw(error)


def _is_lost_raw(error: BaseException | None) -> bool:
    state = getattr(error, "sqlstate", None)
    return isinstance(error, psycopg.OperationalError) and (state is None or state in _LOST or state.startswith("08"))


def _was_stale(gone: Unavailable) -> bool:
    cause = gone.__cause__
    return isinstance(cause, exc.DBAPIError) and cause.connection_invalidated


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url, pool_size=POOL, max_overflow=POOL, pool_timeout=PATIENCE_MS / 1000, connect_args=connect_arguments()
    )

    @event.listens_for(engine, "after_cursor_execute")
    def count(connection: Any, cursor: Any, statement: str, _values: Any, _context: Any, _many: bool) -> None:
        if statement.lstrip()[:6].upper() in _CHANGES and cursor.rowcount != 0:
            connection.info["changes"] = connection.info.get("changes", 0) + 1

    return engine
