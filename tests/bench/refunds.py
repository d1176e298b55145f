"""Ten routine refunds at a real desk in a pty, on an embedded queue: `python -m tests.bench.refunds`.

Machine time is what a person waits for: from each key to what it brings on screen. The rest of a key that has decided is
the guard's, not the machine's, and is not counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from store.contract import Customer
from tests.desk import samples
from tests.desk.shift import opened
from tests.desk.test_real_queue import refund
from tests.terminal import Terminal

REFUNDS = 10
REST = 1.4
QUIET = 0.15
"""Seconds without a byte, after which there is time to look."""
PATIENCE = 10.0


def measured(runs: int = 3) -> dict[str, float]:
    """Medians over the runs: keys for each, seconds for all ten. Opening the first case is counted in."""
    found = [_shift() for _ in range(runs)]
    return {name: round(median(run[name] for run in found), 3) for name in found[0]}


def _shift() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_file(Path(name)))
        with Terminal([sys.executable, "-m", "tests.desk.shift", name, "anna"]) as terminal:
            terminal.wait_for("T-001", "WHY", f"{REFUNDS + 1} waiting")
            _settled(terminal)
            waited, keys = _press(terminal, "\r", "a approve"), 1
            before = _cpu(terminal.pid)
            for n in range(1, REFUNDS + 1):
                for key, shown in (("a", "This will happen:"), ("y", f"─ T-{n + 1:03} ")):
                    waited += _press(terminal, key, shown)
                    keys += 1
                _settled(terminal)
            return {"keys_each": keys / REFUNDS, "machine_s": waited, "cpu_s": _cpu(terminal.pid) - before}


def _press(terminal: Terminal, key: str, shown: str) -> float:
    """Seconds from the key to the last byte that was needed to show this. The screen is worked out while nothing comes:
    what reads a screen must not be counted as drawing it."""
    begun = time.perf_counter()
    terminal.type(key)
    while time.perf_counter() - begun < PATIENCE:
        came: list[tuple[float, bytes]] = []
        while (part := terminal.part(QUIET)) is not None:
            came.append((time.perf_counter() - begun, part))
        found = 0.0
        for at, part in came:
            terminal.take(part)
            if not found and shown in terminal.screen():
                found = at
        if found:
            return found
    raise AssertionError(f"{shown!r} never came:\n{terminal.screen()}")


def _settled(terminal: Terminal) -> None:
    """The person reads; the key that decided rests."""
    until = time.monotonic() + REST
    while time.monotonic() < until:
        terminal.read(until - time.monotonic())


def _cpu(pid: int) -> float:
    """Seconds of processor that it took so far, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _file(folder: Path) -> None:
    queue = opened(folder)
    for n in range(1, REFUNDS + 2):
        customer = Customer(id=f"c{n}", name=f"Customer {n}", identity="verified", how="e-mail")
        case = samples.review(n, actions=(refund(5_000 + n),), claims=(), alternatives=(), customer=customer)
        ticket = case.proposal.ticket.model_copy(update={"id": f"T-{n:03}"})
        await queue.submit(case.proposal.model_copy(update={"ticket": ticket}))
    await queue.close()


if __name__ == "__main__":
    print(json.dumps(measured()))
