"""What no request may exceed, checked before anything else sees it: size, time, encoding, the shape of its JSON and path."""

from __future__ import annotations

import asyncio
import logging
import traceback
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server import strict_json
from store.problems import MEDIA, plain_problem

LOG = logging.getLogger("lastclick.server")

_WITH_BODY = frozenset({b"content-length", b"transfer-encoding"})
_SAFE = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


@dataclass(frozen=True)
class Limits:
    """Bytes of a body, seconds in which it must be there."""

    body: int = 1024 * 1024
    seconds: float = 10.0


class Refuse(Exception):
    """Answered with this status, and the connection is closed."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


class Bounds:
    """ASGI middleware. The path stays as it was sent: only a route decodes an id, so that an id may hold a slash."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = _Sending(send)
        try:
            checked = await self._checked(scope, receive)
        except Refuse as refused:
            await _answer(sending, refused)
            return
        scope["path"] = scope["raw_path"].decode("ascii")
        try:
            await self._app(scope, checked, sending)
        except Exception as defect:  # a defect of ours: told without its words, which may hold a customer's
            LOG.error("A request failed with %s at %s", type(defect).__name__, _where(defect))
            if not sending.started:
                await _answer(sending, Refuse(500, "A defect", "The server failed at this request. It is in its log."))

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        """The way to the body, which has been read and found good."""
        _path(scope)
        headers = scope["headers"]
        names = [name for name, _ in headers if name in _WITH_BODY]
        if not names:
            return receive
        if len(names) > 1:
            raise Refuse(400, "Two lengths", "A request has one length: Content-Length or Transfer-Encoding.")
        body = await self._body(dict(headers), receive)
        if body:
            _json(dict(headers))
            try:
                strict_json.check(body)
            except strict_json.NotStrict as reason:
                raise Refuse(400, "Not strict JSON", str(reason)) from None
        return _again(body, receive)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 15 or int(length) > self._limits.body:
            raise self._too_large()
        found = bytearray()
        try:
            async with asyncio.timeout(self._limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise Refuse(400, "Cut short", "The body ended before its length.")
                    found += message.get("body", b"")
                    if len(found) > self._limits.body:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return bytes(found)
        except TimeoutError:
            raise Refuse(408, "Too slow", f"The body was not there within {self._limits.seconds:.0f} s.") from None

    def _too_large(self) -> Refuse:
        return Refuse(413, "Too large", f"A body has at most {self._limits.body:,} bytes.")


def _path(scope: Scope) -> None:
    try:
        unquote(scope["raw_path"].decode("ascii"), errors="strict")
        unquote(scope["query_string"].decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        raise Refuse(400, "Not UTF-8", "The address is not UTF-8.") from None


def _json(headers: dict[bytes, bytes]) -> None:
    kind, _, parameters = headers.get(b"content-type", b"").lower().partition(b";")
    charset = parameters.replace(b" ", b"").replace(b'"', b"")
    if kind.strip() != b"application/json" or charset not in (b"", b"charset=utf-8"):
        raise Refuse(415, "Not JSON", "A body is application/json in UTF-8.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refuse(415, "Compressed", "A body is not compressed.")


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever the connection says."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


class _Sending:
    """Adds the headers that every answer has, and knows whether an answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message = {**message, "headers": [*message.get("headers", ()), *_SAFE]}
        await self._send(message)


async def _answer(send: Any, refused: Refuse) -> None:
    body = plain_problem(refused.status, refused.title, refused.detail).model_dump_json(exclude_none=True).encode()
    headers = [
        (b"content-type", MEDIA.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _where(defect: BaseException) -> str:
    frames = traceback.extract_tb(defect.__traceback__)[-6:]
    return " < ".join(f"{frame.name} {frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
