"""Time passes: proposals expire, snoozed reviews wake, switches with an end go on again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session

from store import journal, reading, reviewing, switching
from store.contract import Gate, now
from store.tables import ReviewRow, SwitchRow, TicketRow, table

LEAD = "lead"
"""Who gets what expires without a named role."""

_reviews, _switches = table(ReviewRow), table(SwitchRow)


def tick(session: Session) -> None:
    """Everything whose time has come, in one transaction. Leases need none of it: they run out by the clock."""
    for row in session.execute(_asleep(ReviewRow)).scalars().all():
        row.snoozed_until = None
        reviewing.move(session, row, "open", "review.woken")
    for row in session.execute(_expired(ReviewRow)).scalars().all():
        _expire(session, row)
    switching.ended(session)
    switching.sweep(session)


def anything(session: Session) -> bool:
    """Whether `tick` would change something: three look-ups in small indexes."""
    over = select(_switches.c.name).where(_switches.c.on.is_(False), _switches.c.until <= now())
    looks = (_asleep(_reviews.c.n), _expired(_reviews.c.n), over)
    return any(session.execute(one.limit(1)).first() for one in looks) or switching.misplaced(session)


def _asleep(what: Any) -> Select[Any]:
    return select(what).where(_reviews.c.state == reading.spelled_out("snoozed"), _reviews.c.snoozed_until <= now())


def _expired(what: Any) -> Select[Any]:
    waiting = _reviews.c.state.in_([reading.spelled_out(state) for state in ("open", "snoozed", "held")])
    return select(what).where(waiting, _reviews.c.expires_at <= now())


def _expire(session: Session, row: ReviewRow) -> None:
    """As the proposal asked: held (nothing runs), rejected, or put before its role or a lead."""
    way, row.expires_at = row.on_expiry, None
    ticket = session.get_one(TicketRow, row.ticket_id)
    if way == "reject":
        ticket.state = "closed"
        reviewing.move(session, row, "expired", "review.expired", why="rejected")
    elif way == "hand_over":
        row.assignee, row.due_at = Gate.model_validate_json(row.gate).role or LEAD, now()
        reviewing.move(session, row, "open", "review.handed_over", actor=journal.SYSTEM, to=row.assignee, why="expired")
    else:
        ticket.state, row.held_by, row.held_from = "held", "expiry", None
        reviewing.move(session, row, "held", "review.held", held_by="expiry")
