"""Check the rules files: typos, unknown names, rules that can never fire, missing slots, the tone of messages."""

from __future__ import annotations

import argparse
from pathlib import Path

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("check",))
    parser.add_argument(
        "folder", nargs="?", type=Path, help="a folder laid over the defaults (default: your rules folder)"
    )


def run(given: argparse.Namespace) -> int:
    """0 when the files are fine, 1 with one line a problem otherwise."""
    from config.check import check
    from config.load import DEFAULTS
    from store import plain

    folders = (given.folder,) if given.folder else settings(given.home, rules=given.rules).rules
    problems = check(folders)
    for problem in problems:
        print(plain.line(str(problem)))
    where = ", ".join(map(str, folders)) or str(DEFAULTS)
    print(f"{len(problems)} problems in {where}" if problems else f"The rules in {where} are fine.")
    return 1 if problems else 0
