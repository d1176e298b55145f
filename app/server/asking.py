"""Who asks, whether they may, and what a route needs to answer: the one dependency of every route."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, TypeAdapter

from app.server import rights
from store import once
from store.people import People
from store.queue import Forbidden, Invalid, NotSignedIn, Queue
from store.roles import Bearer

if TYPE_CHECKING:
    from app.server.hub import Hub
    from app.server.integrations.posting import Posting
    from app.server.lookers import Presence

T = TypeVar("T")

V1 = "/v1"
"""Where every route of this contract lies."""

_bearer = HTTPBearer(auto_error=False, description="The token that enrolment gave: `Authorization: Bearer lct_…`")


@dataclass
class House:
    """What the server is made of: the queue, the people, the journal's hub, who looks at what, and what goes back."""

    queue: Queue
    people: People
    hub: Hub
    presence: Presence
    threads: ThreadPoolExecutor
    posting: Posting

    async def ask(self, question: Callable[[], T]) -> T:
        """Asks the people's tables in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, question)


class Asking:
    """One request: the house and its bearer."""

    def __init__(self, house: House, bearer: Bearer | None) -> None:
        self.house = house
        self._bearer = bearer

    @property
    def bearer(self) -> Bearer:
        if self._bearer is None:
            raise NotSignedIn("Sign in first: lastclick login.")
        return self._bearer

    @property
    def name(self) -> str:
        return self.bearer.user.name

    @property
    def queue(self) -> Queue:
        return self.house.queue

    def own(self, name: str, what: str) -> None:
        """Whoever a body names must be who asks: the token alone says who acts."""
        if name != self.name:
            raise Invalid(f"{what}: you are signed in as {self.name}, and act in no other name.")


async def asking(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Asking:
    """Looks the token up at every request, so that a revoked one ends at once; then the role in the table of rights."""
    house: House = request.app.state.house
    allowed = rights.RIGHTS.get((request.method, request.scope["route"].path_format))
    if allowed == rights.ANYONE:
        return Asking(house, None)
    if credentials is None:
        raise NotSignedIn("No token came with this request. Sign in: lastclick login.")
    bearer = await house.ask(lambda: house.people.bearer(credentials.credentials))
    if allowed is None or bearer.user.role not in allowed:
        raise Forbidden(f"The role {bearer.user.role} may not do this.")
    return Asking(house, bearer)


class Writing(Asking):
    """A request that changes something, under its own key."""

    def __init__(self, here: Asking, key: once.Key) -> None:
        super().__init__(here.house, here.bearer)
        self._key = key

    async def once(self, shape: Any, change: Callable[[], Awaitable[T]]) -> T:
        """Makes the change, or returns what the same request answered before. `shape` is the type of the answer."""
        with once.under(self._key):
            try:
                return await change()
            except once.Again as again:
                answer: T = TypeAdapter(shape).validate_json(again.answer)
                return answer


KEY = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="A new one for every request; the same one again gets the same answer and changes nothing.",
    ),
]


async def writing(request: Request, here: Annotated[Asking, Depends(asking)], idempotency_key: KEY) -> Writing:
    asked = f"{request.method} {request.scope['path']}\n".encode() + await request.body()
    return Writing(here, once.Key(here.name, idempotency_key, hashlib.sha256(asked).hexdigest()))


def said(value: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A value of the contract as it is: it was checked when it was made."""
    return Response(value.model_dump_json(), status, headers, media_type="application/json")
