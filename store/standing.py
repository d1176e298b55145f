"""What stands at this moment: how much waits for a person, since when, what of it is overdue, what a switch holds.

A planted case has two faces here, on purpose. Beside a list it counts as the case it looks like: `page`, `counts`,
`Counters` and what a switch is about to touch. A header of 13 over 14 lines would say that one is planted, and an oldest
that is not the first line would say which. In figures it counts nowhere: `Stats`, `lastclick stats`, `/metrics`, `trust`
and `operations` tell of customers alone. Who decides cases and may not read what was planted (an agent, the person on
call) is told what stands as the list counts it, in the figures too: the difference of the two would be the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from store import reading
from store.people_tables import UserRow
from store.roles import DECIDING
from store.tables import PlantedRow, ReviewCountRow, ReviewRow, table

COUNTED = 10_000
"""Overdue reviews are counted up to here: beyond, the exact number helps nobody and costs time."""

_reviews, _cells, _planted = table(ReviewRow), table(ReviewCountRow), table(PlantedRow)


@dataclass(frozen=True)
class Standing:
    """`reasons`: what waits by its first gate reason. `listed`: when the planted cases counted here were filed."""

    waiting: int
    oldest_at: datetime | None
    due: int
    held: int
    reasons: dict[str, int]
    listed: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class _Planted:
    """A planted case that nobody has answered, as its review stands."""

    state: str
    reason: str
    created_at: datetime
    due_at: datetime | None


def as_listed(session: Session, moment: datetime) -> Standing:
    """As the list counts it, planted cases too."""
    return _standing(session, moment, ())


def of_customers(session: Session, moment: datetime) -> Standing:
    """Without planted cases."""
    return _standing(session, moment, _planted_now(session))


def to_whom(session: Session, actor: str, moment: datetime) -> Standing:
    """As this person may know it in figures. On a queue without users everybody is the lead."""
    user = session.get(UserRow, actor) if actor else None
    decides = user is not None and user.role in DECIDING and user.role != "lead"
    if not decides:
        return of_customers(session, moment)
    listed = tuple(one.created_at for one in _planted_now(session) if one.state == "open")
    return replace(as_listed(session, moment), listed=listed)


def _standing(session: Session, moment: datetime, but: Sequence[_Planted]) -> Standing:
    reasons, held = _by_reason(session)
    for one in but:
        if one.state == "open":
            reasons[one.reason] = reasons.get(one.reason, 0) - 1
    return Standing(
        waiting=sum(reasons.values()),
        oldest_at=_oldest(session, customers=bool(but)),
        due=_due(session, moment, but),
        held=held - sum(one.state == "held" for one in but),
        reasons={reason: n for reason, n in sorted(reasons.items()) if n > 0},
    )


def _by_reason(session: Session) -> tuple[dict[str, int], int]:
    """Open reviews by reason, and how many are held."""
    found = (
        select(_cells.c.state, _cells.c.reason, func.sum(_cells.c.count).label("n"))
        .where(_cells.c.state.in_(("open", "held")))
        .group_by(_cells.c.state, _cells.c.reason)
    )
    rows = session.execute(found).all()
    return {row.reason: int(row.n) for row in rows if row.state == "open"}, sum(
        int(row.n) for row in rows if row.state == "held"
    )


def _oldest(session: Session, *, customers: bool) -> datetime | None:
    wanted: Iterable[ColumnElement[bool]] = (_reviews.c.planted.is_(False),) if customers else ()
    found = select(_reviews.c.created_at).where(_open(), *wanted).order_by(_reviews.c.created_at, _reviews.c.n).limit(1)
    return session.execute(found).scalar()


def _due(session: Session, moment: datetime, but: Sequence[_Planted]) -> int:
    hidden = sum(one.state == "open" and one.due_at is not None and one.due_at <= moment for one in but)
    overdue = select(_reviews.c.n).where(_open(), _reviews.c.due_at <= moment).limit(COUNTED + hidden)
    return int(session.execute(select(func.count()).select_from(overdue.subquery())).scalar_one()) - hidden


def _open() -> ColumnElement[bool]:
    return _reviews.c.state == reading.spelled_out("open")


def _planted_now(session: Session) -> list[_Planted]:
    found = (
        select(_reviews.c.state, _reviews.c.reason, _reviews.c.created_at, _reviews.c.due_at)
        .join(_planted, _planted.c.review_id == _reviews.c.id)
        .where(_planted.c.state == "waiting")
    )
    return [_Planted(row.state, row.reason, row.created_at, row.due_at) for row in session.execute(found)]
