"""A file that cannot be trusted is refused with a sentence that says what to do, and is left as it is."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from store import migrations, place
from store.driver import driver, trusted_with_wal
from store.engine import Database, open_database, path_of
from store.faults import named, sentence
from store.journal import append
from store.queue import Unavailable


def test_a_new_queue_is_ours_alone_and_safe_against_power_cuts(tmp_path: Path) -> None:
    database = open_database(tmp_path / "deep" / "queue.sqlite")
    with database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    for one in (tmp_path / "deep").iterdir():
        assert stat.S_IMODE(one.stat().st_mode) == 0o600, one
    database.close()


def test_permissions_that_are_too_open_are_narrowed(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    open_database(path).close()
    path.chmod(0o644)
    open_database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("version", "trusted"),
    [
        ((3, 6, 23), True),
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_sqlite_with_the_wal_reset_bug_is_not_trusted_with_wal(version: tuple[int, ...], trusted: bool) -> None:
    assert trusted_with_wal(version) is trusted


def test_the_driver_here_is_a_trusted_one() -> None:
    assert trusted_with_wal(driver().sqlite_version_info)


def test_an_untrusted_sqlite_gets_a_rollback_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.engine.trusted_with_wal", lambda version: False)
    database = open_database(tmp_path / "queue.sqlite")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3
    database.close()


def test_not_a_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"Dear diary, " * 500)
    with pytest.raises(Unavailable, match="not a Lastclick queue"):
        open_database(path)
    assert path.read_bytes() == b"Dear diary, " * 500


def test_somebody_elses_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(Unavailable, match="not a Lastclick queue"):
        open_database(path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["other.sqlite"]


def test_a_newer_schema_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    database = open_database(path)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(Unavailable, match=r"newer Lastclick.*Update Lastclick"):
        open_database(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    database = open_database(path)
    with database.writing() as session:
        for n in range(2_000):
            append(session, "note.added", f"t{n}")
    database.close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(40_000))
    with pytest.raises(Unavailable, match="damaged"):
        open_database(path)


def test_a_large_file_is_checked_while_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(tmp_path / "queue.sqlite", check=False)
    monkeypatch.setattr("store.engine._SMALL", 0)
    monkeypatch.setattr(Database, "_check", lambda self: setattr(self, "_damage", "row 7 missing from index"))
    database.check()

    def read_on() -> None:
        for _ in range(1_000_000):
            with database.reading():
                pass

    with pytest.raises(Unavailable, match="row 7 missing"):
        read_on()


@pytest.mark.parametrize("kind", sorted(place.NETWORK))
def test_network_file_systems_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Unavailable, match="network file system"):
        place.prepare(tmp_path / "queue.sqlite", [("/", "ext4"), (str(tmp_path), kind)])
    assert list(tmp_path.iterdir()) == []


def test_the_innermost_mount_counts(tmp_path: Path) -> None:
    mounts = [("/", "ext4"), (str(tmp_path), "nfs4"), (str(tmp_path / "local"), "xfs")]
    assert place.file_system(tmp_path / "local" / "q", mounts) == "xfs"
    assert place.file_system(tmp_path / "localhost" / "q", mounts) == "nfs4"


def test_the_machines_own_mounts_are_read() -> None:
    assert place.file_system(Path("/proc/self"), place._mounts()) == "proc" or not sys.platform.startswith("linux")


def test_a_folder_and_a_strange_url_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="folder"):
        open_database(tmp_path)
    for slip in ("mysql://x/y", "postgres//x", "postgresql+psycopg:/u@h/x", "sqlite:/x"):
        with pytest.raises(Unavailable, match="not a queue"):
            path_of(slip)
    assert path_of("postgres/queue.sqlite").name == "queue.sqlite"
    with pytest.raises(Unavailable, match="no PostgreSQL URL"):
        open_database("postgresql://x:y:z/q")


def test_a_read_only_file_refuses_writes_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    database = open_database(path)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        with pytest.raises(Unavailable, match="read-only"), named(str(path)):
            connection.exec_driver_sql("DELETE FROM notes")
    database.close()


def test_a_file_that_may_not_be_written_is_refused() -> None:
    """As a user who owns nothing here: root may write everything. The modules are loaded before, so only the queue's
    folder has to be readable for that user."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, path = Path(name), Path(name) / "queue.sqlite"
        open_database(path).close()
        for one in folder.iterdir():
            one.chmod(0o444)
        folder.chmod(0o555)
        assert "read-only" in as_nobody(lambda: place.prepare(path, []))
        folder.chmod(0o755)


def as_nobody(act: Callable[[], object]) -> str:
    """What a child process without rights (root becomes nobody) is told when it does this."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            act()
            said = "nothing"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode()[:4000])
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading, "rb") as told:
        return told.read().decode()


def test_a_full_disk_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    database = open_database(tmp_path / "queue.sqlite")
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def write() -> None:
        with database.writing() as session:
            session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            for n in range(500):
                append(session, "note.added", f"t{n}", text="x" * 2_000)

    with pytest.raises(Unavailable, match="full"):
        write()
    with database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM journal").scalar() == 0
    database.close()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("database is locked", "busy"),
        ("database disk image is malformed", "damaged"),
        ("file is not a database", "not a Lastclick queue"),
        ("disk I/O error", "Check the disk"),
        ("something new", "lastclick doctor"),
    ],
)
def test_every_error_becomes_a_sentence(said: str, told: str) -> None:
    assert told in sentence(said, "/q")


def test_opening_again_imports_no_alembic(tmp_path: Path) -> None:
    open_database(tmp_path / "queue.sqlite").close()
    code = (
        "import sys, store.engine; store.engine.open_database(sys.argv[1]).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "queue.sqlite")], check=True, timeout=60)


def test_the_contract_does_not_import_the_tables() -> None:
    code = "import sys, store.queue, store.work, store.judge; assert not {'sqlmodel', 'sqlalchemy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_revisions_are_numbered_without_gaps() -> None:
    assert list(migrations.revisions()) == [f"{n:04}" for n in range(1, len(migrations.revisions()) + 1)]
