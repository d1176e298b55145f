"""Public threads as weeks of traffic: who writes what when, and in which ticket it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from store.contract import IncomingMessage
from tests.campaigns.hostile import rows

BEGINS = datetime(2027, 3, 1, 6, 0, tzinfo=UTC)
TOGETHER = timedelta(hours=3)
"""Messages of so many hours may be in work at once."""
AT_ONCE = 8


@dataclass(frozen=True)
class Arrival:
    """One customer message. `matter` is the thread of the source: one customer, one matter."""

    at: datetime
    matter: str
    message: IncomingMessage


def arrivals(data: Path, weeks: int, threads: tuple[int, ...] | None = None) -> list[Arrival]:
    """The messages of so many threads of SUMO and of Twitter (None: all), oldest first; what comes after the weeks is left
    out.

    Within a thread the times are the source's. A SUMO question begins where its number lies between the first and the
    last of the file; the tweets have no date, so a hash says when each talk begins.
    """
    ends = BEGINS + timedelta(weeks=weeks)
    questions = rows(data, "messy", "sumo_threads")
    numbers = [_number(row) for row in questions]
    lowest, whole = min(numbers), max(numbers) - min(numbers) + 1
    sumo, twitter = threads or (None, None)
    found = [
        one
        for row in _some(questions, sumo)
        for one in _question(row, BEGINS + (ends - BEGINS) * ((_number(row) - lowest) / whole))
    ]
    for row in _some(rows(data, "messy", "twitter_support"), twitter):
        found += _tweets(row, BEGINS + (ends - BEGINS) * (_hash(row["id"]) / 2**48))
    return sorted((one for one in found if one.at < ends), key=lambda one: (one.at, one.message.message_id))


def together(messages: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    """What comes within a few hours, never two messages of one matter: each may find an answer to the one before."""
    some: list[Arrival] = []
    for one in messages:
        known = any(one.matter == other.matter for other in some)
        if some and (known or len(some) == AT_ONCE or one.at - some[0].at > TOGETHER):
            yield some
            some = []
        some.append(one)
    if some:
        yield some


def _question(row: dict[str, Any], begins: datetime) -> Iterator[Arrival]:
    """A question and what its author wrote below it: messages of one ticket."""
    for message in _written(row, begins):
        yield Arrival(
            message.at,
            row["id"],
            message.model_copy(update={"thread": row["id"], "channel": "forum", "subject": row["title"]}),
        )


def _tweets(row: dict[str, Any], begins: datetime) -> Iterator[Arrival]:
    """A tweet stands alone: each is a ticket of its own, by the same customer."""
    for message in _written(row, begins):
        yield Arrival(message.at, row["id"], message.model_copy(update={"channel": "twitter"}))


def _written(row: dict[str, Any], begins: datetime) -> Iterator[IncomingMessage]:
    """What the customer wrote, each in a thread of its own."""
    for place, said in enumerate(row["messages"]):
        if said["by"] == "customer":
            yield IncomingMessage(
                message_id=f"{row['id']}.{place}",
                thread=f"{row['id']}.{place}",
                author="Customer",
                sender=f"{row['id']}@example.com",
                text=said["text"],
                at=begins + timedelta(hours=said["hours"]),
            )


def _some(threads: list[dict[str, Any]], count: int | None) -> list[dict[str, Any]]:
    return threads if count is None else sorted(threads, key=lambda row: _hash("some" + row["id"]))[:count]


def _number(row: dict[str, Any]) -> int:
    return int(row["id"].rpartition("-")[2])


def _hash(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)
