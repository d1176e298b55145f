"""The workers' door to the store: what the durable workflow reads and writes. Every method is one transaction."""

from __future__ import annotations

from typing import Protocol

from store.case import Case, Ending, Facing
from store.contract import Attempt, ChangedFact, Execution, Failure, Message, Proposal
from store.live import PromptVersion, RepeatContact, Switch


class Refused(Exception):
    """The execution may not run now. `code`: envelope, approvals, switch, rules, superseded, stale, not_due, taken."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Work(Protocol):
    """Synchronous: the workflow's steps run in threads.

    A row that says what is to be done *is* the enqueueing, written in the same transaction as its cause; the engine's
    workflow id is derived from it, so starting twice starts once.
    """

    def inbox(self, limit: int = 50) -> list[str]:
        """Ids of customer messages (and of reviews sent round again, as `<message_id>@<n>`) that wait to be handled."""
        ...

    def offer(self, limit: int = 50) -> list[str]:
        """The same for one of many workers: where many share a database, none of it is offered to another for a moment."""
        ...

    def stirred(self) -> bool:
        """Whether anybody committed anything since the last call: cheap enough to ask twenty times a second.

        For one thread. What only time brings (the end of an undo window) does not stir.
        """
        ...

    def case(self, work_id: str) -> Case:
        """The ticket, its messages and the message to handle, in plain text."""
        ...

    def record(self, ticket_id: str, attempts: tuple[Attempt, ...]) -> None:
        """Keep attempts as rows, at once: a retry is visible while it happens."""
        ...

    def finish(self, work_id: str, ending: Ending) -> None:
        """File the ending: proposal, review or executions, ticket state, journal. Done twice counts once."""
        ...

    def link_repeat(self, repeat: RepeatContact) -> None: ...

    def ai_replies(self, ticket_id: str) -> list[tuple[Message, Proposal]]:
        """AI-handled replies of the same thread or the same customer, newest first, for `repeats`."""
        ...

    def due(self, limit: int = 50) -> list[str]:
        """Ids of executions whose undo window is over, whose predecessors are done and that nothing holds."""
        ...

    def dispatch(self, execution_id: str, worker: str) -> Execution:
        """Mark it running and return it, after envelope, approvals, watermark and switch were checked again in the same
        transaction. Raises `Refused`."""
        ...

    def settle(
        self,
        execution_id: str,
        state: str,
        *,
        external_id: str | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Record `done`, `failed` or `unknown`. A failed or unknown one puts the ticket before a person."""
        ...

    def running(self, worker: str | None = None) -> list[Execution]: ...

    def refunded_today(self, customer_id: str) -> dict[str, int]:
        """Minor units by currency already refunded, or approved and under way, to this customer since midnight UTC."""
        ...

    def switches(self) -> tuple[Switch, ...]: ...

    def beat(self, worker: str, host: str, pid: int) -> None: ...

    def runs(self, worker: str, prompts: tuple[PromptVersion, ...]) -> None:
        """Tell which prompts this worker was started with."""
        ...

    def dead(self, seconds: float) -> list[str]:
        """Workers that have not beaten for so long; each is returned until `buried`."""
        ...

    def bury(self, worker: str) -> None: ...

    def facing(self, limit: int = 20) -> list[Facing]:
        """Cases that somebody has before them and whose facts were not read for a while."""
        ...

    def reread(self, review_id: str, fingerprint: str, changed: tuple[ChangedFact, ...] | None) -> None:
        """Keep what the facts of this envelope are now (None: it rests on none); nothing when it is another by now or
        decided."""
        ...

    def tick(self) -> None:
        """Time passes: expiry, snooze, leases, switches with an end."""
        ...
