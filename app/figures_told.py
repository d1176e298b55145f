"""The figures as plain lines and as a table for spreadsheets, for commands and exports. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from app.csv_cells import written
from store.live import Share, Spread, Stats, StatsCell


def table(stats: Stats) -> str:
    """The lines told apart as CSV, the total first, rates with their 95 % interval."""
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
    low, high = stats.repeats.interval
    days = f"{stats.question.hours} h" if stats.question.hours < 48 else f"{stats.question.hours // 24} d"
    yield f"Repeat contacts after automatic replies, last {days}"
    yield (
        f"  {percent(stats.repeats.rate)}  {stats.repeats.part} of {stats.repeats.whole} replies came back"
        f"  (95 %: {percent(low)} to {percent(high)})  before: {counted(stats.before)}"
    )
    yield ""
    yield f"  {'by ' + stats.question.by:<34} {'came back':>18} {'before':>16} {'changed by people':>20}"
    for cell in stats.cells:
        yield f"  {cell.key[:34]:<34} {counted(cell.repeats):>18} {counted(cell.before):>16} {counted(cell.overrides):>20}"
    yield ""
    yield from _rest(stats)
    yield from _ranked("Gate reasons, by how often people changed anything", stats.reasons, "overrides")
    yield from _ranked("Failure messages, by the contacts that followed", stats.messages, "repeats")


def _rest(stats: Stats) -> Iterator[str]:
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(stats.override_kinds.items()))
    yield f"  changed by people   {counted(stats.overrides)}{': ' + kinds if kinds else ''}"
    yield f"  reopened            {counted(stats.reopened)} resolved"
    yield f"  did not understand  {counted(stats.confusions)}"
    yield f"  retries             {counted(stats.retries)} calls"
    yield f"  first reply         {_spread(stats.first_reply)}"
    yield f"  to decision         {_spread(stats.to_decision)}"
    yield f"  waiting now         {_now(stats)}"
    yield f"  their age           {_spread(stats.waiting)}"
    spot = stats.spot
    yield (
        f"  spot checks         {spot.graded} of {spot.drawn} graded: {spot.good} good, {spot.wrong} wrong, "
        f"{spot.unclear} unclear · two agree {counted(spot.agreed)} · {spot.waiting} wait"
    )
    each = f" · {stats.cost_micros / 1e6 / stats.resolved:.4f} each" if stats.resolved else ""
    yield f"  cost                {stats.cost_micros / 1e6:.4f} · {stats.resolved} resolved{each}"
    care = stats.care
    yield f"  as proposed         {care.approvals} approvals, {care.quick} in under a second"
    if care.planted.whole:
        yield f"  planted cases       {counted(care.planted)} found"
    yield f"  you                 {care.mine} approvals, {care.mine_quick} in under a second, {care.streak} in a row"
    if care.mine_planted.whole:
        yield f"                      {counted(care.mine_planted)} planted cases found"
    yield ""


def _now(stats: Stats) -> str:
    oldest = f", the oldest since {span((stats.at - stats.oldest_at).total_seconds())}" if stats.oldest_at else ""
    return f"{stats.waiting.count}{oldest}, {stats.due} overdue, {stats.held} held"


def _ranked(title: str, cells: tuple[StatsCell, ...], what: str) -> Iterator[str]:
    shown = [(one.key, getattr(one, what)) for one in cells if getattr(one, what).whole]
    if shown:
        yield title
        for key, share in sorted(shown, key=lambda one: (-one[1].part, one[0])):
            yield f"  {key[:34]:<34} {counted(share):>18}"
        yield ""


def counted(share: Share) -> str:
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


def percent(rate: float) -> str:
    """A rate with one decimal below ten."""
    return f"{100 * rate:.1f}%" if rate < 0.1 else f"{100 * rate:.0f}%"
