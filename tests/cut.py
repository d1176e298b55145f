"""A TCP proxy whose wire can be cut: at once, in silence (nothing passes any more), or in the middle of a message."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, Self


class Wire:
    """Between any number of clients and one server. `port` is where clients connect."""

    def __init__(self, server: int) -> None:
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="wire")
        self._open: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._silent = False
        self._refuses = False
        self._after: int | None = None
        self.cuts = 0
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cut(self, *, stay: bool = False) -> None:
        """Resets every connection; with `stay` nobody gets through until `mend`."""
        self._refuses = stay
        self._do(self._reset())

    def silence(self) -> None:
        """Nothing passes any more and nobody is told, as when a cable is pulled, until `mend`."""
        self._silent = True

    def mend(self) -> None:
        """Connections that were silent are reset: what they missed is not made good."""
        if self._silent:
            self._do(self._reset())
        self._silent = self._refuses = False

    def cut_after(self, size: int) -> None:
        """Cuts a connection when so many more bytes have gone to the server: in the middle of a statement or a COMMIT."""
        self._after = size

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _reset(self) -> None:
        self.cuts += 1
        for pair in list(self._open):
            for one in pair:
                one.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            there, out = await asyncio.open_connection("127.0.0.1", self.server)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, out)
        self._open.add(pair)
        try:
            await asyncio.gather(self._pump(reader, out, counted=True), self._pump(there, writer, counted=False))
        finally:
            self._open.discard(pair)
            for one in pair:
                one.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                if self._silent:
                    continue
                if counted and self._after is not None:
                    if len(data) >= self._after:
                        sink.write(data[: self._after])
                        await sink.drain()
                        self._after = None
                        await self._reset()
                        return
                    self._after -= len(data)
                sink.write(data)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()
