"""Writes only the cells that differ from what the terminal already shows: over a slow line a move is a few hundred bytes.

Textual repaints whole widgets, and the whole screen when a layout changes. This stands between it and the terminal,
remembers each cell, and turns a repaint into the runs that changed, with a colour code only where a colour changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import SGR_STYLES


class Pen(NamedTuple):
    """How a cell is written: SGR codes of its attributes, its colour and its background; empty: the terminal's own."""

    attributes: str = ""
    colour: str = ""
    background: str = ""


Cell = tuple[str, Pen]
"""One column: its character with all that combines with it, and its pen. A wide character's second column is empty."""

PLAIN = Pen()
GAP = 6
"""Unchanged cells that are written rather than jumped over: a jump costs about that many bytes."""
SPILL = 12
"""Columns that a sign may take beyond those we count: a family of emoji joined by a terminal that does not join them."""
ON_BLANKS = ("4", "7", "9", "21", "53")
"""Attributes that show on a space: underlines, reverse, strike, overline."""


class Shown:
    """What the terminal shows, as far as we know. A cell that we do not know is None."""

    def __init__(self) -> None:
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
        written: list[str] = []
        pen = PLAIN
        for x, y, segments in pieces:
            if 0 <= y < height:
                for start, run in self._differing(x, y, self._pens.cells(segments)):
                    text, pen = _written(run, pen, y, start)
                    written.append(_at(y, start) + text)
                    if any(_uncertain(cell[0]) for cell in run[-SPILL:]):
                        end = start + len(run)
                        text, pen = _written(self._known(y, end), pen, y, end)
                        written.append(_at(y, end) + text if text else "")
        return "".join(written) + ("\x1b[0m" if pen != PLAIN else "")

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
    """An update that writes what it changes, in the place of one that writes all it covers."""

    def __init__(self, update: CompositorUpdate, shown: Shown, size: tuple[int, int]) -> None:
        self._update = update
        self._shown = shown
        self._size = size

    def render_segments(self, console: Console) -> str:
        colours = console._color_system or ColorSystem.TRUECOLOR
        changed = self._shown.changes(self._update, *self._size, colours)
        return self._update.render_segments(console) if changed is None else changed


class Pens:
    """Styles as pens, each worked out once."""

    def __init__(self) -> None:
        self._colours: ColorSystem | None = None
        self._known: dict[Style, tuple[Pen, Pen]] = {}

    def use(self, colours: ColorSystem | None) -> None:
        if colours is not self._colours:
            self._colours = colours
            self._known.clear()

    def cells(self, segments: Iterable[Segment]) -> list[Cell]:
        """The columns of painted text."""
        made: list[Cell] = []
        for text, style, control in segments:
            if control:
                continue
            pen, blank = self._of(style)
            for each in text:
                wide = 1 if each.isascii() else cell_len(each)
                if wide == 0 and made:
                    at = _base(made)
                    made[at] = (made[at][0] + each, made[at][1])
                else:
                    made.append((each, blank if each == " " else pen))
                    made += [("", pen)] * (wide - 1)
        return made

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
        shows = any(each in ON_BLANKS for each in attributes)
        return pen, pen if shows else Pen("", "", pen.background)


def _written(run: Sequence[Cell], pen: Pen, y: int, x: int) -> tuple[str, Pen]:
    """A run as it is sent to its place, from one pen to the last one used. After a sign whose width a terminal may count
    otherwise the next one is put where it belongs."""
    parts: list[str] = []
    lost = False
    for at, (text, wanted) in enumerate(run):
        if lost and text:
            parts.append(_at(y, x + at))
            lost = False
        if wanted is not pen and wanted != pen:
            parts.append(_change(pen, wanted, blank=text == " "))
            pen = wanted if text != " " or wanted.attributes != "" else _kept(pen, wanted)
        if _uncertain(text):
            columns = 2 if at + 1 < len(run) and not run[at + 1][0] else 1
            parts.append(" " * columns + _at(y, x + at))  # where it is drawn narrower, nothing old shows beside it
            lost = True
        parts.append(text)
    return "".join(parts), pen


def _at(y: int, x: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"


def _uncertain(text: str) -> bool:
    """Whether terminals differ about its width: signs made of several characters, flags and other emoji."""
    return len(text) > 1 or text >= "\U0001f000"


def _kept(pen: Pen, wanted: Pen) -> Pen:
    """After a space: only its background was set, when nothing of the pen shows on a space."""
    return pen._replace(background=wanted.background) if not _shows(pen) else wanted


def _shows(pen: Pen) -> bool:
    return any(each in ON_BLANKS for each in pen.attributes.split(";"))


def _change(pen: Pen, wanted: Pen, *, blank: bool) -> str:
    """The shortest code from one pen to the other."""
    if blank and not wanted.attributes and not _shows(pen):
        if pen.background == wanted.background:
            return ""
        return f"\x1b[{wanted.background or 49}m"
    if pen.attributes != wanted.attributes:
        return "\x1b[" + ";".join(("0", *(part for part in wanted if part))) + "m"
    parts = []
    if pen.colour != wanted.colour:
        parts.append(wanted.colour or "39")
    if pen.background != wanted.background:
        parts.append(wanted.background or "49")
    return "\x1b[" + ";".join(parts) + "m"


def _base(made: list[Cell]) -> int:
    at = len(made) - 1
    while at > 0 and not made[at][0]:
        at -= 1
    return at


def _fragile(line: Sequence[Cell | None]) -> bool:
    """A terminal may count its columns otherwise than we do: such a line is written whole."""
    return any(cell is None or len(cell[0]) != 1 or _uncertain(cell[0]) for cell in line)


def _runs(before: Sequence[Cell | None], new: Sequence[Cell]) -> list[tuple[int, int]]:
    """Where they differ, near ones together."""
    runs: list[tuple[int, int]] = []
    for at, (old, now) in enumerate(zip(before, new, strict=True)):
        if old != now:
            if runs and at - runs[-1][1] <= GAP:
                runs[-1] = (runs[-1][0], at + 1)
            else:
                runs.append((at, at + 1))
    return runs


Piece = tuple[int, int, Iterable[Segment]]


def _laid_out(update: LayoutUpdate) -> Iterable[Piece]:
    for y, line in enumerate(update.strips, update.region.y):
        yield update.region.x, y, (segment for strip in line for segment in strip)


def _chopped(update: ChopsUpdate) -> Iterable[Piece]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= x2 and end > x1:
                yield x, y, strip if x1 <= x and end <= x2 else strip.crop(0, min(end, x2) - x)
