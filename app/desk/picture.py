"""The desk's first picture: the case that waits, and the list around it, drawn before the desk's own parts are loaded.

A person reads at once; the desk, which takes its place, looks alike. What it says comes from typed fields as it does there.
Every text passes `store.plain` on its way into a line: no other way leads to the terminal. Knows no Textual.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from store import plain
from store.glance import Glance, Line

QUEUE, LIVE, LABEL = 34, 24, 8
"""Columns of the list, of the figures, and of the labels in the ticket: as the styles have them."""
WIDE_QUEUE, WIDE_LIVE = 40, 28
NARROW, WIDE, LOW = 100, 170, 24
"""From how many columns and rows on there is a picture, and from how many on two tickets stand side by side."""
LARGEST = 20_000
"""Characters of a text that are looked at: more than any screen holds."""
PENS = {
    "": ("38;2;217;220;227;48;2;21;23;28", "38;5;188;48;5;233"),
    "bold": ("1;38;2;217;220;227;48;2;21;23;28", "1;38;5;188;48;5;233"),
    "quiet": ("38;2;141;148;163;48;2;21;23;28", "38;5;246;48;5;233"),
    "rule": ("38;2;58;64;77;48;2;21;23;28", "38;5;238;48;5;233"),
    "primary": ("1;38;2;130;170;255;48;2;21;23;28", "1;38;5;111;48;5;233"),
    "label": ("1;38;2;137;180;196;48;2;21;23;28", "1;38;5;110;48;5;233"),
    "warning": ("38;2;229;181;103;48;2;21;23;28", "38;5;179;48;5;233"),
    "strong": ("1;38;2;229;181;103;48;2;21;23;28", "1;38;5;179;48;5;233"),
    "accent": ("1;38;2;229;192;123;48;2;21;23;28", "1;38;5;180;48;5;233"),
    "chosen": ("1;38;2;217;220;227;48;2;42;49;66", "1;38;5;188;48;5;236"),
    "chosen quiet": ("38;2;189;192;199;48;2;42;49;66", "38;5;250;48;5;236"),
}
"""The dark theme, in full colour and in 256."""

Piece = tuple[str, str]
"""Text and pen."""


class Sheet:
    """Cells of a screen, written line by line; what does not fit is cut."""

    def __init__(self, columns: int, rows: int, colours: int) -> None:
        self.columns, self.rows = columns, rows
        self._colours = colours
        self._parts: list[str] = []
        self._at = (-1, -1)
        self._now = ""

    def put(self, y: int, x: int, cells: int, *pieces: Piece) -> None:
        """Exactly so many cells of a line."""
        if self._at != (y, x):
            self._parts.append(f"\x1b[{y + 1};{x + 1}H")
        self._at = (y, x + cells)
        left = cells
        for text, name in pieces:
            shown = plain.painted(plain.line(text[:LARGEST]))
            if cell_len(shown) > left:
                shown = set_cell_size(shown, left - 1) + "…" if left > 1 else " " * left
            self._write(shown, name)
            left -= cell_len(shown)
        self._write(" " * left, "")

    def text(self) -> str:
        return "".join(self._parts) + "\x1b[m"

    def _write(self, shown: str, name: str) -> None:
        if shown:
            pen = self._pen(name)
            self._parts.append(shown if pen == self._now else pen + shown)
            self._now = pen

    def _pen(self, name: str) -> str:
        if not self._colours:
            return "\x1b[;1m" if PENS[name][0].startswith("1;") else "\x1b[m"
        return f"\x1b[;{PENS[name][0 if self._colours > 256 else 1]}m"


def fits(columns: int, rows: int) -> bool:
    return columns >= NARROW and rows >= LOW


def draw(seen: Glance, actor: str, place: str, size: tuple[int, int], colours: int) -> str:
    """What to write to a terminal of that many columns and rows. `colours`: how many it has, 0 for none."""
    sheet = Sheet(*size, colours)
    wide = sheet.columns >= WIDE
    queue, live = (WIDE_QUEUE, WIDE_LIVE) if wide else (QUEUE, LIVE)
    room = sheet.columns - queue - live
    ticket = room // 2 if wide else room
    waiting = (f"  {place} · {actor}", "quiet"), (" · ", "quiet"), (f"{seen.total} waiting", "bold")
    sheet.put(0, 0, sheet.columns, (" lastclick", "primary"), *waiting)
    at = next((n for n, each in enumerate(seen.lines) if each.review_id == seen.shown), 0)
    _box(
        sheet, 0, queue, [(f"Queue · {at + 1} of {seen.total}", "quiet")], list(_list(seen, at, queue - 2, sheet.rows))
    )
    number, subject = str(seen.proposal["ticket"]["id"]), str(seen.proposal["ticket"].get("subject") or "")
    title = (f"{number} ", "primary"), (subject, "bold")
    _box(sheet, queue, ticket, title, list(_ticket(seen, ticket - 4, sheet.rows - 4)))
    if wide:
        _box(sheet, queue + ticket, room - ticket, [("next", "quiet")], [])
    _box(sheet, sheet.columns - live, live, [("Live", "quiet")], [])
    sheet.put(sheet.rows - 1, 0, sheet.columns, (" The desk opens …", "quiet"))
    return sheet.text()


def _box(sheet: Sheet, x: int, cells: int, title: Sequence[Piece], inside: Sequence[Sequence[Piece]]) -> None:
    told = [(plain.line(text[:LARGEST]), pen) for text, pen in title]
    used = min(cells - 5, sum(cell_len(text) for text, _ in told))
    sheet.put(1, x, 3, ("╭─ ", "rule"))
    sheet.put(1, x + 3, used, *told)
    sheet.put(1, x + 3 + used, cells - 3 - used, (" " + "─" * (cells - 5 - used) + "╮", "rule"))
    padded = 1 if x else 0
    for row in range(sheet.rows - 4):
        pieces = inside[row] if row < len(inside) else ()
        sheet.put(row + 2, x, 1 + padded, ("│" + " " * padded, "rule"))
        sheet.put(row + 2, x + 1 + padded, cells - 2 - 2 * padded, *pieces)
        sheet.put(row + 2, x + cells - 1 - padded, 1 + padded, (" " * padded + "│", "rule"))
    sheet.put(sheet.rows - 2, x, cells, ("╰" + "─" * (cells - 2) + "╯", "rule"))


def _list(seen: Glance, chosen: int, cells: int, rows: int) -> Iterator[Sequence[Piece]]:
    if seen.total * 2 > rows - 4:
        cells -= 1  # the scrollbar's
    for n, each in enumerate(seen.lines):
        here = n == chosen
        strong, quiet, risk = ("chosen", "chosen quiet", "chosen") if here else ("", "quiet", "warning")
        bar = ("▌" if here else " ", "primary" if here else "")
        sign = "▲ " if each.high else "  "
        yield bar, (sign, risk), (_fit(each.reason, cells - 9), strong), (f" {_age(each.at).rjust(4)} ", quiet)
        yield bar, ("  ", quiet), (_fit(_subject(each), cells - 4), quiet), (" ", quiet)


def _subject(line: Line) -> str:
    return f"{line.ticket_id} {line.subject}" + (f" ◆{line.claimed_by}" if line.claimed_by else "")


def _ticket(seen: Glance, cells: int, rows: int) -> Iterator[Sequence[Piece]]:
    proposal = seen.proposal
    facts = [*_facts(seen, cells - LABEL)]
    yield from facts
    room = rows - len(facts)
    if seen.message is not None:
        author, text, at = seen.message
        when = time.strftime("%d %b %H:%M", time.localtime(at))
        said = list(_wrapped(text, cells))[: max(1, room * 38 // 100 - 1)]
        yield from _letter(f"{author or 'customer'} · {when}", said, cells)
        room -= len(said) + 1
    reply = proposal.get("customer_reply")
    letter = list(_wrapped(str(reply), cells)) if reply else ["No reply is proposed."]
    letter = letter[: max(1, room * 76 // 100 - 1)]
    yield from _letter("to the customer", letter, cells)
    note = list(_wrapped(str(proposal.get("internal_note") or "No internal note."), cells))
    yield from _letter("internal note", note, cells, "quiet")


def _letter(title: str, lines: Sequence[str], cells: int, pen: str = "") -> Iterator[Sequence[Piece]]:
    told = plain.line(title)
    yield ("─", "rule"), (told, "quiet"), ("─" * max(0, cells - 1 - cell_len(told)), "rule")
    yield from (((line, pen),) for line in lines)


def _facts(seen: Glance, cells: int) -> Iterator[Sequence[Piece]]:
    proposal, reasons = seen.proposal, seen.gate.get("reasons") or []
    telling = [each for each in reasons if not each.get("general")] or reasons[:1]
    told = [str(each["text"]) for each in telling] or ["No rule stopped it: it was sent here by hand."]
    yield from _fact("WHY", told, cells, "strong")
    if shared := [str(each["text"]) for each in reasons if each not in telling]:
        yield from _fact("", [f"also: {' · '.join(shared)}"], cells, "quiet")
    way = proposal["route"]
    yield from _fact("ROUTE", [" · ".join(filter(None, (_way(way), str(way.get("reason") or ""))))], cells)
    yield from _fact("ACTION", list(_actions(proposal)), cells, "bold")
    customer = proposal["ticket"].get("customer") or {}
    identity = str(customer.get("identity") or "unknown")
    sign = {"verified": "✓", "weak": "◐"}.get(identity, "✗")
    how = f": {customer['how']}" if customer.get("how") else ""
    yield from _fact("WHO", [f"{customer.get('name') or 'no name'} · {sign} {identity}{how}"], cells)
    sources = [f"{n} {each['title']}" for n, each in enumerate(proposal.get("evidence") or [], start=1)]
    yield from _fact("SOURCES", sources[:3] or ["None: nothing in this proposal is proven."], cells)


def _way(way: Mapping[str, Any]) -> str:
    return f"{way['name']} → {way['model']}" if way.get("model") else str(way["name"])


def _actions(proposal: Mapping[str, Any]) -> Iterator[str]:
    """Each action in its own words; amount and target on a line of their own, with no outside text."""
    actions = proposal.get("actions") or []
    if not actions:
        yield "None: only the reply goes out." if proposal.get("customer_reply") else "None."
    for each in actions:
        yield str(each.get("description") or str(each["kind"]).replace("_", " "))
        about = [f"amount {_money(each['amount'])}"] if each.get("amount") else []
        about += [f"target {each['target']}"] if each.get("target") else []
        yield "   ".join([*about, "can be reversed" if each.get("reversible") else "final"])
        for diff in (each.get("diff") or [])[:4]:
            yield f"{_field(diff['field'])} {_value(diff['before'])} → {_value(diff['after'])}"


def _field(name: str) -> str:
    return name.replace(".", " ").replace("_", " ")


def _value(of: Any) -> str:
    if isinstance(of, Mapping) and set(of) == {"minor", "currency"}:
        return _money(of)
    return _short(", ".join(map(str, of.values())) if isinstance(of, Mapping) else str(of)) if of else "–"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _money(amount: Mapping[str, Any]) -> str:
    minor, currency = int(amount["minor"]), str(amount["currency"])
    sign = {"EUR": "€", "USD": "$", "GBP": "£"}.get(currency, currency + " ")
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{sign}{whole:,}.{cents:02d}"


def _fact(label: str, told: Sequence[str], cells: int, pen: str = "") -> Iterator[Sequence[Piece]]:
    lines = [line for each in told for line in _wrapped(each, cells)]
    for n, line in enumerate(lines):
        yield ((label if n == 0 else "").ljust(LABEL), "label"), (line, pen)


def _wrapped(text: str, cells: int) -> Iterator[str]:
    """Lines of at most so many cells, broken between words."""
    for paragraph in plain.body(text[:LARGEST]).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if cell_len(longer) <= cells:
                line = longer
                continue
            if line:
                yield line
            line = word
            while cell_len(line) > cells:
                cut = set_cell_size(line, cells).rstrip() or line[:1]
                yield cut
                line = line[len(cut) :]
        yield line


def _fit(text: str, cells: int) -> str:
    told = plain.line(text)
    return set_cell_size(told, cells) if cell_len(told) <= cells else set_cell_size(told, cells - 1) + "…"


def _age(at: float) -> str:
    seconds = time.time() - at
    units = (("d", 86400), ("h", 3600), ("m", 60))
    return next((f"{int(seconds // size)}{unit}" for unit, size in units if seconds >= size), "now")
