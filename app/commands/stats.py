"""Print the figures: repeat contacts after automatic replies first, then what people changed, times, spot checks, costs.

--by tells them apart; --tickets lists the tickets behind one line; --recount counts all figures from scratch and mends them.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, get_args

from config.settings import Settings
from store.live import Dimension, Measure

if TYPE_CHECKING:
    from store.live import CasePage, Stats


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="look into the demo's queue")
    parser.add_argument(
        "--hours", type=int, default=168, metavar="N", help="the last N hours, at most 672 (default 168)"
    )
    parser.add_argument("--by", choices=get_args(Dimension), default="route", help="tell apart by (default route)")
    parser.add_argument("--tickets", metavar="LINE", help="list the tickets behind this line, or behind `all`")
    of = parser.add_mutually_exclusive_group()
    of.add_argument("--changed", action="store_true", help="with --tickets: those that people changed")
    of.add_argument(
        "--of", choices=get_args(Measure), default="repeats", metavar="WHAT",
        help=f"with --tickets: {', '.join(get_args(Measure))} (default repeats)",
    )  # fmt: skip
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most N tickets (default 50)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON")
    how.add_argument("--csv", action="store_true", help="print CSV, no cell of which is a formula")
    how.add_argument("--recount", action="store_true", help="count everything from scratch, and mend what differs")


def run(given: argparse.Namespace) -> int:
    from app.commands.desk import asked_about
    from store.queue import Invalid

    if not 1 <= given.hours <= 672:
        raise Invalid(f"--hours is 1 to 672 (four weeks), not {given.hours}.")
    where = asked_about(given)
    if given.recount and where.server:
        raise Invalid(f"You are signed in to {where.server}: figures are counted anew where its queue lies.")
    if given.recount:
        from store import recounting

        differed = recounting.repair(where.queue)
        print(f"{differed} figures differed and were put right." if differed else "All figures are right.")
        return 0
    return asyncio.run(_tell(where, given))


async def _tell(where: Settings, given: argparse.Namespace) -> int:
    from app.commands.desk import opened
    from store.live import Behind, Question

    queue = await opened(where)
    try:
        if given.tickets is not None:
            key = "" if given.tickets == "all" else given.tickets
            measure = "overrides" if given.changed else given.of
            asked = Behind(measure=measure, by=given.by if key else None, key=key, hours=given.hours)
            print(_cases(await queue.cases(asked, limit=given.limit), given))
        else:
            print(_stats(await queue.stats(Question(hours=given.hours, by=given.by), where.actor), given))
    finally:
        await queue.close()
    return 0


def _stats(stats: Stats, given: argparse.Namespace) -> str:
    from app.figures_told import lines, table

    if given.json:
        return stats.model_dump_json(indent=2)
    return table(stats) if given.csv else "\n".join(lines(stats))


def _cases(page: CasePage, given: argparse.Namespace) -> str:
    from app.csv_cells import written

    if given.json:
        return page.model_dump_json(indent=2)
    if given.csv:
        rows = ((one.at.isoformat(timespec="seconds"), one.ticket_id, one.text, *one.changed) for one in page.lines)
        return written([("at", "ticket", "what", "changed"), *rows]).rstrip()
    if not page.lines:
        return "No ticket is behind this."
    told = []
    for one in page.lines:
        told.append(f"{one.at:%Y-%m-%d %H:%M}  {one.ticket_id:>8}  {one.text}")
        told += [f"{'':28}{change}" for change in one.changed]
    return "\n".join(told + (["… more; --limit N shows them"] if page.next else []))
