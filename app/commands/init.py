"""Start your team on one narrow flow: the smallest rules, messages, prompts and wishes that work for it, each value
explained. They pass `rules check`; the rest of your tickets goes to people.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.settings import settings

FLOWS = ("refunds", "billing", "account", "bugs")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="the rules folder (default: yours)")
    parser.add_argument("--flow", choices=FLOWS, required=True, help="what to begin with")
    parser.add_argument("--no-map", action="store_true", help="do not draw the way of a ticket afterwards")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="go on with old tickets: what it would do with them"
    )


def run(given: argparse.Namespace) -> int:
    """0 when the flow is written; 1 when the folder is not empty or cannot be written; then what the replay says."""
    from config.check import check

    where = settings(given.home, rules=given.rules, actor=given.actor)
    target = given.folder or where.rules_folder
    try:
        if target.exists() and any(target.iterdir()):
            print(f"{target} is not empty. Nothing was written: name another folder, or move it away.", file=sys.stderr)
            return 1
        _write(target, given.flow)
    except OSError as error:
        print(f"{target} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    problems = check((target,))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    if not given.no_map:
        from app.reports.way import way
        from app.reports.way_text import show
        from config.load import load

        show(way(load((target,)), (target,)))
    _next(target, own=given.folder is None)
    return _replayed(given, target) if given.replay else 0


def _replayed(given: argparse.Namespace, target: Path) -> int:
    """`lastclick replay FILE` under the new rules."""
    from app.commands import replay

    print(f"\nReplaying {given.replay} under these rules, without effects:")
    parser = argparse.ArgumentParser()
    replay.arguments(parser)
    asked = parser.parse_args([str(given.replay)], argparse.Namespace(home=given.home, rules=target, actor=given.actor))
    return replay.run(asked)


def _write(target: Path, flow: str) -> None:
    import shutil

    from config.flows import files
    from config.load import PROMPTS, SHOP, load

    target.mkdir(parents=True, exist_ok=True)
    for name, text in files(flow, load()).items():
        (target / f"{name}.toml").write_text(text, encoding="utf-8")
    for folder in (PROMPTS, SHOP):
        shutil.copytree(folder, target / folder.name)


def _next(target: Path, *, own: bool) -> None:
    rules = "" if own else f" --rules {target}"
    steps = (
        (f"edit {target / 'sources.toml'}", "name your own records and knowledge"),
        (f"lastclick shop load{rules}", "load them"),
        (f"lastclick rules check{'' if own else f' {target}'}", "after each change"),
        (f"lastclick intents test{rules}", "how well your wishes are told apart"),
        (f"lastclick replay old.jsonl{rules}", "old tickets beside what your people did"),
        (f"lastclick{rules}", "the desk"),
    )
    wide = max(len(command) for command, _ in steps)
    print(f"\nWritten to {target}, on the sample shop's records. What comes next:")
    for command, why in steps:
        print(f"  {command:<{wide}}  {why}")
