"""The map as one drawing (SVG), and as one page (HTML) with the drawing and the tables. It loads nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap

from app.reports.way import Trigger, Way
from store import plain

WIDTH, ROW, LINE, TOP, LEAST = 1180, 26, 17, 170, 180
_BOX = 'rx="5" fill="{fill}" stroke="#8891a5"'
_ENDS = (("a person", "#fde7c8"), ("one question to the customer", "#e3ecfb"), ("draft, prove, gate", "#dff3e3"))
_JOB_OF = {"classify": "classification", "look up": "lookup", "draft": "drafting"}
_STATIONS = ("message", "classify", "look up", "ROUTE", "draft", "PROVE", "GATE")


def drawing(way: Way) -> str:
    """The path above; below, each trigger with a line to where it leads; then who is asked by which rules, and what the
    customer reads when something fails."""
    parts = [*_stations(way), *_triggers(way)]
    people, below = _people(way, TOP + max(len(way.triggers) * ROW, LEAST) + 40)
    messages, height = _messages(way, below + 30)
    parts += [*people, *messages]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="#1c2333">'
        f"<title>The way of a ticket, rules {_safe(way.rules_version)}</title>"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def page(way: Way) -> str:
    """The drawing, and each table as a lead reads it."""
    tables = "".join(f"<h2>{_safe(title)}</h2>{_table(head, rows)}" for title, head, rows in _tables(way))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The way of a ticket</title><style>'
        "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1180px;color:#1c2333}"
        "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem;"
        "border-bottom:1px solid #dde1ea}tr.dead td{color:#a3321f}svg{max-width:100%;height:auto}"
        f"</style></head><body><h1>The way of a ticket</h1><p>Rules {_safe(way.rules_version)}."
        f"{_off(way)}</p>{drawing(way)}{tables}</body></html>\n"
    )


def _off(way: Way) -> str:
    return f" ⚠ Switched off now: {_safe(', '.join(way.off))}." if way.off else ""


def _safe(text: str) -> str:
    return escape(plain.line(text))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{_safe(text)}</text>'


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" {_BOX.format(fill=fill)}/>'


def _stations(way: Way) -> Iterator[str]:
    step = (WIDTH - 40) / len(_STATIONS)
    for at, name in enumerate(_STATIONS):
        x = 20 + at * step
        yield _box(x, 20, step - 34, 40, "#eef1f7")
        yield _text(x + (step - 34) / 2, 45, name, 'text-anchor="middle" font-weight="600"')
        if at + 1 < len(_STATIONS):
            yield f'<path d="M{x + step - 34} 40 h26 m-6 -4 l6 4 l-6 4" fill="none" stroke="#8891a5"/>'
        for line, words in enumerate(_under(way, name)):
            yield _text(x, 78 + 14 * line, words, 'font-size="11" fill="#5a6376"')
    if way.off:
        yield _text(20, TOP - 12, f"⚠ switched off now: {', '.join(way.off)}", 'font-weight="600" fill="#a3321f"')


def _under(way: Way, station: str) -> list[str]:
    """What a station reads, and which model does it."""
    job = next((job for job in way.jobs if job.name == _JOB_OF.get(station)), None)
    if job is None:
        return []
    models = [] if station == "look up" else [f"{route}: {model}" for route, model in job.models]
    models += [f"prompt {job.prompt}"] if job.prompt else []
    return [line for text in (f"reads {', '.join(job.reads)}", *models) for line in wrap(text, 27)]


def _end(trigger: Trigger) -> int:
    if trigger.then == "a person":
        return 0
    return 1 if trigger.then.startswith("ask") else 2


def _triggers(way: Way) -> Iterator[str]:
    height = max(len(way.triggers) * ROW, LEAST)
    places = [TOP + height * (at + 0.5) / len(_ENDS) for at in range(len(_ENDS))]
    for y, (name, fill) in zip(places, _ENDS, strict=True):
        yield _box(WIDTH - 260, y - 22, 240, 44, fill)
        yield _text(WIDTH - 140, y + 5, name, 'text-anchor="middle" font-weight="600"')
    for at, each in enumerate(way.triggers):
        y = TOP + at * ROW + ROW / 2
        ink = "#a3321f" if each.dead else "#1c2333"
        yield _text(20, y + 4, f"{at + 1}", 'fill="#8891a5"')
        yield _text(46, y + 4, _short(("⚠ never: " if each.dead else "") + each.when, 54), f'fill="{ink}"')
        yield _text(
            400, y + 4, _short(f"{each.route}" + ("" if each.dead else f" · {each.then}"), 66), 'fill="#5a6376"'
        )
        if not each.dead:
            to = places[_end(each)]
            yield (
                f'<path d="M835 {y} C875 {y} 875 {to} {WIDTH - 262} {to}" fill="none" stroke="#8891a5" '
                'stroke-opacity=".7"/>'
            )


def _stop_rows(way: Way) -> Iterator[tuple[str, str, bool]]:
    for each in sorted(way.stops, key=lambda stop: (stop.to, stop.people)):
        yield each.to + (" · two people" if each.people == 2 else ""), each.when, bool(each.dead)


def _people(way: Way, top: float) -> tuple[list[str], float]:
    """The rules by whom they ask, and where the drawing goes on."""
    parts = [
        _text(20, top, "GATE: any one of these stops it before", 'font-weight="600"'),
        _text(
            340, top, f"Nothing stops it: it goes out by itself, {way.spot_check_share:.0%} of it read afterwards.",
            'fill="#5a6376"',
        ),
    ]  # fmt: skip
    y, before = top + 30, ""
    for to, when, dead in _stop_rows(way):
        if to != before:
            parts += [_box(20, y - 16, 210, 22, "#fde7c8"), _text(30, y, _short(to, 30))]
        before = to
        more, y = _lines(250, y, ("⚠ never: " if dead else "") + when, 'fill="#a3321f"' if dead else "")
        parts += more
    return parts, y


def _messages(way: Way, top: float) -> tuple[list[str], float]:
    parts = [_text(20, top, "What the customer reads when something fails", 'font-weight="600"')]
    y = top + 30
    for each in way.messages:
        red = 'fill="#a3321f"' if each.dead else ""
        parts.append(_text(20, y, _short(("⚠ " if each.dead else "") + each.code, 30), red))
        more, y = _lines(250, y, each.customer, 'fill="#5a6376"')
        parts += more
    return parts, y


def _lines(x: float, y: float, text: str, more: str) -> tuple[list[str], float]:
    """A text on as many lines as it takes, and where the next row stands."""
    rows = wrap(text, 130) or [""]
    return [_text(x, y + LINE * at, row, more) for at, row in enumerate(rows)], y + ROW + LINE * (len(rows) - 1)


def _tables(way: Way) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    models = dict(way.models)
    yield (
        "Who does it, and what it may read",
        ("job", "owner", "risk", "may read", "model"),
        [
            (job.name, job.owner, job.risk, ", ".join(job.reads),
             "; ".join(f"{route}: {model} ({models.get(model, '')})" for route, model in job.models)
             + (f"; prompt {job.prompt}" if job.prompt else ""))
            for job in way.jobs
        ],
    )  # fmt: skip
    yield (
        "Where routing sends it: the first that fits",
        ("", "when", "way", "then", "an agent reads", "the customer reads"),
        [
            ("⚠ " + each.dead if each.dead else str(at), each.when, each.route, each.then, each.sentence, each.told)
            for at, each in enumerate(way.triggers, 1)
        ],
    )
    yield (
        "When a person steps in: any one stops it",
        ("when", "who", "people", "an agent reads"),
        [
            (("⚠ " if each.dead else "") + each.when, each.to, str(each.people), each.reason)
            for each in way.stops
        ],
    )  # fmt: skip
    yield (
        "What may change, and whether it can go out by itself",
        ("kind", "what", "risk", "never by itself, because", "for the wishes"),
        [
            (
                each.kind,
                each.description,
                each.risk,
                ", ".join(each.always) or "—",
                ", ".join(each.wanted_by) or "⚠ none",
            )
            for each in way.actions
        ],
    )
    yield (
        "What the customer reads when something fails",
        ("code", "class", "the customer reads", "next", "told by"),
        [
            (each.code, each.kind, each.customer, each.next, ", ".join(each.by) or "⚠ nothing")
            for each in way.messages
        ],
    )  # fmt: skip
    yield "What nothing can reach", ("rule", "why"), [*way.dead()]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>Every rule can be reached.</p>"
    top = "".join(f"<th>{_safe(title)}</th>" for title in head)
    body = "".join(
        f"<tr{' class=dead' if any(cell.startswith('⚠') for cell in row) else ''}>"
        + "".join(f"<td>{_safe(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
