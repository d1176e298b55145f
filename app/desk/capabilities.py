"""What this terminal can do, as far as anybody can know: colours by what it says, widths by asking it."""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Iterator, Mapping
from typing import TextIO

ANSWER_SECONDS = 0.3
SAMPLES = (("wide", "測", 2), ("emoji", "🙂", 2), ("emoji sequence", "👩‍💻", 2), ("combining", "e\u0301", 1))
"""What, the text, the cells that the desk counts for it."""
_PLACE = re.compile(rb"\x1b\[(\d+);(\d+)R")


def lines(environment: Mapping[str, str], keyboard: TextIO, screen: TextIO) -> Iterator[tuple[str, str]]:
    """(name, what is so): `!` begins what will look wrong."""
    said = colours(environment)
    yield "colours", said if screen.isatty() else f"not asked: this is no terminal ({said.removeprefix('! ')})"
    yield "widths", widths(measured(keyboard, screen))
    yield "clipboard", clipboard(environment)


def colours(environment: Mapping[str, str]) -> str:
    if environment.get("NO_COLOR"):
        return "none, NO_COLOR is set: states are told by signs, bold and reverse"
    if environment.get("COLORTERM", "").casefold() in {"truecolor", "24bit"}:
        return "16 million (COLORTERM)"
    term = environment.get("TERM", "")
    if term in {"", "dumb", "unknown"}:
        return f"! none, TERM is {term or 'not set'}: `lastclick --plain` needs no screen"
    return "256 by TERM; set COLORTERM=truecolor if it has more" if "256" in term else f"16, as TERM={term} says"


def widths(found: Mapping[str, int] | None) -> str:
    """Whether the terminal draws as many cells as the desk counts."""
    if found is None:
        return "not asked: this is no terminal, or it did not answer"
    wrong = [
        f"{name} {found[name]} instead of {cells}" for name, _, cells in SAMPLES if found.get(name, cells) != cells
    ]
    return f"! columns will shift: {', '.join(wrong)}" if wrong else "as the desk counts them"


def clipboard(environment: Mapping[str, str]) -> str:
    if environment.get("STY"):
        return "screen passes nothing on (OSC 52)"
    if environment.get("TMUX"):
        return "not known: tmux passes OSC 52 on only with set-clipboard on"
    return "not known: terminals do not answer OSC 52; copy once and look"


def measured(keyboard: TextIO, screen: TextIO) -> dict[str, int] | None:
    """How far each sample moves the cursor; None when nobody answers. The terminal's mode is left as it was."""
    try:
        if not (keyboard.isatty() and screen.isatty()):
            return None
        import termios
        import tty

        before = termios.tcgetattr(keyboard.fileno())
    except (ImportError, OSError, ValueError):
        return None
    found: dict[str, int] = {}
    try:
        tty.setcbreak(keyboard.fileno())
        for name, text, _ in SAMPLES:
            os.write(screen.fileno(), f"\r{text}\x1b[6n".encode())
            column = _answered(keyboard.fileno())
            if column is None:
                return None
            found[name] = column - 1
    finally:
        os.write(screen.fileno(), b"\r\x1b[K")
        termios.tcsetattr(keyboard.fileno(), termios.TCSAFLUSH, before)
    return found


def _answered(keyboard: int) -> int | None:
    """The column that the terminal reports, from 1."""
    got, until = b"", time.monotonic() + ANSWER_SECONDS
    while (left := until - time.monotonic()) > 0:
        if select.select([keyboard], [], [], left)[0]:
            got += os.read(keyboard, 64)
            if answer := _PLACE.search(got):
                return int(answer[2])
    return None
