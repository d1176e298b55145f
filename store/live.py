"""The values of the live side: switches, counters, journal events, and what lists and histories are drawn from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from store.contract import (
    Attempt,
    Body,
    Execution,
    Gate,
    Json,
    Line,
    Message,
    Money,
    Note,
    Proposal,
    ReviewState,
    Risk,
    Ticket,
    Time,
    Value,
)

SwitchKind = Literal["route", "model", "prompt", "action"]


# ── switches, counters, events ───────────────────────────────────────────────


class Switch(Value):
    """The kill switch of a route, model, prompt or action kind. `waiting`: hold, review, or `route:<name>`."""

    kind: SwitchKind
    name: Line
    on: bool = True
    who: Line = ""
    why: Line = ""
    since: Time | None = None
    waiting: Line = "hold"
    until: Time | None = None
    held: int = 0


class SwitchPreview(Value):
    """What throwing a switch will touch: counts of waiting reviews, queued executions and tickets in work."""

    switch: Switch
    reviews: int
    executions: int
    in_flight: int
    per_hour: float


class RouteCounters(Value):
    """One route over the window."""

    name: Line
    on: bool = True
    handled: int = 0
    replies: int = 0
    repeats: int = 0
    retries: int = 0
    failures: int = 0
    overrides: int = 0


class Counters(Value):
    """Live numbers over a window of `hours`. `retries_by_step` and `*_series` cover the last hour in 12 buckets.
    `models_down`: those that were asked in the last minutes and never answered."""

    at: Time
    hours: int
    waiting: int = 0
    oldest_at: Time | None = None
    due: int = 0
    held: int = 0
    routes: tuple[RouteCounters, ...] = ()
    retries_by_step: dict[str, int] = Field(default_factory=dict)
    retries_series: tuple[int, ...] = ()
    route_switches: int = 0
    route_switches_series: tuple[int, ...] = ()
    confusions: int = 0
    spot_checks_waiting: int = 0
    workers: int = 0
    executions_unknown: int = 0
    models_down: tuple[Line, ...] = ()


class Event(Value):
    """One journal entry. `seq` is gapless and in commit order."""

    seq: int
    at: Time
    actor: Line
    kind: Line
    subject: Line
    data: dict[str, Json] = Field(default_factory=dict)


class Looking(Value):
    """What somebody has on screen now; `review_id` is None for a desk that shows no case."""

    who: Line
    review_id: Line | None = None
    since: Time


class RepeatContact(Value):
    """A customer message after an AI-handled reply on the same matter."""

    ticket_id: Line
    message_id: Line
    reply_id: Line
    route: Line
    prompt_version: Line = ""
    failure_code: Line | None = None
    why: Literal["same_thread", "same_matter"]
    confusion: bool = False
    at: Time


# ── lists ────────────────────────────────────────────────────────────────────


class View(Value):
    """A filter and a sort over the queue."""

    state: Literal["open", "snoozed", "held", "decided", "all"] = "open"
    reason: Line | None = None
    route: Line | None = None
    assignee: Line | None = None
    risk: Risk | None = None
    overdue: bool = False
    older_than_minutes: int | None = None
    sort: Literal["oldest", "newest", "due", "amount"] = "oldest"


class Row(Value):
    """One line of the list, enough to draw it without opening the review."""

    review_id: Line
    ticket_id: Line
    subject: Line
    reason: Line
    reasons: tuple[Line, ...] = ()
    route: Line
    risk: Risk
    state: ReviewState
    amount: Money | None = None
    created_at: Time
    due_at: Time | None = None
    snoozed_until: Time | None = None
    assignee: Line | None = None
    claimed_by: Line | None = None
    hidden: int = 0


class Page(Value):
    """Rows in the view's order; `next` continues after the last one, None at the end."""

    rows: tuple[Row, ...]
    next: str | None = None


class TicketHistory(Value):
    """Everything that happened to a ticket, oldest first."""

    ticket: Ticket
    messages: tuple[Message, ...]
    events: tuple[Event, ...]
    attempts: tuple[Attempt, ...]
    executions: tuple[Execution, ...]
    reviews: tuple[Row, ...]
    notes: tuple[Note, ...]


# ── prompts ──────────────────────────────────────────────────────────────────


class PromptVersion(Value):
    """A prompt as a worker ran it. `version` hashes template, model, parameters and schema together."""

    version: Line
    name: Line
    model: Line
    template: Body
    parameters: dict[str, Json] = Field(default_factory=dict)


class PromptUse(Value):
    """A version that was ever run here, since when, and the live workers that run it now."""

    prompt: PromptVersion
    first_at: Time
    workers: tuple[Line, ...] = ()


class Returned(Value):
    """One message that goes back to who filed a review. `kind`: review.decided, review.superseded, review.expired."""

    id: Line
    review_id: Line
    url: Line
    kind: Line
    attempt: int = 0


# ── what was ─────────────────────────────────────────────────────────────────


class Past(Value):
    """A proposal of the workflow and how it ended. `how`: send, ask, review, hold, close. `gate`, `state` and `verdicts`
    (approve, edit, reject, respond, retry, hand_over, snooze) are of the review it stopped for, if it did."""

    proposal: Proposal
    how: Line
    gate: Gate = Gate()
    state: Line = ""
    verdicts: tuple[Line, ...] = ()


class PastPage(Value):
    """Newest first; `next` continues after the last one, None at the end."""

    rows: tuple[Past, ...]
    next: str | None = None
