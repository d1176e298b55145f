"""Which past cases would have taken another way under changed rules, from recorded answers: no model is called.

  lastclick what-if --set review.refund_over_limit.amount_over.EUR=100 --set action.refund.risk=low --last 5000
  lastclick what-if --with new-rules/

A path is PART.NAME.FIELD: review, trigger, route, action, job, model, message, intent, windows. `review.NAME=off` takes a
rule away.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings, settings

if TYPE_CHECKING:
    from store.live import Past


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", dest="sets", action="append", default=[], metavar="PATH=VALUE", help="one changed value"
    )
    parser.add_argument("--with", dest="other", type=Path, metavar="DIR", help="a rules folder instead of yours")
    parser.add_argument("--last", type=int, default=5000, metavar="N", help="the newest N cases (default 5000)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: argparse.Namespace) -> int:
    """0; 2 when a setting is wrong."""
    from app.reports.what_if import told, what_if
    from config.load import load
    from config.setting import BadSetting, changed
    from store import plain

    where = settings(given.home, rules=given.rules, actor=given.actor)
    if not given.sets and given.other is None:
        print("Say what would be different: --set PATH=VALUE, or --with DIR.", file=sys.stderr)
        return 2
    before = load(where.rules)
    try:
        after = changed(load((given.other,)) if given.other else before, given.sets)
    except BadSetting as wrong:
        print(plain.line(str(wrong)), file=sys.stderr)
        return 2
    found = what_if(asyncio.run(_past(where, max(1, given.last))), before, after)
    if given.json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
        return 0
    for line in told(found, [*given.sets, *([str(given.other)] if given.other else [])]):
        print(plain.line(line))
    return 0


async def _past(where: Settings, last: int) -> list[Past]:
    from app.commands.desk import queue_of
    from app.reports.past import everything

    queue = queue_of(where)
    try:
        return [each async for each in everything(queue, last=last)]
    finally:
        await queue.close()
