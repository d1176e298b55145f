"""A refusal as it goes over HTTP: problem details (RFC 9457) out of a `QueueError`, and the same `QueueError` back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from store.contract import Line, Review, Time, now
from store.queue import (
    Conflict,
    Forbidden,
    Invalid,
    LeaseLost,
    NotFound,
    NotSignedIn,
    QueueError,
    Taken,
    TooOld,
    Unavailable,
)

CONTRACT = 1
"""The number of the HTTP contract: a client and a server that differ in it do not talk."""

MEDIA = "application/problem+json"
_URN = "urn:lastclick:problem:"

KINDS: tuple[tuple[str, int, str, type[QueueError]], ...] = (
    ("not-signed-in", 401, "Not signed in", NotSignedIn),
    ("forbidden", 403, "Not allowed", Forbidden),
    ("not-found", 404, "Not found", NotFound),
    ("taken", 423, "Another has it", Taken),
    ("lease-lost", 409, "The claim is gone", LeaseLost),
    ("conflict", 409, "Something else is there", Conflict),
    ("too-old", 410, "The resume point is too old", TooOld),
    ("invalid", 422, "The request is wrong", Invalid),
    ("unavailable", 503, "The store cannot be reached", Unavailable),
)
"""Name, status, title and class of every refusal of the door."""


class Problem(BaseModel):
    """RFC 9457, with what a refusal of the queue tells beyond its sentence."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    review: Review | None = None
    decided_by: Line | None = None
    decided_at: Time | None = None
    by: Line | None = None
    until: Time | None = None


def problem(error: QueueError) -> Problem:
    """What is sent for a refusal."""
    name, status, title = next(
        ((name, status, title) for name, status, title, kind in KINDS if isinstance(error, kind)),
        ("unavailable", 503, "The store cannot be reached"),
    )
    told = {each: getattr(error, each, None) for each in ("field", "review", "decided_by", "decided_at", "by", "until")}
    return Problem(type=_URN + name, title=title, status=status, detail=str(error), **told)


def plain_problem(status: int, title: str, detail: str) -> Problem:
    """A refusal of the server itself, before the queue was asked."""
    return Problem(type="about:blank", title=title, status=status, detail=detail)


def refusal(status: int, body: Any) -> QueueError:
    """The refusal that a server's problem stands for; of one that is not ours, the nearest."""
    try:
        told = Problem.model_validate(body)
    except ValidationError:
        return _by_status(status, f"The server answered {status} in words this Lastclick does not understand.")
    kind = next((kind for name, _, _, kind in KINDS if told.type == _URN + name), None)
    if kind is Conflict:
        return Conflict(
            told.detail,
            review=told.review,
            field=told.field,
            decided_by=told.decided_by,
            decided_at=told.decided_at,
        )
    if kind is Taken:
        return Taken(told.detail, by=told.by or "someone", until=_time(told.until))
    return kind(told.detail) if kind is not None else _by_status(status, told.detail)


def _by_status(status: int, text: str) -> QueueError:
    if status in (401, 403, 404):
        return {401: NotSignedIn, 403: Forbidden, 404: NotFound}[status](text)
    return Invalid(text) if 400 <= status < 500 else Unavailable(text)


def _time(at: datetime | None) -> datetime:
    return at or now()
