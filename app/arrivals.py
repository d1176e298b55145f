"""Customers' messages on their way into a queue: a day of tickets played live, and what a ticket file held."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from app.ticket_files import FIELDS, BadFile, Parsed
from store.contract import IncomingMessage, Proposal, now
from store.live import Event
from store.queue import Conflict

AT_ONCE = 10
"""How many tickets wait when the day begins."""
SECONDS_A_MINUTE = 1.0
"""Of the day, at speed 1; no gap is shorter than 2 or longer than 8 seconds."""


class Door(Protocol):
    """The part of the queue's door that arrivals need."""

    async def submit(self, item: IncomingMessage | Proposal) -> str: ...

    def follow(self, after: int | None = None) -> AsyncIterator[Event]: ...


# ── a day, live ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Arrival:
    """One message of a day. It comes `at` minutes into it, or `wait` minutes after the message `after` was answered."""

    message: IncomingMessage
    at: float | None
    after: str | None = None
    wait: float = 0.0
    meant: Mapping[str, Any] = field(default_factory=dict)
    """What the ticket is there to show: `ends`, and the codes of `trigger`, `gate` and `failure` it should meet."""


def day(path: Path) -> tuple[Arrival, ...]:
    """The arrivals of a day's file, in its order. Raises ValueError naming the line, or OSError."""
    arrivals = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            message = {name: row[name] for name in FIELDS if name != "at" and name in row}
            arrivals.append(
                Arrival(
                    IncomingMessage(**message),
                    row.get("at"),
                    row.get("after"),
                    row.get("wait", 0.0),
                    row.get("meant", {}),
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path.name}:{number}: {error}") from error
    return tuple(arrivals)


async def play(
    queue: Door,
    arrivals: Sequence[Arrival],
    *,
    speed: float = 1.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    arrived: Callable[[Arrival], None] = lambda arrival: None,
) -> int:
    """File the day's messages as time passes, dated with the moment they come; returns how many are in the queue.

    Runs until the last one that can come has come: follow-ups wait for the answer to their ticket, so cancel it to stop.
    Filing the same day again changes nothing. Raises what the queue raises.
    """
    pace = _Pace(speed, sleep, arrived)
    waiting: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        if arrival.after:
            waiting.setdefault(arrival.after, []).append(arrival)
    answers = _Answers()
    listening = asyncio.create_task(answers.listen(queue.follow(0)))
    coming: list[asyncio.Task[None]] = []
    try:
        before, first = 0.0, [one for one in arrivals if not one.after]
        for place, arrival in enumerate(first):
            minute = arrival.at or 0.0
            if place >= AT_ONCE:
                await sleep(_gap(minute - before, speed))
            before = minute
            ticket = await _file(queue, arrival, pace)
            coming += [
                asyncio.create_task(_follow_up(queue, later, answers.of(ticket), pace))
                for later in waiting.get(arrival.message.message_id, ())
            ]
        rest = asyncio.create_task(_all(coming))
        await asyncio.wait((rest, listening), return_when=asyncio.FIRST_COMPLETED)
        if rest.done():
            rest.result()
        else:
            listening.result()  # the journal can no longer be followed: say so rather than wait for ever
        return len(first) + sum(task.done() for task in coming)
    finally:
        for task in (*coming, listening):
            task.cancel()
        await asyncio.gather(*coming, listening, return_exceptions=True)


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)


class _Answers:
    """Which tickets were answered, learned from the journal."""

    def __init__(self) -> None:
        self._answered: dict[str, asyncio.Event] = {}

    def of(self, ticket_id: str) -> asyncio.Event:
        return self._answered.setdefault(ticket_id, asyncio.Event())

    async def listen(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            if event.kind == "message.sent":
                self.of(event.subject).set()


@dataclass(frozen=True)
class _Pace:
    speed: float
    sleep: Callable[[float], Awaitable[None]]
    arrived: Callable[[Arrival], None]


async def _follow_up(queue: Door, arrival: Arrival, answered: asyncio.Event, pace: _Pace) -> None:
    await answered.wait()
    await pace.sleep(_gap(arrival.wait, pace.speed))
    await _file(queue, arrival, pace)


async def _file(queue: Door, arrival: Arrival, pace: _Pace) -> str:
    """The ticket of the message. One that is known with other contents stays as it is, under its thread."""
    message = arrival.message.model_copy(update={"at": now()})
    try:
        ticket = await queue.submit(message)
    except Conflict:
        return message.thread
    pace.arrived(arrival)
    return ticket


def _gap(minutes: float, speed: float) -> float:
    """Seconds to wait for that many minutes of the day."""
    return min(max(minutes * SECONDS_A_MINUTE, 2.0), 8.0) / speed


# ── files ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Filed:
    """How an import ended: how many of its messages are in the queue, and the ids of those known with other contents."""

    messages: int
    conflicts: tuple[str, ...] = ()


async def file(queue: Door, parsed: Parsed, *, skip_bad: bool = False) -> Filed:
    """File what was parsed: nothing while a line is bad, unless `skip_bad` says to take the good ones.

    Filing the same file again changes nothing. Raises `BadFile` when lines are bad, and what the queue raises.
    """
    if parsed.problems and not skip_bad:
        raise BadFile(f"{len(parsed.problems)} bad lines: nothing was filed")
    conflicts = []
    for message in parsed.messages:
        try:
            await queue.submit(message)
        except Conflict:
            conflicts.append(message.message_id)
    return Filed(len(parsed.messages) - len(conflicts), tuple(conflicts))
