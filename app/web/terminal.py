"""The desk process behind one open page: what textual-serve makes of a command, with a credential that only it can read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from app.web.errand import Errand

STOP_SECONDS = 5.0
_READY = b"__GANGLION__\n"
_LONGEST = 4_000_000
"""Bytes of one packet; a frame of the largest terminal has some 300 kB."""
_KEPT = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"}
)


class Terminal(AppService):
    """Speaks textual-serve's packets with a desk. The credential goes as the first line of its standard input: it is in no
    argument and in no environment, and a pipe has no name that another process could open."""

    def __init__(
        self, errand: Errand, write: Callable[[bytes], Awaitable[None]], close: Callable[[], Awaitable[object]]
    ):
        super().__init__("", write_bytes=write, write_str=_nothing, close=_nothing, download_manager=DownloadManager())
        self._errand = errand
        self._close = close
        self._stopping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return environment(os.environ, width, height)

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "app.web.errand"),
            stdin=PIPE,
            stdout=PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,
        )
        assert process.stdin is not None
        self._process, self._stdin = process, process.stdin
        process.stdin.write(self._errand.line())
        return process

    async def run(self) -> None:
        """Passes on what the desk draws, and nothing else: no address is opened and no file delivered in its name."""
        assert self._process is not None
        assert self._process.stdout is not None
        read = self._process.stdout
        try:
            while await read.readline() not in (_READY, b""):
                pass
            while True:
                kind = await read.readexactly(1)
                size = int.from_bytes(await read.readexactly(4), "big")
                if size > _LONGEST:
                    break
                payload = await read.readexactly(size)
                if kind == b"D":
                    with contextlib.suppress(ConnectionError):  # the page is gone: read on, or the desk cannot end
                        await self.remote_write_bytes(payload)
                elif kind == b"M" and b'"exit"' in payload:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            await self._close()

    async def stop(self) -> None:
        """Ends the process: asked, then told, then killed. Any number of callers wait for the same end."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        await self.send_meta({"type": "quit"})
        for last in (process.terminate, process.kill, None):
            with contextlib.suppress(TimeoutError, ProcessLookupError):
                await asyncio.wait_for(self._ended(process), STOP_SECONDS)
                break
            if last is not None:
                with contextlib.suppress(ProcessLookupError):
                    last()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _ended(self, process: Process) -> None:
        """A pipe that nobody reads would hold the desk's last words back, and it with them."""
        if self._task is not None:
            await asyncio.wait({self._task})
        if process.stdout is not None:
            while await process.stdout.read(65536):
                pass
        await process.wait()


async def _nothing(*_: object) -> None:
    """A desk opens no address and ends no page by itself."""


def environment(own: Mapping[str, str], width: int, height: int) -> dict[str, str]:
    """What the desk process is told: nothing of ours that it does not need, so no password and no key."""
    kept = {name: value for name, value in own.items() if name in _KEPT or name.startswith("LC_")}
    return kept | {
        "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "COLORTERM": "truecolor",
        "TERM": "xterm-256color",
        "TERM_PROGRAM": "textual",
        "COLUMNS": str(width),
        "ROWS": str(height),
        "LASTCLICK_PARENT": str(os.getpid()),
    }
