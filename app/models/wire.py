"""Sends one model request over httpx and reads one JSON answer: every way this can fail has a name and a phase."""

from __future__ import annotations

import ipaddress
import json
import math
import socket
import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from app.unanswered import Phase, Unanswered
from store.contract import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

MOST_BYTES = 4 * 1024 * 1024
"""Cap of an answer; the longest honest one is a few hundred kilobytes."""
CONNECT_SECONDS = 5.0


class Broken(Unanswered):
    """No usable answer. `said` is the start of what the server wrote, only to tell what it refused; never shown."""

    def __init__(
        self,
        code: str,
        text: str,
        phase: Phase,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        said: str = "",
    ) -> None:
        super().__init__(code, text, phase=phase, status=status, retry_after=retry_after)
        self.said = said


@dataclass(frozen=True)
class Call:
    """One request: where to, with which headers (the key is among them and is never logged), and the JSON body."""

    url: str
    headers: dict[str, str]
    body: dict[str, Any]


def post(call: Call, timeout: float, client: httpx.Client | None = None) -> Any:
    """The JSON value of the answer, within `timeout` seconds in all. Sends exactly once. Raises `Broken`."""
    import httpx

    _safe(call)
    ends = time.monotonic() + timeout
    limits = httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
    own = client or httpx.Client(follow_redirects=False, trust_env=True)
    sent: list[bool] = []
    try:
        request = own.build_request(
            "POST", call.url, headers={**call.headers, "Accept-Encoding": "identity"}, json=call.body, timeout=limits
        )
        response = own.send(request, stream=True, follow_redirects=False)
        sent.append(True)
        try:
            with _cut_at(response, ends):
                data = _body(response, ends)
        finally:
            response.close()
    except httpx.HTTPError as error:
        raise _named(error, bool(sent), ends) from None
    except httpx.InvalidURL:
        raise Broken("bad_url", "The base_url of the model cannot be read.", "answer") from None
    finally:
        if client is None:
            own.close()
    return _value(response, data)


def _body(response: httpx.Response, ends: float) -> bytes:
    parts, size = [], 0
    for part in response.iter_raw():
        size += len(part)
        if size > MOST_BYTES:
            raise Broken("answer_too_big", f"The answer is over {MOST_BYTES // 1024 // 1024} MiB.", "answer")
        if time.monotonic() > ends:
            raise Broken("read_timeout", "The answer took too long.", "read")
        parts.append(part)
    return b"".join(parts)


class _cut_at:
    """Ends the connection when time is up: a read timeout alone starts anew with every byte that drips in."""

    def __init__(self, response: httpx.Response, ends: float) -> None:
        self._timer = threading.Timer(max(0.0, ends - time.monotonic()), self._cut, (response,))
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @staticmethod
    def _cut(response: httpx.Response) -> None:
        stream = response.extensions.get("network_stream")
        peer = stream.get_extra_info("socket") if stream is not None else None
        if peer is not None:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _named(error: httpx.HTTPError, answering: bool, ends: float) -> Broken:
    """The failure of a transport error, with how far the request had got."""
    import httpx

    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol):
        return Broken("unreachable", "The model's server cannot be reached; nothing was sent.", "connect")
    if isinstance(error, httpx.WriteError | httpx.WriteTimeout):
        return Broken("broke_off", "The connection broke while the request was sent.", "send")
    if answering and time.monotonic() < ends:
        return Broken("broke_off", "The answer broke off.", "read")
    if isinstance(error, httpx.TimeoutException) or answering:
        return Broken("read_timeout", "No whole answer came in time.", "read" if answering else "wait")
    return Broken("broke_off", "The server closed the connection without an answer.", "read")


def _value(response: httpx.Response, data: bytes) -> Any:
    status = response.status_code
    said = data[:4000].decode("utf-8", "replace")
    if 300 <= status < 400:
        raise Broken("redirect_refused", "The server sends the request elsewhere; that is not followed.", "answer")
    if status >= 400:
        code = _error_code(status, said)
        raise Broken(
            code,
            f"The model's server answered {status}.",
            "answer",
            status=status,
            retry_after=_retry_after(response.headers.get("retry-after")),
            said=said,
        )
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Broken("not_json", "The server's answer is not JSON.", "answer") from None


def _error_code(status: int, said: str) -> str:
    """quota and context are told apart, since waiting helps neither (OpenAI's and Anthropic's error codes)."""
    words = said.casefold()
    if any(
        sign in words for sign in ("insufficient_quota", "exceeded your current quota", "credit balance is too low")
    ):
        return "quota"
    context = ("context_length_exceeded", "maximum context length", "context size", "prompt is too long")
    if status in (400, 413, 422) and any(sign in words for sign in context):
        return "context_window"
    return f"http_{status}"


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number or an HTTP date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now()).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _safe(call: Call) -> None:
    """A key or a ticket never crosses a network in the clear: plain HTTP goes to this machine only."""
    import httpx

    try:
        url = httpx.URL(call.url)
    except (httpx.InvalidURL, TypeError):
        raise Broken("bad_url", "The base_url of the model cannot be read.", "answer") from None
    if url.scheme == "https":
        return
    if url.scheme != "http" or not any(_loopback(url.host)):
        raise Broken("plain_http", "A model elsewhere needs an https address.", "answer")


def _loopback(host: str) -> Iterator[bool]:
    yield host == "localhost"
    try:
        yield ipaddress.ip_address(host).is_loopback
    except ValueError:
        yield False
