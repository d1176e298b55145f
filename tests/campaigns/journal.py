"""Forges a journal in every way a file's owner could: `python -m tests.campaigns.journal [DATA_FOLDER] [--long]`.

A journal of some hundred entries is made through the queue itself, and checkpoints are exported from it. Then, from the
untouched journal each time:

- field: one character of one field of one entry is changed (also its type, or what is no text any more);
- row: an entry is removed, doubled, swapped with its neighbour, or moved to another number;
- tail: from one entry on everything is rewritten with recomputed hashes, and the recorded end with it;
- fork: the end is cut off and other entries are written on by the product's own code;
- cut: the end is cut off and the recorded end with it;
- bytes: bytes of the file itself are changed, so that an entry reads differently or cannot be read.

All must be found: `missed` is 0. `false_alarms`: the untouched journal must verify, 0. DATA_FOLDER is not needed.
`--break hash` leaves the entries' data out of the hash, `--break checkpoint` verifies without checkpoints: both must fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import text
from sqlmodel import Session

from store import journal, verifying
from store.engine import Database, open_database
from store.local import LocalQueue
from store.local_work import LocalWork
from store.queue import Unavailable
from store.verifying import Checkpoint
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

SHORT, LONG = 500, 5_000
TICKETS = 25
FIELDS = ("at", *journal._COVERED, "previous", "hash")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every forgery was found and the untouched journal verifies."""
    options = _options(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if options.break_ == "hash":
            uncovered = tuple(name for name in journal._COVERED if name != "data")
            stack.enter_context(mock.patch.object(journal, "_COVERED", uncovered))
        path = Path(folder) / "queue.sqlite"
        asyncio.run(written(path))
        checkpoints = verifying.export(path, every=50)
        kept = () if options.break_ == "checkpoint" else checkpoints
        found = forged(path, options.forgeries or (LONG if options.long else SHORT), kept, options.seed)
        found["false_alarms"] = int(not verifying.verify(path, checkpoints).ok)
    found |= {"checkpoints": len(checkpoints), "seconds": round(time.monotonic() - began, 1), "break": options.break_}
    print(json.dumps(found))
    return int(found["missed"] > 0 or found["false_alarms"] > 0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="not needed")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--forgeries", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="break_", choices=("hash", "checkpoint"))
    return parser.parse_args(arguments)


async def written(path: Path) -> None:
    """Tickets that come in, stop, are decided and carried out: entries of many kinds."""
    judge = HonestJudge()
    queue, work = LocalQueue(path, judge), LocalWork(path, judge)
    for n in range(TICKETS):
        review = await shop.waiting(queue, work, judge, f"m{n}", f"t{n}", shop.refund(6_000 + n))
        await queue.decide(shop.decision(review, number=f"d{n}"), await shop.held(queue, review))
        for one in work.due():
            work.dispatch(one, "w1")
            work.settle(one, "done", external_id=f"re_{n}")
    await queue.close()
    work.close()


# ── forging ──────────────────────────────────────────────────────────────────


def forged(path: Path, forgeries: int, kept: Sequence[Checkpoint], seed: int) -> dict[str, Any]:
    """How many forgeries of each kind were made, and which of them nobody noticed."""
    chance = random.Random(seed)
    made, missed = Counter[str](), list[str]()
    database = open_database(path)
    with database.reading() as session:
        last = journal.head(session)
        whole = _rows(session)
    ways: dict[str, Callable[[Session, random.Random, int], str]] = {
        "field": _field,
        "row": _row,
        "tail": _tail,
        "fork": _fork,
        "cut": _cut,
    }
    while sum(made.values()) < forgeries:
        kind = chance.choice([*ways, "bytes"])
        if kind == "bytes":
            told = _bytes(path, chance, kept, whole)
        else:
            told = _undone(database, whole, lambda session, way=ways[kind]: way(session, chance, last), kept)
        if told is None:
            continue  # what came out reads exactly as before: nothing was forged
        made[kind] += 1
        if told:
            missed.append(f"{kind}: {told}")
            print(f"missed {missed[-1]}", file=sys.stderr)
        if sum(made.values()) % 100 == 0:
            print(f"{sum(made.values())} forgeries, {len(missed)} missed", file=sys.stderr)
    database.close()
    return {
        "forgeries": sum(made.values()),
        "entries": last,
        "missed": len(missed),
        "examples": missed[:5],
        **dict(sorted(made.items())),
    }


def _undone(
    database: Database, whole: list[Any], forge: Callable[[Session], str], kept: Sequence[Checkpoint]
) -> str | None:
    """ "" when it was found, what was done when it was not, None when nothing was changed. Everything is rolled back."""
    with _owner(database) as session:
        said = forge(session)
        if _rows(session) == whole:
            return None
        return "" if not verifying.check(session, kept).ok else said


@contextmanager
def _owner(database: Database) -> Iterator[Session]:
    """A transaction as the owner of the file would have it: without the triggers that guard the journal."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        for name in ("journal_no_update", "journal_no_delete"):
            connection.execute(text(f"DROP TRIGGER {name}"))
        with Session(connection) as session:
            yield session
        transaction.rollback()


def _field(session: Session, chance: random.Random, last: int) -> str:
    seq, name = chance.randint(1, last), chance.choice(FIELDS)
    old = session.execute(text(f"SELECT {name} FROM journal WHERE seq = :s"), {"s": seq}).scalar()
    new: Any
    if isinstance(old, int):
        new = old + chance.choice((-1, 1, 10**6))
    elif not old:
        new = chance.choice(("", "x", None))
    else:
        at = chance.randrange(len(old))
        other = chr((ord(old[at]) + chance.randint(1, 90)) % 95 + 32)
        new = chance.choice(
            [
                old[:at] + other + old[at + 1 :],
                old[:at] + old[at + 1 :],
                old + " ",
                old.encode(),
                b"\xff\xfe" + old.encode(),
            ]
        )
    session.execute(text(f"UPDATE OR IGNORE journal SET {name} = :v WHERE seq = :s"), {"v": new, "s": seq})
    return f"{name} of {seq}: {old!r} became {new!r}"


def _row(session: Session, chance: random.Random, last: int) -> str:
    seq = chance.randint(1, last - 1)
    columns = "at, actor, kind, subject, ticket_id, data, shown, ran, previous, hash"
    how = chance.choice(("removed", "removed and closed up", "doubled", "swapped"))
    if how == "doubled":
        session.execute(
            text(f"INSERT INTO journal SELECT :n, {columns} FROM journal WHERE seq = :s"), {"n": last + 1, "s": seq}
        )
    elif how == "swapped":
        for old, new in ((seq, -1), (seq + 1, seq), (-1, seq + 1)):
            session.execute(text("UPDATE journal SET seq = :new WHERE seq = :old"), {"old": old, "new": new})
    else:
        session.execute(text("DELETE FROM journal WHERE seq = :s"), {"s": seq})
        if how != "removed":
            for one in range(seq + 1, last + 1):
                session.execute(text("UPDATE journal SET seq = seq - 1 WHERE seq = :s"), {"s": one})
            _new_end(session)
    return f"entry {seq} {how}"


def _tail(session: Session, chance: random.Random, last: int) -> str:
    """Another deed, and from there on every hash anew: the chain itself is whole again."""
    seq = chance.randint(1, last)
    rows = session.execute(text("SELECT * FROM journal WHERE seq >= :s ORDER BY seq"), {"s": seq}).mappings().all()
    previous = rows[0]["previous"]
    for number, row in enumerate(rows):
        entry = dict(row) | {"previous": previous} | ({"actor": row["actor"] + "a"} if number == 0 else {})
        entry["hash"] = previous = journal.digest(entry)
        session.execute(
            text("UPDATE journal SET actor = :actor, previous = :previous, hash = :hash WHERE seq = :seq"), entry
        )
    _new_end(session)
    return f"rewritten from {seq} on"


def _fork(session: Session, chance: random.Random, last: int) -> str:
    """Cut off, and written on with other entries, sometimes beyond the old end."""
    seq = chance.randint(0, last - 1)
    session.execute(text("DELETE FROM journal WHERE seq > :s"), {"s": seq})
    more = chance.randint(1, last - seq + 5)
    for number in range(more):
        journal.append(session, "note.added", f"f{number}", actor="forger")
    return f"another {more} entries after {seq}"


def _cut(session: Session, chance: random.Random, last: int) -> str:
    seq = chance.randint(0, last - 1)
    session.execute(text("DELETE FROM journal WHERE seq > :s"), {"s": seq})
    _new_end(session)
    return f"cut off after {seq}"


def _new_end(session: Session) -> None:
    session.execute(text("DELETE FROM journal_head"))
    session.execute(
        text("INSERT INTO journal_head SELECT 1, seq, hash FROM journal WHERE seq = (SELECT max(seq) FROM journal)")
    )


def _bytes(path: Path, chance: random.Random, kept: Sequence[Checkpoint], whole: list[Any]) -> str | None:
    """Some bytes of the file, near an entry's own, in a copy of it."""
    copy = path.with_name("copy.sqlite")
    database = open_database(path)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    shutil.copy(path, copy)
    content = bytearray(copy.read_bytes())
    at = content.find(chance.choice(whole)[-1].encode()) + chance.randint(-200, 63)
    new = bytes(chance.randrange(256) for _ in range(chance.choice((1, 1, 2, 8))))
    content[at : at + len(new)] = new
    copy.write_bytes(content)
    try:
        found = verifying.verify(copy, kept)
        if not found.ok:
            return ""
        database = open_database(copy, check=False)
        with database.reading() as session:
            same = _rows(session) == whole
        database.close()
    except Unavailable:
        return ""
    finally:
        for one in copy.parent.glob("copy.sqlite*"):
            one.unlink()
    return None if same else f"bytes at {at}"


def _rows(session: Session) -> list[Any]:
    """The entries as their bytes, and the recorded end."""
    columns = ", ".join(f"CAST({name} AS BLOB), typeof({name})" for name in FIELDS[:-1])
    found = session.execute(
        text(f"SELECT seq, {columns}, CAST(hash AS BLOB), typeof(hash), hash FROM journal ORDER BY seq")
    )
    return [tuple(row) for row in found]


if __name__ == "__main__":
    sys.exit(main())
