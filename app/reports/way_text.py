"""The map as a page of a terminal."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.reports.way import Way
from store import plain

MARK = "⚠"
PIPE = 120
"""Columns where no terminal says how many there are."""


def page(way: Way) -> RenderableType:
    """Everything on one page, in the order in which a ticket meets it."""
    parts = (
        _path(way),
        _part("Who does it, and what it may read", _jobs(way)),
        _part("Where routing sends it: the first that fits", _triggers(way)),
        _part("The ways", _routes(way)),
        _part("When a person steps in: any one stops it", _stops(way)),
        _part("What may change, and whether it can go out by itself", _actions(way)),
        _part("What the customer reads when something fails", _messages(way)),
        _part("What nothing can reach", _dead(way)),
    )
    return Group(*parts)


def show(way: Way, width: int | None = None) -> None:
    """Print it; in a pipe without colours, and wide enough to be read."""
    console = Console(width=width, highlight=False)
    if width is None and not console.is_terminal:
        console.width = PIPE
    console.print(page(way))


def lines(way: Way) -> str:
    """The page as plain lines."""
    console = Console(width=PIPE, highlight=False, no_color=True, force_terminal=False)
    with console.capture() as kept:
        console.print(page(way))
    return kept.get()


def _said(text: str, style: str = "") -> Text:
    return Text(plain.line(text), style=style)


def _part(title: str, table: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold"), Padding(table, (0, 0, 0, 2)))


def _path(way: Way) -> RenderableType:
    lines = [
        _said(f"The way of a ticket, rules {way.rules_version}", "bold"),
        Text(""),
        Text(" message ─▶ classify ─▶ look up ─▶ ROUTE ─▶ draft ─▶ PROVE ─▶ GATE ─┬─▶ out"),
        Text(" what fails or is missing: one retry, one question ─────────────────┴─▶ a person"),
        Text(f" {way.spot_check_share:.0%} of what goes out by itself is read afterwards.", "dim"),
    ]
    lines += [_said(f"{MARK} switched off now: {', '.join(way.off)}", "bold red")] if way.off else []
    return Group(*lines)


def _table(*columns: tuple[str, int]) -> Table:
    """`columns`: title and share of the width, 0 for no more than needed."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", expand=True)
    for title, share in columns:
        table.add_column(title, ratio=share or None, no_wrap=not share, overflow="fold")
    return table


def _jobs(way: Way) -> Table:
    table = _table(("job", 0), ("owner", 0), ("risk", 0), ("may read", 0), ("model", 1))
    for job in way.jobs:
        models = "; ".join(f"{route}: {model}" for route, model in job.models)
        prompt = f", prompt {job.prompt}" if job.prompt else ""
        reads = " ".join(job.reads)
        table.add_row(_said(job.name), _said(job.owner), _said(job.risk), _said(reads), _said(models + prompt))
    for name, what in way.models:
        table.add_row(Text(), Text(), Text(), Text(), _said(f"{name}: {what}", "dim"))
    return table


def _triggers(way: Way) -> Table:
    table = _table(("", 0), ("when", 2), ("way", 0), ("then", 2), ("an agent reads", 2))
    for number, each in enumerate(way.triggers, 1):
        style = "dim strike" if each.dead else ""
        mark = Text(MARK, "bold red") if each.dead else Text(str(number), "dim")
        texts = (each.when, each.route, each.then, each.sentence)
        table.add_row(mark, *(_said(text, style) for text in texts))
    return table


def _routes(way: Way) -> Table:
    table = _table(("way", 0), ("drafts", 0), ("checks what must be right", 0), ("when it is off", 0), ("for", 1))
    for each in way.routes:
        instead = f"goes {each.instead}" if each.instead else "goes to a person"
        table.add_row(*map(_said, (each.name, each.model, each.checked_by, instead, each.sentence)))
    return table


def _stops(way: Way) -> Table:
    table = _table(("when", 3), ("who", 0), ("people", 0), ("an agent reads", 3))
    for each in way.stops:
        style = "dim strike" if each.dead else ""
        people = "two" + (f", a {each.role}" if each.role else "") if each.people == 2 else "one"
        mark = f"{MARK} " if each.dead else ""
        texts = (f"{mark}{each.when}", each.to, people, each.reason)
        table.add_row(*(_said(text, style) for text in texts))
    return table


def _actions(way: Way) -> Table:
    table = _table(("kind", 0), ("risk", 0), ("goes out", 2), ("for the wishes", 2), ("to", 0))
    for each in way.actions:
        out = f"never by itself: {', '.join(each.always)}" if each.always else "by itself, when no rule stops it"
        wishes = ", ".join(each.wanted_by) or f"{MARK} none"
        table.add_row(*map(_said, (each.kind, each.risk, out, wishes, each.connector)))
    return table


def _messages(way: Way) -> Table:
    table = _table(("code", 0), ("next", 0), ("the customer reads", 3), ("told by", 1))
    for each in way.messages:
        # words, so that a narrow column breaks between them
        by = ", ".join(each.by).replace("_", " ") or f"{MARK} nothing"
        table.add_row(*map(_said, (each.code, each.next, each.customer, by)))
    return table


def _dead(way: Way) -> RenderableType:
    dead = way.dead()
    if not dead:
        return Text("Every rule can be reached.")
    table = _table(("", 0), ("", 1))
    table.show_header = False
    for name, why in dead:
        table.add_row(_said(f"{MARK} {name}"), _said(why))
    return table
