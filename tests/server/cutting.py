"""A line that can be cut: a TCP proxy of our own between a client and the server, which knows the requests that pass."""

from __future__ import annotations

import asyncio
import contextlib
import re

_POST = re.compile(rb"(POST|PUT) /v1/([a-z]+)[ /]")


class Cutting:
    """Forwards bytes both ways. `cut_next` cuts at a request, `cut_all` all that is open, `dark` refuses new lines."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.port = 0
        self.dark = False
        self.dark_after_cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self._writes: list[str] = []
        self._wish: tuple[str, bool] | None = None

    async def __aenter__(self) -> Cutting:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut_all()

    def cut_next(self, what: str, *, answer: bool) -> None:
        """The next write of this resource is cut: its answer (the server had it), or the request itself."""
        self._wish = (what, answer)

    def cut_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    def seen(self, what: str) -> int:
        """How many writes of this resource began to pass."""
        return self._writes.count(what)

    def up(self, some: bytes, writer: asyncio.StreamWriter) -> bytes:
        """What of a client's bytes goes on."""
        return some

    def down(self, some: bytes) -> bytes:
        """What of the server's bytes goes back."""
        return some

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.dark:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        muted = asyncio.Event()
        await asyncio.gather(self._up(reader, back, writer, muted), self._down(there, writer, back, muted))
        self._open -= {writer, back}

    async def _up(
        self,
        reader: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        muted: asyncio.Event,
    ) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while some := await reader.read(65536):
                found = _POST.match(some)
                if found:
                    self._writes.append(found[2].decode())
                if found and self._wish is not None and self._wish[0] == found[2].decode():
                    (_, answer), self._wish = self._wish, None
                    self.dark = self.dark_after_cut
                    if not answer:
                        back.write(some[: len(some) // 2])  # half of it arrives
                        writer.transport.abort()
                        back.transport.abort()
                        return
                    muted.set()
                back.write(self.up(some, writer))
                await back.drain()
        back.transport.abort()

    async def _down(
        self,
        there: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        muted: asyncio.Event,
    ) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while some := await there.read(65536):
                if muted.is_set():
                    break
                writer.write(self.down(some))
                await writer.drain()
        writer.transport.abort()
        back.transport.abort()
