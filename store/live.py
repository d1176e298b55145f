"""The values of the live side: switches, counters, journal events, and what lists and histories are drawn from."""

from __future__ import annotations

from math import sqrt
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
    held: int = 0
    then: Line = ""
    """Where new tickets go while it is off, in words."""


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


# ── figures: what a lead and the person on call read ─────────────────────────

Dimension = Literal["route", "intent", "prompt", "version", "model", "reply", "message", "reason", "action"]
"""What figures are told apart by. `message`: the failure message that went out; `reason`: the gate's."""
Measure = Literal["repeats", "confusions", "overrides", "errors", "reopened", "wrong"]
"""What the tickets behind can be listed of."""
Z = 1.959964
"""Two-sided 95 %."""


class Share(Value):
    """So many of so many."""

    part: int = 0
    whole: int = 0

    @property
    def rate(self) -> float:
        return self.part / self.whole if self.whole else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true rate lies with 95 % confidence (Wilson's score interval; 0 to 1 when nothing was counted)."""
        if not self.whole:
            return 0.0, 1.0
        n, p = self.whole, min(1.0, self.rate)
        centre, spread = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return max(0.0, (centre - spread) / (1 + Z * Z / n)), min(1.0, (centre + spread) / (1 + Z * Z / n))


class Spread(Value):
    """How long it took: how many times, and percentiles in seconds, each right within ten percent."""

    count: int = 0
    p50: float = 0.0
    p90: float = 0.0
    p95: float = 0.0


class Question(Value):
    """What is asked of the figures: the last `hours`, told apart `by`."""

    hours: int = Field(default=168, ge=1, le=24 * 28)
    by: Dimension = "route"


class StatsCell(Value):
    """One line of the figures: replies that customers came back on, decisions that people changed, and the time before."""

    key: Line
    repeats: Share = Share()
    before: Share = Share()
    overrides: Share = Share()
    confusions: int = 0


class SpotFigures(Value):
    """Spot checks: how many were drawn and graded, what was found, and whether two people said the same."""

    drawn: int = 0
    waiting: int = 0
    graded: int = 0
    good: int = 0
    wrong: int = 0
    unclear: int = 0
    agreed: Share = Share()


class Care(Value):
    """Whether review still looks: approvals as proposed, those in under a second, and how many in a row."""

    approvals: int = 0
    quick: int = 0
    mine: int = 0
    mine_quick: int = 0
    streak: int = 0
    planted: Share = Share()
    """Planted cases whose fault was found, of those that were answered; `mine_planted`: the same of who asks."""
    mine_planted: Share = Share()


class Stats(Value):
    """The figures over a window that ends now. `trend` has one share a day, the last 28 days, today last.

    A reply counts in the hour it went out, and once as repeated however often the customer came back on it, so the rate
    is a share; one sent an hour ago can still be. Costs are millionths of the models' currency.
    """

    at: Time
    question: Question
    repeats: Share = Share()
    before: Share = Share()
    trend: tuple[Share, ...] = ()
    cells: tuple[StatsCell, ...] = ()
    overrides: Share = Share()
    override_kinds: dict[str, int] = Field(default_factory=dict)
    override_trend: tuple[Share, ...] = ()
    reopened: Share = Share()
    confusions: Share = Share()
    retries: Share = Share()
    first_reply: Spread = Spread()
    to_decision: Spread = Spread()
    waiting: Spread = Spread()
    waiting_by: dict[str, int] = Field(default_factory=dict)
    """What waits by its first gate reason."""
    oldest_at: Time | None = None
    due: int = 0
    held: int = 0
    spot: SpotFigures = SpotFigures()
    reasons: tuple[StatsCell, ...] = ()
    messages: tuple[StatsCell, ...] = ()
    cost_micros: int = 0
    resolved: int = 0
    care: Care = Care()


class Operation(Value):
    """A route, model, prompt or kind of action as it runs: over the window, hour by hour (the running one last), and its
    own usual rates from the four weeks before. `remark` says in a sentence what is out of its usual range."""

    kind: SwitchKind
    name: Line
    switch: Switch | None = None
    traffic: int = 0
    per_hour: tuple[int, ...] = ()
    errors: Share = Share()
    retries: Share = Share()
    repeats: Share = Share()
    overrides: Share = Share()
    latency: Spread = Spread()
    cost_micros: int = 0
    versions: tuple[Line, ...] = ()
    remark: Line = ""

    @property
    def on(self) -> bool:
        return self.switch is None or self.switch.on


class CaseLine(Value):
    """One ticket behind a figure: when, what in a sentence, and for an override what was changed."""

    at: Time
    ticket_id: Line
    ref: Line
    text: Line = ""
    changed: tuple[Line, ...] = ()


class Behind(Value):
    """Which figure's tickets are asked for. `by` None: of all."""

    measure: Measure
    by: Dimension | None = None
    key: Line = ""
    hours: int = Field(default=168, ge=1, le=24 * 28)


class CasePage(Value):
    """Tickets behind a figure, newest first."""

    lines: tuple[CaseLine, ...] = ()
    next: str | None = None


Grading = Literal["good", "wrong", "unclear"]


class Grade(Value):
    """What one person says of a drawn reply. `why` is needed unless it is good; `reopen` puts a wrong one before people."""

    message_id: Line
    actor: Line
    verdict: Grading
    why: Body = ""
    reopen: bool = False
    at: Time | None = None


class Graded(Value):
    """What a grade led to: whether the check is done, and the review that was opened."""

    message_id: Line
    done: bool
    review_id: Line | None = None


class SpotCheck(Value):
    """An automatic reply to be graded: what the customer wrote, what went out, and what it stood on."""

    message_id: Line
    ticket_id: Line
    at: Time
    route: Line
    prompt: Line = ""
    prompt_version: Line = ""
    subject: Line = ""
    asked: Body = ""
    reply: Body = ""
    sources: tuple[Line, ...] = ()
    did: tuple[Line, ...] = ()
    wants: int = 1
    grades: int = 0


class SpotPage(Value):
    """Drawn replies that this person has not graded, oldest first."""

    checks: tuple[SpotCheck, ...] = ()
    next: str | None = None
