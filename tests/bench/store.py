"""Times the queue's hot paths on a long list, as medians and as ratios to the simplest read of the same file.

python -m tests.bench.store [--reviews 1000000] [--at PATH] [--json]

The file is made once (a million takes some minutes and 5 GB) and used again. The exit code is 1 when a page of 50 takes
more than 5 ms, or a search more than 100 ms, in the 95th of 100 cases. A busy machine makes every call late, so each
question counts with the quickest of the times it was asked; the ratios say whether something grew out of proportion.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from store.engine import open_database
from store.live import Switch, View
from store.local import LocalQueue
from tests import seed
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

SORTS = ("oldest", "newest", "due", "amount")
FILTERS: dict[str, Any] = {
    "reason": "email_change",
    "route": "messy",
    "assignee": "billing",
    "risk": "high",
    "overdue": True,
    "older_than_minutes": 6_000,
}
NARROW: list[dict[str, Any]] = [
    {"older_than_minutes": 10**7},
    {"reason": "nothing"},
    {"reason": "email_change", "route": "messy", "assignee": "ana", "risk": "low"},
]
STATES = ("open", "snoozed", "held", "decided", "all")
WORDS = (
    "refund",
    "re",
    "ref",
    "order late",
    "W1000123",
    "W100",
    "name7",
    "charged twi",
    "nothinglikeit",
    "T4711",
    "na",
)


MOST_MS = {"page": 5.0, "next page": 5.0, "search": 100.0}
"""The 95th of 100 questions, over a million reviews."""


def views() -> Iterator[View]:
    """Every sort with every state, every filter, every pair of filters, and some that few or no rows pass."""
    for sort, state in itertools.product(SORTS, STATES):
        yield View(sort=sort, state=state)  # type: ignore[arg-type]
    for sort in SORTS:
        chosen = [dict(some) for k in (1, 2) for some in itertools.combinations(FILTERS.items(), k)]
        for one in (*chosen, *NARROW):
            for state in ("open", "all"):
                yield View(sort=sort, state=state, **one)  # type: ignore[arg-type]


async def timed(ask: Callable[[], Awaitable[Any]], times: int) -> list[float]:
    """Milliseconds of each call, the first one left out: it reads the disk, not the plan."""
    await ask()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        await ask()
        found.append((time.perf_counter() - began) * 1e3)
    return found


async def measure(path: Path, times: int) -> dict[str, list[tuple[str, list[float]]]]:
    """For each kind of call: what was asked, and how long each time took."""
    queue = LocalQueue(path, HonestJudge())
    found: dict[str, list[tuple[str, list[float]]]] = {}

    async def note(kind: str, name: str, ask: Callable[[], Awaitable[Any]], n: int = times) -> None:
        found.setdefault(kind, []).append((name, await timed(ask, n)))
        print(f"{kind:8} {statistics.median(found[kind][-1][1]):8.2f} ms  {name}", file=sys.stderr)

    for view in views():
        name = view.model_dump_json(exclude_defaults=True)
        await note("page", name, lambda view=view: queue.page(view))  # type: ignore[misc]
        page = await queue.page(view)
        if page.next:
            await note("next page", name, lambda v=view, p=page: queue.page(v, p.next))  # type: ignore[misc]
        timely = view.overdue or view.older_than_minutes is not None
        await note("counts by time" if timely else "counts", name, lambda view=view: queue.counts(view), 3)  # type: ignore[misc]
    for words in WORDS:
        await note("search", words, lambda words=words: queue.search(words))  # type: ignore[misc]
    first = (await queue.page(View())).rows[0]
    await note("review", first.review_id, lambda: queue.review(first.review_id))
    await note("counters", "", queue.counters)
    for kind, name in (("route", "messy"), ("model", "strong"), ("action", "refund")):
        switch = Switch(kind=kind, name=name, on=False, who="bench", why="bench")  # type: ignore[arg-type]
        await note("preview", f"{kind}:{name}", lambda switch=switch: queue.preview(switch))  # type: ignore[misc]
    for one in (View(), View(reason="email_change", sort="amount"), View(assignee="billing", sort="due")):
        name = one.model_dump_json(exclude_defaults=True)
        await note("claim", name, lambda one=one: claim(queue, one))  # type: ignore[misc]
    numbers = itertools.count(int(time.time() * 1e3))
    await note("message", "", lambda: queue.submit(shop.message(f"bench-{next(numbers)}", f"bench-{next(numbers)}")))
    await queue.close()
    return found


async def claim(queue: LocalQueue, view: View) -> None:
    lease = await queue.claim("bench", view=view)
    assert lease is not None
    await queue.release(lease)


def summed(found: dict[str, list[tuple[str, list[float]]]]) -> dict[str, dict[str, Any]]:
    """Median and p95 in ms over all calls of a kind, the slowest question, and the median as a ratio to `review`."""
    unit = statistics.median(ms for _, times in found["review"] for ms in times)
    table = {}
    for kind, asked in found.items():
        every = sorted(ms for _, times in asked for ms in times)
        worst = max(asked, key=lambda one: statistics.median(one[1]))
        table[kind] = {
            "calls": len(every),
            "median_ms": round(statistics.median(every), 2),
            "p95_ms": round(every[int(len(every) * 0.95)], 2),
            "worst_median_ms": round(statistics.median(worst[1]), 2),
            "worst": worst[0],
            "p95_of_quickest_ms": round(_p95([min(times) for _, times in asked]), 2),
            "to_review": round(statistics.median(every) / unit, 2),
        }
    return table


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def missed(table: dict[str, dict[str, Any]]) -> list[str]:
    """What is slower than it may be, in words."""
    found = {kind: table[kind]["p95_of_quickest_ms"] for kind in MOST_MS}
    return [f"{kind}: {ms} ms, over {MOST_MS[kind]}" for kind, ms in found.items() if ms > MOST_MS[kind]]


def prepared(path: Path, reviews: int) -> Path:
    if not path.exists():
        print(f"making {reviews} reviews in {path} …", file=sys.stderr)
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        database = open_database(part, check=False)
        seed.fill(database, reviews, states=seed.MIXED)
        database.close()
        part.rename(path)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviews", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--at", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    path = given.at or Path(tempfile.gettempdir()) / f"lastclick-bench-{given.reviews}.sqlite"
    table = summed(asyncio.run(measure(prepared(path, given.reviews), given.times)))
    if given.json:
        print(json.dumps({"reviews": given.reviews, "missed": missed(table)} | table))
        return 1 if missed(table) else 0
    for kind, row in table.items():
        print(
            f"{kind:15} median {row['median_ms']:8.2f} ms  p95 {row['p95_ms']:8.2f}  x{row['to_review']:<6} "
            f"worst {row['worst_median_ms']:8.2f}  {row['worst']}"
        )
    for each in missed(table):
        print(f"missed: {each}")
    return 1 if missed(table) else 0


if __name__ == "__main__":
    sys.exit(main())
