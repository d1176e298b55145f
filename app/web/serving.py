"""The web server: sign in, sign out, and a websocket with a desk process behind it for each open page."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from app.web import guard, pages
from app.web.errand import Errand
from app.web.guard import ORIGINS, Origins
from app.web.sealed import Shelf
from app.web.sessions import Session, Sessions
from app.web.terminal import Terminal
from store import plain
from store.queue import QueueError, Unavailable

LOOK_SECONDS = 20.0
LONGEST_FORM = 4096
LONGEST_MESSAGE = 256 * 1024
"""Bytes at a time from a page: a paste."""
SMALLEST, LARGEST = (20, 5), (500, 200)
"""Columns and rows of a page."""
SESSIONS = web.AppKey("sessions", Sessions)


@dataclass(frozen=True)
class Options:
    """`home`: one folder for each person's half-written edits. `idle_hours`: without a key pressed, then signed out."""

    home: Path
    keymap: Path
    idle_hours: float = 8.0
    look_seconds: float = LOOK_SECONDS


class Desks:
    """The routes."""

    def __init__(self, sessions: Sessions, origins: Origins, options: Options) -> None:
        self._sessions, self._origins, self._options = sessions, origins, options
        self._place = urlsplit(sessions.server).netloc

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.front),
            web.post("/login", self.login),
            web.post("/logout", self.logout),
            web.get("/ended", self.ended),
            web.get("/ws", self.socket),
            web.get("/page/{name}", self.own_file),
            web.get("/static/{name:.+}", self.terminal_file),
        ]

    async def front(self, request: web.Request) -> web.Response:
        """The desk for who is signed in, the form for everybody else."""
        session = self._session(request)
        if session is None:
            return self._form(self._sessions.why_ended(self._cookie(request)))
        session.touch()
        values = {"place": self._place, "user": session.user.name, "role": session.user.role}
        socket = f"{self._origins.socket(request.host)}/ws"
        return _html(pages.page("desk", **values, socket=socket))

    async def login(self, request: web.Request) -> web.StreamResponse:
        secret = str((await request.post()).get("secret", ""))
        try:
            cookie = await self._sessions.sign_in(secret)
        except QueueError as refused:
            return self._form(str(refused), 503 if isinstance(refused, Unavailable) else 403)
        if (before := self._session(request)) is not None:
            await self._sessions.end(before)
        answer = _home()
        answer.set_cookie(
            self._origins.cookie, cookie, httponly=True, samesite="Strict", secure=self._origins.secure, path="/"
        )
        return answer

    async def logout(self, request: web.Request) -> web.StreamResponse:
        if (session := self._session(request)) is not None:
            await self._sessions.end(session)
        return _home()

    async def ended(self, request: web.Request) -> web.Response:
        """Why the desk of this page ended, in a sentence."""
        session = self._session(request)
        kept = "Half-written edits are kept."
        if session is None:
            return web.Response(
                text=f"{self._sessions.why_ended(self._cookie(request)) or 'You are signed out.'} {kept}"
            )
        return web.Response(text=self._sessions.full(session) or f"This desk has ended. {kept}")

    async def own_file(self, request: web.Request) -> web.StreamResponse:
        return _file(request.match_info["name"], pages.OWN, pages.own)

    async def terminal_file(self, request: web.Request) -> web.StreamResponse:
        return _file(request.match_info["name"], pages.TERMINAL, pages.terminal)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """One desk for one page: it begins with the socket and ends with it."""
        session = self._session(request)
        if session is None:
            return guard.refused(401, "You are not signed in.")
        if full := self._sessions.full(session):
            return guard.refused(503, full)
        page = web.WebSocketResponse(heartbeat=15, max_msg_size=LONGEST_MESSAGE)
        terminal = Terminal(self._errand(session), page.send_bytes, page.close)
        session.desks.add(terminal)
        try:
            await page.prepare(request)
            await terminal.start(*_size(request.query.get("width"), request.query.get("height")))
            await _keys(page, terminal, session)
        finally:
            await terminal.stop()
            session.desks.discard(terminal)
            with contextlib.suppress(ConnectionError):
                await page.close()
        return page

    def _errand(self, session: Session) -> Errand:
        return Errand(
            server=self._sessions.server,
            user=session.user.name,
            token=session.token,
            home=self._options.home / session.user.name,
            keymap=self._options.keymap,
        )

    def _cookie(self, request: web.Request) -> str | None:
        return request.cookies.get(self._origins.cookie)

    def _session(self, request: web.Request) -> Session | None:
        return self._sessions.of(self._cookie(request))

    def _form(self, trouble: str, status: int = 200) -> web.Response:
        idle = f"{self._options.idle_hours:g} hours"
        return _html(pages.page("login", place=self._place, trouble=plain.line(trouble), idle=idle), status)


async def _keys(page: web.WebSocketResponse, terminal: Terminal, session: Session) -> None:
    """What the person does, until the page goes. Anything that our page does not send ends it."""
    async for message in page:
        said = _understood(message.data) if message.type is WSMsgType.TEXT else None
        if said is None:
            await page.close(code=WSCloseCode.POLICY_VIOLATION)
            return
        kind, value = said
        if kind == "stdin":
            session.touch()
            await terminal.send_bytes(value.encode("utf-8", "replace"))
        elif kind == "resize":
            await terminal.set_terminal_size(*value)
        elif kind == "ping":
            await page.send_json(["pong", value])
        elif kind == "focus":
            await terminal.focus()
        else:
            await terminal.blur()


def _understood(text: str) -> tuple[str, Any] | None:
    """One message of the terminal's script; None for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not found:
        return None
    kind, value = found[0], found[1] if len(found) > 1 else None
    if kind in ("blur", "focus"):
        return kind, None
    if kind in ("stdin", "ping") and isinstance(value, str):
        return kind, value
    if kind == "resize" and isinstance(value, dict):
        return kind, _size(value.get("width"), value.get("height"))
    return None


def _size(width: object, height: object) -> tuple[int, int]:
    given = [int(each) if isinstance(each, int | str) and str(each).isdecimal() else 0 for each in (width, height)]
    columns, rows = (min(most, max(least, n)) for n, least, most in zip(given, SMALLEST, LARGEST, strict=True))
    return columns, rows


def _home() -> web.Response:
    return web.Response(status=303, headers={"location": "/"})


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


def _file(name: str, known: dict[str, str], where: Any) -> web.StreamResponse:
    if name not in known:
        return guard.refused(404, "There is no such file.")
    return web.FileResponse(where(name), headers={"content-type": known[name], "cache-control": "no-cache"})


def application(server: str, origins: Origins, options: Options) -> web.Application:
    """The desk of this server for the browsers that open one of these addresses."""
    idle = options.idle_hours * 3600
    sessions = Sessions(server, idle, Shelf(options.home / "sessions", idle))
    made = web.Application(middlewares=[guard.middleware(origins)], client_max_size=LONGEST_FORM)
    made[ORIGINS], made[SESSIONS] = origins, sessions
    made.add_routes(Desks(sessions, origins, options).routes())
    made.on_response_prepare.append(guard.headers)

    async def watched(_: web.Application) -> AsyncIterator[None]:
        watching = asyncio.create_task(_watch(sessions, options.look_seconds))
        yield
        watching.cancel()

    async def pause(_: web.Application) -> None:
        await sessions.pause()

    made.cleanup_ctx.append(watched)
    made.on_shutdown.append(pause)
    return made


async def _watch(sessions: Sessions, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await sessions.look_round()
