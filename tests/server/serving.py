"""A real server on loopback for tests: uvicorn on a loop of its own thread, a real socket, real users with real tokens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from app.server.application import Options, application
from app.server.run import Address, Server, config, listen
from store.contract import Decision, Draft, Gate, IncomingMessage, Lease, Outcome, Proposal, Review, Ticket, Verdict
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
from store.local import LocalQueue
from store.people import People
from store.planted_told import Planted, PlantedFigures, Planting
from store.queue import Conflict, Invalid, Queue
from store.remote import RemoteQueue
from store.roles import Role

_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The loop on which all servers of this process run."""
    global _loop  # noqa: PLW0603
    if _loop is None:
        _loop = asyncio.new_event_loop()
        threading.Thread(target=_loop.run_forever, name="servers", daemon=True).start()
    return _loop


class Served:
    """A server over a queue; `token` gives a user's token, made when it is first asked for."""

    def __init__(
        self,
        url: str | Path,
        judge: Judge,
        options: Options | None = None,
        head_seconds: float = 10.0,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self.local = LocalQueue(url, judge)
        self.people = People(open_database(url))
        self.app = application(self.local, self.people, options)
        socket = listen(Address(port=0))
        self.port = socket.getsockname()[1]
        address = Address(port=self.port, cert=tls[0], key=tls[1]) if tls else Address(port=self.port)
        self.url = address.url
        self._tokens: dict[str, str] = {}
        self.server = Server(self.app, config(self.app, address, head_seconds))
        asyncio.run_coroutine_threadsafe(self._start(socket), loop()).result(20)

    def token(self, name: str, role: Role = "lead", **more: Any) -> str:
        """The token of this user, who is added when they are new."""
        if name not in self._tokens:
            try:
                code = self.people.add(name, role, by="test", **more)
            except Conflict:
                code = self.people.code(name, by="test")
            self._tokens[name], _ = self.people.enrol(code)
        return self._tokens[name]

    def local_submit(self, number: str, thread: str) -> None:
        """A customer's message that comes in on the side, not over HTTP."""
        item = IncomingMessage(message_id=number, thread=thread, text="Where is it?")
        asyncio.run_coroutine_threadsafe(self.local.submit(item), loop()).result(20)

    async def _start(self, socket: Any) -> None:
        self.server.config.load()
        self.server.lifespan = self.server.config.lifespan_class(self.server.config)
        await self.server.startup([socket])
        await self.server.on_tick(0)

    def stop(self) -> None:
        """Ends it at once, as a power cut would for its clients."""
        asyncio.run_coroutine_threadsafe(self._stop(), loop()).result(20)

    async def _stop(self) -> None:
        for one in self.server.servers:
            one.close()
        for connection in list(self.server.server_state.connections):
            connection.transport.abort()  # type: ignore[union-attr]
        await self.server.lifespan.shutdown()
        if self.server.server_state.tasks:
            await asyncio.wait(self.server.server_state.tasks, timeout=5)
        await self.local.close()
        self.people.close()


class Everyone:
    """`Queue` for tests that act as several people: each request goes over HTTP with the token of whoever acts."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._queues: dict[str, RemoteQueue] = {}

    async def of(self, name: str, role: Role = "lead") -> RemoteQueue:
        if not name.strip():
            raise Invalid("actor: say who acts.")
        if name not in self._queues:
            token = await asyncio.to_thread(self.served.token, name, role)
            self._queues[name] = await RemoteQueue.open(self.served.url, token)
        return self._queues[name]

    async def _reader(self) -> RemoteQueue:
        return await self.of("reader", "auditor")

    async def page(self, view: View, after: str | None = None, limit: int = 50) -> Page:
        return await (await self._reader()).page(view, after, limit)

    async def counts(self, view: View) -> dict[str, int]:
        return await (await self._reader()).counts(view)

    async def search(self, words: str, after: str | None = None, limit: int = 50) -> Page:
        return await (await self._reader()).search(words, after, limit)

    async def review(self, review_id: str) -> Review:
        return await (await self._reader()).review(review_id)

    async def history(self, ticket_id: str) -> TicketHistory:
        return await (await self._reader()).history(ticket_id)

    async def ticket(self, ticket_id: str) -> Ticket:
        return await (await self._reader()).ticket(ticket_id)

    async def submit(self, item: IncomingMessage | Proposal) -> str:
        name = item.source.system if isinstance(item, Proposal) else "channel"
        return await (await self.of("filer" if name == "lastclick" else name, "producer")).submit(item)

    async def claim(self, actor: str, review_id: str | None = None, view: View | None = None) -> Lease | None:
        return await (await self.of(actor)).claim(actor, review_id, view)

    async def renew(self, lease: Lease) -> Lease:
        return await (await self.of(lease.actor)).renew(lease)

    async def release(self, lease: Lease) -> None:
        await (await self.of(lease.actor)).release(lease)

    async def stats(self, question: Question, actor: str = "") -> Stats:
        return await (await self.of(actor or "ana")).stats(question, actor)

    async def cases(self, asked: Behind, after: str | None = None, limit: int = 50) -> CasePage:
        return await (await self._reader()).cases(asked, after, limit)

    async def operations(self, hours: int = 24) -> tuple[Operation, ...]:
        return await (await self._reader()).operations(hours)

    async def spot_checks(self, actor: str, after: str | None = None, limit: int = 50) -> SpotPage:
        return await (await self.of(actor)).spot_checks(actor, after, limit)

    async def grade(self, grade: Grade) -> Graded:
        return await (await self.of(grade.actor)).grade(grade)

    async def plant(self, asked: Planting) -> Planted:
        return await (await self.of(asked.by)).plant(asked)

    async def planted(self) -> PlantedFigures:
        return await (await self._reader()).planted()

    async def withdraw_planted(self, actor: str) -> Planted:
        return await (await self.of(actor)).withdraw_planted(actor)

    async def regate(self, review_id: str, verdicts: tuple[Verdict, ...]) -> Gate:
        return await (await self.of("ana")).regate(review_id, verdicts)

    async def decide(self, decision: Decision, lease: Lease) -> Outcome:
        return await (await self.of(decision.actor)).decide(decision, lease)

    async def undo(self, decision_id: str, actor: str) -> None:
        await (await self.of(actor)).undo(decision_id, actor)

    async def keep_draft(self, draft: Draft) -> None:
        await (await self.of(draft.actor)).keep_draft(draft)

    async def note(self, ticket_id: str, actor: str, text: str) -> None:
        await (await self.of(actor)).note(ticket_id, actor, text)

    async def switches(self) -> tuple[Switch, ...]:
        return await (await self._reader()).switches()

    async def preview(self, switch: Switch) -> SwitchPreview:
        return await (await self.of("ola", "oncall")).preview(switch)

    async def throw(self, switch: Switch) -> Switch:
        return await (await self.of(switch.who, "oncall")).throw(switch)

    async def counters(self, hours: int = 168) -> Counters:
        return await (await self._reader()).counters(hours)

    async def past(self, after: str | None = None, limit: int = 100) -> PastPage:
        return await (await self._reader()).past(after, limit)

    async def prompts(self) -> tuple[PromptUse, ...]:
        return await (await self._reader()).prompts()

    async def look(self, actor: str, review_id: str | None) -> tuple[Looking, ...]:
        return await (await self.of(actor)).look(actor, review_id)

    async def head(self) -> int:
        return await (await self._reader()).head()

    async def follow(self, after: int | None = None) -> AsyncIterator[Event]:
        async for event in (await self._reader()).follow(after):
            yield event

    async def close(self) -> None:
        for one in self._queues.values():
            await one.close()
        await asyncio.to_thread(self.served.stop)


_: type[Queue] = Everyone
