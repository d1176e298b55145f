"""A clock that is driven, and a worker that lives by it, so that weeks pass in minutes.

The clock runs as any clock does; when nothing is in work it is moved on to what comes next. Every process that has the same
file has the same time. What a broken build does wrong is done in the worker, where it would be done in life.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from app.workflow import repeats, worker
from config.load import load
from config.settings import settings
from store import measuring, moment, noting, working
from store.case import Case
from store.contract import Message, Proposal
from store.live import RepeatContact
from store.local_work import LocalWork

LEAKS = 20_000_000
"""Bytes of each message that the leaking build keeps."""


class Clock:
    """The same time for every process that opens the file; it is made when missing."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._ahead = mmap.mmap(file.fileno(), 8)

    def now(self) -> datetime:
        (ahead,) = struct.unpack("<q", self._ahead[:8])
        return datetime.now(UTC) + timedelta(microseconds=ahead)

    def reach(self, at: datetime) -> None:
        """Moves on to that time; where it is later already, it stays."""
        if at > self.now():
            self._ahead[:8] = struct.pack("<q", (at - datetime.now(UTC)) // timedelta(microseconds=1))

    @contextmanager
    def governs(self) -> Iterator[None]:
        """Within, the store goes by this clock."""
        with mock.patch.object(moment, "own", self.now):
            yield


def serve(home: str, clock: str, rule: str, *broken: str) -> None:
    """A worker as it is in life, under that clock. `rule` "thread": links are made by the thread, not by what is said."""
    where = settings(home=Path(home))
    with ExitStack() as stack:
        stack.enter_context(Clock(Path(clock)).governs())
        if rule == "thread":
            stack.enter_context(mock.patch.object(repeats, "link", by_thread))
        for name in [name for name in broken if name in BROKEN]:
            BROKEN[name](stack)
        worker.run(where, load(where.rules))


def by_thread(
    message: Message, _intents: object, replies: Sequence[tuple[Message, Proposal]], days: float, _subject: str
) -> RepeatContact | None:
    """The newest reply within the window on what these customers have written: each of them has one matter."""
    since = message.at - timedelta(days=days)
    within = [pair for pair in replies if since <= pair[0].at < message.at]
    if not within:
        return None
    return repeats.contact(message, *max(within, key=lambda pair: pair[0].at))


# ── broken builds ────────────────────────────────────────────────────────────


def _twice(stack: ExitStack) -> None:
    """A reply that somebody came back on is counted twice."""
    honest = noting.repeat

    def repeat(session: Any, contact: RepeatContact) -> None:
        honest(session, contact)
        honest(session, contact)

    stack.enter_context(mock.patch.object(noting, "repeat", repeat))


def _hour(stack: ExitStack) -> None:
    """It is counted in the hour of the contact, not of the reply."""
    honest, returned, of = noting.repeat, measuring.returned, threading.local()

    def repeat(session: Any, contact: RepeatContact) -> None:
        of.contact = contact
        honest(session, contact)

    def later(sheet: Any, _at: datetime, proposal: Proposal, text: str) -> None:
        returned(sheet, of.contact.at, proposal, text)

    stack.enter_context(mock.patch.object(noting, "repeat", repeat))
    stack.enter_context(mock.patch.object(measuring, "returned", later))


def _deaf(stack: ExitStack) -> None:
    """Every third contact is not linked."""
    honest = working.link_repeat

    def link_repeat(session: Any, contact: RepeatContact) -> None:
        if hashlib.sha256(contact.message_id.encode()).digest()[0] % 3:
            honest(session, contact)

    stack.enter_context(mock.patch.object(working, "link_repeat", link_repeat))


def _leak(stack: ExitStack) -> None:
    """Something of each message stays in memory."""
    honest, kept = LocalWork.case, list[bytes]()

    def case(work: LocalWork, work_id: str) -> Case:
        kept.append(b"x" * LEAKS)
        return honest(work, work_id)

    stack.enter_context(mock.patch.object(LocalWork, "case", case))


BROKEN: dict[str, Callable[[ExitStack], None]] = {"twice": _twice, "hour": _hour, "deaf": _deaf, "leak": _leak}
