"""Verify the journal, or export checkpoints of it.

verify  every entry against its own hash, its number and the one before it; --against also compares exported checkpoints,
        which finds a journal that was rewritten whole
export  prints checkpoints (number and hash), to be kept where nobody who can write the queue's file can write
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("verify", "export"))
    parser.add_argument("--against", type=Path, metavar="FILE", help="checkpoints exported before")


def run(given: argparse.Namespace) -> int:
    """0 when every entry stands, 1 with the first bad entry named otherwise."""
    from store import plain
    from store.verifying import export, parse, verify

    where = settings(given.home, rules=given.rules)
    if where.is_file and not Path(where.queue).exists():
        print(f"There is no queue at {where.queue}: nothing to {given.what}.", file=sys.stderr)
        return 1
    if given.what == "export":
        print(*export(where.queue), sep="\n")
        return 0
    try:
        against = parse(given.against.read_text(encoding="utf-8").splitlines()) if given.against else ()
    except (OSError, UnicodeDecodeError) as error:
        print(plain.line(f"{given.against}: {error}"), file=sys.stderr)
        return 1
    found = verify(where.queue, against)
    if not found.ok:
        print(plain.line(f"Entry {found.first_bad} does not stand: {found.problem}"), file=sys.stderr)
        return 1
    print(f"{found.entries} entries stand. Head {found.head}")
    return 0
