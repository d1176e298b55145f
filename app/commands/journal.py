"""Verify the journal: every entry against its own hash, its number and the entry before it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("verify",))


def run(given: argparse.Namespace) -> int:
    """0 when every entry stands, 1 with the first bad entry named otherwise."""
    from store import plain
    from store.journal import verify

    where = settings(given.home, rules=given.rules)
    if not Path(where.queue).exists():
        print(f"There is no queue at {where.queue}: nothing to verify.", file=sys.stderr)
        return 1
    found = verify(where.queue)
    if not found.ok:
        print(plain.line(f"Entry {found.first_bad} does not stand: {found.problem}"), file=sys.stderr)
        return 1
    print(f"{found.entries} entries stand. Head {found.head}")
    return 0
