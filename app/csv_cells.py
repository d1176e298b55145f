"""Rows for spreadsheets: no cell of outside text is ever taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_STARTS_FORMULA = re.compile(r"^[\s\x00-\x1f\"'`´‘’“”]*[=+\-@|%\uff1d\uff0b\uff0d\uff20\u2212]")
"""What a spreadsheet may read as a formula, also behind blanks, quotes and controls, and in full width."""
_NUMBER = re.compile(r"^[+-]?\d+(?:[.,]\d+)*$")


def written(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV, each cell neutral."""
    out = io.StringIO()
    csv.writer(out).writerows([neutral(cell) for cell in row] for row in rows)
    return out.getvalue()


def neutral(cell: object) -> str:
    """The cell's text; with an apostrophe before it where a spreadsheet would calculate it. A plain number stays one."""
    text = "" if cell is None else str(cell)
    if isinstance(cell, int | float) or _NUMBER.match(text):
        return text
    return f"'{text}" if _STARTS_FORMULA.match(text) or "\t" in text or "\r" in text else text
