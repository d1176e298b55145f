"""The time that leases, undo windows and heartbeats are measured by: this machine's, or the shared database's.

Workers and desks of several machines on one PostgreSQL must agree on when a claim ran out, whatever their own clocks say.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOTICED = timedelta(milliseconds=100)
"""Below that a difference is the network's, and the clock is left alone."""

_ahead = timedelta(0)


def now() -> datetime:
    """The current time, aware, UTC."""
    return own() + _ahead


def own() -> datetime:
    """What this machine says."""
    return datetime.now(UTC)


def agree(theirs: datetime, asked: datetime, answered: datetime) -> None:
    """Goes by the database's clock from here on: it said `theirs` between two readings of our own."""
    global _ahead  # noqa: PLW0603 - one process, one time
    slack = (answered - asked) / 2
    ahead = theirs - (asked + slack)
    if abs(ahead - _ahead) > NOTICED + slack:
        _ahead = ahead if abs(ahead) > NOTICED else timedelta(0)
