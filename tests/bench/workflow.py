"""Durable tickets a second of one worker process: `python -m tests.bench.workflow [--stored 100 100000] [--tickets 200]`.

The worker is the product's own process with the embedded models, the sample shop and SQLite FULL. The day's messages are
filed under fresh ids into a queue that holds so many reviews, and are timed from the first ticket taken to the last one
done, by the journal's own times; nothing is approved meanwhile. The queues take turns, so that other load on the machine
meets all of them. The last line is JSON; the exit code is 1 when a ticket at the largest queue costs more than 1.1 times
what it costs at the smallest, or when the smallest gives under 20 tickets a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app.arrivals import day
from app.sources import records
from app.workflow.judge import RulesJudge
from config.load import SHOP, load
from config.settings import Settings, settings
from store.driver import driver
from store.engine import open_database
from store.local import LocalQueue
from tests import seed

LEAST, MOST_RATIO = 20.0, 1.1
PATIENCE = 600.0
"""Seconds after which a worker that does not end its tickets has failed."""


def prepared(folder: Path, stored: int) -> Settings:
    """A home whose queue holds so many reviews, most of them waiting."""
    where = settings(home=folder / f"home-{stored}")
    if not Path(where.queue).exists():
        Path(where.queue).parent.mkdir(parents=True, exist_ok=True)
        database = open_database(where.queue, check=False)
        seed.fill(database, stored, states=seed.MIXED)
        database.close()
        records.open_shop(load(), where.shop)
    return where


async def _file(where: Settings, tickets: int, turn: int) -> list[str]:
    """The day's messages, each a ticket of its own; returns their ids."""
    messages = [each.message for each in day(SHOP / "tickets.jsonl")]
    queue, ids = LocalQueue(where.queue, RulesJudge(load())), []
    for number in range(tickets):
        said, name = messages[number % len(messages)], f"bench-{turn}-{number}"
        await queue.submit(said.model_copy(update={"message_id": name, "thread": name}))
        ids.append(name)
    await queue.close()
    return ids


def run(where: Settings, tickets: int, turn: int) -> dict[str, float]:
    """Tickets a second, and processor time a ticket, of a fresh worker on that queue."""
    warm = asyncio.run(_file(where, 20, 2 * turn))
    with (Path(where.home) / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "app.cli", "worker", "--home", str(where.home)]
        child = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(where, warm, child)  # models loaded, caches as in a worker that has been at it for a while
        before = _spent(child.pid)
        child.send_signal(signal.SIGSTOP)
        ids = asyncio.run(_file(where, tickets, 2 * turn + 1))
        child.send_signal(signal.SIGCONT)
        began = time.perf_counter()
        _wait(where, ids, child)
        seconds = time.perf_counter() - began
        return {"a_second": tickets / seconds, "cpu_ms": (_spent(child.pid) - before) / tickets * 1e3}
    finally:
        child.send_signal(signal.SIGCONT)
        child.terminate()
        child.wait(30)


def _wait(where: Settings, ids: list[str], child: subprocess.Popen[bytes]) -> None:
    connection = driver().connect(f"file:{where.queue}?mode=ro", uri=True, timeout=10.0)
    until = time.monotonic() + PATIENCE
    marks = ",".join("?" * len(ids))
    try:
        while connection.execute(
            f"SELECT count(*) FROM work WHERE state != 'done' AND id IN ({marks})", ids
        ).fetchone()[0]:
            if child.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the worker did not end its tickets, see {where.home}/worker.log")
            time.sleep(0.02)
    finally:
        connection.close()


def _spent(pid: int) -> float:
    """Seconds of processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(folder: Path, sizes: list[int], tickets: int, rounds: int) -> dict[str, Any]:
    """Medians over the rounds for each size, and what the largest costs as a ratio to the smallest, round by round."""
    homes = {size: prepared(folder, size) for size in sizes}
    found: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for turn in range(rounds):
        for size in sizes if turn % 2 == 0 else sizes[::-1]:
            found[size].append(run(homes[size], tickets, turn))
            print(f"{size:>9} stored: {found[size][-1]}", file=sys.stderr)
    first, last = found[sizes[0]], found[sizes[-1]]
    pairs = list(zip(first, last, strict=True))
    return {
        "tickets": tickets,
        "rounds": rounds,
        "a_second": {
            size: round(statistics.median(each["a_second"] for each in many), 1) for size, many in found.items()
        },
        "cpu_ms": {size: round(statistics.median(each["cpu_ms"] for each in many), 1) for size, many in found.items()},
        "ratio": round(statistics.median(a["a_second"] / b["a_second"] for a, b in pairs), 2),
        "cpu_ratio": round(statistics.median(b["cpu_ms"] / a["cpu_ms"] for a, b in pairs), 2),
    }


def holds(found: dict[str, Any]) -> bool:
    """Whether both limits are met."""
    return max(found["a_second"].values()) >= LEAST and found["ratio"] <= MOST_RATIO


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, nargs="+", default=[100, 100_000])
    parser.add_argument("--tickets", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at", type=Path, help="keep the queues here and use them again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(given.at or Path(folder), given.stored, given.tickets, given.rounds)
    print(json.dumps(found))
    return 0 if holds(found) else 1


if __name__ == "__main__":
    sys.exit(main())
