"""The append-only record of every state change: the audit log, and the source of all live updates.

An entry is written in the transaction of the change it tells, so there is no change without an entry and no entry without
its change. Entries are numbered without gaps in commit order and chained by SHA-256, so a changed byte is found.

Kinds (subject): message.received message.sent (ticket) · ticket.<state> · attempts.made (ticket) · proposal.<ending>
proposal.outdated (ticket) · review.opened held reopened superseded expired snoozed woken handed_over claimed renewed
released drafted (review) · decision.made waits_for_second undone void (review) · execution.queued running done failed
unknown void taken_over (execution) · switch.thrown (switch) · repeat.linked note.added work.again (ticket) ·
worker.joined prompts buried (worker). `data` names the ticket as `ticket_id` wherever there is one, and holds ids, codes,
numbers and digests, never what a customer wrote.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, select
from sqlmodel import Session

from store.contract import Json, canonical, now
from store.live import Event
from store.queue import TooOld
from store.tables import JournalRow, micros, table

if TYPE_CHECKING:
    from store.engine import Database
    from store.verifying import Checkpoint, Verification

START = "0" * 64
"""What the first entry names as its previous hash."""

SYSTEM = "lastclick"
"""The actor of what no person did."""

_QUICK, _SLOW = 0.05, 0.2
"""Seconds between two looks: while there is something to see, and after a quiet minute."""

_COVERED = ("actor", "kind", "subject", "ticket_id", "data", "shown", "ran")

_journal = table(JournalRow)
_HEAD = select(_journal.c.seq, _journal.c.hash).order_by(_journal.c.seq.desc()).limit(1)
_INSERT = insert(_journal)


def append(
    session: Session,
    kind: str,
    subject: str,
    /,
    *,
    actor: str = SYSTEM,
    ticket: str | None = None,
    shown: str | None = None,
    ran: str | None = None,
    **data: Json,
) -> int:
    """Adds an entry to this transaction and returns its number. `shown` and `ran` are digests."""
    seq, previous = session.info.get("journal") or _head(session)
    if ticket is not None:
        data["ticket_id"] = ticket
    entry: dict[str, Any] = {
        "seq": seq + 1,
        "at": now(),
        "actor": actor,
        "kind": kind,
        "subject": subject,
        "ticket_id": ticket,
        "data": canonical(data).decode("utf-8", "surrogatepass"),
        "shown": shown,
        "ran": ran,
        "previous": previous,
    }
    entry["hash"] = digest(entry | {"at": micros(entry["at"])})
    session.execute(_INSERT, entry)
    session.info["journal"] = (seq + 1, entry["hash"])
    return int(seq + 1)


def digest(entry: dict[str, Any]) -> str:
    """SHA-256 over an entry and the hash of the one before it; `at` as it is stored, in microseconds."""
    parts = [entry[name] for name in ("previous", "seq", "at", *_COVERED)]
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def verify(url: str | Path, against: Sequence[Checkpoint] = ()) -> Verification:
    """Reads the whole journal of a queue and recomputes every hash. Raises `Unavailable` when it cannot be read."""
    from store import verifying

    return verifying.verify(url, against)


def events(session: Session, after: int, limit: int = 500) -> list[Event]:
    """Committed events after a number, in order. Raises `TooOld`."""
    rows = session.execute(select(_journal).where(_journal.c.seq > after).order_by(_journal.c.seq).limit(limit)).all()
    if rows and rows[0].seq != after + 1:
        raise TooOld(f"The journal begins at {rows[0].seq}; what follows {after} is gone. Read everything again.")
    return [event(row) for row in rows]


def of_ticket(session: Session, ticket_id: str, limit: int = 2000) -> list[Event]:
    """The newest events of a ticket, oldest first."""
    rows = session.execute(
        select(_journal).where(_journal.c.ticket_id == ticket_id).order_by(_journal.c.seq.desc()).limit(limit)
    ).all()
    return [event(row) for row in reversed(rows)]


def event(row: Row[Any]) -> Event:
    return Event(seq=row.seq, at=row.at, actor=row.actor, kind=row.kind, subject=row.subject, data=json.loads(row.data))


def head(session: Session) -> int:
    """The number of the last committed entry."""
    return int(_head(session)[0])


async def follow(database: Database, after: int | None = None) -> AsyncIterator[Event]:
    """Committed events, once each, in order. Looks at SQLite's `data_version` (4 µs) every 50 ms, less often in quiet times.

    The connection that looks never writes, so it sees the commits of everybody else, in this process and in others.
    Raises `TooOld` when the number is older than the journal, or newer than its end (another journal, or a restored copy).
    """
    watch = await asyncio.to_thread(database.connect)
    try:
        seq, seen = await asyncio.to_thread(_start, database, after), None
        quiet = 0
        while True:
            version = watch.execute("PRAGMA data_version").fetchone()[0]
            if version != seen:
                seen, quiet = version, 0
                while found := await asyncio.to_thread(_read, database, seq):
                    for one in found:
                        yield one
                    seq = found[-1].seq
            else:
                quiet += 1
            await asyncio.sleep(_QUICK if quiet < 60 / _QUICK else _SLOW)
    finally:
        watch.close()


def _start(database: Database, after: int | None) -> int:
    with database.reading() as session:
        last = head(session)
    if after is not None and after > last:
        raise TooOld(
            f"The journal ends at {last}, before {after}: it is not the one that was followed. Read everything again."
        )
    return last if after is None else after


def _read(database: Database, after: int) -> list[Event]:
    with database.reading() as session:
        return events(session, after)


def _head(session: Session) -> tuple[int, str]:
    row = session.execute(_HEAD).first()
    return (0, START) if row is None else (int(row.seq), str(row.hash))
