"""Requests that no honest client sends, as raw bytes: broken heads, smuggling, lying lengths, JSON bombs, odd encodings.

Each is a list of pieces; a number among them is a pause in seconds, `HANG` leaves the line open without another byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HANG = object()
Pieces = list[object]

WRITES = ("/v1/messages", "/v1/proposals", "/v1/decisions", "/v1/claims", "/v1/switches", "/v1/search")


@dataclass(frozen=True)
class Attack:
    """`pieces` with `{token}` where a good token stands."""

    name: str
    pieces: Pieces


def attacks() -> list[Attack]:
    """All of them, each with a name of its own."""
    found = [Attack(name, pieces) for make in _MAKERS for name, pieces in make()]
    assert len({one.name for one in found}) == len(found)
    return found


def _post(
    path: str, body: bytes, *more: bytes, kind: bytes = b"application/json", length: bytes | None = None
) -> bytes:
    head = [
        b"POST %s HTTP/1.1" % path.encode(),
        b"Host: queue.example",
        b"Authorization: Bearer {token}",
        b"Idempotency-Key: hostile-0001",
        b"Content-Type: " + kind,
        b"Content-Length: " + (str(len(body)).encode() if length is None else length),
        *more,
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _bad_json() -> Iterator[tuple[str, Pieces]]:
    bodies = {
        "nan": b'{"text": NaN}',
        "infinity": b'{"text": -Infinity}',
        "bare-nan": b"NaN",
        "lone-high": b'{"text": "\\ud800"}',
        "lone-low": b'{"text": "\\udfff x"}',
        "reversed-pair": b'{"text": "\\udc00\\ud800"}',
        "lone-key": b'{"\\ud800": 1}',
        "duplicate": b'{"text": "a", "text": "b"}',
        "duplicate-deep": b'{"a": [{"b": 1, "b": 2}]}',
        "duplicate-escaped": b'{"a": 1, "\\u0061": 2}',
        "int-65-bits": b'{"limit": 18446744073709551616}',
        "int-negative": b'{"limit": -9223372036854775809}',
        "int-5000-digits": b'{"limit": ' + b"9" * 5000 + b"}",
        "int-900k-digits": b'{"limit": ' + b"9" * 900_000 + b"}",
        "float-1e999": b'{"limit": 1e999}',
        "float-long": b'{"limit": 0.' + b"1" * 100_000 + b"}",
        "depth-arrays": b"[" * 500_000,
        "depth-closed": b"[" * 50_000 + b"]" * 50_000,
        "depth-objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "depth-in-action": b'{"state":' + b"[" * 33 + b"]" * 33 + b"}",
        "many-values": b"[" + b"0," * 400_000 + b"0]",
        "many-keys": b"{" + b",".join(b'"k%d":0' % n for n in range(60_000)) + b"}",
        "empty-objects": b"[" + b"{}," * 300_000 + b"{}]",
        "truncated": b'{"text": "a',
        "trailing": b'{"text": "a"} {"text": "b"}',
        "trailing-comma": b'{"text": "a",}',
        "single-quotes": b"{'text': 'a'}",
        "comment": b'{"text": "a" /* x */}',
        "hex": b'{"limit": 0x10}',
        "leading-zero": b'{"limit": 01}',
        "plus": b'{"limit": +1}',
        "control-in-string": b'{"text": "a\nb"}',
        "nul-in-string": b'{"text": "a\x00b"}',
        "bad-escape": b'{"text": "\\x41"}',
        "half-escape": b'{"text": "\\u12"}',
        "utf8-overlong": b'{"text": "\xc0\xaf"}',
        "utf8-surrogate": b'{"text": "\xed\xa0\x80"}',
        "utf8-too-high": b'{"text": "\xf5\x80\x80\x80"}',
        "utf8-cut": b'{"text": "\xe2\x82"}',
        "latin-1": '{"text": "é"}'.encode("latin-1"),
        "utf-16": '{"text": "a"}'.encode("utf-16"),
        "utf-32": '{"text": "a"}'.encode("utf-32"),
        "bom": b"\xef\xbb\xbf{}",
        "not-json": b"text=a&thread=b",
        "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        "pickle": b"\x80\x04\x95\x0b",
        "a-list": b"[]",
        "a-string": b'"text"',
        "null": b"null",
        "a-number": b"1",
    }
    for path in WRITES:
        for name, body in bodies.items():
            if len(body) > 1000 and path not in ("/v1/messages", "/v1/decisions"):
                continue  # the large ones twice are enough
            yield f"json-{name}{path.replace('/v1', '')}", [_post(path, body)]


def _odd_types() -> Iterator[tuple[str, Pieces]]:
    for kind in (
        b"text/plain",
        b"application/xml",
        b"multipart/form-data; boundary=x",
        b"application/json; charset=utf-16",
        b"application/x-www-form-urlencoded",
        b"application/jsonp",
        b"",
        b"application/json; charset=utf-7",
    ):
        yield f"type-{kind.decode() or 'none'}", [_post("/v1/messages", b"{}", kind=kind)]
    for coding in (b"gzip", b"deflate", b"br", b"identity, gzip"):
        yield f"coding-{coding.decode()}", [_post("/v1/messages", b"\x1f\x8b\x08\x00", b"Content-Encoding: " + coding)]


def _lengths() -> Iterator[tuple[str, Pieces]]:
    for name, length in {
        "gib": b"1073741824",
        "just-over": b"1048577",
        "exa": b"9" * 15,
        "beyond": b"9" * 40,
        "negative": b"-1",
        "plus": b"+2",
        "hex": b"0x2",
        "word": b"two",
        "spaced": b"1 2",
        "empty": b"",
        "list": b"2, 2",
        "float": b"2.0",
        "exponent": b"1e3",
        "unicode": "２".encode(),
        "two-differ": b"2\r\nContent-Length: 3",
    }.items():
        yield f"length-{name}", [_post("/v1/messages", b"{}", length=length)]
    yield "length-lies-short", [_post("/v1/messages", b'{"text": "abc"}', length=b"4")]
    yield "length-lies-long", [_post("/v1/messages", b"{}", length=b"500"), HANG]
    yield (
        "body-drips",
        [_post("/v1/messages", b"{", length=b"500"), *[piece for _ in range(8) for piece in (0.2, b" ")], HANG],
    )
    yield "body-over-chunked", [_chunked(b"Transfer-Encoding: chunked"), *[b"40000\r\n" + b" " * 0x40000 + b"\r\n"] * 6]
    yield "body-never-ends", [_chunked(b"Transfer-Encoding: chunked"), b"5\r\nhello\r\n", HANG]


def _chunked(*more: bytes) -> bytes:
    head = (
        b"POST /v1/messages HTTP/1.1",
        b"Host: q",
        b"Authorization: Bearer {token}",
        b"Idempotency-Key: hostile-0002",
        b"Content-Type: application/json",
        *more,
    )
    return b"\r\n".join(head) + b"\r\n\r\n"


def _smuggling() -> Iterator[tuple[str, Pieces]]:
    second = b"GET /v1/reviews HTTP/1.1\r\nHost: q\r\n\r\n"
    for name, more in {
        "cl-te": (b"Content-Length: 6", b"Transfer-Encoding: chunked"),
        "te-cl": (b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        "te-te": (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        "te-x": (b"Transfer-Encoding: xchunked",),
        "te-list": (b"Transfer-Encoding: gzip, chunked",),
        "te-identity": (b"Transfer-Encoding: identity",),
        "te-space": (b"Transfer-Encoding : chunked",),
        "te-tab": (b"Transfer-Encoding:\tchunked\t, x",),
        "te-fold": (b"Transfer-Encoding:\r\n chunked",),
        "te-quoted": (b'Transfer-Encoding: "chunked"',),
        "te-nul": (b"Transfer-Encoding: chunked\x00",),
        "te-vertical": (b"Transfer-Encoding: \x0bchunked",),
        "te-underscore": (b"Transfer_Encoding: chunked", b"Content-Length: 900"),
        "cl-cl": (b"Content-Length: 0", b"Content-Length: 40"),
    }.items():
        yield f"smuggle-{name}", [_chunked(*more), b"0\r\n\r\n", second, HANG]
    for name, chunk in {
        "sign": b"+5\r\nhello\r\n",
        "negative": b"-1\r\nx\r\n",
        "hex-prefix": b"0x5\r\nhello\r\n",
        "huge": b"f" * 30 + b"\r\n",
        "space": b" 5\r\nhello\r\n",
        "no-size": b"\r\nhello\r\n",
        "word": b"five\r\nhello\r\n",
        "nul": b"5\x00\r\nhello\r\n",
        "short": b"3\r\nhello\r\n",
        "long-extension": b"5;" + b"x" * 70_000 + b"\r\nhello\r\n",
        "bare-lf": b"5\nhello\n",
    }.items():
        yield f"chunk-{name}", [_chunked(b"Transfer-Encoding: chunked"), chunk, b"0\r\n\r\n", HANG]


def _heads() -> Iterator[tuple[str, Pieces]]:
    line = b"GET /v1/reviews HTTP/1.1\r\n"
    for name, head in {
        "bare-lf": b"GET /v1/health HTTP/1.1\nHost: q\n\n",
        "mixed-lf": line + b"Host: q\nX: y\r\n\r\n",
        "bare-cr": line + b"Host: q\rX: y\r\n\r\n",
        "fold": line + b"Host: q\r\nX: a\r\n b\r\n\r\n",
        "nul": line + b"Host: q\r\nX: a\x00b\r\n\r\n",
        "name-space": line + b"Host: q\r\nX y: a\r\n\r\n",
        "name-empty": line + b"Host: q\r\n: a\r\n\r\n",
        "name-colon-space": line + b"Host : q\r\n\r\n",
        "name-high": line + b"Host: q\r\nX\xff: a\r\n\r\n",
        "no-colon": line + b"Host: q\r\nnonsense\r\n\r\n",
        "no-host": line + b"\r\n",
        "two-hosts": line + b"Host: q\r\nHost: r\r\n\r\n",
        "leading-space": b" GET /v1/health HTTP/1.1\r\nHost: q\r\n\r\n",
        "no-version": b"GET /v1/reviews\r\nHost: q\r\n\r\n",
        "version-9": b"GET /v1/reviews HTTP/9.9\r\nHost: q\r\n\r\n",
        "version-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "version-word": b"GET /v1/reviews HTTX/1.1\r\nHost: q\r\n\r\n",
        "two-spaces": b"GET  /v1/reviews HTTP/1.1\r\nHost: q\r\n\r\n",
        "tab": b"GET\t/v1/reviews\tHTTP/1.1\r\nHost: q\r\n\r\n",
        "method-odd": b"G=T /v1/reviews HTTP/1.1\r\nHost: q\r\n\r\n",
        "method-long": b"G" * 40_000 + b" /v1/reviews HTTP/1.1\r\nHost: q\r\n\r\n",
        "method-connect": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: q\r\n\r\n",
        "method-trace": b"TRACE /v1/health HTTP/1.1\r\nHost: q\r\n\r\n",
        "method-lower": b"get /v1/health HTTP/1.1\r\nHost: q\r\n\r\n",
        "options-star": b"OPTIONS * HTTP/1.1\r\nHost: q\r\n\r\n",
        "absolute": b"GET http://evil.example/v1/health HTTP/1.1\r\nHost: q\r\n\r\n",
        "upgrade-ws": line + b"Host: q\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
        "upgrade-h2c": line + b"Host: q\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
        "many-headers": line + b"Host: q\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
        "long-header": line + b"Host: q\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        "long-target": b"GET /v1/" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: q\r\n\r\n",
        "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        "binary": bytes(range(256)) * 4,
        "smtp": b"EHLO queue.example\r\nMAIL FROM:<a@b>\r\n\r\n",
        "ssh": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "response": b"HTTP/1.1 200 OK\r\n\r\n",
        "high-target": "GET /v1/é HTTP/1.1\r\nHost: q\r\n\r\n".encode(),
        "empty-lines": b"\r\n" * 20_000 + line,
    }.items():
        yield f"head-{name}", [head, HANG]
    yield "slow-nothing", [HANG]
    yield "slow-one-byte", [b"G", HANG]
    yield "slow-half-head", [line + b"Host: q\r\nX: ", HANG]
    yield "slow-drip", [*[piece for byte in line for piece in (bytes([byte]), 0.1)], HANG]
    yield "slow-headers", [line, *[piece for n in range(12) for piece in (b"X-%d: y\r\n" % n, 0.15)], HANG]


def _addresses() -> Iterator[tuple[str, Pieces]]:
    for target in (
        "/v1/reviews/%ff",
        "/v1/reviews/%ed%a0%80",
        "/v1/reviews/%c0%ae",
        "/v1/reviews/%",
        "/v1/reviews/%zz",
        "/v1/reviews/%00",
        "/v1/tickets/..%2f..%2fetc%2fpasswd",
        "/v1/../v1/reviews",
        "/v1//reviews",
        "//v1/reviews",
        "/v1/reviews/",
        "/V1/reviews",
        "/v1/reviews;a=b",
        "/%76%31/health",
        "/v1/tickets/%0d%0aX:%20y",
        "/v1/reviews?limit=0",
        "/v1/reviews?limit=501",
        "/v1/reviews?limit=NaN",
        "/v1/reviews?limit=1e3",
        "/v1/reviews?limit=" + "9" * 400,
        "/v1/reviews?after=x",
        "/v1/reviews?after=" + "A" * 600,
        "/v1/reviews?sort=%00",
        "/v1/reviews?state=nope",
        "/v1/reviews?nope=1",
        "/v1/reviews?older_than_minutes=-1",
        "/v1/reviews?older_than_minutes=99999999999999999999",
        "/v1/reviews?reason=%ff",
        "/v1/reviews?reason=%ed%b0%80",
        "/v1/counters?hours=0",
        "/v1/counters?hours=99999999999",
        "/v1/counters?hours=a",
        "/v1/events?after=-1",
        "/v1/events?after=9223372036854775808",
        "/v1/events?after=x",
        "/v1/past?after=x",
        "/docs",
        "/openapi.json",
        "/metrics",
        "/redoc",
        "/",
        "/favicon.ico",
        "/.env",
        "/v1",
        "/v2/reviews",
        "/v1/reviews/" + "a" * 2000,
        "/v1/tickets/" + "%20" * 2,
    ):
        head = f"GET {target} HTTP/1.1\r\nHost: q\r\nAuthorization: Bearer {{token}}\r\n\r\n"
        yield f"address-{target[:60]}-{len(target)}", [head.encode()]
    for name, header in {
        "last-event-word": b"Last-Event-ID: abc",
        "last-event-negative": b"Last-Event-ID: -5",
        "last-event-huge": b"Last-Event-ID: " + b"9" * 40,
        "last-event-float": b"Last-Event-ID: 1.5",
    }.items():
        yield (
            f"event-{name}",
            [b"GET /v1/events HTTP/1.1\r\nHost: q\r\nAuthorization: Bearer {token}\r\n" + header + b"\r\n\r\n"],
        )


def _tokens() -> Iterator[tuple[str, Pieces]]:
    for name, value in {
        "none": b"",
        "empty": b"Bearer ",
        "basic": b"Basic bGVhZDpsZWFk",
        "word": b"Bearer token",
        "long": b"Bearer " + b"a" * 20_000,
        "short": b"Bearer lct_",
        "sql": b"Bearer ' OR 1=1 --",
        "high": b"Bearer \xff\xfe",
        "two": b"Bearer {token}, Bearer {token}",
        "lower": b"bearer {token}x",
        "padded": b"Bearer {token} {token}",
        "cut": b"Bearer {token}"[:12],
        "other-secret": b"Bearer lct_aaaaaaaaaaaaaaaa_" + b"A" * 43,
    }.items():
        yield f"token-{name}", [b"GET /v1/reviews HTTP/1.1\r\nHost: q\r\nAuthorization: " + value + b"\r\n\r\n"]
    for query in ("token={token}", "access_token={token}", "authorization=Bearer+{token}"):
        yield f"token-in-address-{query[:5]}", [f"GET /v1/reviews?{query} HTTP/1.1\r\nHost: q\r\n\r\n".encode()]
    for key in (b"", b"short", b"x" * 201, b"a b c d e f g h", "schlüssel-0001".encode()):
        head = b"POST /v1/claims HTTP/1.1\r\nHost: q\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        yield f"key-{len(key)}-{key[:6]!r}", [head + b"Idempotency-Key: " + key + b"\r\nContent-Length: 2\r\n\r\n{}"]


_MAKERS = (_bad_json, _odd_types, _lengths, _smuggling, _heads, _addresses, _tokens)
