"""Claims: at most one person holds a review, by a lease on the server's clock whose fence only grows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, text, update
from sqlmodel import Session

from store import journal, locks, paging, plain, reading
from store.contract import Draft, Lease, now
from store.judge import Judge
from store.live import View
from store.queue import Conflict, LeaseLost, NotFound, Taken
from store.tables import DraftRow, ReviewRow, micros, table

_reviews = table(ReviewRow)
_HELD = (
    _reviews.c.n,
    _reviews.c.id,
    _reviews.c.ticket_id,
    _reviews.c.state,
    _reviews.c.fence,
    _reviews.c.claimed_by,
    _reviews.c.claimed_until,
    _reviews.c.held_by,
)

_FREE = """
(claimed_until IS NULL OR claimed_until <= :now) AND NOT EXISTS (
    SELECT 1 FROM approvals
    WHERE review_id = reviews.id AND actor = :actor AND approvals.fingerprint = reviews.fingerprint
)"""
"""Nobody has it, and this person has not said yes to it already."""

_AT_ONCE = 32
"""Reviews looked at for one that nobody else is just taking."""

_TAKE = """
WITH one AS (
    SELECT n FROM reviews JOIN tickets ON tickets.id = reviews.ticket_id
    WHERE n = ANY(CAST(:numbers AS bigint[])) AND reviews.state = :state AND {free}
    ORDER BY array_position(CAST(:numbers AS bigint[]), n) LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE reviews SET claimed_by = :actor, claimed_until = :until, fence = fence + 1 FROM one WHERE reviews.n = one.n
RETURNING reviews.id, reviews.ticket_id, reviews.fence"""
"""For PostgreSQL. The ticket is held too: who is just deciding on it goes first."""


def claim(session: Session, judge: Judge, actor: str, review_id: str | None, view: View | None) -> Lease | None:
    """A lease on that review, or on the first free one of the view; None when nothing waits.

    Raises `NotFound`, `Taken` by another, `Conflict` when it cannot be decided any more. One's own live claim is given
    anew with a higher fence, so of two terminals of one person the last one holds it.
    """
    if review_id is None:
        return _first_free(session, judge, actor, view or View())
    locks.of_review(session, review_id)
    row = session.execute(select(*_HELD).where(_reviews.c.id == review_id)).first()
    if row is None:
        raise NotFound(f"There is no review {plain.line(review_id)}.")
    if row.state not in ("open", "snoozed"):
        shown = reading.review(session, review_id)
        by = f" by {row.held_by}" if row.held_by else ""
        raise Conflict(f"This review is {row.state}{by}; there is nothing to decide.", review=shown)
    if row.claimed_by not in (None, actor) and row.claimed_until > now():
        raise Taken(f"{row.claimed_by} has this review.", by=row.claimed_by, until=row.claimed_until)
    return _grant(session, judge, row, actor)


def renew(session: Session, judge: Judge, lease: Lease) -> Lease:
    """The same claim for longer. Raises `LeaseLost`."""
    locks.of_review(session, lease.review_id)
    row = held(session, lease)
    until = _until(judge)
    session.execute(update(_reviews).where(_reviews.c.n == row.n).values(claimed_until=until))
    journal.append(session, "review.renewed", row.id, actor=lease.actor, ticket=row.ticket_id, fence=row.fence)
    return lease.model_copy(update={"until": until})


def release(session: Session, lease: Lease) -> None:
    """Gives the claim back. A claim that is lost already is given back already."""
    locks.of_review(session, lease.review_id)
    row = session.execute(select(*_HELD).where(_reviews.c.id == lease.review_id)).first()
    if row is None or row.claimed_by != lease.actor or row.fence != lease.fence:
        return
    fence = row.fence + 1
    session.execute(
        update(_reviews).where(_reviews.c.n == row.n).values(claimed_by=None, claimed_until=None, fence=fence)
    )
    journal.append(session, "review.released", row.id, actor=lease.actor, ticket=row.ticket_id, fence=fence)


def held(session: Session, lease: Lease) -> Row[Any]:
    """The claimed review's row. Raises `LeaseLost` unless this very lease is live."""
    row = session.execute(select(*_HELD).where(_reviews.c.id == lease.review_id)).first()
    if row is None:
        raise NotFound(f"There is no review {plain.line(lease.review_id)}.")
    if row.claimed_by != lease.actor or row.fence != lease.fence:
        other = f" {row.claimed_by} has it now." if row.claimed_by not in (None, lease.actor) else ""
        raise LeaseLost(f"Your claim on this case is gone.{other}")
    if row.claimed_until <= now():
        raise LeaseLost("Your claim on this case ran out.")
    return row


def keep_draft(session: Session, draft: Draft) -> None:
    """Keeps half-written edits; needs no claim, since that is when they matter. One draft a person and review."""
    review = reading.review_row(session, draft.review_id)
    session.merge(DraftRow(review_id=review.id, actor=draft.actor, at=now(), body=draft.model_dump_json()))
    session.flush()
    journal.append(session, "review.drafted", review.id, actor=draft.actor, ticket=review.ticket_id)


def _first_free(session: Session, judge: Judge, actor: str, view: View) -> Lease | None:
    if view.state not in ("open", "snoozed", "all"):
        return None
    states = (view.state,) if view.state != "all" else ("open", "snoozed")
    free = _FREE + (" AND (assignee IS NULL OR assignee = :actor)" if view.assignee is None else "")
    values = {"actor": actor, "now": micros(now())}
    for state in states:
        one = view.model_copy(update={"state": state})
        if locks.many_writers(session):
            lease = _first_of_many(session, judge, one, free, values)
        else:
            number = paging.first(session, one, free, **values)
            row = session.execute(select(*_HELD).where(_reviews.c.n == number)).first() if number is not None else None
            lease = None if row is None else _grant(session, judge, row, actor)
        if lease is not None:
            return lease
    return None


def _first_of_many(session: Session, judge: Judge, view: View, free: str, values: dict[str, Any]) -> Lease | None:
    """The first that nobody else is just taking, so that none waits for another; held and claimed by one statement."""
    many, until = _AT_ONCE, _until(judge)
    while True:
        numbers = paging.firsts(session, view, free, many, **values)
        given = values | {"state": view.state, "numbers": numbers, "until": micros(until)}
        row = session.execute(text(_TAKE.format(free=free)), given).first() if numbers else None
        if row is not None:
            return _claimed(session, row, values["actor"], row.fence, until)
        if len(numbers) < many:
            return None
        many *= 8


def _grant(session: Session, judge: Judge, row: Row[Any], actor: str) -> Lease:
    fence, until = row.fence + 1, _until(judge)
    session.execute(
        update(_reviews).where(_reviews.c.n == row.n).values(claimed_by=actor, claimed_until=until, fence=fence)
    )
    return _claimed(session, row, actor, fence, until)


def _claimed(session: Session, row: Row[Any], actor: str, fence: int, until: datetime) -> Lease:
    journal.append(
        session, "review.claimed", row.id, actor=actor, ticket=row.ticket_id, fence=fence, until=until.isoformat()
    )
    return Lease(review_id=row.id, actor=actor, fence=fence, until=until)


def _until(judge: Judge) -> datetime:
    return now() + timedelta(seconds=judge.windows.lease_seconds)
