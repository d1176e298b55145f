"""What a lead asks of planted cases, and is told: how many were found, which kinds were not, by whom only where it is
allowed."""

from __future__ import annotations

from pydantic import Field

from store.contract import Line, Time, Value
from store.live import Share
from store.planting import KINDS, FaultKind


class Planting(Value):
    """So many cases, of these kinds of fault in turn. `origin`: made from this decided review, not from any."""

    by: Line
    count: int = Field(default=1, ge=1, le=50)
    kinds: tuple[FaultKind, ...] = KINDS
    origin: Line | None = None


class PlantedCase(Value):
    """One planted case. `state`: waiting, caught, missed, withdrawn. Ticket and person only where the team allows it."""

    at: Time
    kind: FaultKind
    said: Line
    """What is wrong, in one sentence."""
    state: Line = "waiting"
    by: Line
    answered_at: Time | None = None
    ticket_id: Line | None = None
    answered_by: Line | None = None


class Planted(Value):
    """The cases that were just planted, or taken back."""

    cases: tuple[PlantedCase, ...] = ()


class PlantedFigures(Value):
    """Every planted case of the last 28 days. `found`: caught among those that were answered; `people` is empty unless
    the team's rules say that a lead sees persons."""

    waiting: int = 0
    found: Share = Share()
    kinds: dict[str, Share] = Field(default_factory=dict)
    people: dict[str, Share] = Field(default_factory=dict)
    cases: tuple[PlantedCase, ...] = ()
