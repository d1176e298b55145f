"""The desk in a real pty, against bare Textual in the same run: `python -m tests.bench.desk [--short] [--runs N]`.

Start, keys, decisions, bytes, rest and memory on a queue of 10,000 and on one of 1,000,000 waiting cases (`--short`: without
that; filling it takes some minutes, once). The code is compiled first, as pip leaves it. A desk rests once its file has been
read for damage, which happens once a day. Prints a table and one line of JSON; ends with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import compileall
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from store import checkup
from tests.bench import filled, stopwatch
from tests.terminal import Terminal

SMALL, LARGE = 10_000, 1_000_000
COLUMNS, ROWS = 120, 40
MOVES, DECISIONS = 40, 30
REST_SECONDS, CHECK_SECONDS = 10.0, 180.0
GUARD_SECONDS = 1.4
"""A key that decided is deaf for a second."""
DRAWN = 0.4
"""Seconds without a byte, after which a move has drawn its ticket: the cursor rests before it is read."""
PROJECT = Path(__file__).parents[2]
HELLO = [sys.executable, str(Path(__file__).with_name("hello.py"))]
OTHERS = ("posting", "harlequin")
TARGETS = {
    "version / python -c pass": 3.0,
    "first ticket / bare Textual": 1.6,
    "key to paint p95, ms": 16.7,
    "decision to next ticket p95, ms": 50.0,
    "bytes of a move": 1500.0,
    "bytes at rest": 0.0,
    "processor at rest, %": 1.0,
    "memory / bare Textual": 2.5,
}
GROWTH = 1.2
"""What a million cases may cost more than ten thousand: the medians."""
GROWS = ("first ticket, s", "key to paint, ms", "decision to next ticket, ms", "bytes of a move", "memory, MB")

Figures = dict[str, float]


def main() -> int:
    given = _options()
    compiled()
    found = {"desk": {"version / python -c pass": _version(given.runs)}}
    for waiting in (SMALL,) if given.short else (SMALL, LARGE):
        print(f"measuring a queue of {waiting:,} …", file=sys.stderr)
        with _home(waiting) as home:
            found[f"{waiting:,}"] = {**starts(home, given.runs), **shift(home)}
    missed = [f"{where}: {name} {value:g}, at most {limit:g}" for where, name, value, limit in _missed(found)]
    names = dict.fromkeys(name for figures in found.values() for name in figures)
    for name in names:
        cells = "".join(f"{figures[name]:>14.3f}" if name in figures else f"{'':>14}" for figures in found.values())
        print(f"{name:<34}{cells}{TARGETS.get(name, ''):>10}")
    print(*(f"missed: {line}" for line in missed), sep="\n", file=sys.stderr)
    print(json.dumps({"bench": "desk", "figures": found, "missed": missed}))
    return 1 if missed else 0


def _missed(found: dict[str, Figures]) -> Iterator[tuple[str, str, float, float]]:
    for where, figures in found.items():
        for name, limit in TARGETS.items():
            if figures.get(name, 0.0) > limit:
                yield where, name, figures[name], limit
    small, large = found[f"{SMALL:,}"], found.get(f"{LARGE:,}", {})
    for name in GROWS:
        if name in large and large[name] > GROWTH * small[name]:
            yield f"{LARGE:,}", name, large[name], round(GROWTH * small[name], 3)


# ── start ────────────────────────────────────────────────────────────────────


def starts(home: Path, runs: int) -> Figures:
    """Start to the first ticket readable and to the first key answered, beside a bare Textual's start to paint."""
    others = [name for name in OTHERS if shutil.which(name)]
    times: dict[str, list[float]] = {name: [] for name in ("hello", "ticket", "key", *others)}
    for _ in range(runs):
        times["hello"].append(_painted(HELLO, lambda screen: "Hello" in screen))
        for name in others:
            times[name].append(_painted([name], lambda screen: len("".join(screen.split())) > 200))
        ticket, key = _opened(home)
        times["ticket"].append(ticket)
        times["key"].append(key)
    hello = median(times["hello"])
    found = {"bare Textual, s": hello, "first ticket, s": median(times["ticket"])}
    found |= {"first ticket / bare Textual": found["first ticket, s"] / hello}
    found |= {f"{name} / bare Textual": median(times[name]) / hello for name in others}
    return found | {"first key answered / bare Textual": median(times["key"]) / hello}


def _painted(command: list[str], shown: Callable[[str], bool]) -> float:
    begun = time.perf_counter()
    with Terminal(command, columns=COLUMNS, rows=ROWS) as terminal:
        return stopwatch.since(terminal, begun, shown, quiet=DRAWN).seconds


def _opened(home: Path) -> tuple[float, float]:
    begun = time.perf_counter()
    with Terminal(_lastclick(home), columns=COLUMNS, rows=ROWS, env=_env()) as terminal:
        ticket = stopwatch.since(terminal, begun, readable)
        before = _cursor(terminal.screen())
        terminal.type("j")
        key = stopwatch.since(terminal, begun, lambda screen: _cursor(screen) != before)
        terminal.type("q")
        terminal.exit_code()
        return ticket.seconds, key.seconds


def _version(runs: int) -> float:
    """The installed command against a bare interpreter, in turn."""
    ours, bare = [], []
    for _ in range(max(runs, 15)):
        ours.append(_seconds([str(_command()), "--version"]))
        bare.append(_seconds([sys.executable, "-c", "pass"]))
    return median(ours) / median(bare)


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


# ── at work ──────────────────────────────────────────────────────────────────


def shift(home: Path) -> Figures:
    """One desk with its worker: it rests, its cursor moves, it decides; every decision is taken back."""
    with Terminal(HELLO, columns=COLUMNS, rows=ROWS) as bare:
        bare.wait_for("Hello")
        stopwatch.settle(bare, 1.0)
        least = _memory(bare.pid)
    with Terminal(_lastclick(home), columns=COLUMNS, rows=ROWS, env=_env()) as terminal:
        terminal.wait_for("● 1 worker", seconds=120.0)
        stopwatch.settle(terminal, 5.0)
        _checked(terminal, home)
        found = _rest(terminal) | _moves(terminal) | decisions(terminal)
        memory = _memory(terminal.pid)
        terminal.type("q")
        terminal.exit_code()
    return found | {"memory, MB": memory, "memory / bare Textual": memory / least}


def _checked(terminal: Terminal, home: Path) -> None:
    """The file has been read for damage, as it is once a day."""
    until = time.monotonic() + CHECK_SECONDS
    while not checkup.lately(home / "queue.sqlite") and time.monotonic() < until:
        stopwatch.settle(terminal, 1.0)


def _rest(terminal: Terminal) -> Figures:
    before = cpu(terminal.pid)
    size = stopwatch.settle(terminal, REST_SECONDS)
    share = 100 * (cpu(terminal.pid) - before) / REST_SECONDS
    return {"bytes at rest": size, "processor at rest, %": share}


def _moves(terminal: Terminal) -> Figures:
    moves = []
    for _ in range(MOVES):
        before = _cursor(terminal.screen())
        moves.append(stopwatch.after(terminal, "j", lambda screen, at=before: _cursor(screen) != at, quiet=DRAWN))
    times = [each.seconds * 1000 for each in moves]
    return {
        "key to paint, ms": median(times),
        "key to paint p95, ms": p95(times),
        "bytes of the list alone": median(each.needed for each in moves),
        "bytes of a move": median(each.size for each in moves),
        "bytes of a move p95": p95([each.size for each in moves]),
    }


def decisions(terminal: Terminal, many: int = DECISIONS) -> Figures:
    """Of so many decisions, each taken back."""
    times, decided = [], time.perf_counter()
    for _ in range(many):
        stopwatch.settle(terminal, max(DRAWN, decided + GUARD_SECONDS - time.perf_counter()))
        case = title(terminal.screen())
        stopwatch.after(terminal, "a", lambda screen: "This will happen" in screen)
        times.append(stopwatch.after(terminal, "y", lambda screen, case=case: _another(screen, case)).seconds * 1000)
        decided = time.perf_counter()
        stopwatch.after(terminal, "u", lambda screen, case=case: title(screen) == case)
        stopwatch.settle(terminal, DRAWN)
        stopwatch.after(terminal, "n", lambda screen, case=case: _another(screen, case))
    return {"decision to next ticket, ms": median(times), "decision to next ticket p95, ms": p95(times)}


def readable(screen: str) -> bool:
    """Why it stopped, what is proposed and what the customer would read."""
    return bool(title(screen)) and all(word in screen for word in ("WHY", "ACTION", "We look at"))


def title(screen: str) -> str:
    """The ticket on screen."""
    found = re.search(r"─ (T\d+) ", screen)
    return found[1] if found else ""


def _another(screen: str, case: str) -> bool:
    return readable(screen) and title(screen) != case and "This will happen" not in screen


def _cursor(screen: str) -> list[int]:
    return [at for at, line in enumerate(screen.splitlines()) if "▌" in line[:4]]


# ── the program and what it takes ────────────────────────────────────────────


@contextmanager
def _home(waiting: int) -> Iterator[Path]:
    """A small queue is copied; a large one is worked on where it lies: nothing that the bench decides stays decided."""
    kept = filled.home(waiting)
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copytree(kept, Path(folder) / "home")) if waiting <= SMALL else kept


def _command() -> Path:
    return Path(sys.executable).with_name("lastclick")


def _lastclick(home: Path) -> list[str]:
    return [str(_command()), "--home", str(home)]


def _env() -> dict[str, str]:
    return {"LASTCLICK_MODELS": str(filled.KEPT / "models")}


def cpu(pid: int) -> float:
    """Seconds of processor that it took so far, its own and the kernel's for it, threads that ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    """Resident megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def p95(values: list[float]) -> float:
    """The least value that 95 of 100 do not exceed (nearest rank)."""
    return sorted(values)[math.ceil(len(values) * 0.95) - 1]


def compiled() -> None:
    """Where nothing may be compiled on import, every start would compile all of it anew."""
    for package in ("app", "store", "config"):
        compileall.compile_dir(PROJECT / package, quiet=2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.desk", description=__doc__)
    parser.add_argument("--short", action="store_true", help=f"leave the queue of {LARGE:,} out")
    parser.add_argument("--runs", type=int, default=7, help="starts of each program (default 7)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
