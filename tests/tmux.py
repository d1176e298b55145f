"""A real tmux for tests: a program in a pane of a server of its own, its screen as text, keys typed, what it left behind."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from types import TracebackType


def there() -> bool:
    """Whether tmux is installed."""
    return shutil.which("tmux") is not None


class Tmux:
    """Run a command in a tmux of a size; the pane stays when the command ends, so that what it left can be looked at."""

    def __init__(self, command: Sequence[str], *, columns: int = 120, rows: int = 36) -> None:
        self._folder = tempfile.mkdtemp(prefix="tmux")
        shell = f"{shlex.join(command)}; echo ended with $?; exec cat"
        self._run("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), shell)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def type(self, keys: str) -> None:
        self._run("send-keys", "-l", keys)

    def wait_for(self, *words: str, seconds: float = 60.0) -> str:
        """The screen as soon as all words stand on it; fails with the screen when they do not come."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            screen = self.screen()
            if all(word in screen for word in words):
                return screen
            time.sleep(0.03)
        raise AssertionError(f"{[word for word in words if word not in self.screen()]} never came:\n{self.screen()}")

    def left(self) -> dict[str, str]:
        """What tmux knows of the pane: alternate screen, mouse, cursor, as `0` and `1`."""
        names = ("alternate_on", "mouse_any_flag", "mouse_standard_flag", "cursor_flag")
        told = self._run("display-message", "-p", " ".join(f"#{{{name}}}" for name in names)).split()
        return dict(zip(names, told, strict=True))

    def __enter__(self) -> Tmux:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("kill-server")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, *words: str) -> str:
        environment = {**os.environ, "TMUX": "", "TMUX_TMPDIR": self._folder}
        return subprocess.run(["tmux", *words], capture_output=True, text=True, check=False, env=environment).stdout
