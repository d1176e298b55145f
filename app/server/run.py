"""The server as a process: its socket, TLS or loopback, a clean stop, and no address, body or token in any log."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from app.server import line
from app.server.asking import House
from store.calling import loopback
from store.queue import Unavailable

KEEP_ALIVE = 75
STOP_SECONDS = 5


@dataclass(frozen=True)
class Address:
    """Where it listens. Without TLS files only loopback is taken: tokens do not cross a network in the clear."""

    host: str = "127.0.0.1"
    port: int = 7180
    cert: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.cert else 'http'}://{host}:{self.port}"


def listen(address: Address) -> socket.socket:
    """The bound socket. Raises `Unavailable` with what to do: port taken, no such address, plain HTTP beyond loopback."""
    if address.cert is None and not loopback(address.host):
        raise Unavailable(
            f"{address.host} is reached from other machines, and plain HTTP would show everybody's token. Give --tls-cert "
            "and --tls-key, or listen on 127.0.0.1 behind a proxy that speaks TLS."
        )
    for file in (address.cert, address.key):
        if address.cert is not None and (file is None or not file.is_file()):
            raise Unavailable(f"TLS needs both files, --tls-cert and --tls-key; {file or 'one'} is not there.")
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address.host, address.port))
        bound.listen(2048)
    except (OSError, OverflowError) as error:
        bound.close()
        why = getattr(error, "strerror", None) or str(error)
        raise Unavailable(
            f"{address.host}:{address.port} cannot be listened on: {why}. Is a server running there already? "
            "Choose another with --port."
        ) from error
    return bound


def config(app: FastAPI, address: Address, head_seconds: float = line.HEAD_SECONDS) -> uvicorn.Config:
    """uvicorn without its own logs, which would print addresses; heads of 32 KiB at most."""
    return uvicorn.Config(
        app,
        http=line.protocol(head_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=32 * 1024,
        ssl_certfile=address.cert,
        ssl_keyfile=address.key,
        backlog=2048,
    )


class Server(uvicorn.Server):
    """Ends streams before it waits for requests: a follower never stops asking by itself."""

    def __init__(self, app: FastAPI, settings: uvicorn.Config, started: Callable[[], None] | None = None) -> None:
        super().__init__(settings)
        self._house: House = app.state.house
        self._said = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._said is not None:
            self._said()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._house.hub.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal stops it cleanly, the second at once. The exit code is that of a clean end."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()
