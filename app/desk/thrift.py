"""Writes only the cells that differ from what the terminal already shows: over a slow line a move is a few hundred bytes.

Textual repaints whole widgets, and the whole screen when a layout changes. This stands between it and the terminal,
remembers each cell, and turns a repaint into the runs that changed, with a colour code only where a colour changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import SGR_STYLES

from app.desk.ink import PLAIN, Cell, Ink, Pen, shows_on_blanks, signs, uncertain, width

CELLS_KEPT = 2_000
"""Pieces of painted text whose cells are kept: most of a frame is what the one before was."""
JUMP = 5
"""Bytes that it costs to go on further to the right."""
REPEN = 12
"""Bytes that another pen costs, about."""
SPILL = 12
"""Columns that a sign may take beyond those we count: a family of emoji joined by a terminal that does not join them."""


class Shown:
    """What the terminal shows, as far as we know. A cell that we do not know is None."""

    def __init__(self, *, erases: bool = False) -> None:
        self._erases = erases
        self._lines: list[list[Cell | None]] = []
        self._size = (0, 0)
        self._pens = Pens()

    def forget(self) -> None:
        """Something else may have written to the terminal: paint everything at the next chance."""
        self._size = (0, 0)

    def changes(self, update: CompositorUpdate, width: int, height: int, colours: ColorSystem | None) -> str | None:
        """What to write to bring the terminal to this update; None for a kind of update that is not cells."""
        if (width, height) != self._size:
            self._size = (width, height)
            self._lines = [[None] * width for _ in range(height)]
        if isinstance(update, LayoutUpdate):
            pieces = _laid_out(update)
        elif isinstance(update, ChopsUpdate):
            pieces = _chopped(update)
        else:
            self.forget()
            return None
        self._pens.use(colours)
        ink = Ink(width, erases=self._erases)
        for x, y, segments in pieces:
            if 0 <= y < height:
                for start, run in self._differing(x, y, self._pens.cells(segments)):
                    ink.put(y, start, run)
                    if any(uncertain(cell[0]) for cell in run[-SPILL:]):
                        end = start + len(run)
                        ink.put(y, end, self._known(y, end))
        return ink.text()

    def _known(self, y: int, start: int) -> list[Cell]:
        """The next cells of a line, as far as they are known: what was written before them may have spilt over."""
        known: list[Cell] = []
        for cell in self._lines[y][start : start + SPILL]:
            if cell is None:
                break
            known.append(cell)
        return known if not known or known[0][0] else []

    def _differing(self, x: int, y: int, new: list[Cell]) -> Iterable[tuple[int, list[Cell]]]:
        """The runs of a painted line that are not on the terminal yet, by column."""
        old = self._lines[y]
        new = new[: max(0, len(old) - x)]
        before = old[x : x + len(new)]
        if before == new:
            return
        old[x : x + len(new)] = new
        if _fragile(before) or _fragile(new):
            yield x, new
            return
        for start, end in _runs(before, new):
            yield x + start, new[start:end]


class Thrifty(CompositorUpdate):
    """An update that writes what it changes, in the place of one that writes all it covers. It is worked out when it is
    made, and then has to be written."""

    def __init__(self, update: CompositorUpdate, shown: Shown, size: tuple[int, int], console: Console) -> None:
        colours = console._color_system or ColorSystem.TRUECOLOR
        changed = shown.changes(update, *size, colours)
        self._text = update.render_segments(console) if changed is None else changed

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._text)

    def render_segments(self, console: Console) -> str:
        return self._text


class Pens:
    """Styles as pens, each worked out once."""

    def __init__(self) -> None:
        self._colours: ColorSystem | None = None
        self._known: dict[Style, tuple[Pen, Pen]] = {}
        self._cells: dict[tuple[str, Style | None], list[Cell]] = {}

    def use(self, colours: ColorSystem | None) -> None:
        if colours is not self._colours:
            self._colours = colours
            self._known.clear()
            self._cells.clear()

    def cells(self, segments: Iterable[Segment]) -> list[Cell]:
        """The columns of painted text."""
        made: list[Cell] = []
        for segment in segments:
            text, style, control = segment
            if control or not text:
                continue
            if made and width(text[0]) == 0:
                self._add(made, text, style)
                continue
            known = self._cells.get((text, style))
            if known is None:
                if len(self._cells) >= CELLS_KEPT:
                    self._cells.clear()
                known = self._cells[text, style] = []
                self._add(known, text, style)
            made += known
        return made

    def _add(self, made: list[Cell], text: str, style: Style | None) -> None:
        pen, blank = self._of(style)
        for each, wide in signs(text):
            if wide == 0 and made:
                at = _base(made)
                made[at] = (made[at][0] + each, made[at][1])
            else:
                made.append((each, blank if each == " " else pen))
                made += [("", pen)] * (wide - 1)

    def _of(self, style: Style | None) -> tuple[Pen, Pen]:
        """The pen of a style, and the one for its spaces, on which a colour does not show."""
        if style is None:
            return PLAIN, PLAIN
        known = self._known.get(style)
        if known is None:
            known = self._known[style] = self._worked_out(style)
        return known

    def _worked_out(self, style: Style) -> tuple[Pen, Pen]:
        bits = style._attributes & style._set_attributes
        attributes = [SGR_STYLES[bit] for bit in range(bits.bit_length()) if bits & (1 << bit)]
        colour: tuple[str, ...] = ()
        background: tuple[str, ...] = ()
        if self._colours is not None:
            if style.color is not None:
                colour = style.color.downgrade(self._colours).get_ansi_codes()
            if style.bgcolor is not None:
                background = style.bgcolor.downgrade(self._colours).get_ansi_codes(False)
        pen = Pen(";".join(attributes), ";".join(colour), ";".join(background))
        return pen, pen if shows_on_blanks(attributes) else Pen("", "", pen.background)


def _base(made: list[Cell]) -> int:
    at = len(made) - 1
    while at > 0 and not made[at][0]:
        at -= 1
    return at


def _fragile(line: Sequence[Cell | None]) -> bool:
    """A terminal may count its columns otherwise than we do: such a line is written whole. Asked of every line that
    changes: its signs are looked at together, not one by one."""
    signs = [cell[0] if cell is not None else "" for cell in line]
    text = "".join(signs)
    return "" in signs or len(text) != len(signs) or (not text.isascii() and uncertain(max(text)))


def _runs(before: Sequence[Cell | None], new: Sequence[Cell]) -> list[tuple[int, int]]:
    """Where they differ; what lies between two is written again where that is cheaper than to jump over it."""
    runs: list[tuple[int, int]] = []
    for at, (old, now) in enumerate(zip(before, new, strict=True)):
        if old is not now and old != now:
            if runs and _cost(new, runs[-1][1], at) <= JUMP:
                runs[-1] = (runs[-1][0], at + 1)
            else:
                runs.append((at, at + 1))
    return runs


def _cost(new: Sequence[Cell], start: int, end: int) -> int:
    """Bytes to write these cells after the one before them."""
    if end - start > JUMP:
        return JUMP + 1
    pen = next((new[at][1] for at in range(start - 1, -1, -1) if new[at][0] != " "), PLAIN)
    cost = 0
    for text, wanted in new[start:end]:
        cost += len(text.encode())
        if text != " " and wanted != pen:
            cost, pen = cost + REPEN, wanted
    return cost


Piece = tuple[int, int, Iterable[Segment]]


def _laid_out(update: LayoutUpdate) -> Iterable[Piece]:
    for y, line in enumerate(update.strips, update.region.y):
        yield update.region.x, y, (segment for strip in line for segment in strip)


def _chopped(update: ChopsUpdate) -> Iterable[Piece]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= x2 and end > x1:
                yield x, y, strip if x1 <= x and end <= x2 else strip.crop(0, min(end, x2) - x)
