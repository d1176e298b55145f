"""What the workflow knows about one ticket while it handles it: plain values that the pure rules judge."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from store.contract import (
    Action,
    Alternative,
    Attempt,
    Claim,
    Customer,
    Evidence,
    Failure,
    Gate,
    GateReason,
    Json,
    Line,
    Message,
    Proposal,
    Route,
    Ticket,
    Time,
    Value,
)


class Intent(Value):
    """One thing the customer wants, with the calibrated probability that it does."""

    name: Line
    p: float


class Classification(Value):
    """All intents above the grey band (best first), the grey ones apart, and how far out of scope the text is.

    `confidence` is the calibrated probability that the best intent is right, 0..1. `energy` is logsumexp of the scores:
    low means out of scope. `agree` is None when only one model could answer.
    """

    intents: tuple[Intent, ...] = ()
    grey: tuple[Intent, ...] = ()
    confidence: float = 0.0
    energy: float = 0.0
    out_of_scope: bool = False
    agree: bool | None = None
    model: Line = ""


class Clues(Value):
    """What the customer supplied, verbatim from the ticket: never a guess. Each value stands in the text."""

    order_ids: tuple[Line, ...] = ()
    emails: tuple[Line, ...] = ()
    names: tuple[Line, ...] = ()
    zips: tuple[Line, ...] = ()
    phones: tuple[Line, ...] = ()
    amounts: tuple[Line, ...] = ()
    dates: tuple[Line, ...] = ()
    payment_method_ids: tuple[Line, ...] = ()
    customer_ids: tuple[Line, ...] = ()
    tracking_ids: tuple[Line, ...] = ()
    invoice_ids: tuple[Line, ...] = ()


class Record(Value):
    """One record of the shop in canonical field names (see `config/defaults/sources.toml`); amounts are minor units."""

    kind: Line
    id: Line
    values: dict[str, Json]
    read_at: Time
    version: Line = ""
    uri: Line | None = None


class Facing(Value):
    """A case that somebody has before them, with the actions of it that rest on facts."""

    review_id: Line
    fingerprint: Line
    actions: tuple[Action, ...]


class Facts(Value):
    """What look-up found. Records are only there for a verified customer."""

    customer: Customer = Customer()
    clues: Clues = Clues()
    records: tuple[Record, ...] = ()
    passages: tuple[Evidence, ...] = ()
    conversations: tuple[Evidence, ...] = ()
    contradictions: tuple[Line, ...] = ()
    systems: tuple[Line, ...] = ()


class Reply(Value):
    """A draft answer of one model: sentences with the evidence they name, and typed actions."""

    model: Line
    prompt: Line = ""
    prompt_version: Line = ""
    sentences: tuple[Claim, ...] = ()
    actions: tuple[Action, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    internal_note: str = ""
    missing: tuple[Line, ...] = ()
    stops: tuple[GateReason, ...] = ()
    """Why a person must read it, as the drafter sees it: a wish that the records forbid, one it could not place."""

    def text(self) -> str:
        """The reply as the customer would read it."""
        return "\n\n".join(sentence.text for sentence in self.sentences)


class Routing(Value):
    """What ROUTE says: the way, and what to do next. `message` is the code in messages.toml for `ask` and `review`."""

    route: Route
    then: Literal["go_on", "ask", "retry", "review"]
    message: Line | None = None
    missing: tuple[Line, ...] = ()


class Case(Value):
    """A ticket on its way: everything the pure rules read. Built up step by step; a step never changes what is there."""

    ticket: Ticket
    messages: tuple[Message, ...]
    message: Message
    details: Line = ""
    classification: Classification | None = None
    facts: Facts | None = None
    attempts: tuple[Attempt, ...] = ()
    failure: Failure | None = None
    route: Route | None = None
    reply: Reply | None = None
    alternatives: tuple[Alternative, ...] = ()


class Ending(Value):
    """Where the workflow leaves a ticket.

    send: the reply and the low-risk actions go out by themselves. ask: one question goes to the customer. review: a person
    decides. hold: a switch is off and waiting items hold. close: nothing to do (an out-of-office reply, a thank-you).
    """

    how: Literal["send", "ask", "review", "hold", "close"]
    proposal: Proposal
    gate: Gate = Gate()
    customer: Customer = Customer()
    failure: Failure | None = None
    intents: tuple[Intent, ...] = ()
    why: Line = ""
    attempts: tuple[Attempt, ...] = Field(default=())
