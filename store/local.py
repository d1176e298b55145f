"""The queue over SQLite or PostgreSQL: every method is one transaction in a thread, so the desk never waits for a disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session

from store import (
    claims,
    counting,
    deciding,
    filing,
    following,
    journal,
    once,
    operations,
    passing,
    past,
    planted,
    prompting,
    reading,
    searching,
    spotting,
    stats,
    switching,
)
from store.contract import (
    Decision,
    Draft,
    Gate,
    IncomingMessage,
    Lease,
    Outcome,
    Proposal,
    Review,
    Ticket,
    Verdict,
    now,
)
from store.engine import open_database
from store.judge import Judge
from store.live import (
    Behind,
    CasePage,
    Counters,
    Event,
    Grade,
    Graded,
    Looking,
    Operation,
    Page,
    PastPage,
    PromptUse,
    Question,
    SpotPage,
    Stats,
    Switch,
    SwitchPreview,
    TicketHistory,
    View,
)
from store.planted_told import Planted, PlantedFigures, Planting
from store.queue import Invalid
from store.tables import NoteRow

T = TypeVar("T")

LONGEST_PAGE = 500
_THREADS = 4
"""Readers, and as many writers: who reads never waits behind writers that wait for their turn."""
_LOOK_AT_CLOCK = 1.0
"""Seconds between two looks for what should wake or expire: so a desk without a worker shows it too."""


class LocalQueue:
    """`Queue` over a SQLite file or a PostgreSQL database. Opening migrates it; raises `store.queue.Unavailable`."""

    def __init__(self, url: str | Path, judge: Judge) -> None:
        self._judge = judge
        self._database = open_database(url)
        self._readers = ThreadPoolExecutor(_THREADS, "queue-read")
        self._writers = ThreadPoolExecutor(_THREADS, "queue-write")
        self._looked = 0.0

    async def page(self, view: View, after: str | None = None, limit: int = 50) -> Page:
        """The clock is looked at first, so what should be awake is in the list."""
        await self._pass_time()
        return await self._read(lambda session: reading.page(session, view, after, _limit(limit)))

    async def counts(self, view: View) -> dict[str, int]:
        return await self._read(lambda session: reading.counts(session, view))

    async def search(self, words: str, after: str | None = None, limit: int = 50) -> Page:
        return await self._read(lambda session: searching.find(session, words, after, _limit(limit)))

    async def review(self, review_id: str) -> Review:
        return await self._read(lambda session: reading.review(session, review_id))

    async def history(self, ticket_id: str) -> TicketHistory:
        return await self._read(lambda session: reading.history(session, ticket_id))

    async def ticket(self, ticket_id: str) -> Ticket:
        return await self._read(lambda session: reading.ticket_value(reading.ticket_row(session, ticket_id)))

    async def submit(self, item: IncomingMessage | Proposal) -> str:
        if isinstance(item, Proposal):
            return await self._write(lambda session: filing.proposal(session, self._judge, item))
        return await self._write(lambda session: filing.message(session, item))

    async def claim(self, actor: str, review_id: str | None = None, view: View | None = None) -> Lease | None:
        await self._pass_time()
        return await self._write(lambda session: claims.claim(session, self._judge, _name(actor), review_id, view))

    async def renew(self, lease: Lease) -> Lease:
        return await self._write(lambda session: claims.renew(session, self._judge, lease))

    async def release(self, lease: Lease) -> None:
        await self._write(lambda session: claims.release(session, lease))

    async def regate(self, review_id: str, verdicts: tuple[Verdict, ...]) -> Gate:
        return await self._read(lambda session: deciding.regate(session, self._judge, review_id, verdicts))

    async def decide(self, decision: Decision, lease: Lease) -> Outcome:
        _name(decision.actor)
        return await self._write(lambda session: deciding.decide(session, self._judge, decision, lease))

    async def undo(self, decision_id: str, actor: str) -> None:
        await self._write(lambda session: deciding.undo(session, decision_id, actor))

    async def keep_draft(self, draft: Draft) -> None:
        await self._write(lambda session: claims.keep_draft(session, draft))

    async def note(self, ticket_id: str, actor: str, text: str) -> None:
        """A note changes no order in the queue: nothing is sorted by it."""
        if not text.strip():
            raise Invalid("text: a note is not empty.")

        def write(session: Session) -> None:
            ticket = reading.ticket_row(session, ticket_id)
            session.add(NoteRow(ticket_id=ticket.id, at=now(), actor=_name(actor), text=text))
            session.flush()
            journal.append(session, "note.added", ticket.id, actor=actor, ticket=ticket.id)

        await self._write(write)

    async def switches(self) -> tuple[Switch, ...]:
        return await self._read(switching.all_switches)

    async def preview(self, switch: Switch) -> SwitchPreview:
        return await self._read(lambda session: switching.preview(session, self._judge, switch))

    async def throw(self, switch: Switch) -> Switch:
        """The switch is off for every worker with the first commit; what waits is moved after it, some at a time."""
        thrown = await self._write(lambda session: switching.throw(session, switch))
        while await self._write(switching.sweep, asked=False):
            pass
        now_held = next(one.held for one in await self.switches() if (one.kind, one.name) == (thrown.kind, thrown.name))
        return thrown.model_copy(update={"held": now_held})

    async def counters(self, hours: int = 168) -> Counters:
        return await self._read(lambda session: counting.counters(session, max(1, hours)))

    async def past(self, after: str | None = None, limit: int = 100) -> PastPage:
        return await self._read(lambda session: past.page(session, after, _limit(limit)))

    async def prompts(self) -> tuple[PromptUse, ...]:
        return await self._read(prompting.everything)

    async def look(self, actor: str, review_id: str | None) -> tuple[Looking, ...]:
        """Nobody: desks on one database do not know of each other, only a server sees them all."""
        return ()

    async def head(self) -> int:
        return await self._read(journal.head)

    async def stats(self, question: Question, actor: str = "") -> Stats:
        return await self._read(lambda session: stats.stats(session, question, actor))

    async def cases(self, asked: Behind, after: str | None = None, limit: int = 50) -> CasePage:
        return await self._read(lambda session: stats.cases(session, asked, after, _limit(limit)))

    async def operations(self, hours: int = 24) -> tuple[Operation, ...]:
        return await self._read(lambda session: operations.operations(session, max(1, min(hours, 24 * 28))))

    async def spot_checks(self, actor: str, after: str | None = None, limit: int = 50) -> SpotPage:
        return await self._read(lambda session: spotting.page(session, _name(actor), after, _limit(limit)))

    async def grade(self, grade: Grade) -> Graded:
        _name(grade.actor)
        return await self._write(lambda session: spotting.grade(session, self._judge, grade))

    async def plant(self, asked: Planting) -> Planted:
        return await self._write(lambda session: planted.plant(session, self._judge, asked))

    async def planted(self) -> PlantedFigures:
        return await self._read(lambda session: planted.figures(session, self._judge))

    async def withdraw_planted(self, actor: str) -> Planted:
        return await self._write(lambda session: planted.withdraw(session, _name(actor)))

    def follow(self, after: int | None = None) -> AsyncIterator[Event]:
        return following.follow(self._database, after)

    async def close(self) -> None:
        """Waits for what is being written, then closes."""
        await asyncio.to_thread(self._writers.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        self._database.close()

    async def _read(self, ask: Callable[[Session], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._database.read, ask)

    async def _write(self, change: Callable[[Session], T], *, asked: bool = True) -> T:
        """`asked`: it is what somebody asked for, and under that request's key it is done once."""
        key = once.current() if asked else None
        doing = change if key is None else partial(once.do, key, change)
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._database.write, doing)

    async def _pass_time(self) -> None:
        if time.monotonic() - self._looked < _LOOK_AT_CLOCK:
            return
        self._looked = time.monotonic()
        if await self._read(passing.anything):
            await self._write(passing.tick, asked=False)
        await asyncio.get_running_loop().run_in_executor(self._writers, self._database.fold)


def _limit(limit: int) -> int:
    return max(1, min(limit, LONGEST_PAGE))


def _name(actor: str) -> str:
    if not actor.strip():
        raise Invalid("actor: say who acts.")
    return actor
