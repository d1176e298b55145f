"""Ages, shares and sparklines as they stand on the desk. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from store.live import RouteCounters, Share

_BARS = "▁▂▃▄▅▆▇█"


def age(at: datetime, now: datetime) -> str:
    """How long ago: `now`, `6m`, `3h`, `2d`."""
    return span((now - at).total_seconds())


def ago(at: datetime, now: datetime) -> str:
    """The same in a sentence: `just now`, `6m ago`."""
    told = age(at, now)
    return "just now" if told == "now" else f"{told} ago"


def span(seconds: float) -> str:
    """A length of time in its largest whole unit."""
    if seconds < 60:
        return "now"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    raise AssertionError(seconds)


def clock(at: datetime) -> str:
    """Local time of day."""
    return at.astimezone().strftime("%H:%M")


def sparkline(series: Sequence[int], width: int = 12) -> str:
    """One bar a bucket, newest right; a zero is the lowest bar, so that no data looks different from a flat line."""
    shown = list(series)[-width:]
    top = max(shown, default=0)
    return "".join(_BARS[0] if top == 0 else _BARS[round(value * (len(_BARS) - 1) / top)] for value in shown)


def share(part: int, whole: int) -> str:
    """A percentage with one decimal below ten."""
    if whole == 0:
        return "–"
    percent = 100 * part / whole
    return f"{percent:.1f}%" if percent < 10 else f"{percent:.0f}%"


def stands_out(route: RouteCounters, routes: Sequence[RouteCounters]) -> bool:
    """At least three repeat contacts, and at half again the rate of all routes together."""
    replies, repeats = sum(each.replies for each in routes), sum(each.repeats for each in routes)
    if route.repeats < 3 or not route.replies or not replies or len(routes) < 2:
        return False
    return route.repeats / route.replies >= 1.5 * repeats / replies


def rate(of: Share) -> str:
    """A share as a percentage; a dash where nothing was counted."""
    return share(of.part, of.whole)


def interval(of: Share) -> str:
    """Where the true rate lies with 95 % confidence."""
    low, high = of.interval
    return f"{100 * low:.1f}–{100 * high:.1f}%" if of.whole else "–"


def took(seconds: float, count: int = 1) -> str:
    """A length of time in two figures; a dash where nothing was timed."""
    if not count:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            value = seconds / size
            return f"{value:.1f}{unit}" if value < 10 else f"{value:.0f}{unit}"
    return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"


def rates(trend: Sequence[Share], width: int = 28) -> str:
    """A share over time as bars; a gap where nothing was counted."""
    shown = list(trend)[-width:]
    top = max((one.rate for one in shown), default=0.0)
    return "".join(
        " " if not one.whole else _BARS[round(one.rate * (len(_BARS) - 1) / top)] if top else _BARS[0] for one in shown
    )
