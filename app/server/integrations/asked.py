"""What another system asks a person, whatever its words: calls, each with typed arguments and the decisions it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from store.contract import (
    DECISIONS,
    RETURNED,
    Action,
    Body,
    Customer,
    Json,
    Line,
    Proposal,
    Route,
    Source,
    Ticket,
    Value,
    Watermark,
)

Answer = Literal["approve", "edit", "reject", "respond"]
EVERY: tuple[Answer, ...] = ("approve", "edit", "reject", "respond")
NOT_SUPPLIED = "not supplied by the sender"


class Misread(ValueError):
    """The request is not of the shape it says it is; names the place."""


class Call(Value):
    """One call that waits for a person. `id` is the sender's, where it has one."""

    name: Line
    args: dict[str, Json] = Field(default_factory=dict)
    description: Body = ""
    id: Line = ""
    allowed: tuple[Answer, ...] = EVERY
    args_schema: dict[str, Json] = Field(default_factory=dict)


class Asked(Value):
    """All calls of one request, in its order. `shape` says in which words it is answered."""

    shape: Line
    calls: tuple[Call, ...] = Field(min_length=1)


class Envelope(Value):
    """What comes with a request beside its words. `request_id` is the idempotency key; `state` is returned untouched."""

    request_id: Line
    run_id: Line = ""
    thread_id: Line = ""
    callback_url: Line | None = None
    state: Json = None
    ticket: Ticket | None = None
    note: Body = ""


def proposal(asked: Asked, envelope: Envelope, request: Json) -> Proposal:
    """The request as a proposal: values keep their types, and what the sender did not say is said to be missing."""
    ticket = envelope.ticket or Ticket(
        id=envelope.thread_id or envelope.request_id,
        channel="outside",
        subject=", ".join(dict.fromkeys(call.name for call in asked.calls)),
        customer=Customer(how=NOT_SUPPLIED),
    )
    return Proposal(
        request_id=envelope.request_id,
        source=Source(
            run_id=envelope.run_id,
            thread_id=envelope.thread_id,
            callback_url=envelope.callback_url,
            state={"shape": asked.shape, "request": request, "state": envelope.state},
        ),
        ticket=ticket,
        watermark=Watermark(last_customer_message_id=None, ticket_version=ticket.version),
        route=Route(name="outside", model=NOT_SUPPLIED, prompt="", code="outside", reason=f"asked as {asked.shape}"),
        actions=tuple(_action(number, call) for number, call in enumerate(asked.calls, 1)),
        internal_note=envelope.note or f"No note: {NOT_SUPPLIED}.",
    )


def _action(number: int, call: Call) -> Action:
    schema: dict[str, Any] = dict(call.args_schema) or {"type": "object", "properties": {n: {} for n in call.args}}
    return Action(
        action_id=f"c{number}",
        kind=call.name,
        args=call.args,
        args_schema={**schema, DECISIONS: list(call.allowed), RETURNED: True},
        description=call.description or f"{call.name}: description {NOT_SUPPLIED}",
        target=call.id or NOT_SUPPLIED,
    )


def allowed(names: object, known: dict[str, Answer], where: str) -> tuple[Answer, ...]:
    """The decisions a sender names, in our words. Raises `Misread` for one that is not known."""
    if names is None:
        return EVERY
    if not isinstance(names, Sequence) or isinstance(names, str):
        raise Misread(f"{where}: a list of decisions")
    strange = [name for name in names if name not in known]
    if strange:
        raise Misread(f"{where}: {strange[0]!r} is not one of {', '.join(known)}")
    return tuple(dict.fromkeys(known[name] for name in names))


def table(value: object, where: str) -> dict[str, Any]:
    """A JSON object. Raises `Misread`."""
    if not isinstance(value, dict):
        raise Misread(f"{where}: an object is wanted, this is {type(value).__name__}")
    return value


def text(value: object, where: str) -> str:
    """A string. Raises `Misread`."""
    if not isinstance(value, str) or not value:
        raise Misread(f"{where}: a name is wanted")
    return value
