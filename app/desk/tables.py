"""A table as lines of text: so many columns as fit, the least needed left out first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

from app.desk.words import fit, line

Cell = tuple[str, str]
"""What stands in a cell, and its style."""


@dataclass(frozen=True)
class Column:
    """`rank` 0 is always there; the higher it is, the sooner the column is left out. Width 0 takes what is left."""

    title: str
    width: int
    rank: int = 0
    right: bool = False


def fitting(columns: Sequence[Column], cells: int, least: int = 12) -> list[int]:
    """The places of the columns that are shown. The wide one keeps at least so many cells."""
    shown = list(range(len(columns)))
    while True:
        needed = sum((columns[place].width or least) + 1 for place in shown)
        droppable = [place for place in shown if columns[place].rank]
        if needed <= cells or not droppable:
            return shown
        shown.remove(max(droppable, key=lambda place: columns[place].rank))


def drawn(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], cells: int, cursor: int = -1) -> list[Content]:
    """A head and one line a row; the row at the cursor bears a bar and is bold, so that it shows without colours."""
    places = fitting(columns, cells - 2)
    taken = sum(columns[place].width + 1 for place in places if columns[place].width)
    wide = max(1, cells - 2 - taken - 1)
    head = [("  ", "")]
    head += [(_set(columns[place].title, columns[place], wide) + " ", "$secondary bold") for place in places]
    made = [line(*head)]
    for number, row in enumerate(rows):
        here = number == cursor
        parts: list[Cell] = [("▌ " if here else "  ", "bold $primary")]
        for place in places:
            text, style = row[place]
            parts.append((_set(text, columns[place], wide) + " ", f"bold {style}".strip() if here else style))
        made.append(line(*parts))
    return made


def left_out(columns: Sequence[Column], row: Sequence[Cell], cells: int) -> list[Cell]:
    """What of a row no column shows at this width, each with its title: told beside or below the table."""
    shown = fitting(columns, cells - 2)
    parts: list[Cell] = []
    for place, (text, style) in enumerate(row):
        if place not in shown and text.strip() and columns[place].title:
            parts += [(f"{' · ' if parts else ''}{columns[place].title} ", "$quiet"), (text.strip(), style)]
    return parts


def _set(text: str, column: Column, wide: int) -> str:
    width = column.width or wide
    if column.right and len(text) <= width:
        return " " * (width - len(text)) + text
    return fit(text, width)
