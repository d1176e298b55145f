"""Times how the workflow's throughput grows with worker processes on one PostgreSQL, with a model that waits.

python -m tests.bench.workers [--short] [--workers 1 2 4 8] [--slots 1] [--tickets 60] [--json]

Every call of a model waits 200 ms beyond its own time. A worker has so many slots; the rate is that of the tickets between
the first and the last tenth, by the journal's times. `linear` is the rate over what so many times one worker would do;
`busy` is how much of the machine's processors was used meanwhile: near 1.0 they, not the database, are the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import platformdirs

from tests.postgres import Cluster, cluster
from tests.workflow.shopfloor import RUN, Shopfloor

WAITING = """
import time
from app.models import registry

class Waiting:
    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        found = getattr(self._model, name)
        if not callable(found):
            return found

        def call(*args, **named):
            time.sleep(0.2)
            return found(*args, **named)

        return call

honest = registry.models
registry.models = lambda *args, **named: {name: Waiting(model) for name, model in honest(*args, **named).items()}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="1 and 2 workers, 30 tickets")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--tickets", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.short:
        given.workers, given.tickets = [1, 2], 30
    os.environ["LASTCLICK_SLOTS"] = str(given.slots)
    found: list[dict[str, Any]] = []
    with cluster(safe=True) as server:
        for workers in given.workers:
            row = measured(server, workers, given.tickets)
            row["linear"] = (
                round(row["per_second"] / (found[0]["per_second"] * workers / found[0]["workers"]), 2) if found else 1.0
            )
            found.append(row)
            print(json.dumps(row), file=sys.stderr)
    print(json.dumps({"slots": given.slots, "runs": found}, indent=None if given.json else 1))


def measured(server: Cluster, workers: int, tickets: int) -> dict[str, Any]:
    """One run on a database of its own."""
    models = Path(platformdirs.user_cache_path("lastclick-tests")) / "models"
    models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        floor = Shopfloor(Path(folder) / "home", models, server.url(server.database()))
        try:
            for _ in range(workers):
                floor.start(WAITING + RUN)
            floor.wait_until(lambda: floor.log.read_text().count("models ready") == workers, 300)
            before = _used()
            floor.file(tickets)
            floor.wait_until(floor.idle, 600)
            busy = _share(before, _used())
            ended = [
                int(str(at)) / 1e6
                for (at,) in floor.ask("SELECT at FROM journal WHERE kind LIKE 'proposal.%' ORDER BY at")
            ]
        finally:
            floor.end()
    first, last = int(len(ended) * 0.1), int(len(ended) * 0.9)
    rate = (last - first) / (ended[last] - ended[first])
    return {"workers": workers, "tickets": len(ended), "per_second": round(rate, 2), "busy": busy}


def _used() -> tuple[float, float]:
    """(busy, all) processor time of the machine so far."""
    fields = [float(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def _share(before: tuple[float, float], after: tuple[float, float]) -> float:
    return round((after[0] - before[0]) / max(after[1] - before[1], 1.0), 2)


if __name__ == "__main__":
    main()
