"""Times the reads of the figures, as a screen asks them, as if a million tickets had come in over four weeks.

python -m tests.bench.figures [--tickets 1000000] [--times 40] [--at PATH]

Only the roll-ups are made (they are all that is read), with more keys than a shop has: 12 routes, 120 intents, 40 versions,
60 reasons, and a reply pattern of its own for half of the replies. One line of JSON: p95 in ms and as a ratio to the
cheapest read of the same file, so that another machine can be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

from store.contract import now
from store.engine import open_database
from store.live import Behind, Dimension, Question
from store.local import LocalQueue
from store.sheets import DAY, HOUR
from tests.contract.honest_judge import HonestJudge

KEYS = {"route": 12, "intent": 120, "prompt": 8, "version": 40, "model": 6, "message": 40, "reason": 60, "action": 20}
COUNTED = ("replies", "returned", "confused", "decided", "overrides", "handled", "stopped", "carried", "carry_errors",
           "calls", "call_retries", "call_errors", "cost")  # fmt: skip
TIMED = ("handle_ms.route", "call_ms.model", "call_ms.prompt", "carry_ms.action", "first_reply_ms.all", "decide_ms.all")

READ_BY_HOUR = {0, 1, 2, 6, 7, 8, 13, 14, 27, 28, 55, 56}
"""Days back whose hours some question reads; hours that none reads are not made."""


def fill(path: Path, tickets: int, seed: int = 7) -> int:
    """Rows of roll-ups as so many tickets in eight weeks leave them. Returns how many."""
    chance, database = random.Random(seed), open_database(path, check=False)
    end = int(now().timestamp()) // HOUR * HOUR
    rows = 0
    with database.engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.execute("PRAGMA synchronous = OFF")
        raw.execute("BEGIN IMMEDIATE")
        for back in range(57):
            day: Counter[tuple[str, str, int]] = Counter()
            start = end - end % DAY - back * DAY
            for hour in range(24):
                cells = _hour(chance, max(1, tickets // (28 * 24)))
                day.update(cells)
                if back in READ_BY_HOUR and start + hour * HOUR <= end:
                    rows += _insert(raw, "", start + hour * HOUR, cells)
            rows += _insert(raw, "/day", start, day)
        raw.execute("COMMIT")
    database.close()
    return rows


def _insert(raw: Any, suffix: str, at: int, cells: Counter[tuple[str, str, int]]) -> int:
    made = [(name + suffix, at, key, part, n) for (name, key, part), n in sorted(cells.items())]
    raw.executemany("INSERT INTO figures VALUES (?, ?, ?, ?, ?)", made)
    return len(made)


def _hour(chance: random.Random, tickets: int) -> Counter[tuple[str, str, int]]:
    cells: Counter[tuple[str, str, int]] = Counter()
    for name in COUNTED:
        cells[f"{name}.all", "", 0] = tickets // 2
        for by, keys in KEYS.items():
            for key in range(keys):
                cells[f"{name}.{by}", f"{by}{key}", 0] = 1 + tickets // keys // (1 if name == "replies" else 4)
    for n in range(tickets // 2):
        cells["replies.reply", f"{chance.getrandbits(24):06x} your order is on its way", 0] += 1
        if n % 12 == 0:
            cells["returned.reply", f"{chance.getrandbits(24):06x} your order is on its way", 0] += 1
    for name in TIMED:
        for key in range(KEYS.get(name.split(".")[1], 1)):
            for part in range(20, 60, 2):
                cells[name, "" if name.endswith("all") else f"{name.split('.')[1]}{key}", part] = 1 + tickets // 40
    return cells


async def timed(ask: Callable[[], Awaitable[Any]], times: int) -> list[float]:
    await ask()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        await ask()
        found.append((time.perf_counter() - began) * 1e3)
    return sorted(found)


async def measure(path: Path, times: int) -> dict[str, list[float]]:
    queue = LocalQueue(path, HonestJudge())
    found = {"unit": await timed(queue.switches, times)}
    for by, hours in itertools.product(get_args(Dimension), (24, 168, 672)):
        question = Question(hours=hours, by=by)
        found[f"stats {hours}h by {by}"] = await timed(lambda q=question: queue.stats(q, "ana"), times)  # type: ignore[misc]
    found["operations"] = await timed(queue.operations, times)
    found["cases"] = await timed(lambda: queue.cases(Behind(measure="repeats", hours=672)), times)
    await queue.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--at", type=Path)
    given = parser.parse_args()
    path = given.at or Path(tempfile.gettempdir()) / f"lastclick-figures-{given.tickets}.sqlite"
    rows = 0 if path.exists() else fill(path, given.tickets)
    found = asyncio.run(measure(path, given.times))
    unit = statistics.median(found["unit"])
    told = {name: {"p50_ms": round(statistics.median(ms), 2), "p95_ms": round(ms[int(len(ms) * 0.95) - 1], 2),
                   "to_unit": round(statistics.median(ms) / unit, 1)} for name, ms in found.items()}  # fmt: skip
    worst = max((name for name in told if name != "unit"), key=lambda name: told[name]["p95_ms"])
    print(json.dumps({"tickets": given.tickets, "rows_made": rows, "worst": worst, **told[worst], "all": told}))


if __name__ == "__main__":
    main()
