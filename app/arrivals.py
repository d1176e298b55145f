"""Customers' messages on their way into a queue: the sample day played live, and ticket files read whole and then filed."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from store.contract import IncomingMessage, Proposal, now
from store.live import Event
from store.queue import Conflict

AT_ONCE = 10
"""How many tickets wait when the day begins."""
SECONDS_A_MINUTE = 1.0
"""Of the day, at speed 1; no gap is shorter than 2 or longer than 8 seconds."""

FILE_BYTES_AT_MOST = 64 << 20
ROWS_AT_MOST = 100_000
TEXT_AT_MOST = 200_000
PROBLEMS_AT_MOST = 200

_FIELDS = ("message_id", "thread", "channel", "subject", "author", "sender", "text", "at")
_REQUIRED = ("message_id", "text")
_LIMITS = {
    "message_id": 400,
    "thread": 400,
    "channel": 60,
    "subject": 1_000,
    "author": 400,
    "sender": 320,
    "text": TEXT_AT_MOST,
}


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
            message = {name: row[name] for name in _FIELDS if name != "at" and name in row}
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
        rest = asyncio.gather(*coming)
        await asyncio.wait({rest, listening}, return_when=asyncio.FIRST_COMPLETED)
        if not rest.done():
            listening.result()  # the journal can no longer be followed: say so rather than wait for ever
        await rest
        return len(first) + len(coming)
    finally:
        for task in (*coming, listening):
            task.cancel()
        await asyncio.gather(*coming, listening, return_exceptions=True)


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
class BadLine:
    """One line that cannot be taken: its number, the field, and what is wrong with it."""

    line: int
    field: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.text}"


@dataclass(frozen=True)
class Parsed:
    """What a ticket file holds. `ignored` are columns that nothing reads, each with the nearest right name."""

    messages: tuple[IncomingMessage, ...]
    problems: tuple[BadLine, ...]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filed:
    """How an import ended: how many of its messages are in the queue, and the ids of those known with other contents."""

    messages: int
    conflicts: tuple[str, ...] = ()


class BadFile(Exception):
    """The file as a whole cannot be read: too large, not UTF-8, of another kind."""


def parse(path: Path) -> Parsed:
    """Read a ticket file, JSON Lines or CSV by its ending; nothing is filed.

    Fields: message_id and text are needed; thread (default: the message's id), channel, subject, author, at (ISO 8601 with
    a zone), and sender: an address only where the channel proves it. Raises `BadFile`, or OSError.
    """
    if path.suffix.lower() not in (".jsonl", ".ndjson", ".csv"):
        raise BadFile(f"{path.name}: only .jsonl and .csv files are read")
    if path.stat().st_size > FILE_BYTES_AT_MOST:
        raise BadFile(f"{path.name} is larger than {FILE_BYTES_AT_MOST >> 20} MiB: cut it into parts")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"{path.name} is not UTF-8 (byte {error.start})") from error
    return parse_text(text, is_csv=path.suffix.lower() == ".csv")


def parse_text(text: str, *, is_csv: bool) -> Parsed:
    """The same for the contents of a file. Pure."""
    messages: dict[str, IncomingMessage] = {}
    problems: list[BadLine] = []
    unread: dict[str, None] = {}
    for number, row in _csv_rows(text) if is_csv else _json_rows(text):
        if isinstance(row, BadLine):
            problems.append(row)
        elif len(messages) >= ROWS_AT_MOST:
            problems.append(BadLine(number, "file", f"more than {ROWS_AT_MOST:,} messages: cut it into parts"))
            break
        else:
            unread |= dict.fromkeys(name for name in row if name not in _FIELDS)
            found = _message(number, row, messages)
            problems += [found] if isinstance(found, BadLine) else []
            if isinstance(found, IncomingMessage):
                messages[found.message_id] = found
        if len(problems) >= PROBLEMS_AT_MOST:
            break
    return Parsed(tuple(messages.values()), tuple(problems), tuple(_hint(name) for name in unread))


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


def _message(
    number: int, row: Mapping[str, Any], known: Mapping[str, IncomingMessage]
) -> IncomingMessage | BadLine | None:
    """The row's message; what is wrong with it; or None for the same line again."""
    values: dict[str, Any] = {}
    for name in _FIELDS:
        value = row.get(name)
        if value in (None, ""):
            if name in _REQUIRED:
                return BadLine(number, name, "is missing")
            continue
        if not isinstance(value, str):
            return BadLine(number, name, "is not text")
        if name != "at" and len(value) > _LIMITS[name]:
            return BadLine(number, name, f"is longer than {_LIMITS[name]:,} characters")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            return BadLine(number, name, "holds half a character (a lone surrogate)")
        values[name] = value
    if "at" in values:
        moment = _moment(values["at"])
        if moment is None:
            return BadLine(number, "at", "is no ISO 8601 time with a zone, such as 2026-06-15T09:00:00Z")
        values["at"] = moment
    values.setdefault("thread", values["message_id"])
    message = IncomingMessage(**values)
    before = known.get(message.message_id)
    if before is None:
        return message
    same = before.model_dump(exclude={"at"}) == message.model_dump(exclude={"at"})
    return None if same else BadLine(number, "message_id", "stands there before with other contents")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any] | BadLine]]:
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: a text may hold U+2028
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, BadLine(number, "line", f"is no JSON: {error}")
            continue
        yield number, row if isinstance(row, dict) else BadLine(number, "line", "is no JSON object")


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any] | BadLine]]:
    csv.field_size_limit(TEXT_AT_MOST * 4)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield reader.line_num, BadLine(reader.line_num, "line", f"is no CSV: {error}")
            return
        if row is None:
            return
        if None in row:
            yield reader.line_num, BadLine(reader.line_num, "line", "has more cells than the header")
            continue
        yield reader.line_num, row


def _hint(name: str) -> str:
    near = get_close_matches(name, _FIELDS, n=1)
    return f"{name} (did you mean {near[0]}?)" if near else name
