"""Open the desk on a queue in memory, to look at it: `python -m tests.desk.play [STATE]`."""

from __future__ import annotations

import asyncio
import sys

from app.desk.desk import Desk, run
from store.contract import now
from store.live import Switch
from store.queue import Queue
from tests.desk import samples
from tests.desk.fake_queue import FakeQueue


def queue(state: str) -> FakeQueue:
    """One of: day (default), many, empty, done, held, idle, scripts, stale, switch, down."""
    made = {
        "many": lambda: FakeQueue([samples.low_risk(10_000 + n) for n in range(5000)]),
        "empty": lambda: FakeQueue([], routes=(), retries_by_step={}, retries_series=(), route_switches=0, workers=0),
        "done": lambda: FakeQueue([]),
        "held": lambda: FakeQueue([], held=3),
        "scripts": lambda: FakeQueue(samples.many_scripts()),
        "stale": lambda: FakeQueue([samples.resting(True), *samples.day()[1:]]),
        "idle": lambda: FakeQueue(samples.day(), workers=0),
    }.get(state, lambda: FakeQueue(samples.day()))()
    if state in {"switch", "held"}:
        made.off = (Switch(kind="route", name="messy", on=False, who="bo", why="prompt loops", since=now(), held=3),)
    if state == "down":
        made.down = "The disk is full: free some space, then it goes on."
    return made


def main() -> int:
    state = sys.argv[1] if len(sys.argv) > 1 else "day"

    async def opened() -> Queue:
        await asyncio.sleep(0.2)
        return queue(state)

    return run(Desk(opened, actor="anna", title="local", read_only=state == "read-only"))


if __name__ == "__main__":
    sys.exit(main())
