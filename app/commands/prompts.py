"""The prompts that endpoints are given. Their only source is `prompts/` of the rules; a version is the hash of template,
model, parameters and schema.

list      every version: held by the rules, run by workers, and what people made of its drafts
diff A B  two versions (their first characters, or a prompt's name for the one that the rules hold)
verify    finds workers that run another version than these rules hold
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from config.settings import settings

if TYPE_CHECKING:
    from app.reports.prompts import Row
    from store.live import PromptVersion
    from store.queue import Queue


MONTH = 24 * 28
"""Hours over which repeat contacts are counted."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("list", "diff", "verify"))
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="for diff: two of them")
    parser.add_argument("--last", type=int, default=5000, metavar="N", help="look at the newest N cases (default 5000)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: argparse.Namespace) -> int:
    """0; 1 when `verify` finds a stray worker or a version is not known; 2 when the command line is wrong."""
    from app.commands.desk import queue_of
    from app.models import registry
    from app.reports.prompts import Unknown
    from config.load import load

    if (given.what == "diff") != (len(given.versions) == 2):
        print("diff takes two versions, list and verify none.", file=sys.stderr)
        return 2
    where = settings(given.home, rules=given.rules, actor=given.actor)
    rules = load(where.rules)
    ours = registry.versions(rules, registry.models(rules, where.models))

    async def read() -> int:
        queue = queue_of(where)
        try:
            return await _told(given, ours, queue)
        finally:
            await queue.close()

    try:
        return asyncio.run(read())
    except Unknown as unknown:
        print(unknown, file=sys.stderr)
        return 1


async def _told(given: argparse.Namespace, ours: tuple[PromptVersion, ...], queue: Queue) -> int:
    from app.reports.past import everything
    from app.reports.prompts import difference, find, rows, strays
    from store.live import Question

    used = await queue.prompts()
    if given.what == "list":
        figures = await queue.stats(Question(hours=MONTH, by="version"))
        came_back = {cell.key.rpartition(" ")[2]: cell.repeats for cell in figures.cells}
        _list(given, rows(ours, used, [each async for each in everything(queue, last=given.last)], came_back))
        return 0
    if given.what == "verify":
        found = list(strays(ours, used))
        print("\n".join(found) or "Every worker runs the versions that these rules hold.")
        return 1 if found else 0
    one, other = (find(word, ours, used) for word in given.versions)
    lines = difference(one, other)
    same = (
        "They are the same."
        if one.version == other.version
        else "Template and parameters are the same; the schema differs."
    )
    print("\n".join(lines) or same)
    return 0


def _list(given: argparse.Namespace, every: list[Row]) -> None:
    found = [row for row in every if row.live]
    if given.json:
        told = [
            vars(row) | {name: getattr(row, name).model_dump(mode="json") for name in ("prompt", "came_back")}
            for row in found
        ]
        print(json.dumps(told, ensure_ascii=False))
        return
    if not found:
        print(
            "No prompt is in use: the embedded models have none. An endpoint of models.toml is given those of prompts/."
        )
        return
    head = f"{'prompt':<24} {'model':<16} {'version':<12} {'':<6}"
    print(f"{head} {'workers':>7} {'drafted':>8} {'decided':>8} {'changed':>8} {'came back, 28 d':>16}")
    for row in found:
        changed = f"{row.overridden / row.decided:.0%}" if row.decided else ""
        back = f"{row.came_back.part} of {row.came_back.whole}" if row.came_back.whole else ""
        print(
            f"{row.prompt.name:<24} {row.prompt.model:<16} {row.prompt.version:<12} {'held' if row.here else 'old':<6} "
            f"{len(row.workers):>7} {row.drafted:>8} {row.decided:>8} {changed:>8} {back:>16}"
        )
