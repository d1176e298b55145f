"""What runs, as the person on call reads it: one line each, and everything about the chosen one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.content import Content

from app.desk import keys
from app.desk.figures import clock, rate, sparkline, took
from app.desk.tables import Cell, Column, drawn, left_out
from app.desk.words import line, short, words
from store.live import CaseLine, Operation, SwitchPreview

COLUMNS = (
    Column("", 3),
    Column("kind", 6, rank=3),
    Column("name", 0),
    Column("traffic", 7, right=True),
    Column("failed", 6, right=True),
    Column("again", 6, rank=5, right=True),
    Column("p50", 6, rank=6, right=True),
    Column("p95", 6, rank=4, right=True),
    Column("came back", 14, rank=1, right=True),
    Column("changed", 7, rank=7, right=True),
    Column("cost", 8, rank=8, right=True),
    Column("hours", 12, rank=2),
)


def listing(found: Sequence[Operation], cursor: int, cells: int) -> list[Content]:
    """One line a route, model, prompt and kind of action."""
    return drawn(COLUMNS, [_row(one) for one in found], cells, cursor)


def _row(one: Operation) -> list[Cell]:
    state = (
        ("● ▲" if one.remark else "●", "$warning" if one.remark else "$success") if one.on else ("OFF", "bold $error")
    )
    repeats = f"{one.repeats.part}/{one.repeats.whole} {rate(one.repeats)}" if one.repeats.whole else "–"
    return [
        state,
        (one.kind, "$quiet"),
        (one.name, "" if one.on else "$error"),
        (str(one.traffic), ""),
        (rate(one.errors), "$warning" if one.errors.part else ""),
        (rate(one.retries), ""),
        (took(one.latency.p50, one.latency.count), "$quiet"),
        (took(one.latency.p95, one.latency.count), ""),
        (repeats, ""),
        (rate(one.overrides), ""),
        (f"{one.cost_micros / 1e6:.4f}" if one.cost_micros else "–", "$quiet"),
        (sparkline(one.per_hour, 12), "$primary"),
    ]


def head(found: Sequence[Operation], hours: int) -> Content:
    """What the screen shows, how much is off and how much is unusual."""
    off, unusual = sum(not one.on for one in found), sum(bool(one.remark) for one in found)
    return line(
        (" Routes, models, prompts, actions ", "bold $primary"),
        (f"· last {span(hours)} ", "$quiet"),
        (f"· {off} OFF ", "bold $error" if off else "$quiet"),
        (f"· ▲ {unusual} unusual" if unusual else "", "bold $warning"),
    )


def span(hours: int) -> str:
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def detail(one: Operation, failures: Sequence[CaseLine], cells: int) -> Iterator[Content]:
    """Who switched it and why, what is unusual, its versions, and what failed last."""
    yield line((f"{one.kind} ", "$quiet"), (one.name, "bold"), ("  on" if one.on else "  OFF", _state(one)))
    yield from _switched(one)
    if rest := left_out(COLUMNS, _row(one), cells):
        yield line(*rest)
    if one.remark:
        yield line(("▲ ", "bold $warning"), (one.remark, "$warning"))
        if one.on:
            yield line((f"  {keys.shown('switch')}", "bold $primary"), (" switches it off", ""))
    for version in one.versions[:3]:
        yield words(short(f"version {version}", cells), "$quiet")
    yield words("Last failures", "$secondary bold")
    if not failures:
        yield words("none", "$quiet")
    for failure in failures:
        told = f"{clock(failure.at)} {failure.ticket_id} "
        yield line((told, "$quiet"), (short(failure.text, cells - len(told)), ""))


def _state(one: Operation) -> str:
    return "bold $success" if one.on else "bold $error"


def _switched(one: Operation) -> Iterator[Content]:
    switch = one.switch
    if switch is None:
        yield words("never switched", "$quiet")
        return
    when = f"{switch.since.astimezone():%a %d %b %H:%M}" if switch.since else ""
    how = "on" if switch.on else "off"
    yield line((f"switched {how} by ", "$quiet"), (switch.who, "bold"), (f" {when}: ", "$quiet"), (switch.why, "bold"))
    if not switch.on:
        until = (
            f" · on again {switch.until.astimezone():%a %d %b %H:%M}" if switch.until else " · until it is switched on"
        )
        yield words(f"{switch.held} held · what waits: {way(switch.waiting)}{until}", "$warning")


def way(waiting: str) -> str:
    """What waiting items do, in words."""
    told = {"hold": "holds", "review": "goes to people"}
    return told.get(waiting, f"takes the route {waiting.removeprefix('route:')}")


def touched(preview: SwitchPreview) -> list[Content]:
    """What throwing the switch touches, before it is thrown."""
    switch, back = preview.switch, preview.held
    if switch.on:
        held = f"{back} held come back, oldest first" if back else "nothing is held"
        return [words(held, "bold" if back else "$quiet"), _traffic(preview)]
    return [
        line(
            (f"{preview.reviews}", "bold"), (" wait for a person · ", "$quiet"),
            (f"{preview.executions}", "bold"), (" about to run · ", "$quiet"),
            (f"{preview.in_flight}", "bold"), (" tickets in work", "$quiet"),
        ),
        _traffic(preview),
    ]  # fmt: skip


def _traffic(preview: SwitchPreview) -> Content:
    return line(
        (f"{preview.per_hour:.1f}", "bold"), (" tickets an hour: new ones ", "$quiet"), (preview.then, "bold"),
    )  # fmt: skip
