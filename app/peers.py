"""One guarded HTTP exchange with a configured peer: pinned host, no redirects, private addresses refused, the phase of a
failure kept, since an error before anything was sent is harmless and one after it may have acted."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from app.unanswered import Phase, Unanswered

ANSWER_BYTES_AT_MOST = 4 << 20
RETRY_AFTER_AT_MOST = 86_400.0


class PeerFailure(Unanswered):
    """A peer gave no usable answer."""


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    body: bytes
    retry_after: float | None = None

    def json(self) -> Any:
        """The body as JSON. Raises `PeerFailure` in phase answer; NaN and infinity are refused."""
        try:
            return json.loads(self.body, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise PeerFailure("answer_unfit", f"the answer is no JSON: {error}", phase="answer") from error


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float,
    private: bool = False,
    outside: bool = False,
) -> Answer:
    """Send one request and read one answer within `timeout` seconds in all. Never retries, never follows a redirect.
    `outside`: the address came from somebody else, so an inside one is refused also where it is written out.

    Raises `PeerFailure`.
    """
    end = time.monotonic() + timeout
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PeerFailure("bad_url", f"not an http address: {parts.scheme or url!r}", phase="connect")
    host = parts.hostname
    address = _address(host, parts.port or (443 if parts.scheme == "https" else 80), private, parts.scheme, outside)
    # The checked address is the one connected to: a name that resolves to another address a moment later changes nothing.
    literal = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=f"{literal}:{parts.port}" if parts.port else literal).geturl()
    sent = {**(headers or {}), "Host": parts.netloc.rpartition("@")[2], "Accept": "application/json"}
    request = httpx.Request(
        method,
        target,
        headers=sent,
        content=body,
        extensions={"sni_hostname": host, "timeout": httpx.Timeout(timeout).as_dict()},
    )
    with httpx.Client(trust_env=False, follow_redirects=False) as client:
        return _exchange(client, request, end)


def filled(template: str, slots: Mapping[str, str]) -> str:
    """A URL with its slots filled, each percent-encoded whole, so that a value can never add a path, a query or a host.

    A `..` is refused where it would stand as a path step. Raises KeyError for a slot that is not there.
    """

    def step(value: str) -> str:
        if value in {"", ".", ".."}:
            raise PeerFailure("bad_url", "a slot of the URL is empty or a path step", phase="connect")
        return quote(value, safe="")

    return template.format_map({name: step(value) for name, value in slots.items() if "{" + name + "}" in template})


def _exchange(client: httpx.Client, request: httpx.Request, end: float) -> Answer:
    phase: Phase = "wait"
    try:
        answer = client.send(request, stream=True)
        phase = "read"
        try:
            chunks, size = [], 0
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if size > ANSWER_BYTES_AT_MOST:
                    raise PeerFailure("answer_unfit", "the answer is too long", phase="answer")
                if time.monotonic() > end:
                    raise PeerFailure("timeout", "the answer did not end in time", phase="read")
                chunks.append(chunk)
        finally:
            answer.close()
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise PeerFailure("unreachable", str(error) or "could not connect", phase="connect") from error
    except (httpx.WriteError, httpx.WriteTimeout) as error:
        raise PeerFailure("broke_off", str(error) or "the connection broke while sending", phase="send") from error
    except httpx.TimeoutException as error:
        raise PeerFailure("timeout", "no answer in time", phase=phase) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise PeerFailure("broke_off", str(error) or "the connection broke", phase=phase) from error
    return Answer(answer.status_code, b"".join(chunks), _retry_after(answer.headers.get("retry-after")))


def _address(host: str, port: int, private: bool, scheme: str, outside: bool) -> str:
    """The address to connect to. A private one is only used when the configuration names it, or says that it may be."""
    named = not outside and (host == "localhost" or _literal(host) is not None)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PeerFailure("unreachable", f"{host} does not resolve", phase="connect") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not (named or private) and any(not ipaddress.ip_address(one.partition("%")[0]).is_global for one in addresses):
        raise PeerFailure("address_refused", f"{host} resolves to a private address", phase="connect")
    # Plain HTTP would carry the secret in the open: to this machine only, unless a private network is allowed by name.
    if scheme == "http" and not private and not all(ipaddress.ip_address(one).is_loopback for one in addresses):
        raise PeerFailure("address_refused", f"plain http to {host} is refused: use https", phase="connect")
    return addresses[0]


def _literal(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _retry_after(value: str | None) -> float | None:
    """Seconds; a date or nonsense counts as not said."""
    if value is None or not value.strip().isdecimal():
        return None
    return min(float(value), RETRY_AFTER_AT_MOST)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number")


Ask = Callable[..., Answer]
