"""The facts of a case that somebody has before them, read again while they decide: what is another now is told at once."""

from __future__ import annotations

from datetime import timedelta

from pydantic import TypeAdapter
from sqlalchemy import and_, or_, select, text
from sqlmodel import Session

from store import journal, reading
from store.case import Facing
from store.contract import Action, ChangedFact, now
from store.facts_table import NOTHING, FactsRow
from store.tables import ReviewRow, micros, table

YOUNG = timedelta(seconds=15)
"""Facts read so lately are not read again."""

_reviews, _facts = table(ReviewRow), table(FactsRow)
_changed = TypeAdapter(tuple[ChangedFact, ...])


def wanted(session: Session, limit: int) -> list[Facing]:
    """The claimed cases whose facts were not read for a while, with the actions that rest on facts. One of which none does
    is among them until that is kept: then it is never asked for again."""
    hint = "INDEXED BY reviews_claimed" if session.get_bind().dialect.name == "sqlite" else ""
    held = f"SELECT n FROM reviews {hint} WHERE claimed_by IS NOT NULL AND claimed_until > :now AND state = 'open'"
    numbers = list(session.execute(text(held), {"now": micros(now())}).scalars())
    if not numbers:
        return []
    old = and_(_facts.c.at < now() - YOUNG, _facts.c.changed != NOTHING)
    stale = or_(_facts.c.at.is_(None), old, _facts.c.fingerprint != _reviews.c.fingerprint)
    rows = session.execute(
        select(_reviews.c.id, _reviews.c.request_id, _reviews.c.fingerprint)
        .outerjoin(_facts, _facts.c.review_id == _reviews.c.id)
        .where(_reviews.c.n.in_(numbers), stale)
        .order_by(_facts.c.at.nulls_first())
        .limit(limit)
    )
    return [
        Facing(review_id=review_id, fingerprint=fingerprint, actions=_resting(session, request_id))
        for review_id, request_id, fingerprint in rows
    ]


def _resting(session: Session, request_id: str) -> tuple[Action, ...]:
    return tuple(one for one in reading.proposal(session, request_id).actions if one.preconditions)


def found(session: Session, review_id: str, fingerprint: str, changed: tuple[ChangedFact, ...] | None) -> None:
    """Keep what was read; None: nothing of the case rests on facts. Told in the journal when it is the first reading or
    another answer than the last one."""
    review = reading.review_row(session, review_id)
    if review.fingerprint != fingerprint or review.state != "open":
        return
    if review.planted and changed:  # made from a case that was carried out: what changed since would tell it apart
        changed = ()
    said = NOTHING if changed is None else _changed.dump_json(changed).decode()
    row = session.get(FactsRow, review_id)
    told = row is None or (row.fingerprint, row.changed) != (fingerprint, said)
    if row is None:
        row = FactsRow(review_id=review_id, fingerprint=fingerprint, at=now())
    row.fingerprint, row.at, row.changed = fingerprint, now(), said
    session.add(row)
    session.flush()
    if told and changed is not None:
        names = [f"{one.record} {one.record_id} {one.field}" for one in changed]
        journal.append(
            session, "review.facts_read", review_id, ticket=review.ticket_id, shown=fingerprint, changed=names
        )
