"""The fewest bytes from one run of cells to the next: how a pen is changed, where the cursor goes, what is erased.

A pen is changed by what differs, not written anew; on a line the cursor goes by column; a stretch of blanks is erased where
the terminal erases in the colour of the pen. Every frame ends with the terminal's own pen, so that whatever writes next, or
a frame that is lost, leaves no colour behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes


class Pen(NamedTuple):
    """How a cell is written: SGR codes of its attributes, its colour and its background; empty: the terminal's own."""

    attributes: str = ""
    colour: str = ""
    background: str = ""


Cell = tuple[str, Pen]
"""One column: its character with all that combines with it, and its pen. A wide character's second column is empty."""

PLAIN = Pen()
ON_BLANKS = ("4", "7", "9", "21", "53")
"""Attributes that show on a space: underlines, reverse, strike, overline."""
OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29", "21": "24"}
OFF |= {"51": "54", "52": "54", "53": "55"}
"""What ends an attribute; some end two."""
_FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
ERASED = 9
"""Blanks in a row that are cheaper erased than written: erasing does not move the cursor."""


class Ink:
    """Writes runs of one frame, from the terminal's own pen back to it. `erases`: blanks may be erased."""

    def __init__(self, width: int, *, erases: bool) -> None:
        self._width = width
        self._erases = erases
        self._parts: list[str] = []
        self._pen = PLAIN
        self._row = -1
        self._column = -1

    def text(self) -> str:
        """All that was written, the pen put down."""
        return "".join(self._parts) + ("\x1b[m" if self._pen != PLAIN else "")

    def put(self, y: int, x: int, run: Sequence[Cell]) -> None:
        """These cells at their place. After a sign whose width a terminal may count otherwise the next one is put where it
        belongs."""
        at = 0
        while at < len(run):
            text, wanted = run[at]
            blanks = _blanks(run, at) if self._erases and text == " " else 0
            if not text:
                at += 1
                continue
            self._go(y, x + at)
            self._take(wanted, blank=text == " ")
            if blanks >= ERASED:
                self._parts.append(f"\x1b[{blanks}X")
                at += blanks
                continue
            columns = 2 if at + 1 < len(run) and not run[at + 1][0] else 1
            if uncertain(text):
                self._parts.append(" " * columns)  # where it is drawn narrower, nothing old shows beside it
                self._column = -1
                self._go(y, x + at)
                self._column = -1
            else:
                self._column += columns
                if self._column >= self._width:
                    self._column = -1
            self._parts.append(text)
            at += columns

    def _go(self, y: int, x: int) -> None:
        if y != self._row:
            self._parts.append(f"\x1b[{y + 1};{x + 1}H")
        elif x != self._column:
            self._parts.append(f"\x1b[{x + 1}G")
        self._row, self._column = y, x

    def _take(self, wanted: Pen, *, blank: bool) -> None:
        pen = self._pen
        if wanted is pen or wanted == pen:
            return
        if blank and not wanted.attributes and not _shows(pen):  # only its background shows
            wanted = pen._replace(background=wanted.background)
        self._parts.append(change(pen, wanted))
        self._pen = wanted


def change(pen: Pen, wanted: Pen) -> str:
    """The shortest code from one pen to the other."""
    if pen == wanted:
        return ""
    if wanted == PLAIN:
        return "\x1b[m"
    parts = _attributes(pen.attributes, wanted.attributes)
    if pen.colour != wanted.colour:
        parts.append(wanted.colour or "39")
    if pen.background != wanted.background:
        parts.append(wanted.background or "49")
    anew = ["", *(part for part in wanted if part)]
    return "\x1b[" + min(";".join(parts), ";".join(anew), key=len) + "m"


def _attributes(had: str, wanted: str) -> list[str]:
    if had == wanted:
        return []
    before, after = set(filter(None, had.split(";"))), set(filter(None, wanted.split(";")))
    ended = {OFF[each] for each in before - after}
    kept = {each for each in before & after if OFF[each] not in ended}
    return [*sorted(ended), *sorted(after - kept)]


def uncertain(text: str) -> bool:
    """Whether terminals differ about its width: signs made of several characters, flags and other emoji."""
    return len(text) > 1 or text >= "\U0001f000"


def width(sign: str) -> int:
    """Columns of one character, as we count them."""
    return 1 if sign.isascii() else cell_len(sign)


def signs(text: str) -> Iterator[tuple[str, int]]:
    """What stands together, with its columns as the layout counts them: a family of emoji is one sign of two columns."""
    if text.isascii():
        yield from ((each, 1) for each in text)
        return
    half = ""
    for start, end, columns in split_graphemes(text)[0]:
        sign = text[start:end]
        if sign in _FLAG_LETTERS:
            # Two letters are one flag; written apart they would be two letters.
            if half:
                yield half + sign, 2
            half = "" if half else sign
            continue
        if half:
            yield half, 1
            half = ""
        yield sign, columns
    if half:
        yield half, 1


def shows_on_blanks(attributes: Sequence[str]) -> bool:
    return any(each in ON_BLANKS for each in attributes)


def terminal_erases() -> bool:
    """Whether the terminal erases in the colour of the pen, by what its entry in terminfo says."""
    with contextlib.suppress(Exception):  # no such library, no such terminal, no terminal at all: blanks are written
        import curses

        curses.setupterm()
        return curses.tigetflag("bce") == 1 and curses.tigetstr("ech") == b"\x1b[%p1%dX"
    return False


def _shows(pen: Pen) -> bool:
    return bool(pen.attributes) and shows_on_blanks(pen.attributes.split(";"))


def _blanks(run: Sequence[Cell], at: int) -> int:
    """How many equal blanks begin here, on which nothing shows but a background."""
    blank = run[at]
    if blank[1].attributes:
        return 0
    end = at
    while end < len(run) and run[end] == blank:
        end += 1
    return end - at
