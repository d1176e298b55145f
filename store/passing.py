"""Time passes: proposals expire, snoozed reviews wake, switches with an end go on again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select, text
from sqlmodel import Session

from store import clock, journal, locks, reviewing, switching
from store.contract import Gate, now
from store.tables import ReviewRow, SwitchRow, TicketRow, micros, table

LEAD = "lead"
"""Who gets what expires without a named role."""

_MOST = 200
"""Reviews woken, and expired, in one transaction."""

_reviews, _switches = table(ReviewRow), table(SwitchRow)


def tick(session: Session) -> bool:
    """Whatever is due by the clock, some at a time, in one transaction. Leases need none of it: they simply run out.

    False when another worker is at it.
    """
    if not locks.time_passes(session):
        return False
    clock.follow(session)
    for row in _rows(session, _asleep):
        row.snoozed_until = None
        reviewing.move(session, row, "open", "review.woken")
    for row in _rows(session, _expired):
        _expire(session, row)
    switching.ended(session)
    switching.sweep(session)
    return True


def anything(session: Session) -> bool:
    """Whether `tick` would change something: a few look-ups in small indexes."""
    over = select(_switches.c.name).where(_switches.c.on.is_(False), _switches.c.until <= now())
    if clock.behind(session) or _asleep(session, 1) or _expired(session, 1) or session.execute(over.limit(1)).first():
        return True
    return switching.misplaced(session)


def _asleep(session: Session, limit: int) -> list[int]:
    return _due(session, "reviews_wake", "state = 'snoozed' AND snoozed_until <= :now", limit)


def _expired(session: Session, limit: int) -> list[int]:
    return _due(session, "reviews_expiry", "state IN ('open', 'snoozed', 'held') AND expires_at <= :now", limit)


def _due(session: Session, index: str, when: str, limit: int) -> list[int]:
    """Asked every second by every door, so SQLite is told the small index: it would take one over a whole state."""
    hint = f"INDEXED BY {index}" if session.get_bind().dialect.name == "sqlite" else ""
    found = text(f"SELECT n FROM reviews {hint} WHERE {when} LIMIT :limit")
    return list(session.execute(found, {"now": micros(now()), "limit": limit}).scalars())


def _rows(session: Session, due: Callable[[Session, int], list[int]]) -> list[ReviewRow]:
    """The reviews that are due, held: what was decided while their tickets were waited for is due no more."""
    numbers = due(session, _MOST)
    if numbers and locks.of_reviews(session, select(_reviews.c.n).where(_reviews.c.n.in_(numbers))) is not None:
        numbers = [one for one in due(session, 2 * _MOST) if one in numbers]
    return list(session.execute(select(ReviewRow).where(_reviews.c.n.in_(numbers)).order_by(_reviews.c.n)).scalars())


def _expire(session: Session, row: ReviewRow) -> None:
    """As the proposal asked: held (nothing runs), rejected, or put before its role or a lead."""
    way, row.expires_at = row.on_expiry, None
    ticket = session.get_one(TicketRow, row.ticket_id)
    if way == "reject":
        reviewing.leave(session, ticket, "closed", but=row)
        reviewing.move(session, row, "expired", "review.expired", why="rejected")
    elif way == "hand_over":
        row.assignee, row.due_at = Gate.model_validate_json(row.gate).role or LEAD, now()
        reviewing.move(session, row, "open", "review.handed_over", actor=journal.SYSTEM, to=row.assignee, why="expired")
    else:
        ticket.state, row.held_by, row.held_from = "held", "expiry", None
        reviewing.move(session, row, "held", "review.held", held_by="expiry")
