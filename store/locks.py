"""Who changes a case holds its ticket: on PostgreSQL one transaction at a time works on one ticket, on SQLite on anything.

The rules of the store are written for one writer. Each of them is about one ticket, and takes its row before it reads
anything of it, so for that ticket there is one writer. What reaches beyond a ticket has a lock of its own: the refunds of a
customer, and the passing of time. A ticket is always taken before those, and deadlocks that are left are run anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, text
from sqlmodel import Session

_ROW = "SELECT 1 FROM tickets WHERE id = {which} FOR NO KEY UPDATE"
_TICKET = text(_ROW.format(which=":id"))
_OF = {
    name: text(_ROW.format(which=f"(SELECT ticket_id FROM {source} WHERE id = :id)"))
    for name, source in {"review": "reviews", "execution": "executions", "work": "work"}.items()
}
_DECISION = text(
    _ROW.format(
        which="(SELECT ticket_id FROM reviews JOIN decisions ON reviews.id = review_id WHERE decisions.id = :id)"
    )
)
_SOON = text(
    "SELECT set_config('idle_in_transaction_session_timeout', '900', true), set_config('lock_timeout', '900', true)"
)
_MANY = text(
    "SELECT tickets.id FROM tickets WHERE id IN (SELECT ticket_id FROM reviews WHERE n IN :numbers) "
    "ORDER BY tickets.id FOR NO KEY UPDATE"
).bindparams(bindparam("numbers", expanding=True))
_ALONE = text("SELECT pg_advisory_xact_lock(:key)")
_IF_FREE = text("SELECT pg_try_advisory_xact_lock(:key)")


def many_writers(session: Session) -> bool:
    """Whether other transactions write while this one does."""
    return "staged" in session.info


def ticket(session: Session, ticket_id: str) -> None:
    """Holds a ticket until this transaction ends; one that does not exist is nobody's."""
    if many_writers(session):
        session.execute(_TICKET, {"id": ticket_id})


def of_review(session: Session, review_id: str) -> None:
    if many_writers(session):
        session.execute(_OF["review"], {"id": review_id})


def of_decision(session: Session, decision_id: str) -> None:
    if many_writers(session):
        session.execute(_DECISION, {"id": decision_id})


def of_work(session: Session, work_id: str) -> None:
    if many_writers(session):
        session.execute(_OF["work"], {"id": work_id})


def of_execution(session: Session, execution_id: str, *, soon: bool = False) -> None:
    """`soon`: commits within a second of what it reads from here on, or not at all; so a switch is never overtaken."""
    if many_writers(session):
        session.execute(_OF["execution"], {"id": execution_id})
        if soon:
            session.execute(_SOON)


def of_reviews(session: Session, wanted: Select[Any]) -> Sequence[int] | None:
    """Holds the tickets of the reviews whose numbers `wanted` gives, and returns the numbers; they may have changed since.

    None where nobody else writes.
    """
    if not many_writers(session):
        return None
    numbers = list(session.execute(wanted).scalars())
    if numbers:
        session.execute(_MANY, {"numbers": numbers})
    return numbers


def customer(session: Session, customer_id: str) -> None:
    """Holds the sums of a customer: of two approvals at once, the second one sees the first."""
    if many_writers(session):
        session.execute(_ALONE, {"key": _key(f"customer {customer_id}")})


def time_passes(session: Session, *, wait: bool = False) -> bool:
    """Whether this transaction is the one that moves what time and switches move; `wait` until it is."""
    if not many_writers(session):
        return True
    if wait:
        session.execute(_ALONE, {"key": _key("time")})
        return True
    return bool(session.execute(_IF_FREE, {"key": _key("time")}).scalar())


def _key(name: str) -> int:
    """A name as the number of an advisory lock."""
    return int.from_bytes(hashlib.sha256(f"lastclick {name}".encode()).digest()[:8], "big", signed=True)
