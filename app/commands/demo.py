"""Open the desk on a sample shop. A day of tickets arrives live, the workflow answers the routine, the rest waits for you.

Your decisions change the sample shop's records and write replies into its outbox folder; nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from app.commands.desk import open_desk, places, shown
from config.settings import Settings, settings

MARK = ".lastclick-demo"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="how fast tickets arrive (default 1, at most 1000)"
    )
    parser.add_argument("--keep", action="store_true", help="go on with the last demo instead of starting anew")
    shown(parser)


def run(given: argparse.Namespace) -> int:
    where = demo_settings(given.home, given.rules, given.actor)
    if not given.keep and not _clear(where.home):
        return 2
    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (where.home / MARK).touch()
    shared = places(where)
    beside = [["worker", *shared], ["import", *shared, "--sample-day", "--speed", str(given.speed)]]
    return open_desk(where, "demo", beside, plain=given.plain, log=given.log)


def demo_settings(home: Path | None, rules: Path | None, actor: str | None) -> Settings:
    """The demo's own folder below the user's, so that it never touches a real queue."""
    base = settings(home, rules=rules, actor=actor)
    if home:
        return base
    return replace(settings(base.home / "demo", rules=rules, actor=actor), models=base.models)


def _speed(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError("give a number above 0 and up to 1000")
    return value


def _clear(home: Path) -> bool:
    """Remove the last demo. A folder that is not a demo's is left alone and named."""
    if not home.exists() or not any(home.iterdir()):
        return True
    if not (home / MARK).exists():
        print(f"{home} holds something that is not a demo. Name another folder with --home.", file=sys.stderr)
        return False
    shutil.rmtree(home)
    return True
