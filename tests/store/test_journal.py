"""Every changed byte of the journal is found, the first bad entry is named, and nothing changes without an entry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import exc, text

from store.contract import now
from store.driver import driver
from store.engine import Database, open_database
from store.journal import append, digest, events
from store.queue import Invalid, TooOld
from store.tables import NoteRow, TicketRow
from store.verifying import export, parse, verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "queue.sqlite"
    database = open_database(path)
    for n in range(10):
        with database.writing() as session:
            append(session, "note.added", f"t{n}", actor="ana", ticket=f"t{n}", shown="a" * 64, text=f"n{n}")
    database.close()
    return path


def forge(path: Path, statement: str) -> None:
    """As somebody with the file and a SQLite of their own would."""
    connection = driver().connect(str(path), isolation_level=None)
    connection.execute("DROP TRIGGER journal_no_update")
    connection.execute("DROP TRIGGER journal_no_delete")
    connection.execute(statement)
    connection.close()


def test_an_untouched_journal_verifies(path: Path) -> None:
    found = verify(path)
    assert (found.ok, found.entries, found.first_bad) == (True, 10, None)


@pytest.mark.parametrize(
    "change",
    [
        "at = at + 1",
        "actor = 'bob'",
        "kind = 'note.addeD'",
        "subject = 't9'",
        "ticket_id = NULL",
        "data = replace(data, 'n4', 'n5')",
        "shown = NULL",
        "ran = ''",
        "previous = hash",
        "hash = replace(hash, substr(hash, 1, 1), 'z')",
        "seq = 50",
    ],
)
def test_a_changed_field_is_found_and_the_first_bad_entry_named(path: Path, change: str) -> None:
    forge(path, f"UPDATE journal SET {change} WHERE seq = 5")
    found = verify(path)
    assert (found.ok, found.first_bad) == (False, 5)
    assert "5" in found.problem


def test_a_removed_entry_is_found(path: Path) -> None:
    forge(path, "DELETE FROM journal WHERE seq = 3")
    assert verify(path).first_bad == 3


def test_a_forger_who_also_mends_the_hash_is_found_one_entry_later(path: Path) -> None:
    database = open_database(path)
    with database.reading() as session:
        row = dict(session.execute(text("SELECT * FROM journal WHERE seq = 5")).mappings().one())
    database.close()
    row |= {"actor": "bob"}
    forge(path, f"UPDATE journal SET actor = 'bob', hash = '{digest(row)}' WHERE seq = 5")
    assert verify(path).first_bad == 6


def test_the_tail_cannot_be_cut_off(path: Path) -> None:
    forge(path, "DELETE FROM journal WHERE seq > 7")
    found = verify(path)
    assert (found.ok, found.first_bad) == (False, 8)


def test_a_checkpoint_finds_a_journal_that_was_cut_and_written_on(path: Path) -> None:
    kept = parse(str(one) for one in export(path, every=4))
    assert [one.seq for one in kept] == [4, 8, 10]
    assert verify(path, kept).ok
    forge(path, "DELETE FROM journal WHERE seq > 7; ")
    connection = driver().connect(str(path), isolation_level=None)
    connection.execute("UPDATE journal_head SET seq = 7, hash = (SELECT hash FROM journal WHERE seq = 7)")
    connection.close()
    assert verify(path).ok, "the chain alone cannot know"
    assert verify(path, kept).first_bad == 8
    database = open_database(path)
    with database.writing() as session:
        append(session, "note.added", "t8", actor="bob")
    database.close()
    found = verify(path, kept)
    assert (found.first_bad, "checkpoint" in found.problem) == (8, True)


def test_a_forged_journal_gets_no_checkpoint(path: Path) -> None:
    forge(path, "UPDATE journal SET actor = 'bob' WHERE seq = 5")
    with pytest.raises(Invalid, match="entry 5"):
        export(path)
    with pytest.raises(Invalid, match="line 2"):
        parse([f"1 {'a' * 64}", "2 short"])


def test_the_database_itself_refuses_to_change_an_entry(path: Path) -> None:
    database = open_database(path)

    def change(statement: str) -> None:
        with database.writing(journaled=False) as session:
            session.execute(text(statement))

    for statement in ("UPDATE journal SET actor = 'bob'", "DELETE FROM journal"):
        with pytest.raises(exc.IntegrityError, match="append-only"):
            change(statement)
    database.close()


def test_a_change_without_an_entry_is_refused_and_undone(tmp_path: Path) -> None:
    database = open_database(tmp_path / "queue.sqlite")

    def forget() -> None:
        with database.writing() as session:
            session.add(TicketRow(id="t", channel="email", thread="t", created_at=now()))

    with pytest.raises(RuntimeError, match="without a journal entry"):
        forget()
    assert count(database, "tickets") == 0
    database.close()


def test_an_entry_goes_with_its_change(tmp_path: Path) -> None:
    database = open_database(tmp_path / "queue.sqlite")

    def break_off() -> None:
        with database.writing() as session:
            append(session, "note.added", "t")
            session.add(NoteRow(ticket_id="nowhere", at=now(), actor="ana", text="x"))

    with pytest.raises(exc.IntegrityError):
        break_off()
    assert count(database, "journal") == 0
    database.close()


def test_a_follower_before_the_first_kept_entry_is_told(path: Path) -> None:
    forge(path, "DELETE FROM journal WHERE seq < 4")
    database = open_database(path)
    with database.reading() as session:
        with pytest.raises(TooOld, match="begins at 4"):
            events(session, 1)
        assert [event.seq for event in events(session, 3)] == list(range(4, 11))
    database.close()


def test_the_hash_covers_exactly_what_is_stored(path: Path) -> None:
    database = open_database(path)
    with database.reading() as session:
        data = session.execute(text("SELECT data FROM journal WHERE seq = 1")).scalar_one()
    assert json.loads(data) == {"text": "n0", "ticket_id": "t0"}
    database.close()


def count(database: Database, name: str) -> int:
    with database.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
