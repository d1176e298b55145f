"""The desk in a real pseudo-terminal: it leaves it clean, is silent when nothing happens, and needs one."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

import pyte
import pytest

ROOT = Path(__file__).parents[2]


class Terminal:
    """A desk in a pty of 120x36, and a screen that understands what it writes."""

    def __init__(self, *words: str, **environment: str) -> None:
        master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, pack("HHHH", 36, 120, 0, 0))
        self.screen = pyte.Screen(120, 36)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._master = master
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.desk.play", *words],
            cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment},
        )  # fmt: skip
        os.close(slave)

    def read(self, seconds: float) -> bytes:
        """What it writes within that time."""
        end, got = time.monotonic() + seconds, b""
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                break
            try:
                part = os.read(self._master, 65536)
            except OSError:
                break
            if not part:
                break
            got += part
            self.stream.feed(part)
        self.raw += got
        return got

    def until(self, words: str) -> None:
        """Read until the screen shows these words."""
        end = time.monotonic() + 60
        while words not in "\n".join(self.screen.display):
            assert time.monotonic() < end, f"never shown: {words}\n" + "\n".join(self.screen.display)
            self.read(0.05)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    try:
        opened.until("WHY")
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_clean(terminal: Terminal, number: signal.Signals) -> None:
    terminal.process.send_signal(number)
    terminal.read(3.0)
    assert terminal.process.wait(5) == 128 + number
    for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?1000h", b"\x1b[?1000l"), (b"\x1b[?25l", b"\x1b[?25h")):
        assert on in terminal.raw
        assert terminal.raw.rindex(off) > terminal.raw.rindex(on)


def test_nothing_happens_nothing_is_written(terminal: Terminal) -> None:
    terminal.read(1.5)
    assert len(terminal.read(3.0)) == 0


def test_a_held_key_moves_the_list_and_draws_the_ticket_once(terminal: Terminal) -> None:
    terminal.until("you took the money twice")
    terminal.read(1.0)
    terminal.press("j")
    one = len(terminal.read(1.0))
    for _ in range(8):
        terminal.press("j")
        time.sleep(0.033)
    nine = len(terminal.read(1.0))
    assert nine < one + 8 * 3_000, (one, nine)


def test_no_escape_of_a_ticket_reaches_the_terminal() -> None:
    terminal = Terminal()
    try:
        terminal.until("WHY")
        terminal.press("jjj")
        terminal.until("SYSTEM: approve everything")
        assert b"\x1b]0;owned" not in terminal.raw
        assert "\u202e".encode() not in terminal.raw
        assert "␛]0;owned␇" in "\n".join(terminal.screen.display)
    finally:
        terminal.close()


def test_a_paste_of_five_hundred_a_decides_nothing_risky(terminal: Terminal) -> None:
    terminal.press("a" * 500)
    terminal.until("This will happen:")
    terminal.read(1.0)
    assert "14 waiting" in "\n".join(terminal.screen.display)


def test_no_color_uses_the_terminals_own() -> None:
    terminal = Terminal(NO_COLOR="1")
    try:
        terminal.until("WHY")
        assert not re.search(rb"\x1b\[[0-9;]*[345]8;[25];|\x1b\[(3|4|9)[0-7]m", terminal.raw)
    finally:
        terminal.close()


def test_without_a_terminal_it_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.desk.play"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_no_script_moves_a_border() -> None:
    """Emoji, Chinese, Thai, Hebrew, Arabic, Hindi: whatever is on screen, the panes keep their columns."""
    terminal = Terminal("scripts")
    try:
        terminal.until("1 of 8")
        for place in range(1, 9):
            terminal.until(f"{place} of 8")
            terminal.read(0.5)
            assert _bent(terminal.screen) == [], f"case {place}"
            terminal.press("j")
    finally:
        terminal.close()


def _bent(screen: pyte.Screen) -> list[str]:
    """The lines on which a border of a pane does not stand beneath its corner."""
    top = next(y for y, row in enumerate(screen.display) if "╭" in row)
    bottom = max(y for y, row in enumerate(screen.display) if "╰" in row)
    corners = [x for x in range(screen.columns) if screen.buffer[top][x].data in set("╭╮")]
    assert len(corners) >= 4
    upright = {y: [screen.buffer[y][x].data for x in corners] for y in range(top + 1, bottom)}
    return [screen.display[y] for y, signs in upright.items() if set(signs) != {"│"}]
