"""Takes the terminal for the desk's first picture and hands it over to the desk; every way out between leaves it clean."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

OPEN, CLOSE = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J", "\x1b[?7h\x1b[?1049l\x1b[?25h"
SIGNALS = ("SIGTERM", "SIGHUP")
LARGEST_SESSION = 1_000_000


class Taken:
    """A terminal that shows the first picture. Keys are not shown; the desk that takes over finds them."""

    def __init__(self, text: str) -> None:
        import termios

        self._handlers = {
            number: signal.signal(number, _end) for each in SIGNALS if (number := getattr(signal, each, None))
        }
        self._input = sys.__stdin__.fileno() if sys.__stdin__ else 0
        self._before = termios.tcgetattr(self._input)
        attributes = termios.tcgetattr(self._input)
        attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        termios.tcsetattr(self._input, termios.TCSANOW, attributes)
        self.taken = True
        _write(OPEN + text)

    def hand_over(self) -> None:
        """The desk takes over, with the picture still standing, and hears what was typed at it."""
        self._give_back(keep_typed=True)

    def leave(self) -> None:
        """As if nothing had been."""
        if self.taken:
            _write(CLOSE)
            self._give_back(keep_typed=False)

    def _give_back(self, *, keep_typed: bool) -> None:
        import termios

        if self.taken:
            self.taken = False
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._input, termios.TCSANOW if keep_typed else termios.TCSAFLUSH, self._before)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)


@contextmanager
def picture(queue: str, session: Path, actor: str, place: str) -> Iterator[Taken | None]:
    """Shows the case that waits, when there is one and the terminal has room for it; None when nothing was drawn."""
    text = _drawn(queue, session, actor, place)
    taken = Taken(text) if text else None
    try:
        yield taken
    finally:
        if taken is not None:
            taken.leave()


def _drawn(queue: str, session: Path, actor: str, place: str) -> str:
    out = sys.__stderr__
    if sys.platform == "win32" or out is None or not out.isatty() or "://" in queue.replace("sqlite:///", ""):
        return ""
    from app.desk import picture as pictures
    from store import glance

    size, colours = os.get_terminal_size(out.fileno()), _colours()
    wanted = _wanted(session)
    if wanted is None or colours is None or not pictures.fits(*size):
        return ""
    path = Path(queue.removeprefix("sqlite:///")).expanduser()
    seen = glance.look(path, size.lines // 2, wanted or None, time.time())
    try:
        return pictures.draw(seen, actor, place, size, colours) if seen is not None else ""
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""  # whatever is stored there is not what this version stores: the desk will say so


def _wanted(session: Path) -> str | None:
    """The case that the last session left on screen; empty: none; None: another list was open, which is not drawn."""
    import json

    try:
        if not session.exists():
            return ""
        left = json.loads(session.read_bytes()) if session.stat().st_size <= LARGEST_SESSION else {"words": "?"}
        if left.get("view") or left.get("words"):
            return None
        return str(left.get("review_id") or "")
    except (OSError, ValueError, AttributeError):
        return None


def _colours() -> int | None:
    """How many colours the terminal has, 0 where none are wanted; None: fewer than the picture is drawn with."""
    if "NO_COLOR" in os.environ:
        return 0
    if os.environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return 1 << 24
    return 256 if "256color" in os.environ.get("TERM", "") else None


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _write(text: str) -> None:
    with contextlib.suppress(OSError):
        if sys.__stderr__ is not None:
            sys.__stderr__.write(text)
            sys.__stderr__.flush()
