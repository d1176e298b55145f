"""The tables, one class each. Bodies are the contract's JSON; what is filtered or sorted stands in columns of its own.

Times are integer microseconds since 1970 UTC in every database (SQLite has no time zone), so they sort and page as they
are. Raw outside text is bytes: it may hold what a text column refuses (NUL, lone surrogates).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Index, Integer, LargeBinary, Table, Text, false, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """A time as it is stored."""
    return (at - EPOCH) // timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware time, stored as microseconds since 1970 UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=int(value))


class Raw(TypeDecorator[str]):
    """Outside text exactly as it came, whatever code points it holds."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")


def _number() -> Any:
    """A growing integer key; on SQLite it is the row id, so it must be INTEGER."""
    return Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )


def _no() -> Any:
    """False, by the database's own default: what is inserted without it stands on older schemas too."""
    return Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


def _body() -> Any:
    return Field(default="", sa_type=Text)


class TicketRow(SQLModel, table=True):
    __tablename__ = "tickets"
    __table_args__ = (
        Index("tickets_thread", "channel", "thread", unique=True),
        Index("tickets_customer", "customer_id"),
        Index("tickets_sender", "sender"),
    )

    id: str = Field(primary_key=True)
    channel: str
    thread: str
    url: str | None = None
    subject: str = Field(default="", sa_type=Raw)
    sender: str | None = None
    customer_id: str | None = None
    customer_name: str = ""
    identity: str = "unknown"
    how: str = ""
    state: str = "new"
    version: int = 1
    newest_message_id: str | None = None
    route: str | None = None
    created_at: datetime = Field(sa_type=Instant)
    planted: bool = _no()
    """Not a customer's: planted to see whether people still look. Nothing of it is ever carried out or counted."""


class MessageRow(SQLModel, table=True):
    __tablename__ = "messages"
    __table_args__ = (
        Index("messages_ticket", "ticket_id", "n"),
        Index("messages_ai", "ticket_id", "n", sqlite_where=text("ai_handled")),
    )

    n: int | None = _number()
    id: str = Field(unique=True)
    ticket_id: str = Field(foreign_key="tickets.id")
    direction: str
    at: datetime = Field(sa_type=Instant)
    author: str = Field(default="", sa_type=Raw)
    sender: str | None = None
    text: str = Field(default="", sa_type=Raw)
    hidden: int = 0
    sent: str = _body()
    ai_handled: bool = False
    request_id: str | None = None
    execution_id: str | None = None
    route: str | None = None
    prompt_version: str | None = None
    failure_code: str | None = None
    spot_check: str | None = None


class WorkRow(SQLModel, table=True):
    """One thing for the workflow to handle. state: waiting, taken, held, done."""

    __tablename__ = "work"
    __table_args__ = (
        Index("work_waiting", "state", "n"),
        Index("work_ticket", "ticket_id", "state"),
        Index("work_message", "message_id", "round"),
    )

    n: int | None = _number()
    id: str = Field(unique=True)
    ticket_id: str = Field(foreign_key="tickets.id")
    message_id: str = Field(foreign_key="messages.id")
    round: int = 1
    details: str = Field(default="", sa_type=Raw)
    state: str = "waiting"
    taken_at: datetime | None = Field(default=None, sa_type=Instant)
    ended: str | None = None


class ProposalRow(SQLModel, table=True):
    __tablename__ = "proposals"
    __table_args__ = (Index("proposals_ticket", "ticket_id"),)

    request_id: str = Field(primary_key=True)
    ticket_id: str = Field(foreign_key="tickets.id")
    created_at: datetime = Field(sa_type=Instant)
    how: str = "review"
    body: str = _body()
    sent: str = _body()
    """What the caller sent, without defaults: the same request again is compared with this."""


_SNOOZED, _HELD = text("state = 'snoozed'"), text("state = 'held'")
_CLAIMED = text("claimed_by IS NOT NULL")
_WAITING = text("state IN ('open', 'snoozed', 'held')")
_CELL = ("reason", "route", "assignee", "risk")
_SORTS = {"age": "created_at", "due": "due_at", "amount": "amount"}


def _lists() -> list[Index]:
    """For each order: along a whole state, and within a cell; the other columns ride along, so rows are not visited."""
    found = []
    for name, column in _SORTS.items():
        rest = [one for one in _SORTS.values() if one != column]
        found.append(Index(f"reviews_by_{name}", "state", column, "n", *_CELL, *rest))
        found.append(Index(f"reviews_cell_{name}", "state", *_CELL, column, "n", *rest))
    return [*found, *(Index(f"reviews_{column}", "state", column) for column in ("route", "model", "prompt"))]


class ReviewRow(SQLModel, table=True):
    __tablename__ = "reviews"
    __table_args__ = (
        *_lists(),
        Index("reviews_lead", "state", text("(due_at - created_at)")),
        Index("reviews_ticket", "ticket_id", "state"),
        Index("reviews_expiry", "expires_at", sqlite_where=_WAITING),
        Index("reviews_claimed", "claimed_by", sqlite_where=_CLAIMED),
        Index("reviews_wake", "snoozed_until", sqlite_where=_SNOOZED),
        Index("reviews_held_by", "held_by", "n", sqlite_where=_HELD),
    )

    n: int | None = _number()
    id: str = Field(unique=True)
    request_id: str = Field(foreign_key="proposals.request_id")
    ticket_id: str = Field(foreign_key="tickets.id")
    work_id: str | None = None
    gate: str = _body()
    fingerprint: str
    state: str = "open"
    created_at: datetime = Field(sa_type=Instant)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    on_expiry: str = "hold"
    snoozed_until: datetime | None = Field(default=None, sa_type=Instant)
    assignee: str | None = None
    held_by: str | None = None
    held_from: str | None = None
    subject: str = ""
    reason: str = ""
    sentence: str = ""
    reasons: str = _body()
    route: str = ""
    model: str = ""
    prompt: str = ""
    risk: str = "low"
    amount: int = Field(default=0, sa_type=BigInteger)
    currency: str | None = None
    hidden: int = 0
    fence: int = 0
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=Instant)
    planted: bool = _no()


class PlantedRow(SQLModel, table=True):
    """A planted case: what is wrong with it, made from which review, and what became of it. state: waiting, caught,
    missed, withdrawn."""

    __tablename__ = "planted"
    __table_args__ = (Index("planted_origin", "origin"), Index("planted_at", "at"), Index("planted_waiting", "state"))

    review_id: str = Field(primary_key=True, foreign_key="reviews.id")
    ticket_id: str = Field(foreign_key="tickets.id")
    origin: str
    kind: str
    said: str = _body()
    fault: str = _body()
    by: str
    at: datetime = Field(sa_type=Instant)
    state: str = "waiting"
    answered_by: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=Instant)


class ReviewActionRow(SQLModel, table=True):
    """Which action kinds a review proposes, for the switches of action kinds."""

    __tablename__ = "review_actions"
    __table_args__ = (Index("review_actions_kind", "kind", "review_id"),)

    review_id: str = Field(primary_key=True, foreign_key="reviews.id")
    kind: str = Field(primary_key=True)


class ReviewCountRow(SQLModel, table=True):
    """How many reviews a cell holds; `assignee` is empty for nobody. Kept by triggers (migration 0002)."""

    __tablename__ = "review_counts"

    state: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    assignee: str = Field(primary_key=True)
    risk: str = Field(primary_key=True)
    count: int


class SwitchedCountRow(SQLModel, table=True):
    """How many reviews of a state each switch would touch; kind `held_by`: how many one holds. Kept by triggers."""

    __tablename__ = "switched_counts"

    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    count: int


class DecisionRow(SQLModel, table=True):
    """state: standing, waiting_for_second, undone, void."""

    __tablename__ = "decisions"
    __table_args__ = (Index("decisions_review", "review_id"),)

    id: str = Field(primary_key=True)
    review_id: str = Field(foreign_key="reviews.id")
    actor: str
    at: datetime = Field(sa_type=Instant)
    fingerprint: str
    body: str = _body()
    outcome: str = _body()
    before: str = _body()
    state: str = "standing"
    undo_until: datetime | None = Field(default=None, sa_type=Instant)


class ApprovalRow(SQLModel, table=True):
    """One person's yes to exactly one envelope."""

    __tablename__ = "approvals"

    review_id: str = Field(primary_key=True, foreign_key="reviews.id")
    actor: str = Field(primary_key=True)
    fingerprint: str
    decision_id: str
    at: datetime = Field(sa_type=Instant)


_LIVE = text("state IN ('queued', 'running', 'done')")


class ExecutionRow(SQLModel, table=True):
    """`batch` is the decision or the work it came from; within a batch, `position` is the order. A key lives once."""

    __tablename__ = "executions"
    __table_args__ = (
        Index("executions_key", "idempotency_key", unique=True, sqlite_where=_LIVE),
        Index("executions_due", "state", "due_at"),
        Index("executions_batch", "batch", "position", unique=True),
        Index("executions_ticket", "ticket_id", "state"),
        Index("executions_customer", "customer_id", "created_at"),
    )

    id: str = Field(primary_key=True)
    batch: str
    position: int
    ticket_id: str = Field(foreign_key="tickets.id")
    review_id: str | None = Field(default=None, foreign_key="reviews.id")
    decision_id: str | None = Field(default=None, foreign_key="decisions.id")
    message_id: str | None = None
    request_id: str = Field(foreign_key="proposals.request_id")
    kind: str
    action: str = _body()
    envelope_hash: str
    idempotency_key: str
    state: str = "queued"
    attempt: int = 0
    due_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    external_id: str | None = None
    failure: str | None = None
    worker: str | None = None
    route: str = ""
    model: str = ""
    prompt: str = ""
    rules_version: str = ""
    customer_id: str | None = None
    amount: int = Field(default=0, sa_type=BigInteger)
    currency: str | None = None


class SwitchRow(SQLModel, table=True):
    __tablename__ = "switches"

    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    on: bool = True
    who: str = ""
    why: str = ""
    since: datetime | None = Field(default=None, sa_type=Instant)
    waiting: str = "hold"
    until: datetime | None = Field(default=None, sa_type=Instant)


class JournalRow(SQLModel, table=True):
    """`shown` and `ran` are digests of what was on screen and of what was let go; `hash` covers the row and `previous`."""

    __tablename__ = "journal"
    __table_args__ = (Index("journal_ticket", "ticket_id", "seq"),)

    seq: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    )
    at: datetime = Field(sa_type=Instant)
    actor: str
    kind: str
    subject: str
    ticket_id: str | None = None
    data: str = _body()
    shown: str | None = None
    ran: str | None = None
    previous: str
    hash: str


class AttemptRow(SQLModel, table=True):
    __tablename__ = "attempts"
    __table_args__ = (Index("attempts_ticket", "ticket_id", "n"),)

    n: int | None = _number()
    id: str = Field(unique=True)
    ticket_id: str = Field(foreign_key="tickets.id")
    step: str
    route: str
    outcome: str
    at: datetime = Field(sa_type=Instant)
    body: str = _body()


class RepeatRow(SQLModel, table=True):
    __tablename__ = "repeats"
    __table_args__ = (Index("repeats_reply", "reply_id"), Index("repeats_route", "route", "at"))

    message_id: str = Field(primary_key=True)
    reply_id: str = Field(primary_key=True)
    ticket_id: str
    route: str
    prompt_version: str = ""
    failure_code: str | None = None
    why: str
    confusion: bool = False
    at: datetime = Field(sa_type=Instant)


class NoteRow(SQLModel, table=True):
    __tablename__ = "notes"
    __table_args__ = (Index("notes_ticket", "ticket_id", "n"),)

    n: int | None = _number()
    ticket_id: str = Field(foreign_key="tickets.id")
    at: datetime = Field(sa_type=Instant)
    actor: str
    text: str = Field(sa_type=Raw)


class DraftRow(SQLModel, table=True):
    __tablename__ = "drafts"

    review_id: str = Field(primary_key=True, foreign_key="reviews.id")
    actor: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    body: str = _body()


class TallyRow(SQLModel, table=True):
    """A roll-up: how often `name` happened for `key` in the bucket that starts at `at` (0: a gauge, how many there are)."""

    __tablename__ = "tallies"

    name: str = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    key: str = Field(primary_key=True)
    count: int = 0


class WorkerRow(SQLModel, table=True):
    __tablename__ = "workers"

    id: str = Field(primary_key=True)
    host: str
    pid: int
    since: datetime = Field(sa_type=Instant)
    beat_at: datetime = Field(sa_type=Instant)
    buried: bool = False


class WebhookRow(SQLModel, table=True):
    """What is to go back to a filer. state: waiting, sent, failed."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("webhooks_due", "state", "due_at"), Index("webhooks_review", "review_id"))

    id: str = Field(primary_key=True)
    review_id: str
    ticket_id: str
    url: str
    kind: str
    state: str = "waiting"
    attempt: int = 0
    due_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    last: str = ""


class PromptVersionRow(SQLModel, table=True):
    """A prompt that a worker was started with; kept when the worker is gone, so that versions can be compared."""

    __tablename__ = "prompt_versions"

    version: str = Field(primary_key=True)
    name: str
    model: str
    first_at: datetime = Field(sa_type=Instant)
    body: str = _body()


class WorkerPromptRow(SQLModel, table=True):
    """Which versions a worker runs."""

    __tablename__ = "worker_prompts"

    worker: str = Field(primary_key=True)
    version: str = Field(primary_key=True)


def table(model: type[SQLModel]) -> Table:
    """The Core table of a class, for the hot statements."""
    return SQLModel.metadata.tables[str(model.__tablename__)]
