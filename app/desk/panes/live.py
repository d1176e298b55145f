"""The live column: repeat contacts, retries, route switches, routes, workers. Draws a `Counters` value."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from app.desk.figures import share, sparkline, stands_out
from app.desk.panes.ticket import Drawn
from app.desk.words import NOTHING, fit, line, lines, words
from store.live import Counters, RouteCounters, Switch

MOST_CELLS = 44
"""A figure further from its name than that is not read with it."""


class LivePane(VerticalScroll, can_focus=False):
    """Figures that follow the journal."""

    _drawn: tuple[Counters, tuple[Switch, ...]] | None = None

    def compose(self) -> ComposeResult:
        yield Drawn(id="live-text")

    def on_mount(self) -> None:
        self.border_title = Content("Live")

    def on_resize(self) -> None:
        """Alone on a narrow screen it has more room than beside the others."""
        if self._drawn is not None:
            self.draw(*self._drawn)

    def draw(self, counters: Counters, switches: tuple[Switch, ...]) -> None:
        self._drawn = counters, switches
        width = min(MOST_CELLS, max(16, self.scrollable_content_region.width or 20))
        self.query_one("#live-text", Drawn).draw(figures(counters, switches, width))


def figures(counters: Counters, switches: tuple[Switch, ...], width: int) -> Content:
    """All figures in a column so many cells wide."""
    parts = [
        *_repeats(counters, width),
        NOTHING,
        *_series("Retries 1h", counters.retries_series, width),
        *_steps(counters, width),
        NOTHING,
        *_series("Route switches 1h", counters.route_switches_series, width),
        words(f"{counters.route_switches}", "bold") if counters.route_switches else words("none", "$quiet"),
        NOTHING,
        words("Routes", "$secondary bold"),
        *_routes(counters, switches, width),
        NOTHING,
        *_work(counters, width),
    ]
    return lines(parts)


def _repeats(counters: Counters, width: int) -> list[Content]:
    days = max(1, counters.hours // 24)
    rows = [words(f"Repeat contacts {days}d", "$secondary bold")]
    for route in counters.routes:
        high = stands_out(route, counters.routes)
        rows.append(_repeat_row(route, high, width))
    if not counters.routes:
        rows.append(words("no replies yet", "$quiet"))
    if counters.confusions:
        rows.append(words(fit(f"{counters.confusions} did not understand", width), "$warning"))
    return rows


def _repeat_row(route: RouteCounters, high: bool, width: int) -> Content:
    tail = f"{route.repeats}/{route.replies} {share(route.repeats, route.replies):>5}{'▲' if high else ' '}"
    return line((fit(route.name, width - len(tail) - 1), ""), (f" {tail}", "bold $warning" if high else ""))


def _series(title: str, series: tuple[int, ...], width: int) -> list[Content]:
    line_of = sparkline(series, 12) if series else ""
    room = width - len(title) - 1
    if len(line_of) <= room:
        return [line((fit(title, width - len(line_of)), "$secondary bold"), (line_of, "$primary"))]
    return [words(title, "$secondary bold"), words(line_of, "$primary")]


def _steps(counters: Counters, width: int) -> list[Content]:
    if not counters.retries_by_step:
        return [words("none", "$quiet")]
    most = sorted(counters.retries_by_step.items(), key=lambda item: (-item[1], item[0]))
    return [line((fit(step, width - 5), ""), (f"{count:>5}", "bold")) for step, count in most[:4]]


def _routes(counters: Counters, switches: tuple[Switch, ...], width: int) -> list[Content]:
    off = {switch.name: switch for switch in switches if switch.kind == "route" and not switch.on}
    names = list(dict.fromkeys((*(route.name for route in counters.routes), *off)))
    rows = []
    by_name = {route.name: route for route in counters.routes}
    for name in names:
        route = by_name.get(name)
        if name in off or (route is not None and not route.on):
            rows.append(line(("○ ", "bold $error"), (fit(name, width - 6), ""), ("OFF ", "bold $error")))
        else:
            handled = f"{route.handled:>5} " if route else ""
            rows.append(line(("● ", "$success"), (fit(name, width - 2 - len(handled)), ""), (handled, "$quiet")))
    others = [switch for switch in switches if switch.kind != "route" and not switch.on]
    rows += [
        line(("○ ", "bold $error"), (fit(f"{each.kind} {each.name}", width - 6), ""), ("OFF ", "bold $error"))
        for each in others
    ]
    return rows or [words("none yet", "$quiet")]


def _work(counters: Counters, width: int) -> list[Content]:
    rows = [words("Work", "$secondary bold")]
    if counters.workers:
        rows.append(line(("● ", "$success"), (f"{counters.workers} worker{'' if counters.workers == 1 else 's'}", "")))
    else:
        rows.append(line(("○ ", "bold $error"), ("no worker runs", "bold $error")))
    rows += [line(("○ ", "bold $error"), (fit(f"{each} silent", width - 2), "$error")) for each in counters.models_down]
    if counters.executions_unknown:
        rows.append(words(fit(f"? {counters.executions_unknown} unknown outcome", width), "bold $warning"))
    if counters.held:
        rows.append(words(f"{counters.held} held", "$warning"))
    if counters.spot_checks_waiting:
        rows.append(words(fit(f"{counters.spot_checks_waiting} spot checks", width), ""))
    return rows
