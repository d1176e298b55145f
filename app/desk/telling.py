"""The case that is told: claimed, let go, read out, and what of it can be asked for. What decides it is `spoken`'s."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from app.desk import aloud, told
from app.desk.deciding import OpenCase
from app.desk.guard import SETTLE_SECONDS
from store import plain
from store.contract import Draft, Review
from store.live import Row, View
from store.queue import Queue, QueueError, Taken

RENEW_SECONDS = 20.0

Say = Callable[[str], None]
Hear = Callable[[], Awaitable[str | None]]


class Telling:
    """Which case is open, whose it is, and what is said of it."""

    def __init__(
        self, queue: Queue, actor: str, say: Say, hear: Hear, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._queue = queue
        self._actor = actor
        self._out = say
        self._hear = hear
        self._clock = clock
        self._case: OpenCase | None = None
        self._told_at = 0.0
        self._decided: tuple[str, str] | None = None
        self._edits: dict[str, dict[str, Any]] = {}
        self._reply: str | None = None
        self._question: Callable[[], Awaitable[None]] | None = None
        self._seen: list[str] = []

    # ── which case ───────────────────────────────────────────────────────────

    async def _next(self, rest: str) -> None:
        here = self._case.review.id if self._case else None
        await self._leave()
        page = await self._queue.page(View(), limit=50)
        order = [row for row in page.rows if row.review_id != here]
        fresh = [row for row in order if row.review_id not in self._seen] or order
        for row in fresh:
            if await self._take(row.review_id):
                return
        self._say("Nothing else waits." if here else "Nothing waits.")

    async def _open(self, rest: str) -> None:
        found = await self._find(rest.removeprefix("ticket").strip())
        if found is None:
            self._say(f"No waiting case has the number “{rest}”. Say list to hear what waits.")
        elif self._case is None or self._case.review.id != found.review_id:
            await self._leave()
            await self._take(found.review_id)
        else:
            self._tell()

    async def _find(self, number: str) -> Row | None:
        after: str | None = None
        while number:
            page = await self._queue.page(View(), after, 50)
            for row in page.rows:
                if number in {row.ticket_id, row.review_id}:
                    return row
            if (after := page.next) is None:
                break
        return None

    async def _take(self, review_id: str) -> bool:
        """Claim it and tell it; False when another has it."""
        try:
            lease = await self._queue.claim(self._actor, review_id)
        except Taken as taken:
            self._say(f"{taken.by} has {review_id} open until {taken.until.astimezone():%H:%M}.")
            return False
        if lease is None:
            return False
        self._show(await self._queue.review(review_id))
        assert self._case is not None
        self._case.lease = lease
        self._seen = [*self._seen[-200:], review_id]
        return True

    def _show(self, review: Review) -> None:
        lease = self._case.lease if self._case and self._case.review.id == review.id else None
        self._case = OpenCase(review, self._clock(), lease)
        self._case.sources_listed = [each.id for each in review.proposal.evidence]  # all are read out
        self._edits, self._reply = {}, None
        self._tell()

    def _tell(self) -> None:
        if self._case is None:
            self._say("No case is open. Say next.")
            return
        for line in told.case(self._case, "", self._actor):
            self._say(line)
        self._told_at = self._clock()

    async def _leave(self) -> None:
        await self._keep_draft()
        case, self._case = self._case, None
        if case is not None and case.lease is not None:
            with contextlib.suppress(QueueError):
                await self._queue.release(case.lease)

    async def _keep_draft(self) -> None:
        if self._case is not None and (self._edits or self._reply is not None):
            draft = Draft(review_id=self._case.review.id, actor=self._actor, args=self._edits, reply=self._reply)
            self._edits, self._reply = {}, None
            with contextlib.suppress(QueueError):
                await self._queue.keep_draft(draft)
                self._say("Your edits are kept as a draft.")

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            case = self._case
            if case is not None and case.lease is not None:
                with contextlib.suppress(QueueError):
                    case.lease = await self._queue.renew(case.lease)

    # ── reading ──────────────────────────────────────────────────────────────

    async def _read(self, rest: str) -> None:
        self._tell()

    async def _list(self, rest: str) -> None:
        await aloud.queue(self._queue, self._say)

    async def _messages(self, rest: str) -> None:
        if (case := self._the_case()) is not None:
            aloud.messages(case, self._say)

    async def _source(self, rest: str) -> None:
        if (case := self._the_case()) is not None:
            aloud.source(case, rest, self._say)

    async def _history(self, rest: str) -> None:
        if (case := self._the_case()) is not None:
            await aloud.history(self._queue, case, self._say)

    # ── small ────────────────────────────────────────────────────────────────

    def _ready(self, number: str) -> OpenCase | None:
        """The open case, if a verdict on it can be meant: heard long enough, or named by its number."""
        case = self._the_case()
        if case is None:
            return None
        ticket = case.review.proposal.ticket.id
        if number and number != ticket:
            self._say(f"“{number}” is not open. This is {ticket}.")
            return None
        if not number and self._clock() - self._told_at < SETTLE_SECONDS:
            self._say(f"That came before the case was told. Say it again, or with its number {ticket}.")
            return None
        return case

    def _the_case(self) -> OpenCase | None:
        if self._case is None:
            self._say("No case is open. Say next.")
        return self._case

    def _needs(self, rest: str, what: str) -> bool:
        if not rest:
            self._say(f"Say {what} on the same line.")
        return bool(rest)

    def _say(self, line: str) -> None:
        self._out(plain.painted(line))
