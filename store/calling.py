"""One conversation with a server over HTTP: what was never sent, what is not known, and what the answer says, kept apart.

A read that met a dead connection is asked once more. A write is sent once. When its answer is lost, the server is asked by
the request's key what became of it, and that question keeps the request from arriving later: so what is said then is true.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import random
import ssl
import uuid
from collections.abc import AsyncIterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from store.limits import LONGEST_REQUEST
from store.problems import MEDIA, refusal
from store.queue import Invalid, Unavailable

T = TypeVar("T")

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0
QUIET_SECONDS = 25.0
"""A stream that says nothing for so long is cut: the server beats every ten seconds."""
_PAUSES = (0.05, 0.3, 1.0, 2.0, 4.0)
"""Seconds before each question what became of a write."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_any: TypeAdapter[Any] = TypeAdapter(Any)


class Caller:
    """Speaks to one server with one token. Raises `QueueError`s only."""

    def __init__(self, url: str, token: str) -> None:
        self.url = checked(url)
        self._http = httpx.AsyncClient(
            base_url=f"{self.url}/v1/",
            headers={"authorization": f"Bearer {token}"} if token else {},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=20, keepalive_expiry=30.0),
            follow_redirects=False,
            verify=True if self.url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )

    async def get(self, path: str, shape: type[T], headers: dict[str, str] | None = None, **asked: Any) -> T:
        response = await self.fetch(path, headers, **asked)
        return self.understood(response, shape)

    async def fetch(self, path: str, headers: dict[str, str] | None = None, **asked: Any) -> httpx.Response:
        """The answer to a GET, which is good or not modified."""
        params = {name: value for name, value in asked.items() if value is not None}
        return await self._twice(self._http.build_request("GET", path, params=params, headers=headers))

    async def ask(self, path: str, shape: type[T], body: Any) -> T:
        """A POST that changes nothing."""
        return self.understood(await self._twice(self._request("POST", path, body)), shape)

    async def write(self, path: str, shape: type[T], body: Any, *, method: str = "POST") -> T:
        """A request that changes something: sent once."""
        key = uuid.uuid4().hex
        request = self._request(method, path, body, {"idempotency-key": key})
        try:
            response = await self._http.send(request)
        except httpx.HTTPError as error:
            if isinstance(error, _NEVER_SENT):
                raise Unavailable(self.unreachable(error)) from error
            return await self._what_became_of(key, shape)
        if response.status_code >= 500 and not response.headers.get("content-type", "").startswith(MEDIA):
            return await self._what_became_of(key, shape)  # a proxy's words: whether it went through is not known
        return self.understood(self._good(response), shape)

    async def send_once(self, path: str, shape: type[T], body: Any) -> T:
        """A request whose answer is a secret, which nobody keeps: when it is lost, it is lost."""
        try:
            response = await self._http.send(self._request("POST", path, body))
        except httpx.HTTPError as error:
            if isinstance(error, _NEVER_SENT):
                raise Unavailable(self.unreachable(error)) from error
            raise Unavailable(
                f"The connection to {self.url} broke. If it goes on failing, ask for a new code."
            ) from error
        return self.understood(self._good(response), shape)

    async def stream(self, path: str, headers: dict[str, str]) -> AsyncIterator[tuple[str, int | None, str]]:
        """Server-sent events as (kind, id, data). Ends when the server ends it; raises `Unavailable` when it is cut."""
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, read=QUIET_SECONDS)
        try:
            async with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
                if response.status_code != 200:
                    await response.aread()
                    self._good(response)
                rest = b""
                async for some in response.aiter_bytes():
                    *whole, rest = (rest + some).split(b"\n\n")
                    for block in whole:
                        if not block.startswith(b":"):
                            yield _event(block)
        except httpx.HTTPError as error:
            raise Unavailable(self.unreachable(error)) from error

    async def close(self) -> None:
        await self._http.aclose()

    # ── answers ──────────────────────────────────────────────────────────────

    def understood(self, response: httpx.Response, shape: type[T]) -> T:
        """The value of an answer. Raises `Unavailable` for words this version does not know."""
        try:
            return TypeAdapter(shape).validate_json(response.content)
        except ValidationError:
            raise Unavailable(
                f"{self.url} answers in words this Lastclick does not understand. One of the two is older: update it."
            ) from None

    def _good(self, response: httpx.Response) -> httpx.Response:
        status = response.status_code
        if status in (200, 304):
            return response
        if 300 <= status < 400:
            to = response.headers.get("location", "elsewhere")
            raise Unavailable(
                f"{self.url} sends us on to {to[:200]}. Sign in at the right address: lastclick login URL."
            )
        if response.headers.get("content-type", "").startswith(MEDIA):
            raise refusal(status, response.json())
        if status in (502, 503, 504):
            raise Unavailable(f"What stands before {self.url} cannot reach it ({status}). Try again in a moment.")
        raise Unavailable(f"{self.url} is no Lastclick server, or a much older one ({status}). Check the address.")

    async def _twice(self, request: httpx.Request) -> httpx.Response:
        """Sends a request that changes nothing; a connection that had died in the pool is no reason to fail."""
        try:
            return self._good(await self._http.send(request))
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            pass
        except httpx.HTTPError as error:
            raise Unavailable(self.unreachable(error)) from error
        try:
            return self._good(await self._http.send(request))
        except httpx.HTTPError as error:
            raise Unavailable(self.unreachable(error)) from error

    async def _what_became_of(self, key: str, shape: type[T]) -> T:
        """The answer of a write whose answer was lost. Raises `Unavailable`: it was not done, or it is not known."""
        for pause in _PAUSES:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            try:
                found = await self.ask("withdrawals", dict[str, Any], {"key": key})
            except Unavailable:
                continue
            if found["written"]:
                return TypeAdapter(shape).validate_json(json.dumps(found["answer"]))
            raise Unavailable("The connection broke before the server took it. Nothing was changed.")
        raise Unavailable(
            f"The connection to {self.url} broke while this was sent, and it is not known whether it was done. "
            "Look at the case again before you repeat it."
        )

    def _request(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Request:
        try:
            content = _any.dump_json(body)
        except (PydanticSerializationError, UnicodeEncodeError):
            raise Invalid("This text holds half a character and cannot be sent. Take it out.") from None
        if len(content) > LONGEST_REQUEST:
            raise Invalid(f"This is {len(content):,} bytes long; a server takes {LONGEST_REQUEST:,}. Shorten it.")
        more = {"content-type": "application/json"} | (headers or {})
        return self._http.build_request(method, path, content=content, headers=more)

    # ── what went wrong on the way ───────────────────────────────────────────

    def unreachable(self, error: Exception) -> str:
        """What keeps us from the server, and what to do, in a sentence."""
        found: BaseException | None = error
        while found is not None:
            if isinstance(found, ssl.SSLCertVerificationError):
                return self._certificate(found)
            if isinstance(found, ssl.SSLError):
                return f"{self.url} does not speak TLS as it should. If it is plain, its address begins with http://."
            found = found.__cause__ or found.__context__
        said = str(error).lower()
        if "name or service" in said or "nodename" in said or "getaddrinfo" in said or "resolution" in said:
            return f"{urlsplit(self.url).hostname} is no name this network knows. Check the address, and the network."
        if isinstance(error, httpx.TimeoutException):
            return f"{self.url} does not answer. It is tried again by itself."
        return f"{self.url} cannot be reached. Is the server running, and the network up? It is tried again by itself."

    def _certificate(self, error: ssl.SSLCertVerificationError) -> str:
        if error.verify_code == 10:
            return (
                f"The certificate of {self.url} has run out. Whoever runs the server must renew it. Nothing was sent."
            )
        if error.verify_code == 9:
            return f"The certificate of {self.url} is not valid yet. Is this computer's clock right? Nothing was sent."
        return (
            f"The certificate of {self.url} is none this computer trusts ({error.verify_message}). Nothing was sent. "
            "Check the address, or name its authority's file in SSL_CERT_FILE."
        )


def checked(url: str) -> str:
    """The address of a server. Raises `Invalid`: no address, or a plain one that is not on this computer."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise Invalid("An address looks like https://queue.example, without a name, a question or a token in it.")
    if parts.scheme == "http" and not loopback(parts.hostname):
        raise Invalid(f"{parts.hostname} is another computer: a token is sent there only over https://.")
    return url.strip().rstrip("/")


def loopback(host: str) -> bool:
    """Whether the host is this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _event(block: bytes) -> tuple[str, int | None, str]:
    fields = {}
    for text in block.split(b"\n"):
        name, _, value = text.partition(b": ")
        fields[name] = value
    number = fields.get(b"id")
    return (
        fields.get(b"event", b"message").decode(),
        int(number) if number is not None and number.isdigit() else None,
        fields.get(b"data", b"").decode("utf-8", "replace"),
    )
