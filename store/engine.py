"""Opens the database: PostgreSQL, or a file that is checked first and has many readers and one writer at a time."""

from __future__ import annotations

import contextlib
import re
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from store import checkup, migrations, plain
from store.driver import driver, trusted_with_wal
from store.faults import named
from store.place import MARK, Turn, prepare
from store.queue import Unavailable

if TYPE_CHECKING:
    from store.postgres import Postgres

T = TypeVar("T")

_SMALL = 16 * 1024 * 1024
"""Bytes up to which a file is checked before it is used; a larger one is checked while it is used, once a day."""


def open_database(url: str | Path, *, check: bool = True) -> Database | Postgres:
    """The database behind a path, a `sqlite:///` or a `postgresql+psycopg://` URL, migrated when needed; a file is also
    made. Raises `Unavailable`.

    `check` reads the whole file for damage: at once when it is small, else in the background when that was not done within
    a day (`store.checkup`), and every later call then raises `Unavailable` when damage was found.
    """
    from store.place import is_postgres

    if is_postgres(url):
        return _open_postgres(str(url))
    path = path_of(url)
    with named(str(path)):
        prepare(path)
        database = Database(path)
        _mark(database)
        try:
            migrations.bring_up(database)
            if check:
                database.check()
        except BaseException:
            database.close()
            raise
    return database


def _open_postgres(url: str) -> Postgres:
    """Kept apart: who works on a file never imports the other driver."""
    from store.postgres import Postgres
    from store.reaching import parsed

    database = Postgres(parsed(url))
    try:
        with named(database.place):
            migrations.bring_up_postgres(database)
            database.set_clock()
    except BaseException:
        database.close()
        raise
    return database


_SLIP = re.compile(r"(postgres|mysql|sqlite)[\w+]*(:|//)")
"""An address of a database with a sign too few: a file of that name would be an empty queue that nobody meant."""


def path_of(url: str | Path) -> Path:
    """The file of a URL."""
    text = str(url)
    if text.startswith("sqlite:///"):
        text = text.removeprefix("sqlite:///")
    elif "://" in text or _SLIP.match(text):
        raise Unavailable(f"{text} is not a queue this version can open. Give a file or a postgresql+psycopg:// URL.")
    return Path(text).expanduser().absolute()


class Database:
    """One open file. `reading` sees one consistent state; `writing` is one transaction, all of it or nothing."""

    many_writers = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)
        self.turn = Turn(path)
        self.engine = _engine(path)
        self._damage: str | None = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot: nothing that commits meanwhile is seen."""
        self._refuse_damaged()
        with (
            named(str(self.path)),
            self.engine.connect() as connection,
            connection.begin(),
            Session(connection, autoflush=False) as session,
        ):
            yield session

    @contextmanager
    def writing(self, *, journaled: bool = True) -> Iterator[Session]:
        """A transaction that commits at the end of the block, or leaves everything as it was when the block raises.

        A change without a journal entry is refused, so none can be forgotten; heartbeats alone say `journaled=False`.
        """
        self._refuse_damaged()
        with named(str(self.path)), self.turn.taken(), self.engine.connect() as pooled:
            connection = pooled.execution_options(lastclick_write=True)
            with connection.begin(), Session(connection, expire_on_commit=False) as session:
                before = _changes(connection)
                yield session
                session.flush()
                if journaled and _changes(connection) != before and "journal" not in session.info:
                    raise RuntimeError("a change without a journal entry")

    def read(self, ask: Callable[[Session], T]) -> T:
        with self.reading() as session:
            return ask(session)

    def write(self, change: Callable[[Session], T], *, journaled: bool = True) -> T:
        with self.writing(journaled=journaled) as session:
            return change(session)

    def watch(self) -> Watch:
        """Tells whether anybody has committed since it was last asked."""
        return Watch(self)

    def harden(self) -> None:
        """What is committed is on the disk (`synchronous=FULL`)."""

    def fold(self) -> None:
        """Counts are kept as they are; there is nothing to add up."""

    def connect(self) -> Any:
        """A connection of the driver outside the pool, for who watches the file."""
        with named(str(self.path)):
            return _connect(self.path)

    def check(self) -> None:
        """Reads the file for damage; a large one in the background, once a day."""
        if self.path.stat().st_size <= _SMALL:
            self._check()
            self._refuse_damaged()
        elif not checkup.lately(self.path):
            threading.Thread(target=_check_later, args=(weakref.ref(self),), daemon=True, name="quick_check").start()

    def close(self) -> None:
        self.engine.dispose()

    def _check(self) -> bool:
        """Whether it is sound; on a connection of its own: what it has read must not stay in memory."""
        try:
            with contextlib.closing(self.connect()) as connection:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except Exception as error:  # whatever a damaged file makes the driver raise is damage
            found = str(error)
        if found != "ok":
            self._damage = plain.line(" ".join(str(found).split()))
        return self._damage is None

    def _refuse_damaged(self) -> None:
        if self._damage is not None:
            raise Unavailable(
                f"{self.path} is damaged ({self._damage}). Stop every Lastclick, keep a copy, and restore the last good one."
            )


class Watch:
    """SQLite's `data_version` (4 µs) on a connection that never writes, so it sees the commits of everybody else.

    For one thread.
    """

    quick, slow = 0.05, 0.2
    """Seconds between two looks: while there is something to see, and after a quiet minute."""

    def __init__(self, database: Database) -> None:
        self._place = database.place
        self._connection = database.connect()
        self._seen: int | None = None

    def stirred(self) -> bool:
        """Whether anybody has committed anything since the last call; true at the first."""
        with named(self._place):
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        before, self._seen = self._seen, version
        return bool(version != before)

    def close(self) -> None:
        self._connection.close()


def _check_later(reference: weakref.ref[Database]) -> None:
    database = reference()
    if database is not None:
        checkup.daily(database.path, database._check)


def _mark(database: Database) -> None:
    """Signs an empty file as ours before anything else is written, so that no other file is ever taken for a queue."""
    if database.path.stat().st_size:
        return
    with database.turn.taken():
        if database.path.stat().st_size == 0:
            connection = driver().connect(database.path, isolation_level=None)
            connection.execute(f"PRAGMA application_id = {MARK}")
            connection.close()


def _engine(path: Path) -> Engine:
    engine = create_engine(
        "sqlite://", module=driver(), creator=lambda: _connect(path), poolclass=QueuePool, pool_size=6, max_overflow=10
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("lastclick_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _connect(path: Path) -> Any:
    """The driver must not begin or commit by itself (`isolation_level=None`), or a failed migration leaves debris."""
    sqlite = driver()
    connection = sqlite.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    if trusted_with_wal(sqlite.sqlite_version_info):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    else:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cache_size = -4000")  # kilobytes for each of a dozen; the system keeps the file
    return connection


def _changes(connection: Any) -> int:
    """Rows this connection has changed so far."""
    return int(connection.connection.dbapi_connection.total_changes)
