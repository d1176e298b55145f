"""Who is signed in from a browser: the cookie's digest here, the token in this process's memory, on the disk only what the
browser's cookie opens, so that a restart signs nobody out."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.web.sealed import Kept, Shelf, seal, unseal
from store.account import Account, account
from store.queue import Forbidden, NotSignedIn, QueueError, Unavailable
from store.roles import User

if TYPE_CHECKING:
    from app.web.terminal import Terminal

MOST = 256
"""Sessions at a time."""
DESKS = 24
"""Open desks at a time: each is a process of some 100 MB."""
DESKS_EACH = 4
HAS_DESK = frozenset({"agent", "oncall", "lead", "auditor"})
_TOLD = 512
_IDLE = "You pressed no key for too long and were signed out."
_OUT = "You are signed out."


@dataclass(eq=False)
class Session:
    """One signed-in browser. `made_here`: its token was made by a code on our page, and ends with it."""

    digest: str
    token: str = field(repr=False)
    user: User
    made_here: bool
    sealed: str
    seen: float = field(default_factory=time.time)
    kept: float = 0.0
    desks: set[Terminal] = field(default_factory=set)

    def touch(self) -> None:
        """The person did something."""
        self.seen = time.time()


class Sessions:
    """All of them, against one server."""

    def __init__(self, server: str, idle_seconds: float, shelf: Shelf) -> None:
        self.server = server
        self._idle, self._shelf = idle_seconds, shelf
        self._open: dict[str, Session] = {}
        self._told: dict[str, str] = {}

    async def sign_in(self, secret: str) -> str:
        """The cookie of a new session, for a one-time code or a token. Raises `QueueError` with what to do."""
        if len(self._open) >= MOST:
            raise Unavailable("Too many people are signed in here. Try again when somebody has signed out.")
        token = secret.strip()
        made_here = not token.startswith("lct_")
        if made_here:
            async with self._account() as nobody:
                token, _ = await nobody.enrol(token)
        async with self._account(token) as mine:
            try:
                user = (await mine.me())[0].user
            except NotSignedIn:
                raise NotSignedIn("This token is not good: unknown, run out or revoked. Ask for a code.") from None
            if user.role not in HAS_DESK:
                if made_here:
                    await mine.end()
                raise Forbidden(f"{user.name} is a {user.role}, and that role has no desk. Ask for a person's code.")
        cookie = secrets.token_urlsafe(32)
        session = Session(_digest(cookie), token, user, made_here, seal(cookie, token))
        self._open[session.digest] = session
        self._keep(session)
        return cookie

    def of(self, cookie: str | None) -> Session | None:
        """The session behind a cookie, also one from before a restart."""
        if not cookie:
            return None
        return self._open.get(_digest(cookie)) or self._taken_up(cookie, _digest(cookie))

    def why_ended(self, cookie: str | None) -> str:
        """What there is to say to this browser of a session that ended; empty: nothing."""
        return self._told.get(_digest(cookie), "") if cookie else ""

    def full(self, session: Session) -> str:
        """Why one more desk is not opened; empty: it is."""
        if len(session.desks) >= DESKS_EACH:
            return f"You have {DESKS_EACH} desks open. Close one of them first."
        if sum(len(each.desks) for each in self._open.values()) >= DESKS:
            return "Too many desks are open here. Try again when somebody has closed one."
        return ""

    async def end(self, session: Session, why: str = _OUT) -> None:
        """Its desks end, and the token with it that was made for it."""
        if self._open.pop(session.digest, None) is None:
            return
        self._shelf.drop(session.digest)
        self._told[session.digest] = why
        while len(self._told) > _TOLD:
            del self._told[next(iter(self._told))]
        await asyncio.gather(*(desk.stop() for desk in tuple(session.desks)))
        if session.made_here:
            with contextlib.suppress(QueueError):  # it ends by its date, or was ended already
                async with self._account(session.token) as mine:
                    await mine.end()

    async def pause(self) -> None:
        """Every desk ends; who was signed in goes on when the server is there again."""
        for session in self._open.values():
            self._keep(session)
        await asyncio.gather(*(desk.stop() for session in self._open.values() for desk in tuple(session.desks)))

    async def look_round(self) -> None:
        """Ends who made no key for too long, and whose token the server takes no more."""
        await asyncio.gather(*(self._look_at(session) for session in tuple(self._open.values())))

    async def _look_at(self, session: Session) -> None:
        if time.time() - session.seen > self._idle:
            await self.end(session, _IDLE)
            return
        if session.kept != session.seen:
            self._keep(session)
        try:
            async with self._account(session.token) as mine:
                await mine.me()
        except NotSignedIn as ended:
            await self.end(session, str(ended))
        except QueueError:
            pass  # the desk itself says that the server is gone, and goes on when it is back

    def _keep(self, session: Session) -> None:
        session.kept = session.seen
        kept = Kept(user=session.user, made_here=session.made_here, seen=session.seen, sealed=session.sealed)
        self._shelf.put(session.digest, kept)

    def _taken_up(self, cookie: str, digest: str) -> Session | None:
        """A session that was put away. Whether its token is still good its desk learns from the server, as any other."""
        kept = self._shelf.find(digest)
        token = unseal(cookie, kept.sealed) if kept is not None else None
        if kept is None or token is None or len(self._open) >= MOST:
            return None
        if time.time() - kept.seen > self._idle:
            self._shelf.drop(digest)
            self._told[digest] = _IDLE
            return None
        session = Session(digest, token, kept.user, kept.made_here, kept.sealed, kept.seen, kept.seen)
        self._open[digest] = session
        return session

    @asynccontextmanager
    async def _account(self, token: str = "") -> AsyncIterator[Account]:
        mine = account(self.server, token)
        try:
            yield mine
        finally:
            await mine.close()


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
