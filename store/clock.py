"""A clock that went back: what was to end at a time of the clock before ends as much later by the clock of now."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from store import journal
from store.contract import now
from store.tables import micros

MAY_DIFFER = timedelta(minutes=5)
"""So far the clocks of two machines on one queue may be apart, and a correction changes nothing that matters."""

_NEWEST = text(
    "SELECT max(at) FROM journal WHERE seq > (SELECT max(seq) FROM journal) - 200 AND seq >= coalesce("
    "(SELECT max(seq) FROM journal WHERE kind = 'clock.went_back' AND seq > (SELECT max(seq) FROM journal) - 200), 0)"
)
"""The newest of the last entries, since the clock was last found to have gone back."""

_SHIFTS = (
    "UPDATE executions SET due_at = due_at - :by WHERE state = 'queued' AND created_at > :before",
    "UPDATE reviews SET claimed_until = claimed_until - :by WHERE claimed_until > :before",
    "UPDATE reviews SET snoozed_until = snoozed_until - :by WHERE snoozed_until > :before",
    "UPDATE switches SET until = until - :by WHERE until > :before",
    "UPDATE workers SET beat_at = beat_at - :by WHERE beat_at > :before",
)


def behind(session: Session) -> timedelta | None:
    """By how much the clock went back since the last entries were written; None when it did not."""
    newest = session.execute(_NEWEST).scalar()
    by = timedelta(microseconds=int(newest) - micros(now())) if newest is not None else timedelta()
    return by if by > MAY_DIFFER else None


def follow(session: Session) -> None:
    """Moves undo windows, claims, snoozes, ends of switches and signs of life along with a clock that went back.

    Else a dead worker lives, a claim holds and an approval waits until the clock has come so far again.
    """
    by = behind(session)
    if by is None:
        return
    # What was begun by the clock of now lies before the middle, what was begun by the one before lies behind it.
    times = {"by": by // timedelta(microseconds=1), "before": micros(now() + by / 2)}
    for shift in _SHIFTS:
        session.execute(text(shift), times)
    journal.append(session, "clock.went_back", "clock", seconds=round(by.total_seconds()))
