"""Open the desk on your queue: the next case, its reasons and its sources, one key to decide."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from config.settings import Settings, settings

if TYPE_CHECKING:
    from store.queue import Queue


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-worker", action="store_true", help="do not start a worker beside the desk")


def run(given: argparse.Namespace) -> int:
    where = settings(given.home, rules=given.rules, actor=given.actor)
    return open_desk(where, "local", [] if given.no_worker else [["worker", *places(where)]])


def places(where: Settings) -> list[str]:
    """The options that make a child process use the same folders."""
    return ["--home", str(where.home), *(word for folder in where.rules for word in ("--rules", str(folder)))]


def open_desk(where: Settings, title: str, beside: Sequence[Sequence[str]]) -> int:
    """Run the desk on the terminal with the given commands beside it; returns when the person quits."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("The desk needs a terminal. `lastclick show` prints the queue without one.", file=sys.stderr)
        return 2
    from app import children
    from app.desk.desk import Desk

    async def open_queue() -> Queue:
        import asyncio

        return await asyncio.to_thread(queue_of, where)

    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["LASTCLICK_MODELS"] = str(where.models)  # what the worker fits outlives a demo's folder
    with children.running(beside, where.logs):
        desk = Desk(open_queue, actor=where.actor, title=title)
        desk.run()
    return desk.return_code or 0


def queue_of(where: Settings) -> Queue:
    """The local queue with the rules' judge. Imports the store: call it in a thread when something is on screen."""
    from app.workflow.judge import RulesJudge
    from config.load import load
    from store.local import LocalQueue

    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LocalQueue(where.queue, RulesJudge(load(where.rules)))
