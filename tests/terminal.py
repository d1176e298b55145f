"""A real terminal for tests: a program in a pty, its screen as text (pyte), keys typed, every byte kept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

import pyte


class Terminal:
    """Run a command in a pty of a size. `screen()` is what a person sees; `output` is every byte that came."""

    def __init__(
        self, command: Sequence[str], *, columns: int = 120, rows: int = 36, env: Mapping[str, str] | None = None
    ) -> None:
        self.output = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), {**os.environ, "TERM": "xterm-256color", "LINES": "", **(env or {})})
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float = 0.05) -> None:
        """Take in what comes within that time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            data = self.part(left)
            if not data:
                return
            self.take(data)

    def part(self, seconds: float) -> bytes | None:
        """The next bytes as they come, not yet on the screen; none when the program has closed its side, None when no
        byte comes within that time."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return None
        try:
            return os.read(self._fd, 65536)
        except OSError:  # the program closed its side
            return b""

    def take(self, data: bytes) -> None:
        """Put bytes on the screen."""
        self.output += data
        # pyte does not know private-parameter sequences of newer terminals and would print their tails.
        self._stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;:]*[a-gi-ln-z]", b"", data))

    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self.columns(0, self._screen.columns))

    def columns(self, begin: int, end: int) -> list[str]:
        """What stands in these columns of each row, counted in cells."""
        cells = self._screen.buffer
        return ["".join(cells[y][x].data for x in range(begin, end)) for y in range(self._screen.lines)]

    def wait_for(self, *words: str, seconds: float = 60.0) -> str:
        """The screen as soon as all words stand on it; fails with the screen when they do not come."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read()
            screen = self.screen()
            if all(word in screen for word in words):
                return screen
        raise AssertionError(f"{[word for word in words if word not in self.screen()]} never came:\n{self.screen()}")

    def wait_until_gone(self, word: str, seconds: float = 60.0) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read()
            if word not in self.screen():
                return self.screen()
        raise AssertionError(f"{word!r} stayed:\n{self.screen()}")

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def click(self, word: str, *, last: bool = False, times: int = 1) -> None:
        """Press and release the left button on the first place where the word stands, as a terminal with SGR mouse tells
        it; `last`: on the lowest one."""
        self.wait_for(word)
        rows = [(y, row) for y, row in enumerate(self.columns(0, self._screen.columns)) if word in row]
        y, row = rows[-1 if last else 0]
        x = (row.rindex(word) if last else row.index(word)) + 1
        self.type(f"\x1b[<0;{x + 1};{y + 1}M\x1b[<0;{x + 1};{y + 1}m" * times)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def vanish(self) -> None:
        """Take the terminal away, as a closed window or a cut connection does."""
        os.close(self._fd)
        self._fd = -1

    def exit_code(self, seconds: float = 60.0) -> int:
        """Wait for the end; fails when the program does not end."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._fd >= 0:
                self.read()
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"still running:\n{self.screen()}")

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        if self._fd >= 0:
            os.close(self._fd)
