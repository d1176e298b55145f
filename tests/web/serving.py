"""The web server for tests: a real one on loopback, on the loop of the test, before a real server of the queue."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from app.server.run import Address, listen
from app.web.guard import origins
from app.web.serving import SESSIONS, Options, application
from app.web.sessions import Sessions


class Served:
    """Its address and its sessions."""

    def __init__(self, url: str, sessions: Sessions) -> None:
        self.url, self.sessions = url, sessions

    def pids(self) -> set[int]:
        """The desk processes that run."""
        open_ = self.sessions._open.values()
        return {desk.pid for session in open_ for desk in session.desks if desk.pid is not None}


@asynccontextmanager
async def web_desk(server: str, home: Path, **more: float) -> AsyncIterator[Served]:
    bound: socket.socket = listen(Address(port=0))
    address = Address(port=bound.getsockname()[1])
    app = application(server, origins(address), Options(home, home / "keymap.toml", **more))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    await web.SockSite(runner, bound).start()
    try:
        yield Served(address.url, app[SESSIONS])
    finally:
        await runner.cleanup()
