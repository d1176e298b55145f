"""What every answer says to a browser, and which requests come from our own page: host, origin and the size of a body."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from app.server.run import Address
from store.calling import loopback
from store.queue import Invalid

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # the terminal writes its cell sizes into a style element
        "font-src 'self'",
        "connect-src 'self' {socket}",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        # No new windows, no downloads: an address in a customer's words is text, whatever the terminal makes of it.
        "sandbox allow-scripts allow-same-origin allow-forms",
    )
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # without any, browsers do not say where a form was sent from
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # What is shown may be written to the clipboard by the desk, and never reads it.
    "permissions-policy": "clipboard-read=(), camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True)
class Origins:
    """The addresses under which people open this page; a request for any other is not for us."""

    names: frozenset[str]
    secure: bool

    @property
    def cookie(self) -> str:
        """Its name: with TLS one that browsers take from this very host only."""
        return "__Host-lastclick" if self.secure else "lastclick"

    def host(self, host: str) -> bool:
        return any(urlsplit(name).netloc == host for name in self.names)

    def own(self, origin: str | None) -> bool:
        """Whether a request that changes something was made by our own page."""
        return origin is not None and origin.casefold() in self.names

    def socket(self, host: str) -> str:
        return f"{'wss' if self.secure else 'ws'}://{host}"


def origins(address: Address, public_url: str = "") -> Origins:
    """Raises `Invalid` for an address that nobody can type, and for plain HTTP beyond this computer."""
    if public_url:
        parts = urlsplit(public_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
            raise Invalid(f"--public-url: {public_url} is no address like https://desk.example, without a path.")
        if parts.scheme == "http" and not loopback(parts.hostname or ""):
            raise Invalid(
                f"--public-url: {parts.hostname} is another computer: people sign in there only over https://."
            )
        return Origins(frozenset({f"{parts.scheme}://{parts.netloc}".casefold()}), parts.scheme == "https")
    own = urlsplit(address.url)
    if address.host in ("0.0.0.0", "::"):
        raise Invalid(
            f"{address.host} is no address that a person types. Say which it is: --public-url https://desk.example"
        )
    hosts = {own.netloc}
    if loopback(address.host):
        hosts |= {f"{host}:{own.port}" for host in ("localhost", "127.0.0.1", "[::1]")}
    return Origins(frozenset(f"{own.scheme}://{host}".casefold() for host in hosts), own.scheme == "https")


def middleware(origins: Origins) -> Middleware:
    """Refuses what is not for us and what another page sent; a defect is answered without its words."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not origins.host(request.host.casefold()):
            return refused(421, "This address is not one of this desk's. Open the one that you were given.")
        changes = request.method not in (hdrs.METH_GET, hdrs.METH_HEAD)
        if (changes or request.path == "/ws") and not origins.own(request.headers.get(hdrs.ORIGIN)):
            return refused(403, "Another page sent this. Open the desk itself.")
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return refused(413, "That is longer than any code or token.")
        except web.HTTPException as answer:
            return refused(answer.status, answer.reason) if answer.status >= 400 else answer

    return guarded


async def headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set on every answer, also those of aiohttp itself."""
    known: Origins = request.app[ORIGINS]
    socket = known.socket(request.host) if known.host(request.host.casefold()) else ""
    response.headers.update(_HEADERS)
    response.headers["content-security-policy"] = _POLICY.format(socket=socket)
    response.headers.setdefault("cache-control", "no-store")
    response.headers.popall(hdrs.SERVER, None)
    if known.secure:
        response.headers["strict-transport-security"] = "max-age=31536000"


ORIGINS = web.AppKey("origins", Origins)


def refused(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, text=sentence)
