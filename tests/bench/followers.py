"""Times how soon every event is at every follower of the real server, what a follower costs it, and whom a slow one harms.

python -m tests.bench.followers [--short] [--followers 2000] [--seconds 20] [--rate 4] [--postgres]

A process of its own keeps so many streams of `/v1/events` open over loopback, while notes are written at that rate. In every
second phase some followers read nothing at all, behind a journal that is longer than any buffer. One line of JSON:

- all_p95_ms: from the journal's own time of an event until the last of all followers had it. Limit 1,000.
- kib_each: what the server's memory grew by, for one follower. Limit 64.
- slow_to_none: p99 of a single delivery in phases with slow followers, over those without. Limit 1.25.
- missed: events that a follower did not get, or got twice or out of order. Limit 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from store.engine import open_database
from store.local import LocalQueue
from tests.bench.server import Server, served
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge
from tests.postgres import cluster

MOST_MS, MOST_KIB, MOST_SLOWER = 1000.0, 64.0, 1.25
AT_ONCE = 50
SLOW = 8
BEFORE = 12_000
"""Events in the journal before the first phase: some megabytes, which no socket's buffers hold."""
SETTLE_SECONDS = 3.0
_NUMBER = re.compile(rb"id: (\d+)\nevent: entry\n")


def main() -> int:
    given = _options()
    if given.child:
        asyncio.run(_follow_all(given.port, given.followers))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with _place(home, postgres=given.postgres) as database, served(home / "home", database) as server:
            found = measure(server, given.followers, given.seconds, given.rate)
    print(json.dumps(found))
    return 0 if holds(found) else 1


def holds(found: dict[str, Any]) -> bool:
    return bool(
        found["events"] > 0
        and found["all_p95_ms"] <= MOST_MS
        and found["kib_each"] <= MOST_KIB
        and found["slow_to_none"] <= MOST_SLOWER
        and found["missed"] == 0
    )


@contextmanager
def _place(home: Path, *, postgres: bool) -> Iterator[str]:
    if not postgres:
        yield str(home / "queue.sqlite")
        return
    with cluster(safe=True) as made:
        yield made.url(made.database())


def measure(server: Server, followers: int, seconds: float, rate: float) -> dict[str, Any]:
    database = open_database(server.database)
    asyncio.run(_filled(server.database))
    with Crowd(server, min(AT_ONCE, followers)):  # what the first followers of all make it load is no follower's
        time.sleep(SETTLE_SECONDS)
    time.sleep(SETTLE_SECONDS)
    before = server.memory()
    with Crowd(server, followers) as crowd:
        time.sleep(SETTLE_SECONDS)
        each = (server.memory() - before) / followers
        spent, begun = server.processor(), time.monotonic()
        phases = [_phase(server, slow, seconds / 4, rate) for slow in (False, True, False, True)]
        share = (server.processor() - spent) / (time.monotonic() - begun)
        time.sleep(SETTLE_SECONDS)
        after = (server.memory() - before) / followers
        told = crowd.told()
    database.close()
    return _summed(told, phases, followers) | {
        "kib_each": round(each, 1),
        "kib_each_at_the_end": round(after, 1),
        "server_share_of_a_core": round(share, 2),
    }


class Crowd:
    """The followers, in a process of their own."""

    def __init__(self, server: Server, followers: int) -> None:
        self._words = ["--child", "--port", str(server.port), "--followers", str(followers)]
        self._token = server.token(f"crowd{followers}", "auditor")

    def __enter__(self) -> Crowd:
        command = [sys.executable, "-m", "tests.bench.followers", *self._words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._token + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "ready\n", "not everybody could follow"
        return self

    def told(self) -> dict[str, Any]:
        """For each event: when it came, in ms of the machine's clock, sorted; and how many were missed."""
        found: dict[str, Any] = json.loads(self._process.communicate("\n", timeout=60)[0])
        return found

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def _phase(server: Server, slow: bool, seconds: float, rate: float) -> dict[str, Any]:
    """Events while so many read nothing: their numbers and times, as the journal has them."""
    deaf = [_deaf(server.port, server.token(f"deaf{time.monotonic_ns()}", "auditor")) for _ in range(SLOW * slow)]
    time.sleep(1.0 if slow else 0.2)
    first, last = asyncio.run(_noted(server.database, seconds, rate))
    time.sleep(1.5)
    for one in deaf:
        one.close()
    return {"slow": slow, "events": asyncio.run(_times(server.database, first, last))}


def _deaf(port: int, token: str) -> socket.socket:
    """Asks for everything from the beginning and reads nothing."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(("127.0.0.1", port))
    one.sendall(_asked(token, 0))
    return one


def _asked(token: str, after: int | None = None) -> bytes:
    since = "" if after is None else f"last-event-id: {after}\r\n"
    return f"GET /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n{since}\r\n".encode()


async def _filled(database: str) -> None:
    queue = LocalQueue(database, HonestJudge())
    await queue.submit(shop.message())
    await asyncio.to_thread(_many, database)
    await queue.close()


def _many(database: str) -> None:
    from store import journal

    opened = open_database(database)
    for _ in range(BEFORE // 1000):
        opened.write(
            lambda session: [journal.append(session, "note.added", "4183", ticket="4183") for _ in range(1000)]
        )
    opened.close()


async def _noted(database: str, seconds: float, rate: float) -> tuple[int, int]:
    queue = LocalQueue(database, HonestJudge())
    first, until = await queue.head() + 1, time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.monotonic()
        await queue.note("4183", "ana", "A note like any other, of the usual length, about what the customer said.")
        await asyncio.sleep(max(0.0, begun + 1 / rate - time.monotonic()))
    last = await queue.head()
    await queue.close()
    return first, last


async def _times(database: str, first: int, last: int) -> dict[int, float]:
    queue, found = LocalQueue(database, HonestJudge()), dict[int, float]()
    async for event in queue.follow(first - 1):
        found[event.seq] = event.at.timestamp() * 1e3
        if event.seq >= last:
            break
    await queue.close()
    return found


def _summed(told: dict[str, Any], phases: list[dict[str, Any]], followers: int) -> dict[str, Any]:
    last: list[float] = []
    single: dict[bool, list[float]] = {False: [], True: []}
    incomplete = 0
    for phase in phases:
        for seq, at in phase["events"].items():
            came = told["came"].get(str(seq), [])
            incomplete += followers - len(came)
            if came:
                last.append(max(came) - at)
                single[phase["slow"]] += [one - at for one in came]
    p99 = {slow: _rank(times, 0.99) for slow, times in single.items()}
    return {
        "followers": followers,
        "events": len(last),
        "one_p50_ms": round(statistics.median(single[False]), 1),
        "one_p99_ms": round(p99[False], 1),
        "one_p99_beside_slow_ms": round(p99[True], 1),
        "slow_to_none": round(p99[True] / p99[False], 2),
        "all_p50_ms": round(statistics.median(last), 1),
        "all_p95_ms": round(_rank(last, 0.95), 1),
        "missed": incomplete + told["wrong"],
    }


def _rank(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


# ── the crowd itself ─────────────────────────────────────────────────────────


class Follower(asyncio.Protocol):
    """One stream: notes when each number came."""

    def __init__(self, crowd: Everybody) -> None:
        self._crowd, self._left, self._last = crowd, b"", 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._crowd.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now, data = time.time() * 1e3, self._left + data
        if b"event: ready\n" in data:
            self._crowd.ready += 1
        if b" 200 OK" not in data[:20] and data.startswith(b"HTTP/1.1"):
            self._crowd.refused = data[:200]
        for found in _NUMBER.finditer(data):
            seq = int(found[1])
            self._crowd.wrong += bool(self._last and seq != self._last + 1)
            self._last = seq
            self._crowd.came.setdefault(seq, []).append(now)
        cut = data.rfind(b"\n\n")
        self._left = data[cut + 1 :] if cut >= 0 else data

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.wrong += not self._crowd.over


class Everybody:
    def __init__(self, token: str) -> None:
        self.request = _asked(token)
        self.ready, self.wrong, self.over, self.refused = 0, 0, False, b""
        self.came: dict[int, list[float]] = {}


async def _follow_all(port: int, followers: int) -> None:
    crowd, loop = Everybody(sys.stdin.readline().strip()), asyncio.get_running_loop()
    for begun in range(0, followers, AT_ONCE):
        many = min(AT_ONCE, followers - begun)
        await asyncio.gather(*(loop.create_connection(lambda: Follower(crowd), "127.0.0.1", port) for _ in range(many)))
        until = time.monotonic() + 30
        while crowd.ready < begun + many:
            if time.monotonic() > until:
                raise SystemExit(f"{crowd.ready} of {begun + many} follow: {crowd.refused!r}")
            await asyncio.sleep(0.01)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    crowd.over = True
    print(json.dumps({"came": crowd.came, "wrong": crowd.wrong}), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="200 followers for 8 seconds")
    parser.add_argument("--followers", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--rate", type=float, default=4.0, help="events a second (default 4)")
    parser.add_argument("--postgres", action="store_true", help="over PostgreSQL instead of SQLite")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.short:
        given.followers, given.seconds = 200, 8.0
    return given


if __name__ == "__main__":
    sys.exit(main())
