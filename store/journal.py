"""The append-only record of every state change: the audit log, and the source of all live updates.

An entry is written in the transaction of the change it tells, so there is no change without an entry and no entry without
its change. Entries are numbered without gaps in commit order and chained by SHA-256, so a changed byte is found.

Kinds (subject): message.received message.sent (ticket) · ticket.<state> · attempts.made (ticket) · proposal.<ending>
proposal.outdated (ticket) · review.opened held reopened superseded expired snoozed woken handed_over claimed renewed
released drafted (review) · decision.made waits_for_second undone void (review) · execution.queued running done failed
unknown void taken_over (execution) · switch.thrown (switch) · repeat.linked note.added work.again (ticket) ·
worker.joined prompts buried (worker) · webhook.sent failed (webhook) · user.added invited revoked (user) · token.made
revoked (token) · clock.went_back (clock) · case.planted (ticket).
`data` names the ticket as `ticket_id` wherever there is one, and holds ids, codes, numbers and digests, never what a
customer wrote.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select
from sqlmodel import Session

from store.contract import Json, canonical, now
from store.live import Event
from store.queue import TooOld
from store.tables import JournalRow, micros, table

START = "0" * 64
"""What the first entry names as its previous hash."""

SYSTEM = "lastclick"
"""The actor of what no person did."""

PLANTED = "case.planted"
"""The first entry of a planted case. The journal says what it is; readers are told of a message, as of any other."""

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
) -> None:
    """Adds an entry to this transaction. `shown` and `ran` are digests."""
    if ticket is not None:
        data["ticket_id"] = ticket
    entry: dict[str, Any] = {
        "at": now(),
        "actor": actor,
        "kind": kind,
        "subject": subject,
        "ticket_id": ticket,
        "data": canonical(data).decode("utf-8", "surrogatepass"),
        "shown": shown,
        "ran": ran,
    }
    staged = session.info.get("staged")
    if staged is not None:  # many writers: numbered when this one commits
        staged.append(entry)
        return
    seq, previous = session.info.get("journal") or _head(session)
    entry |= {"seq": seq + 1, "previous": previous}
    entry["hash"] = digest(entry | {"at": micros(entry["at"])})
    session.execute(_INSERT, entry)
    session.info["journal"] = (seq + 1, entry["hash"])


def columns(entries: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """Entries as the database's own `journal_append` takes them: a list a column, the last one what each hash covers.

    A text column of PostgreSQL holds neither NUL nor half of a surrogate pair; no entry of ours does.
    """
    stored = [
        {name: one if name == "at" or one is None else _storable(one) for name, one in entry.items()}
        | {"at": micros(entry["at"])}
        for entry in entries
    ]
    tails = [_joined([one["at"], *(one[name] for name in _COVERED)])[1:] for one in stored]
    return [*([one[name] for one in stored] for name in ("at", *_COVERED)), tails]


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def digest(entry: dict[str, Any]) -> str:
    """SHA-256 over an entry and the hash of the one before it; `at` as it is stored, in microseconds."""
    text = _joined([entry[name] for name in ("previous", "seq", "at", *_COVERED)])
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _joined(parts: list[Any]) -> str:
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":"))


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
    """An entry as it is told. What makes a planted case known stays in the journal."""
    data = json.loads(row.data)
    data.pop("planted", None)
    kind, actor = ("message.received", SYSTEM) if row.kind == PLANTED else (row.kind, row.actor)
    return Event(seq=row.seq, at=row.at, actor=actor, kind=kind, subject=row.subject, data=data)


def head(session: Session) -> int:
    """The number of the last committed entry."""
    return int(_head(session)[0])


def _head(session: Session) -> tuple[int, str]:
    row = session.execute(_HEAD).first()
    return (0, START) if row is None else (int(row.seq), str(row.hash))
