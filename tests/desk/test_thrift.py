"""Only cells that differ reach the terminal, and the terminal ends with exactly what was painted."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from app.desk.thrift import Shown

WIDTH, HEIGHT = 24, 4
STYLES = [
    Style(),
    Style(color="#ff0000"),
    Style(bold=True, bgcolor="#00ff00"),
    Style(underline=True),
    Style(reverse=True),
]
PIECES = st.lists(
    st.tuples(st.sampled_from(["ab", " ", "…", "x  y", "你好", "é"]), st.sampled_from(STYLES)), max_size=8
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
    lines = [[screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]
    return [
        [
            (c.data, c.bg, c.underscore, c.reverse, *(() if c.data == " " and not c.reverse else (c.fg, c.bold)))
            if not (c.data == " " and c.underscore)
            else (c.data, c.bg, True)
            for c in line
        ]
        for line in lines
    ]


@settings(max_examples=150, deadline=None)
@given(FRAMES)
def test_the_terminal_shows_the_last_frame_as_if_it_were_painted_whole(
    frames: list[list[list[tuple[str, Style]]]],
) -> None:
    shown = Shown()
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
