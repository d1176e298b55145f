"""Ends a migration at every statement: `python -m tests.campaigns.migration [DATA_FOLDER] [--long]`.

A queue of the first schema, with tickets in it, is brought up to the newest one by a process that ends itself, without a
word to SQLite, when its nth statement begins: for each n (`--long`), or each fifth and the last ones. Afterwards:

- torn: the schema is neither the old nor the new one, the journal does not verify, or entries are gone. Limit 0
- uncopied: the schema is the new one, and there is no copy with the old one that reads back whole. Limit 0
- stuck: opening it once more does not bring it up. Limit 0

DATA_FOLDER is not needed. `--break begin` runs each statement by itself, `--break copy` takes no copy: both must fail.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from store import engine, migrations
from store.driver import driver
from store.engine import open_database
from store.verifying import verify
from tests import seed

LIMITS = ("torn", "uncopied", "stuck")
TICKETS = 20
ENDED = 9


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every end left the old or the new schema, whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="not needed")
    parser.add_argument("--long", action="store_true", help="at every statement, not at each fifth")
    parser.add_argument("--break", dest="break_", choices=("begin", "copy"), help="positive control: must fail")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        found = ended_everywhere(Path(name), 1 if given.long else 5, given.break_ or "")
    print(json.dumps(found | {"break": given.break_, "seconds": round(time.monotonic() - began, 1)}))
    return int(any(found[name] for name in LIMITS) or not (found["old"] and found["new"]))


def ended_everywhere(folder: Path, every: int, broken: str) -> dict[str, Any]:
    """What each end left."""
    first = _first(folder)
    old, entries = _schema(first), _entries(first)
    whole = _fresh(first, folder / "whole")
    total = _upgraded(whole, 0, "")
    new, figures = _schema(whole), Counter[str]()
    for number in [*range(1, total - 3, every), *range(max(1, total - 3), total + 1)]:
        path = _fresh(first, folder / f"at-{number}")
        _upgraded(path, number, broken)
        figures["ends"] += 1
        left = _schema(path)
        figures["old"] += left == old
        figures["new"] += left == new
        # A queue of the old schema is verified when it has been brought up: looking at it would do that.
        sound = _entries(path) == entries and (left != new or verify(path).ok)
        figures["torn"] += int(left not in (old, new) or not sound)
        copy = path.with_name(f"{path.name}.before-{migrations.newest()}")
        figures["uncopied"] += int(left == new and not (copy.exists() and _schema(copy) == old))
        try:
            open_database(path).close()
            figures["stuck"] += int(_schema(path) != new or _entries(path) != entries or not verify(path).ok)
        except Exception as error:  # whatever keeps it from opening
            print(f"at {number}: {error}", file=sys.stderr)
            figures["stuck"] += 1
        shutil.rmtree(path.parent)
        if figures["ends"] % 20 == 0:
            print(f"statement {number} of {total}, {figures['torn']} torn", file=sys.stderr)
    return {"statements": total} | {name: figures[name] for name in ("ends", "old", "new", *LIMITS)}


def _first(folder: Path) -> Path:
    """A queue as the first version made it, with tickets in many states."""
    steps, path = folder / "steps", folder / "first" / "queue.sqlite"
    (steps / "versions").mkdir(parents=True)
    path.parent.mkdir()
    for name in ("env.py", "versions/0001_first.py"):
        (steps / name).write_text((migrations.FOLDER / name).read_text())
    ours, migrations.FOLDER = migrations.FOLDER, steps
    try:
        database = open_database(path)
        seed.fill(database, TICKETS, states=seed.MIXED)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
    finally:
        migrations.FOLDER = ours
    return path


def _fresh(first: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path(shutil.copy(first, folder / "queue.sqlite"))


def _upgraded(path: Path, number: int, broken: str) -> int:
    """Brings it up in a process that ends as statement `number` begins; returns how many statements began."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0

        def told(_statement: str) -> None:
            nonlocal count
            count += 1
            if count == number:
                os._exit(ENDED)

        code = 1
        try:
            _watched(told, broken)
            open_database(path).close()
            os.write(writes, str(count).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writes)
    _, status = os.waitpid(child, 0)
    said = os.read(reads, 20)
    os.close(reads)
    if os.waitstatus_to_exitcode(status) == 1:
        raise RuntimeError(f"the migration failed by itself at {number}")
    return int(said or number)


def _watched(told: Callable[[str], None], broken: str) -> None:
    """In the child: every statement of every connection is told before it begins."""
    honest = engine._connect

    def connect(path: Path) -> Any:
        connection = honest(path)
        connection.set_trace_callback(told)
        return connection

    engine._connect = connect
    if broken == "copy":
        migrations.copy = lambda database, stored: None  # type: ignore[assignment,misc,return-value]
    if broken == "begin":

        @event.listens_for(Engine, "before_cursor_execute", retval=True)
        def _no_begin(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _m: bool) -> tuple[str, Any]:
            return ("SELECT 1" if statement.startswith("BEGIN IMMEDIATE") else statement), parameters


def _schema(path: Path) -> list[Any]:
    connection = driver().connect(str(path))
    try:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        return [*found, *connection.execute("SELECT * FROM alembic_version").fetchall()]
    finally:
        connection.close()


def _entries(path: Path) -> int:
    connection = driver().connect(str(path))
    try:
        return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
