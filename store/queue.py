"""The one door to the queue: what every desk, server and command talks to, local or remote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from store.contract import (
    Decision,
    Draft,
    Gate,
    IncomingMessage,
    Lease,
    Outcome,
    Proposal,
    Review,
    Ticket,
    Verdict,
)
from store.live import (
    Behind,
    CasePage,
    Counters,
    Event,
    Grade,
    Graded,
    Looking,
    Operation,
    Page,
    PastPage,
    PromptUse,
    Question,
    SpotPage,
    Stats,
    Switch,
    SwitchPreview,
    TicketHistory,
    View,
)
from store.planted_told import Planted, PlantedFigures, Planting


class QueueError(Exception):
    """A refusal a person can read: what failed and what to do next."""


class NotFound(QueueError):
    """No such review, ticket or decision."""


class Conflict(QueueError):
    """What the caller saw or said is not what is there. `review` is the current one, where there is one; `field` names
    the field of a request that differs; `decided_by` and `decided_at` say who was first."""

    def __init__(
        self,
        text: str,
        *,
        review: Review | None = None,
        field: str | None = None,
        decided_by: str | None = None,
        decided_at: datetime | None = None,
    ) -> None:
        super().__init__(text)
        self.review = review
        self.field = field
        self.decided_by = decided_by
        self.decided_at = decided_at


class LeaseLost(QueueError):
    """The claim ran out or another holds it. The caller's edits are kept as a draft."""


class Taken(QueueError):
    """Another person holds the claim. `by` and `until` say who and how long."""

    def __init__(self, text: str, *, by: str, until: datetime) -> None:
        super().__init__(text)
        self.by = by
        self.until = until


class Invalid(QueueError):
    """The request itself is wrong: an unknown action id, a wrong count, a bad value. Nothing was changed."""


class Unavailable(QueueError):
    """The store cannot be reached or written now: full disk, read-only, busy, gone. Nothing was changed."""


class TooOld(QueueError):
    """A resume point is older than the journal keeps: read everything again."""


class NotSignedIn(QueueError):
    """No token, or one that is unknown, expired or revoked: who asks is not known."""


class Forbidden(QueueError):
    """Who asks is known, and may not do this: their role or their limit does not allow it. Nothing was changed."""


class Queue(Protocol):
    """Every method raises `QueueError` (one of the above) and nothing else for what can go wrong."""

    async def page(self, view: View, after: str | None = None, limit: int = 50) -> Page: ...

    async def counts(self, view: View) -> dict[str, int]:
        """Rows in the view under "all", per first gate reason under "reason:<code>", and per assignee under
        "assignee:<name>" (not for a view by time)."""
        ...

    async def search(self, words: str, after: str | None = None, limit: int = 50) -> Page:
        """Full text over subjects, messages, replies and ids, newest first."""
        ...

    async def review(self, review_id: str) -> Review: ...

    async def history(self, ticket_id: str) -> TicketHistory: ...

    async def submit(self, item: IncomingMessage | Proposal) -> str:
        """File a message (returns its ticket id) or an outside proposal (returns its review id).

        Same id, same body: the same id back. Same id, another body: `Conflict` naming the field.
        """
        ...

    async def claim(self, actor: str, review_id: str | None = None, view: View | None = None) -> Lease | None:
        """A lease on that review, or on the first free one of the view (None: nothing waits)."""
        ...

    async def renew(self, lease: Lease) -> Lease: ...

    async def release(self, lease: Lease) -> None: ...

    async def regate(self, review_id: str, verdicts: tuple[Verdict, ...]) -> Gate:
        """What the gate says of the edited values; nothing is changed."""
        ...

    async def decide(self, decision: Decision, lease: Lease) -> Outcome: ...

    async def undo(self, decision_id: str, actor: str) -> None:
        """Take a decision back within the undo window. Raises `Conflict` when something already ran."""
        ...

    async def keep_draft(self, draft: Draft) -> None: ...

    async def note(self, ticket_id: str, actor: str, text: str) -> None: ...

    async def ticket(self, ticket_id: str) -> Ticket: ...

    async def switches(self) -> tuple[Switch, ...]: ...

    async def preview(self, switch: Switch) -> SwitchPreview: ...

    async def throw(self, switch: Switch) -> Switch:
        """Set a switch (on/off, who, why, waiting, until). `why` is required."""
        ...

    async def counters(self, hours: int = 168) -> Counters: ...

    async def look(self, actor: str, review_id: str | None) -> tuple[Looking, ...]:
        """Says what this person has on screen; returns what the others look at. Nothing is kept of it."""
        ...

    async def head(self) -> int:
        """The number of the newest event."""
        ...

    async def stats(self, question: Question, actor: str = "") -> Stats:
        """The figures over a window, told apart by one dimension; `actor`'s own carefulness is in `care`."""
        ...

    async def cases(self, asked: Behind, after: str | None = None, limit: int = 50) -> CasePage:
        """The tickets behind a figure, newest first."""
        ...

    async def operations(self, hours: int = 24) -> tuple[Operation, ...]:
        """Everything that can be switched, as it runs."""
        ...

    async def spot_checks(self, actor: str, after: str | None = None, limit: int = 50) -> SpotPage:
        """Automatic replies that were drawn and that this person has not graded, oldest first."""
        ...

    async def grade(self, grade: Grade) -> Graded:
        """Keep a person's word on a drawn reply. The same again is a no-op; another one takes the place of the first."""
        ...

    async def plant(self, asked: Planting) -> Planted:
        """Plant cases with a known fault. Raises `Invalid` when so many cannot be made."""
        ...

    async def planted(self) -> PlantedFigures:
        """What became of planted cases; persons only where the rules allow it."""
        ...

    async def withdraw_planted(self, actor: str) -> Planted:
        """Take back the planted cases that wait."""
        ...

    def follow(self, after: int | None = None) -> AsyncIterator[Event]:
        """Committed events after that number (None: from now on), once each, in order, until closed."""
        ...

    async def past(self, after: str | None = None, limit: int = 100) -> PastPage:
        """What the workflow proposed, newest first, and what became of it: for reports."""
        ...

    async def prompts(self) -> tuple[PromptUse, ...]:
        """Every prompt version that a worker of this queue was started with, and who runs it now."""
        ...

    async def close(self) -> None: ...
