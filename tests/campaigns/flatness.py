"""What a worker and the questions of a desk cost, day by day: memory, SQLite's own steps, time, bytes of the file.

Steps of SQLite's virtual machine say the same on every machine and every run; a scan of a table that grows shows in them
at once, where a time in milliseconds drowns in what else a machine does. Both are kept, the steps are judged.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from store.driver import driver
from store.live import Behind, Question, View
from store.local import LocalQueue

EVERY = 100
"""Steps between two counts."""
FULL = timedelta(weeks=4)
"""When the longest window is full: until then its figures are read from more rows each day."""
CHEAP = 5_000
"""Steps under which a question costs nothing that anybody notices (under a millisecond), so growth below is none."""

Ask = Callable[[], Awaitable[object]]


class Meter:
    """Asks what a desk asks, as often as it is told to."""

    def __init__(self, queue: LocalQueue, worker: int, path: Path) -> None:
        self._queue, self._worker, self._path = queue, worker, path
        self._counting, self._steps = False, 0
        self._days: list[dict[str, float]] = []
        event.listen(queue._database.engine, "checkout", self._attach)

    async def look(self, since: timedelta, ticket: str, messages: int) -> None:
        """What everything costs so long after the beginning. `ticket` is opened; so many messages came so far."""
        day: dict[str, float] = {"day": since / timedelta(days=1), "messages": messages}
        day |= {"memory": _memory(self._worker), "bytes": self._bytes()}
        for name, ask in self._asks(ticket).items():
            self._counting, self._steps = True, 0
            await ask()
            self._counting = False
            day[f"steps {name}"] = self._steps
            began = time.perf_counter()
            await ask()
            day[f"ms {name}"] = (time.perf_counter() - began) * 1e3
        day["ms"] = sum(took for name, took in day.items() if name.startswith("ms "))
        self._days.append(day)

    def figures(self) -> dict[str, Any]:
        """Memory over all looks; questions since the longest window was full; bytes in the second half over the first."""
        full = [day for day in self._days if day["day"] >= FULL / timedelta(days=1)]
        names = [name.removeprefix("ms ") for name in full[-1] if name.startswith("ms ")]
        steps = {name: growth(full, f"steps {name}", CHEAP) for name in names}
        worst = max(steps, key=lambda name: (steps[name], full[-1][f"steps {name}"]))
        first, middle, last = self._days[0], self._days[len(self._days) // 2], self._days[-1]
        early, late = _a_message(first, middle), _a_message(middle, last)
        return {
            "memory": growth(self._days, "memory", 1),
            "memory_mb": [round(first["memory"]), round(middle["memory"]), round(last["memory"])],
            "steps": steps[worst],
            "steps_worst": worst,
            "steps_each": {name: [int(day[f"steps {name}"]) for day in (full[0], last)] for name in names},
            "ms": {name: [round(full[0][f"ms {name}"], 1), round(last[f"ms {name}"], 1)] for name in names},
            "ms_growth": growth(full, "ms", 0.1),
            "bytes_a_message": [early, late],
            "bytes_growth": round(late / early, 2),
        }

    def _asks(self, ticket: str) -> dict[str, Ask]:
        queue = self._queue
        return {
            "list of what waits": lambda: queue.page(View()),
            "list of what was decided": lambda: queue.page(View(state="decided", sort="newest")),
            "counts": lambda: queue.counts(View()),
            "search": lambda: queue.search("password", limit=20),
            "history of a ticket": lambda: queue.history(ticket),
            "counters 7d": lambda: queue.counters(168),
            "stats 24h by route": lambda: queue.stats(Question(hours=24, by="route")),
            "stats 7d by reply": lambda: queue.stats(Question(hours=168, by="reply")),
            "stats 28d by route": lambda: queue.stats(Question(hours=672, by="route")),
            "stats 28d by reply": lambda: queue.stats(Question(hours=672, by="reply")),
            "routes screen": lambda: queue.operations(24),
            "tickets behind a figure": lambda: queue.cases(Behind(measure="repeats", hours=672)),
        }

    def _attach(self, connection: Any, _record: object, _proxy: object) -> None:
        connection.set_progress_handler(self._step if self._counting else None, EVERY)

    def _step(self) -> int:
        self._steps += EVERY
        return 0

    def _bytes(self) -> int:
        with contextlib.closing(driver().connect(f"file:{self._path}?mode=ro", uri=True)) as store:
            pages, size = (store.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        return int(pages) * int(size)


def _a_message(before: dict[str, float], after: dict[str, float]) -> int:
    return round((after["bytes"] - before["bytes"]) / max(1, after["messages"] - before["messages"]))


def growth(days: list[dict[str, float]], name: str, least: float) -> float:
    """The last quarter of the days over the first, by their medians; what is under `least` counts as that."""
    quarter = max(1, len(days) // 4)
    first, last = (statistics.median(day[name] for day in some) for some in (days[:quarter], days[-quarter:]))
    return round(max(last, least) / max(first, least), 2)


def _memory(process: int) -> float:
    """What a process holds of its own, in MB: code and mapped files are not in it."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024
