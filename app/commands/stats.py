"""Print the figures: repeat contacts after automatic replies first, then what people changed, times, spot checks, costs.

--by tells them apart; --tickets lists the tickets behind one line; --recount counts all figures from scratch and mends them.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

from config.settings import settings
from store.live import Dimension

if TYPE_CHECKING:
    from store.live import CasePage, Share, Spread, Stats, StatsCell
    from store.queue import Queue


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="look into the demo's queue")
    parser.add_argument(
        "--hours", type=int, default=168, metavar="N", help="the last N hours, at most 672 (default 168)"
    )
    parser.add_argument("--by", choices=get_args(Dimension), default="route", help="tell apart by (default route)")
    parser.add_argument("--tickets", metavar="LINE", help="list the tickets behind this line, or behind `all`")
    parser.add_argument("--changed", action="store_true", help="with --tickets: those that people changed")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most N tickets (default 50)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON")
    how.add_argument("--csv", action="store_true", help="print CSV, no cell of which is a formula")
    how.add_argument("--recount", action="store_true", help="count everything from scratch, and mend what differs")


def run(given: argparse.Namespace) -> int:
    from app.commands.demo import demo_settings
    from app.commands.desk import queue_of
    from store.queue import Invalid

    if not 1 <= given.hours <= 672:
        raise Invalid(f"--hours is 1 to 672 (four weeks), not {given.hours}.")
    make = demo_settings if given.demo else lambda home, rules, actor: settings(home, rules=rules, actor=actor)
    where = make(given.home, given.rules, given.actor)
    if given.recount:
        from store import recounting

        differed = recounting.repair(where.queue)
        print(f"{differed} figures differed and were put right." if differed else "All figures are right.")
        return 0
    return asyncio.run(_tell(queue_of(where), given, where.actor))


async def _tell(queue: Queue, given: argparse.Namespace, actor: str) -> int:
    from store.live import Behind, Question

    try:
        if given.tickets is not None:
            key = "" if given.tickets == "all" else given.tickets
            measure = "overrides" if given.changed else "repeats"
            asked = Behind(measure=measure, by=given.by if key else None, key=key, hours=given.hours)
            print(_cases(await queue.cases(asked, limit=given.limit), given))
        else:
            print(_stats(await queue.stats(Question(hours=given.hours, by=given.by), actor), given))
    finally:
        await queue.close()
    return 0


def _stats(stats: Stats, given: argparse.Namespace) -> str:
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


def table(stats: Stats) -> str:
    """The lines told apart as CSV, the total first, rates with their 95 % interval."""
    from app.csv_cells import written

    names = (
        stats.question.by, "replies", "came back", "rate", "rate from", "rate to", "before", "decided", "changed",
        "changed rate",
    )  # fmt: skip
    rows = [_row("all", stats.repeats, stats.before, stats.overrides)]
    rows += [_row(one.key, one.repeats, one.before, one.overrides) for one in stats.cells]
    return written([names, *rows]).rstrip()


def _row(key: str, repeats: Share, before: Share, overrides: Share) -> tuple[object, ...]:
    low, high = repeats.interval
    rates = (round(repeats.rate, 4), round(low, 4), round(high, 4), round(before.rate, 4))
    return (
        key, repeats.whole, repeats.part, *rates, overrides.whole, overrides.part, round(overrides.rate, 4),
    )  # fmt: skip


def lines(stats: Stats) -> Iterator[str]:
    """The figures as plain lines."""
    from store.noticing import percent

    low, high = stats.repeats.interval
    days = f"{stats.question.hours} h" if stats.question.hours < 48 else f"{stats.question.hours // 24} d"
    yield f"Repeat contacts after automatic replies, last {days}"
    yield (
        f"  {percent(stats.repeats.rate)}  {stats.repeats.part} of {stats.repeats.whole} replies came back"
        f"  (95 %: {percent(low)} to {percent(high)})  before: {_share(stats.before)}"
    )
    yield ""
    yield f"  {'by ' + stats.question.by:<34} {'came back':>18} {'before':>16} {'changed by people':>20}"
    for cell in stats.cells:
        yield f"  {cell.key[:34]:<34} {_share(cell.repeats):>18} {_share(cell.before):>16} {_share(cell.overrides):>20}"
    yield ""
    yield from _rest(stats)
    yield from _ranked("Gate reasons, by how often people changed anything", stats.reasons, "overrides")
    yield from _ranked("Failure messages, by the contacts that followed", stats.messages, "repeats")


def _rest(stats: Stats) -> Iterator[str]:
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(stats.override_kinds.items()))
    yield f"  changed by people   {_share(stats.overrides)}{': ' + kinds if kinds else ''}"
    yield f"  reopened            {_share(stats.reopened)} resolved"
    yield f"  did not understand  {_share(stats.confusions)}"
    yield f"  retries             {_share(stats.retries)} calls"
    yield f"  first reply         {_spread(stats.first_reply)}"
    yield f"  to decision         {_spread(stats.to_decision)}"
    yield f"  waiting now         {_spread(stats.waiting)}"
    spot = stats.spot
    yield (
        f"  spot checks         {spot.graded} of {spot.drawn} graded: {spot.good} good, {spot.wrong} wrong, "
        f"{spot.unclear} unclear · two agree {_share(spot.agreed)} · {spot.waiting} wait"
    )
    each = f" · {stats.cost_micros / 1e6 / stats.resolved:.4f} each" if stats.resolved else ""
    yield f"  cost                {stats.cost_micros / 1e6:.4f} · {stats.resolved} resolved{each}"
    care = stats.care
    yield f"  as proposed         {care.approvals} approvals, {care.quick} in under a second"
    yield f"  you                 {care.mine} approvals, {care.mine_quick} in under a second, {care.streak} in a row"
    yield f"  seeded cases        {_share(care.seeded)} caught"
    yield ""


def _ranked(title: str, cells: tuple[StatsCell, ...], what: str) -> Iterator[str]:
    shown = [(one.key, getattr(one, what)) for one in cells if getattr(one, what).whole]
    if shown:
        yield title
        for key, share in sorted(shown, key=lambda one: (-one[1].part, one[0])):
            yield f"  {key[:34]:<34} {_share(share):>18}"
        yield ""


def _share(share: Share) -> str:
    from store.noticing import percent

    return f"{share.part} of {share.whole} {percent(share.rate)}" if share.whole else "–"


def _spread(spread: Spread) -> str:
    if not spread.count:
        return "–"
    return f"half within {span(spread.p50)}, 90 % within {span(spread.p90)} ({spread.count})"


def span(seconds: float) -> str:
    """A length of time in two figures: `0.4 s`, `12 s`, `3 min`, `2.1 h`, `4.0 d`."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size or size == 1:
            value = seconds / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    raise AssertionError(seconds)
