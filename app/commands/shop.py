"""Load the shop's records and knowledge as sources.toml names them. The workflow looks things up only in what is loaded."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("load",))
    parser.add_argument("folder", nargs="?", type=Path, help="where the files lie (default: beside sources.toml)")


def run(given: argparse.Namespace) -> int:
    """0 when everything was loaded; 1 with each bad line named, and nothing loaded, otherwise."""
    from app.sources.records import BadRecords, load
    from config.load import load as load_rules
    from store import plain

    where = settings(given.home, rules=given.rules)
    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        loaded = load(load_rules(where.rules), where.shop, given.folder)
    except BadRecords as bad:
        for problem in bad.problems:
            print(plain.line(problem), file=sys.stderr)
        print("Nothing was loaded.", file=sys.stderr)
        return 1
    counts = ", ".join(f"{count} {kind} records" for kind, count in loaded.records.items())
    print(plain.line(f"Loaded {counts} and {loaded.passages} passages into {where.shop}."))
    return 0
