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
from sqlalchemy import text
from sqlmodel import SQLModel

from store import migrations, searching
from store.driver import driver
from store.engine import open_database
from store.journal import append
from store.migrations.scope import is_ours
from store.verifying import verify
from tests import seed

STEP = '''
"""A later step, made by a test."""
import os, signal
from alembic import op

revision, down_revision, branch_labels, depends_on = "NEXT", "LAST", None, None

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

NEXT = f"{int(migrations.newest()) + 1:04}"

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
    for file in (migrations.FOLDER / "env.py", *(migrations.FOLDER / "versions").glob("0*.py")):
        (folder / file.relative_to(migrations.FOLDER)).write_text(file.read_text())
    step = STEP.replace("NEXT", NEXT).replace("LAST", migrations.newest())
    (folder / "versions" / f"{NEXT}_later.py").write_text(step)
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
    assert (NEXT,) in schema(path)
    copy = path.with_name(f"queue.sqlite.before-{NEXT}")
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
    assert (NEXT,) in schema(path)


def test_two_processes_that_open_a_new_queue_at_once_make_one(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    code = "import sys; from store.engine import open_database; open_database(sys.argv[1]).close()"
    started = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [one.wait(60) for one in started] == [0, 0, 0, 0]
    assert (migrations.newest(),) in schema(path)


def test_a_queue_of_the_first_schema_is_counted_and_found_after_the_step_to_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path = tmp_path / "first", tmp_path / "queue.sqlite"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/0001_first.py"):
        (folder / name).write_text((migrations.FOLDER / name).read_text())
    with monkeypatch.context() as before:
        before.setattr(migrations, "FOLDER", folder)
        database = open_database(path)
        seed.fill(database, 80, states=seed.MIXED)
        database.close()
    assert schema(path)[-1] == ("0001",)
    database = open_database(path)
    with database.reading() as session:
        counted = dict(session.execute(text("SELECT state, sum(count) FROM review_counts GROUP BY 1")).all())
        assert counted == dict(session.execute(text("SELECT state, count(*) FROM reviews GROUP BY 1")).all())
        for words in ("T7", "W1000007", "W100000"):
            assert searching.find(session, words, None, 50).rows, words
    assert verify(path).ok
    database.close()


def test_every_trigger_is_there_after_the_last_step(tmp_path: Path) -> None:
    """A step that rebuilds a table loses its triggers, and with them the counts."""
    open_database(tmp_path / "queue.sqlite").close()
    found = {name for name, sql in schema(tmp_path / "queue.sqlite")[:-1] if (sql or "").startswith("CREATE TRIGGER")}
    assert found == {
        *("journal_no_update", "journal_no_delete", "journal_head_moves"),
        *("reviews_count_new", "reviews_count_gone", "reviews_count_moved", "review_actions_count"),
        *("review_counts_none", "switched_counts_none"),
    }


def test_a_new_queue_needs_no_copy(tmp_path: Path) -> None:
    open_database(tmp_path / "queue.sqlite").close()
    assert not list(tmp_path.glob("*before*"))


def verify_rows(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])
    finally:
        connection.close()
