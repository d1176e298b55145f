"""Verify the journal: every entry against its own hash, its number and the entry before it."""

from __future__ import annotations

import argparse

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("verify",))


def run(given: argparse.Namespace) -> int:
    """0 when every entry stands, 1 with the first bad entry named otherwise."""
    from store.journal import verify

    where = settings(given.home, rules=given.rules)
    found = verify(where.queue)
    print(found)
    return 0 if found.ok else 1
