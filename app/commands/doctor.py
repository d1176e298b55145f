"""Print what a person who helps would ask first: versions, paths, terminal, rules, database and worker state."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from app.desk import capabilities, keymap, keys
from config.settings import Settings, settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults()


def run(given: argparse.Namespace) -> int:
    """0 when everything is as it should be, 1 when a line starts with `!`."""
    from store import plain

    where = settings(given.home, rules=given.rules, actor=given.actor)
    wrong = False
    for name, value in _lines(where):
        wrong = wrong or value.startswith("!")
        print(f"{name:<12} {plain.line(value)}")
    return 1 if wrong else 0


def _lines(where: Settings) -> Iterator[tuple[str, str]]:
    yield "lastclick", _version("lastclick")
    yield "python", f"{platform.python_version()} at {sys.executable}"
    for package in ("textual", "pydantic", "sqlmodel", "dbos", "onnxruntime"):
        yield package, _version(package)
    yield "home", _folder(where.home)
    yield "queue", where.place
    yield "rules", _rules(where)
    yield "outbox", _folder(where.outbox)
    yield "logs", _folder(where.logs)
    yield "actor", where.actor
    yield "terminal", _terminal()
    yield from capabilities.lines(os.environ, sys.stdin, sys.stdout)
    yield from _keymap(where)
    yield from _database(where)


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "! not installed"


def _folder(path: Path) -> str:
    if not path.exists():
        return f"{path} (not there yet)"
    return f"{path}" if os.access(path, os.W_OK) else f"! {path} cannot be written"


def _rules(where: Settings) -> str:
    from config.load import DEFAULTS, RulesError, load

    try:
        version = load(where.rules).version
    except RulesError as problem:
        return f"! {str(problem).splitlines()[0]} (all of it: lastclick rules check)"
    return f"{', '.join(map(str, where.rules)) or DEFAULTS} · version {version}"


def _keymap(where: Settings) -> Iterator[tuple[str, str]]:
    table, problems = keymap.load(where.keymap)
    if not problems:
        changed = sum(key != own for key, own in zip(table, keys.KEYS, strict=True))
        there = f"{where.keymap}, {changed} actions changed" if where.keymap.is_file() else f"{where.keymap} (none)"
        yield "keymap", there
    for problem in problems:
        yield "keymap", f"! {problem}"


def _terminal() -> str:
    size = shutil.get_terminal_size()
    colours = "no colour (NO_COLOR)" if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM") or "no COLORTERM"
    inside = "tmux" if os.environ.get("TMUX") else "screen" if os.environ.get("STY") else "direct"
    remote = ", over SSH" if os.environ.get("SSH_CONNECTION") else ""
    kind = os.environ.get("TERM", "no TERM")
    return f"{size.columns}x{size.lines}, {kind}, {colours}, {inside}{remote}, encoding {sys.stdout.encoding}"


def _database(where: Settings) -> Iterator[tuple[str, str]]:
    if where.is_file and not Path(where.queue).exists():
        yield "database", "not there yet: it is made when the desk or a worker starts"
        return
    import asyncio

    from app.commands.desk import queue_of
    from store.live import View
    from store.queue import QueueError

    size = f"{Path(where.queue).stat().st_size / 1e6:.1f} MB; " if where.is_file else ""

    async def read() -> Iterator[tuple[str, str]]:
        queue = queue_of(where)
        try:
            counters, counts = await queue.counters(), await queue.counts(View())
            switches = await queue.switches()
        finally:
            await queue.close()
        off = [f"{switch.kind} {switch.name}" for switch in switches if not switch.on]
        return iter(
            (
                (
                    "database",
                    f"opens; {size}{counts.get('all', 0)} reviews wait",
                ),
                ("worker", f"{counters.workers} alive" if counters.workers else "none runs (the desk starts one)"),
                ("switches", f"off: {', '.join(off)}" if off else "all on"),
            )
        )

    try:
        yield from asyncio.run(read())
    except QueueError as problem:
        yield "database", f"! {problem}"
