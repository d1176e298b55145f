"""What you may trust more, and what less: rules, ways, prompts and wishes that people never change or keep changing, with
cases; and the roll-out report of the last two weeks as one page of Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=float, default=14.0, metavar="N", help="how far back (default 14)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the page there instead of printing it")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: argparse.Namespace) -> int:
    from datetime import timedelta

    from app.commands.desk import queue_of
    from app.reports.past import everything
    from app.reports.trust import as_json, markdown, trust
    from store.contract import now
    from store.live import Question

    where = settings(given.home, rules=given.rules, actor=given.actor)
    since = now() - timedelta(days=given.days)

    async def read() -> str:
        queue = queue_of(where)
        try:
            found = trust([each async for each in everything(queue, since)], since)
            if given.json:
                return json.dumps(as_json(found), ensure_ascii=False) + "\n"
            hours = max(1, min(round(given.days * 24), 24 * 28))
            return markdown(found, await queue.counters(hours), await queue.stats(Question(hours=hours)))
        finally:
            await queue.close()

    text = asyncio.run(read())
    if given.out is None:
        print(text, end="")
        return 0
    try:
        given.out.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"{given.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"Written to {given.out}.")
    return 0
