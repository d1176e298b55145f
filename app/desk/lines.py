"""Runs the desk by words on standard input and output."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable

from app.desk.spoken import Spoken
from store.queue import Queue


def run(open_queue: Callable[[], Awaitable[Queue]], actor: str) -> int:
    """Read lines until `quit` or the end. A prompt is written only for a person."""
    try:
        asyncio.run(_run(open_queue, actor))
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(open_queue: Callable[[], Awaitable[Queue]], actor: str) -> None:
    asks = sys.stdin.isatty()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        # A thread that dies with the process: Ctrl+C must not wait for one more line.
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    async def hear() -> str | None:
        if asks:
            print("> ", end="", flush=True)
        return await lines.get()

    def say(line: str) -> None:
        print(line, flush=True)

    queue = await open_queue()
    threading.Thread(target=listen, name="stdin", daemon=True).start()
    try:
        await Spoken(queue, actor, say, hear).run()
    finally:
        await queue.close()
