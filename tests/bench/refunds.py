"""Ten routine refunds at a real desk in a pty, on an embedded queue: `python -m tests.bench.refunds [--runs N]`.

Counts the keys, and the machine's time: what a person waits for, from each key to what it brings on screen. The rest of a
key that has decided is the guard's, not the machine's, and is not counted. At the end the queue is asked whether all ten
stand as approved. Prints one line of JSON; ends with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from config.rules import Windows
from store.contract import Customer
from store.live import View
from store.local import LocalQueue
from store.queue import Queue
from tests.bench import stopwatch
from tests.bench.desk import GUARD_SECONDS, compiled, cpu
from tests.contract.honest_judge import HonestJudge
from tests.desk import samples
from tests.desk.test_real_queue import refund
from tests.terminal import Terminal

REFUNDS = 10
KEYS, SECONDS = 4.0, 0.5
"""Targets: keys from the list to the next case, for each; machine time for all ten."""
UNDO_SECONDS = 600.0
"""Nothing is carried out while the bench runs: there is no worker, and the window stays open."""


def main() -> int:
    given = _options()
    if given.desk is not None:
        return desk(given.desk)
    compiled()
    runs = [_shift() for _ in range(given.runs)]
    found = {name: round(median(run[name] for run in runs), 3) for name in runs[0]}
    missed = [name for name, limit in (("keys_each", KEYS), ("machine_s", SECONDS)) if found[name] > limit]
    print(json.dumps({"bench": "refunds", **found, "missed": missed}))
    return 1 if missed else 0


def _shift() -> dict[str, float]:
    """From the list to the first case, and on through ten of them; each decision brings the next one, claimed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(_filed(folder))
        command = [sys.executable, "-m", "tests.bench.refunds", "--desk", name]
        with Terminal(command, columns=120, rows=36) as terminal:
            terminal.wait_for(_title(1), "WHY", f"{REFUNDS + 1} waiting")
            stopwatch.settle(terminal, GUARD_SECONDS)
            before, keys = cpu(terminal.pid), ["\r"]
            waited = stopwatch.after(terminal, "\r", partial(_shows, "a approve")).seconds
            for n in range(1, REFUNDS + 1):
                for key, shown in (("a", "This will happen:"), ("y", _title(n + 1))):
                    waited += stopwatch.after(terminal, key, partial(_shows, shown)).seconds
                    keys.append(key)
                stopwatch.settle(terminal, GUARD_SECONDS)
            spent = cpu(terminal.pid) - before
            terminal.type("q")
            terminal.exit_code()
        decided = asyncio.run(_decided(folder))
        if decided != [f"T-{n:03}" for n in range(1, REFUNDS + 1)]:
            raise AssertionError(f"decided: {decided}")
        return {"keys_each": len(keys) / REFUNDS, "machine_s": waited, "processor_s": spent}


def _shows(words: str, screen: str) -> bool:
    return words in screen


def _title(n: int) -> str:
    return f"─ T-{n:03} "


def _opened(folder: Path) -> LocalQueue:
    return LocalQueue(folder / "queue.db", HonestJudge(Windows(undo_seconds=UNDO_SECONDS, spot_check_share=0.0)))


async def _filed(folder: Path) -> None:
    queue = _opened(folder)
    for n in range(1, REFUNDS + 2):
        customer = Customer(id=f"c{n}", name=f"Customer {n}", identity="verified", how="e-mail")
        case = samples.review(n, actions=(refund(5_000 + n),), claims=(), alternatives=(), customer=customer)
        ticket = case.proposal.ticket.model_copy(update={"id": f"T-{n:03}"})
        await queue.submit(case.proposal.model_copy(update={"ticket": ticket}))
    await queue.close()


async def _decided(folder: Path) -> list[str]:
    """The tickets whose refund was approved, as the store has them."""
    queue = _opened(folder)
    rows = (await queue.page(View(state="decided"))).rows
    histories = [await queue.history(row.ticket_id) for row in rows]
    await queue.close()
    return sorted(each.ticket.id for each in histories if any(run.action.kind == "refund" for run in each.executions))


def desk(folder: Path) -> int:
    """The desk that is worked at."""
    from app.desk.desk import Desk, run

    async def open_queue() -> Queue:
        return await asyncio.to_thread(_opened, folder)

    return run(Desk(open_queue, actor="anna", session=folder / "session.json"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.refunds", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="shifts of ten (default 3)")
    parser.add_argument("--desk", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
