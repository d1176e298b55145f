"""The values everyone exchanges: the Python API, the wire format and the JSON Schema at once.

Money is integer minor units and an ISO 4217 code; times are aware UTC; every outside text is made plain on the way in
(`store.plain`), so no value of this module can carry a control sequence to a terminal. Action arguments keep their JSON
types and bytes: what was proposed is what runs.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from store import moment, plain

Identity = Literal["verified", "weak", "unknown"]
Risk = Literal["low", "high"]
FailureClass = Literal["temporary", "permanent", "policy", "unknown_outcome"]
NextStep = Literal["retry", "ask_customer", "review", "send", "hold"]
ReviewState = Literal["open", "snoozed", "held", "decided", "superseded", "expired", "handed_over"]
ExecutionState = Literal["queued", "running", "done", "failed", "unknown", "void"]
TicketState = Literal["new", "working", "waiting_for_customer", "in_review", "answered", "held", "closed"]

Json = Any
REPLY = "reply"
"""The action id under which the customer reply of a proposal is decided."""
DECISIONS = "x-decisions"
"""In the schema of an outside action: the decisions that its sender takes. Without it, all."""
RETURNED = "x-returned"
"""In the schema of an outside action: its sender carries it out, and nothing of ours does."""

Line = Annotated[str, AfterValidator(plain.line)]
"""One line of outside text, made plain."""
Body = Annotated[str, AfterValidator(plain.body)]
"""Outside text of several lines, made plain."""
Time = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]


def now() -> datetime:
    """The current time, aware, UTC: the shared database's where there is one."""
    return moment.now()


class Value(BaseModel):
    """A frozen value; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Money(Value):
    """An amount in minor units (cents) of an ISO 4217 currency."""

    minor: int
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]

    def __str__(self) -> str:
        sign = {"EUR": "€", "USD": "$", "GBP": "£"}.get(self.currency, self.currency + " ")
        whole, cents = divmod(abs(self.minor), 100)
        return f"{'-' if self.minor < 0 else ''}{sign}{whole:,}.{cents:02d}"


# ── tickets ──────────────────────────────────────────────────────────────────


class Customer(Value):
    """Whom the ticket speaks for. `id` is a record's id only when identity is verified or weak."""

    id: Line | None = None
    name: Line = ""
    identity: Identity = "unknown"
    how: Line = ""


class Ticket(Value):
    """One conversation with one customer."""

    id: Line
    url: Line | None = None
    channel: Line = "email"
    subject: Line = ""
    customer: Customer = Customer()
    state: TicketState = "new"
    version: int = 1
    created_at: Time = Field(default_factory=now)


class Message(Value):
    """One message of a ticket. `hidden` counts the characters that were made visible."""

    id: Line
    ticket_id: Line
    direction: Literal["inbound", "outbound"]
    at: Time
    author: Line = ""
    sender: Line | None = None
    """What the channel proves about who wrote (an authenticated address), never what the text says."""
    text: Body = ""
    hidden: int = 0
    ai_handled: bool = False


class IncomingMessage(Value):
    """A message as a channel hands it over: raw. `message_id` is the channel's, and the idempotency key.

    `thread` is the channel's thread id: the same thread is the same ticket. `sender` is what the channel proves about
    who wrote (an authenticated address), never what the text says.
    """

    message_id: str
    thread: str
    channel: str = "email"
    subject: str = ""
    author: str = ""
    sender: str | None = None
    text: str
    at: Time = Field(default_factory=now)


# ── proposals ────────────────────────────────────────────────────────────────


class Source(Value):
    """Who filed the proposal. `state` is opaque and returned untouched."""

    system: Line = "lastclick"
    run_id: Line = ""
    thread_id: Line = ""
    callback_url: Line | None = None
    state: Json = None


class Watermark(Value):
    """How far into the ticket the proposal had read."""

    last_customer_message_id: Line | None
    ticket_version: int


class Trigger(Value):
    """A routing rule that fired."""

    code: Line
    reason: Line


class Attempt(Value):
    """One try of one step: a row of its own, never hidden. Durations in ms, cost in millionths of the model's currency."""

    step: Line
    number: int = 1
    model: Line = ""
    prompt: Line = ""
    prompt_version: Line = ""
    route: Line = ""
    at: Time = Field(default_factory=now)
    ms: float = 0.0
    outcome: Literal["ok", "temporary", "permanent", "unclear"] = "ok"
    code: Line = ""
    detail: Line = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micros: int = 0


class Route(Value):
    """Which way the ticket went, and why, in one plain sentence."""

    name: Line
    model: Line
    model_not_chosen: Line = ""
    prompt: Line = ""
    prompt_version: Line = ""
    code: Line
    reason: Line
    triggers: tuple[Trigger, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    cost_micros: int = 0


class FieldDiff(Value):
    """What an action would change in a record."""

    field: Line
    before: Json = None
    after: Json = None


class Precondition(Value):
    """A fact that must still hold when the action runs, e.g. `order #W1 status` is `pending`."""

    record: Line
    record_id: Line
    field: Line
    expected: Json


class Action(Value):
    """A typed change to the world. Target, amount and description are ours, made from typed fields."""

    action_id: Line
    kind: Line
    args: dict[str, Json] = Field(default_factory=dict)
    args_schema: dict[str, Json] = Field(default_factory=dict)
    description: Line = ""
    target: Line = ""
    amount: Money | None = None
    reversible: bool = False
    diff: tuple[FieldDiff, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    idempotency_key: Line = ""


class Evidence(Value):
    """A quoted piece of a trusted source, with where and when it was read."""

    id: Line
    kind: Literal["record", "passage", "message", "external"]
    title: Line
    quote: Body
    uri: Line | None = None
    read_at: Time = Field(default_factory=now)
    version: Line | None = None


class Claim(Value):
    """One sentence of the reply. A claim without a problem stands in the evidence that it names."""

    text: Body
    kind: Literal["courtesy", "question", "claim"] = "claim"
    evidence_ids: tuple[Line, ...] = ()
    problem: Line | None = None


class Alternative(Value):
    """What another model proposed for the same ticket."""

    model: Line
    actions: tuple[Action, ...] = ()
    reply: Body = ""


class Proposal(Value):
    """Customer reply + internal note + actions + evidence. `request_id` is the caller's idempotency key."""

    request_id: Line
    created_at: Time = Field(default_factory=now)
    expires_at: Time | None = None
    on_expiry: Literal["hold", "reject", "hand_over"] = "hold"
    source: Source = Source()
    ticket: Ticket
    watermark: Watermark
    job: Line = "action"
    intents: tuple[Line, ...] = ()
    confidence: float | None = None
    route: Route
    actions: tuple[Action, ...] = ()
    message: Body | None = None
    """What the customer wrote that this answers. The gate reads it for words that stop; without it those rules stop."""
    customer_reply: Body | None = None
    internal_note: Body = ""
    evidence: tuple[Evidence, ...] = ()
    claims: tuple[Claim, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    failure: Failure | None = None
    hidden: int = 0
    rules_version: Line = ""

    @model_validator(mode="after")
    def _action_ids_are_distinct(self) -> Proposal:
        ids = [action.action_id for action in self.actions]
        if len(set(ids)) != len(ids) or REPLY in ids:
            raise ValueError(f"action ids must be distinct and none may be {REPLY!r}: {ids}")
        return self

    def to_decide(self) -> tuple[str, ...]:
        """The ids a decision must answer, each exactly once, in the order shown.

        Where nothing is proposed the reply is: a person can still write one, or say that none is sent.
        """
        ids = tuple(action.action_id for action in self.actions)
        return (*ids, REPLY) if self.customer_reply is not None or not ids else ids


class Failure(Value):
    """What failed, for both readers, and the one next step. Cannot be built without all of them."""

    step: Annotated[Line, Field(min_length=1)]
    class_: Annotated[FailureClass, Field(alias="class")]
    code: Annotated[Line, Field(min_length=1)]
    customer_text: Annotated[Body, Field(min_length=1)]
    internal_note: Annotated[Body, Field(min_length=1)]
    next_step: NextStep

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


# ── reviews and decisions ────────────────────────────────────────────────────


class GateReason(Value):
    """One rule that stopped the proposal."""

    code: Line
    text: Line
    limit: Line | None = None
    actual: Line | None = None
    to: Line | None = None
    short: Line = ""
    """The same in a few words, for lists; empty: `text` serves."""
    general: bool = False
    """A reason that many proposals share ("moves money"): drawn after the telling ones, and quieter."""


class ChangedFact(Value):
    """A fact that an action rests on and that is another by now."""

    record: Line
    record_id: Line
    field: Line
    expected: Json
    actual: Json


class FactsRead(Value):
    """What was found when the facts of a case were read again while somebody had it before them."""

    at: Time
    changed: tuple[ChangedFact, ...] = ()


class Gate(Value):
    """Why it stopped and who may let it go. No reasons: it may go out by itself."""

    reasons: tuple[GateReason, ...] = ()
    risk: Risk = "low"
    needs: Literal["one", "two"] = "one"
    role: Line | None = None


class Lease(Value):
    """A claim on a review. The fence only grows; a write with an old fence changes nothing."""

    review_id: Line
    actor: Line
    fence: int
    until: Time


class Note(Value):
    at: Time
    actor: Line
    text: Body


class Draft(Value):
    """An agent's half-written edits of one review, kept when a lease is lost or the desk closes."""

    review_id: Line
    actor: Line
    at: Time = Field(default_factory=now)
    args: dict[str, dict[str, Json]] = Field(default_factory=dict)
    reply: Body | None = None
    internal_note: Body | None = None


class Review(Value):
    """A proposal that stopped for a person, as it is shown. `fingerprint` covers proposal and gate."""

    id: Line
    proposal: Proposal
    gate: Gate
    fingerprint: Line
    state: ReviewState = "open"
    created_at: Time
    due_at: Time | None = None
    snoozed_until: Time | None = None
    assignee: Line | None = None
    held_by: Line | None = None
    claimed_by: Line | None = None
    claimed_until: Time | None = None
    approvals: tuple[Line, ...] = ()
    newest_customer_message_id: Line | None = None
    messages: tuple[Message, ...] = ()
    notes: tuple[Note, ...] = ()
    draft: Draft | None = None
    facts: FactsRead | None = None


class Approve(Value):
    type: Literal["approve"] = "approve"
    action_id: Line


class Edit(Value):
    """Approve with other arguments. For the reply: `args={"text": …}`."""

    type: Literal["edit"] = "edit"
    action_id: Line
    args: dict[str, Json]


class Reject(Value):
    type: Literal["reject"] = "reject"
    action_id: Line
    code: Line
    message: Body = ""


class Respond(Value):
    """Do not run it; tell the customer this instead (or, for an outside filer, the model)."""

    type: Literal["respond"] = "respond"
    action_id: Line
    message: Body


Verdict = Annotated[Approve | Edit | Reject | Respond, Field(discriminator="type")]


class Retry(Value):
    """Send it round the workflow again with what the model did not know."""

    type: Literal["retry"] = "retry"
    details: Body


class HandOver(Value):
    type: Literal["hand_over"] = "hand_over"
    to: Line


class Snooze(Value):
    type: Literal["snooze"] = "snooze"
    until: Time


class Decision(Value):
    """What a person decided, bound to what was shown. Either every id is answered once, or `instead` is set.

    `id` is the client's: the same decision again is a no-op with the same answer.
    """

    id: Line
    review_id: Line
    fingerprint: Line
    watermark: Watermark
    actor: Line
    at: Time = Field(default_factory=now)
    took_ms: int = 0
    evidence_opened: tuple[Line, ...] = ()
    evidence_shown: tuple[Line, ...] = ()
    """Sources that stood on screen by name; `evidence_opened` are those that were read."""
    verdicts: tuple[Verdict, ...] = ()
    internal_note: Body | None = None
    instead: Annotated[Retry | HandOver | Snooze, Field(discriminator="type")] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Decision:
        if bool(self.verdicts) == (self.instead is not None):
            raise ValueError("a decision is either verdicts or one of retry, hand_over, snooze")
        return self


class Outcome(Value):
    """What a decision led to. `effect` names it in words ("refund €120.00, reply"); undo works until `undo_until`."""

    decision_id: Line
    review_id: Line
    effect: Line
    undo_until: Time | None = None
    waits_for_second: bool = False
    told: Line = ""
    """A word to who decided, and to nobody else: that it went fast, or that the case was planted."""
    execution_ids: tuple[Line, ...] = ()


class Execution(Value):
    """One approved action (or reply, kind `send_reply`) being carried out."""

    id: Line
    ticket_id: Line
    review_id: Line | None = None
    decision_id: Line | None = None
    message_id: Line | None = None
    action: Action
    envelope_hash: Line
    state: ExecutionState = "queued"
    attempt: int = 0
    order: int = 0
    due_at: Time
    external_id: Line | None = None
    failure: Failure | None = None
    key_since: Time | None = None
    """At a dispatch: when the peer may first have got the key, by this execution or by one before it."""
    sent_before: bool = False
    """At a dispatch: an earlier execution had the same key, and a person let the same deed go again."""


Proposal.model_rebuild()


def canonical(value: BaseModel | dict[str, Json]) -> bytes:
    """The bytes a hash is taken over: sorted keys, no spaces, UTF-8, JSON types as they are."""
    data = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )


def fingerprint(proposal: Proposal, gate: Gate) -> str:
    """SHA-256 over the envelope that is on screen: the whole proposal and the gate's reasons."""
    return hashlib.sha256(canonical(proposal) + b"\n" + canonical(gate)).hexdigest()


def action_hash(action: Action) -> str:
    """SHA-256 over one action: what was approved is what runs."""
    return hashlib.sha256(canonical(action)).hexdigest()


def deed_hash(action: Action) -> str:
    """SHA-256 over what is done, however it is told: the same deed is the same bytes for the peer."""
    amount = action.amount.model_dump(mode="json") if action.amount else None
    told = {"kind": action.kind, "target": action.target, "args": action.args, "amount": amount}
    return hashlib.sha256(canonical(told)).hexdigest()
