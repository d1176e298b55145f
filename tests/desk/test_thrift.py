"""Only cells that differ reach the terminal, and the terminal ends with exactly what was painted."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyte.screens import Char
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from app.desk.ink import PLAIN, Pen, change, signs
from app.desk.thrift import Pens, Shown
from tests.multilingual import TEXTS

WIDTH, HEIGHT = 24, 4
STYLES = [
    Style(),
    Style(color="#ff0000"),
    Style(bold=True, bgcolor="#00ff00"),
    Style(underline=True),
    Style(reverse=True),
    Style(bold=True, italic=True, color="#ff0000", bgcolor="#00ff00"),
    Style(italic=True, strike=True, color="#0000ff"),
    Style(bold=True, underline=True, bgcolor="#101010"),
    Style(bgcolor="#101010"),
]
PIECES = st.lists(
    st.tuples(st.sampled_from(["ab", " ", "…", "x  y", "你好", "é", " " * 14]), st.sampled_from(STYLES)), max_size=8
)
FRAMES = st.lists(st.lists(PIECES, min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=4)


def frame(rows: list[list[tuple[str, Style]]]) -> LayoutUpdate:
    strips = [Strip([Segment(text, style) for text, style in row]).adjust_cell_length(WIDTH) for row in rows]
    return LayoutUpdate([[strip] for strip in strips], Region(0, 0, WIDTH, HEIGHT))


def painted(*updates: str) -> pyte.Screen:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for update in updates:
        stream.feed(update)
    return screen


def look(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Every cell as it looks: on a blank one only what shows on a blank."""
    return [[_look(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def _look(cell: Char) -> tuple[object, ...]:
    if cell.data == " " and cell.underscore:
        return cell.data, cell.bg, True
    on_blanks = cell.data, cell.bg, cell.underscore, cell.reverse, cell.strikethrough
    if cell.data == " " and not (cell.reverse or cell.strikethrough):
        return on_blanks
    return *on_blanks, cell.fg, cell.bold, cell.italics


@settings(max_examples=150, deadline=None)
@given(FRAMES, st.booleans())
def test_the_terminal_shows_the_last_frame_as_if_it_were_painted_whole(
    frames: list[list[list[tuple[str, Style]]]], erases: bool
) -> None:
    shown = Shown(erases=erases)
    thrifty = [shown.changes(frame(rows), WIDTH, HEIGHT, ColorSystem.TRUECOLOR) or "" for rows in frames]
    whole = Shown().changes(frame(frames[-1]), WIDTH, HEIGHT, ColorSystem.TRUECOLOR) or ""
    assert look(painted(*thrifty)) == look(painted(whole))


def test_what_is_there_is_not_written_again_until_it_is_forgotten() -> None:
    shown, rows = Shown(), [[("hello", STYLES[1])]] * HEIGHT
    first = shown.changes(frame(rows), WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert first
    assert shown.changes(frame(rows), WIDTH, HEIGHT, ColorSystem.TRUECOLOR) == ""
    changed = [*rows[:-1], [("hellO", STYLES[1])]]
    one = shown.changes(frame(changed), WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert one
    assert one.startswith("\x1b[4;5H")
    assert len(one) < 40
    shown.forget()
    assert shown.changes(frame(changed), WIDTH, HEIGHT, ColorSystem.TRUECOLOR)


def test_blanks_are_erased_only_where_the_terminal_erases_in_their_colour() -> None:
    rows = [[("a", STYLES[0]), (" " * 20, Style(bgcolor="#101010")), ("b", STYLES[0])]] * HEIGHT
    erased = Shown(erases=True).changes(frame(rows), WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert erased
    assert "\x1b[20X" in erased
    written = Shown().changes(frame(rows), WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert written
    assert "X" not in written
    assert len(erased) < len(written)


def test_a_pen_is_changed_by_what_differs_and_put_down_at_the_end() -> None:
    label, fact = Pen("1", "31", "40"), Pen("", "37", "40")
    assert change(label, fact) == "\x1b[22;37m"
    assert change(fact, label) == "\x1b[1;31m"
    assert change(Pen("1;2"), Pen("1")) == "\x1b[;1m"
    assert change(Pen("4", "31", "40"), Pen("", "31", "40")) == "\x1b[24m"
    assert change(label, PLAIN) == "\x1b[m"
    painted_red = Shown().changes(frame([[("x", STYLES[1])]] * HEIGHT), WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert painted_red
    assert painted_red.endswith("\x1b[m")


@pytest.mark.parametrize("text", [*(each for each in TEXTS if "\n" not in each), "🇩🇪🇫🇷", "🇩", "a🇩b"])
def test_a_text_takes_the_columns_that_the_layout_counts(text: str) -> None:
    pens = Pens()
    pens.use(ColorSystem.TRUECOLOR)
    assert len(pens.cells([Segment(text)])) == cell_len(text)


def test_the_two_letters_of_a_flag_are_written_together() -> None:
    assert list(signs("a🇩🇪b👨‍👩‍👧‍👦")) == [("a", 1), ("🇩🇪", 2), ("b", 1), ("👨‍👩‍👧‍👦", 2)]
