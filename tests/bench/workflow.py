"""Durable tickets a second of one worker process: `python -m tests.bench.workflow [--stored 100 100000] [--tickets 200]`.

The worker is the product's own process with the embedded models, the sample shop and SQLite FULL. The day's messages are
filed under fresh ids into a queue that holds so many reviews, and are timed until the last one is done; nothing is approved
meanwhile. The queues take turns, so that other load on the machine meets all of them. The last line is JSON; the exit code
is 1 when a ticket at the largest queue takes more than 1.1 times what it takes at the smallest, or when no queue gives 20
tickets a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
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
WARM = 20
"""Tickets before the first that counts: models are loaded, and texts of the shop are known."""
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
    queue, ids, run_id = LocalQueue(where.queue, RulesJudge(load())), list[str](), time.time_ns()
    for number in range(tickets):
        said, name = messages[number % len(messages)], f"bench-{run_id}-{turn}-{number}"
        await queue.submit(said.model_copy(update={"message_id": name, "thread": name}))
        ids.append(name)
    await queue.close()
    return ids


def run(where: Settings, tickets: int, turn: int) -> dict[str, float]:
    """Tickets a second, and processor time a ticket, of a fresh worker on that queue, after the first few."""
    ids = asyncio.run(_file(where, WARM + tickets, turn))
    with (Path(where.home) / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "app.cli", "worker", "--home", str(where.home)]
        child = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(where, ids, tickets, child)
        began, before, left = time.perf_counter(), _spent(child.pid), _left(where, ids)
        _wait(where, ids, 0, child)
        seconds, spent = time.perf_counter() - began, _spent(child.pid) - before
        return {"a_second": left / seconds, "cpu_ms": spent / left * 1e3}
    finally:
        child.terminate()
        child.wait(30)


def _wait(where: Settings, ids: list[str], most: int, child: subprocess.Popen[bytes]) -> None:
    """Until at most so many are not done."""
    until = time.monotonic() + PATIENCE
    while _left(where, ids) > most:
        if child.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"the worker did not end its tickets, see {where.home}/worker.log")
        time.sleep(0.02)


def _left(where: Settings, ids: list[str]) -> int:
    connection = driver().connect(f"file:{where.queue}?mode=ro", uri=True, timeout=10.0)
    try:
        marks = ",".join("?" * len(ids))
        sql = f"SELECT count(*) FROM work WHERE state != 'done' AND id IN ({marks})"
        return int(connection.execute(sql, ids).fetchone()[0])
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
    return bool(max(found["a_second"].values()) >= LEAST and found["ratio"] <= MOST_RATIO)


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
