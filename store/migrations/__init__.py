"""Brings a database to the schema of this version: each step whole or not at all, after a verified copy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.queue import Unavailable

if TYPE_CHECKING:
    from store.engine import Database
    from store.postgres import Postgres

FOLDER = Path(__file__).parent


def bring_up(database: Database) -> None:
    """Nothing when the stored revision is ours, which costs one read: alembic is imported only when there is work to do.

    Raises `Unavailable` for a newer schema.
    """
    if _stored(database) == newest():
        return
    with database.turn.taken(60.0):
        stored = _stored(database)  # another process may have been first
        if stored == newest():
            return
        if stored is not None and stored not in revisions():
            raise Unavailable(_newer(str(database.path), stored))
        if stored is not None:
            copy(database, stored)
        _upgrade(database)


def bring_up_postgres(database: Postgres) -> None:
    """The same on PostgreSQL, where a step is whole or not at all by itself, so no copy is taken; of ten processes that
    start at once one does the work and the others wait for it. Raises `Unavailable` for a newer schema.
    """
    import sqlalchemy as sa

    def stored(connection: sa.Connection) -> str | None:
        there = connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar()
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() if there else None

    with database.engine.connect() as connection:
        if stored(connection) == newest():
            return
    from alembic import command

    with database.engine.connect() as connection, connection.begin():
        connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('lastclick migrations'))"))
        found = stored(connection)  # another process may have been first
        if found is not None and found not in revisions():
            raise Unavailable(_newer(database.place, found))
        if found != newest():
            command.upgrade(_config(connection), "head")


def revisions() -> tuple[str, ...]:
    """The numbers of the steps, oldest first: the beginnings of the file names."""
    return tuple(sorted(one.name.split("_")[0] for one in (FOLDER / "versions").glob("[0-9]*.py")))


def newest() -> str:
    return revisions()[-1]


def _newer(place: str, stored: str) -> str:
    return (
        f"{place} was written by a newer Lastclick (schema {stored}, this one knows {newest()}). "
        "Update Lastclick, or open another queue."
    )


def copy(database: Database, stored: str) -> Path:
    """A copy of the database as it is, read back and checked before it counts."""
    target = database.path.with_name(f"{database.path.name}.before-{newest()}")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    source, into = database.connect(), _plain(part)
    try:
        source.backup(into)
        if into.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok" or _revision(into) != stored:
            raise Unavailable(f"The copy {part} taken before the migration does not read back. Check the disk.")
    finally:
        into.close()
        source.close()
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    return target


def _plain(path: Path) -> Any:
    from store.driver import driver

    return driver().connect(path, isolation_level=None)


def _stored(database: Database) -> str | None:
    connection = database.connect()
    try:
        return _revision(connection)
    finally:
        connection.close()


def _revision(connection: Any) -> str | None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    return str(row[0]) if row else None


def _upgrade(database: Database) -> None:
    """All missing steps in one transaction. Foreign keys are off while tables are rebuilt, or a rebuild deletes children."""
    from alembic import command

    connection = database.engine.connect()
    try:
        raw: Any = connection.connection.dbapi_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        with connection.execution_options(lastclick_write=True).begin():
            command.upgrade(_config(connection), "head")
            if raw.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise Unavailable(f"{database.path}: the migration would have broken a reference; nothing was changed.")
    finally:
        connection.invalidate()
        connection.close()


def _config(connection: Any) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config
