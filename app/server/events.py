"""Events: the journal as a stream that can be cut and taken up again at any number, without a gap or a repeat."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from app.server.asking import V1, Asking, asking, said
from app.server.hub import BEAT_SECONDS, Entry
from store.contract import now
from store.live import Event
from store.queue import TooOld

Out = Callable[[bytes], Awaitable[None]]

router = APIRouter(prefix=V1, tags=["events"])
_NUMBER = {"ge": 0, "le": 2**62}


class Head(BaseModel):
    seq: int


@router.get("/events/head", response_model=Head)
async def head(here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(Head(seq=await here.queue.head()))


@router.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    here: Annotated[Asking, Depends(asking)],
    after: Annotated[int | None, Query(**_NUMBER)] = None,
    last_event_id: Annotated[int | None, Header(**_NUMBER)] = None,
) -> Response:
    """Server-sent events. `entry`: a journal entry, its id the journal's number. `ready`: where the stream begins, at once.
    `reset`: the number is too old or of another journal; read everything again. `over`: the token ended."""
    start = last_event_id if last_event_id is not None else after
    return Stream(here, start, await here.queue.head())


class Stream(Response):
    """Sends while the connection lives; a slow reader holds up nobody but itself."""

    media_type = "text/event-stream"

    def __init__(self, here: Asking, after: int | None, newest: int) -> None:
        super().__init__()
        del self.headers["content-length"]
        self.headers["x-accel-buffering"] = "no"
        self._here, self._hub = here, here.house.hub
        self._after = newest if after is None else after
        self._known = self._after <= newest
        self._spoken = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        sending, gone = asyncio.create_task(self._send(send)), asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        """One loop and no task for a piece: with thousands of followers that is most of what an event costs."""

        async def out(body: bytes) -> None:
            self._spoken = time.monotonic()
            await send({"type": "http.response.body", "body": body, "more_body": True})

        if not self._known:
            await out(_reset(f"The journal ends before {self._after}: it is another one. Read everything again."))
            return
        await out(b"id: %d\nevent: ready\ndata: {}\n\n" % self._after)
        try:
            async with aclosing(self._hub.entries(self._after)) as batches:
                async for batch in batches:
                    if self._here.bearer.expires_at <= now():
                        await out(_over())
                        return
                    if not await self._batch(batch, out):
                        return
                    if time.monotonic() - self._spoken >= BEAT_SECONDS:
                        await out(b": beat\n\n")
        except TooOld as error:
            await out(_reset(str(error)))

    async def _batch(self, batch: list[Entry], out: Out) -> bool:
        """Sends what this follower may see. False: the token was ended by one of these events."""
        seen: list[bytes] = []
        for entry in batch:
            if _ends(entry.event, self._here):
                await out(b"".join(seen) + _over())
                return False
            if await _may_see(entry.event, self._here):
                seen.append(entry.sent)
        if seen:
            await out(b"".join(seen))
        return True


async def _gone(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _ends(event: Event, here: Asking) -> bool:
    """Whether this event takes the follower's right away."""
    token = event.kind == "token.revoked" and event.subject == here.bearer.token_id
    return token or (event.kind == "user.revoked" and event.subject == here.name)


async def _may_see(event: Event, here: Asking) -> bool:
    """A producer sees what happens to its own proposals; people and workers see everything."""
    if here.bearer.user.role != "producer":
        return True
    if event.kind.startswith("proposal."):
        return event.data.get("system") == here.name
    if not event.kind.startswith(("review.", "decision.", "execution.")):
        return False
    return await here.house.ask(lambda: here.house.people.filer(event.subject)) == here.name


def _reset(why: str) -> bytes:
    return b"event: reset\ndata: %s\n\n" % json.dumps({"detail": why}).encode()


def _over() -> bytes:
    return b"event: over\ndata: %s\n\n" % json.dumps({"detail": "This token ended. Sign in again."}).encode()
