"""The schema of the files is that of the tables; a migration is whole or nothing, and a copy is taken before it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from store import migrations
from store.driver import driver
from store.engine import open_database
from store.journal import append, verify
from store.migrations.scope import is_ours

STEP = '''
"""A later step, made by a test."""
import os, signal
from alembic import op

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

def upgrade():
    for number, statement in enumerate([
        "CREATE TABLE fresh (id INTEGER)",
        "INSERT INTO fresh VALUES (1)",
        "ALTER TABLE notes ADD COLUMN mood VARCHAR",
        "CREATE INDEX fresh_id ON fresh (id)",
        "DROP INDEX notes_ticket",
    ]):
        if os.environ.get("KILL_AT") == str(number):
            os.kill(os.getpid(), signal.SIGKILL)
        op.execute(statement)
    if os.environ.get("KILL_AT") == "5":
        os.kill(os.getpid(), signal.SIGKILL)
'''

OPEN = """
import pathlib, shutil, sys
from store import migrations
from store.engine import open_database
migrations.FOLDER = pathlib.Path(sys.argv[1])
open_database(sys.argv[2]).close()
"""


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """The migrations as they are, and one more."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/0001_first.py"):
        (folder / name).write_text((migrations.FOLDER / name).read_text())
    (folder / "versions" / "0002_later.py").write_text(STEP)
    return folder


def schema(path: Path) -> list[tuple[str, ...]]:
    connection = driver().connect(str(path))
    try:
        found = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [*found, *connection.execute("SELECT * FROM alembic_version").fetchall()]
    finally:
        connection.close()


def old(path: Path) -> list[tuple[str, ...]]:
    database = open_database(path)
    with database.writing() as session:
        append(session, "note.added", "t1")
    database.close()
    return schema(path)


def upgrade(steps: Path, path: Path, kill_at: str = "") -> int:
    environment = os.environ | {"KILL_AT": kill_at}
    ran = subprocess.run([sys.executable, "-c", OPEN, str(steps), str(path)], env=environment, timeout=60, check=False)
    return ran.returncode


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    database = open_database(tmp_path / "queue.sqlite")
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours, "compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    database.close()


def test_a_migration_goes_through_and_leaves_a_verified_copy(tmp_path: Path, steps: Path) -> None:
    path = tmp_path / "queue.sqlite"
    before = old(path)
    assert upgrade(steps, path) == 0
    assert ("0002",) in schema(path)
    copy = path.with_name("queue.sqlite.before-0002")
    assert schema(copy) == before
    assert copy.stat().st_mode & 0o077 == 0
    assert verify_rows(copy) == verify_rows(path) == 1


@pytest.mark.parametrize("kill_at", ["0", "1", "2", "3", "4", "5"])
def test_a_migration_killed_at_any_statement_leaves_the_old_schema_and_can_go_again(
    tmp_path: Path, steps: Path, kill_at: str
) -> None:
    path = tmp_path / "queue.sqlite"
    before = old(path)
    assert upgrade(steps, path, kill_at) == -signal.SIGKILL
    assert schema(path) == before
    assert verify(path).ok
    assert upgrade(steps, path) == 0
    assert ("0002",) in schema(path)


def test_two_processes_that_open_a_new_queue_at_once_make_one(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    code = "import sys; from store.engine import open_database; open_database(sys.argv[1]).close()"
    started = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [one.wait(60) for one in started] == [0, 0, 0, 0]
    assert ("0001",) in schema(path)


def test_a_new_queue_needs_no_copy(tmp_path: Path) -> None:
    open_database(tmp_path / "queue.sqlite").close()
    assert not list(tmp_path.glob("*before*"))


def verify_rows(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])
    finally:
        connection.close()
