"""Times decisions over HTTP, and the real desk on a remote queue from a decision to the next ticket drawn.

python -m tests.bench.remote [--short] [--decisions 200] [--postgres] [--only http | desk] [--rtt 40]

The real server on loopback. `http`: a claimed case is decided by the desk's own client, next to the same on the queue
itself in the same run; limit 30 ms in 95 of 100. `desk`: the desk in a pty of 120x40 on a queue of 10,000, over loopback
and over a line that holds every byte back so that a round trip takes --rtt ms; limit 60 ms and a round trip.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.signed_in import Login
from app.workflow.judge import RulesJudge
from config.load import load
from store.local import LocalQueue
from store.queue import Queue
from store.remote import RemoteQueue
from tests.bench import desk, filled, stopwatch
from tests.bench.server import Server, served
from tests.contract import shop
from tests.postgres import cluster
from tests.terminal import Terminal

MOST_HTTP_MS, MOST_DESK_MS = 30.0, 60.0
WARM = 20
WAITING = 10_000


def main() -> int:
    given = _options()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if given.only in (None, "http"):
            with (
                _place(Path(folder) / "http", postgres=given.postgres) as (home, database),
                served(home, database) as server,
            ):
                found["http"] = asyncio.run(round_trips(server, given.decisions))
        if given.only in (None, "desk"):
            desk.compiled()
            home = Path(shutil.copytree(filled.home(WAITING), Path(folder) / "desk"))
            with served(home, str(home / "queue.sqlite")) as server:
                for rtt in (0.0, given.rtt):
                    found[f"desk, {rtt:g} ms of line"] = at_the_desk(Path(folder), server, rtt, given.decisions // 8)
    print(json.dumps(found))
    return 1 if any(each["p95_ms"] > each["limit_ms"] for each in found.values()) else 0


@contextmanager
def _place(home: Path, *, postgres: bool) -> Iterator[tuple[Path, str]]:
    if not postgres:
        yield home, str(home / "queue.sqlite")
        return
    with cluster(safe=True) as made:
        yield home, made.url(made.database())


# ── over HTTP ────────────────────────────────────────────────────────────────


async def round_trips(server: Server, decisions: int) -> dict[str, Any]:
    """The same decisions in turn over the server and on the queue itself."""
    local = LocalQueue(server.database, RulesJudge(load()))
    for number in range(2 * (decisions + WARM)):
        await local.submit(_filed(number))
    remote = await RemoteQueue.open(server.url, server.token("ana"))
    times: dict[str, list[float]] = {"http": [], "queue": []}
    for number in range(decisions + WARM):
        for name, queue in (("http", remote), ("queue", local)):
            took = await _decided(queue, f"{name}-{number}")
            if number >= WARM:
                times[name].append(took * 1000)
    await remote.close()
    await local.close()
    return {
        "decisions": decisions,
        "median_ms": round(statistics.median(times["http"]), 1),
        "p95_ms": round(desk.p95(times["http"]), 1),
        "limit_ms": MOST_HTTP_MS,
        "queue_itself_median_ms": round(statistics.median(times["queue"]), 1),
        "queue_itself_p95_ms": round(desk.p95(times["queue"]), 1),
        "to_queue_itself": round(statistics.median(times["http"]) / statistics.median(times["queue"]), 2),
    }


async def _decided(queue: Queue, number: str) -> float:
    lease = await queue.claim("ana")
    assert lease is not None
    review = await queue.review(lease.review_id)
    decision = shop.decision(review, "ana", number=number)
    begun = time.perf_counter()
    await queue.decide(decision, lease)
    return time.perf_counter() - begun


def _filed(number: int) -> Any:
    from tests.campaigns.server import outside

    return outside(number)


# ── at the desk ──────────────────────────────────────────────────────────────


def at_the_desk(folder: Path, server: Server, rtt: float, decisions: int) -> dict[str, Any]:
    who = f"ana{rtt:g}"
    home = folder / who
    home.mkdir(mode=0o700)
    with Line(server.port, rtt / 2000) as line:
        token = home / "token"
        token.write_text(server.token(who))
        token.chmod(0o600)
        login = Login(url=f"http://127.0.0.1:{line.port}", user=who, token_file=token)
        (home / "login.json").write_text(login.model_dump_json())
        command = [str(Path(sys.executable).with_name("lastclick")), "--home", str(home)]
        with Terminal(command, columns=desk.COLUMNS, rows=desk.ROWS) as terminal:
            stopwatch.since(terminal, time.perf_counter(), desk.readable)
            stopwatch.settle(terminal, 5.0)
            found = desk.decisions(terminal, decisions)
            terminal.type("q")
            terminal.exit_code()
    median, p95 = found.values()
    limit = MOST_DESK_MS + rtt
    return {"decisions": decisions, "median_ms": round(median, 1), "p95_ms": round(p95, 1), "limit_ms": limit}


class Line:
    """A line to a port that holds every byte back for so many seconds, each way."""

    def __init__(self, port: int, seconds: float) -> None:
        self._to, self._seconds = port, seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="line")
        self.port = 0

    def __enter__(self) -> Line:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self.port = server.result(10).sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while some := await source.read(65_536):
                self._loop.call_later(self._seconds, sink.write, some)
        self._loop.call_later(self._seconds, sink.close)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="60 decisions")
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--rtt", type=float, default=40.0, help="of the slower line, in ms (default 40)")
    parser.add_argument("--only", choices=("http", "desk"))
    parser.add_argument("--postgres", action="store_true", help="http over PostgreSQL")
    given = parser.parse_args()
    if given.short:
        given.decisions = 60
    return given


if __name__ == "__main__":
    sys.exit(main())
