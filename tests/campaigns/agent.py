"""An agent at a real desk by words, a process that can be killed: decides what waits and keeps what it was told."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from queue import Empty, Queue

from app.desk.guard import SETTLE_SECONDS

TICKET = re.compile(r"Ticket (\S+?)\. ")
NOBODY_KNOWS = ("outcome unknown", "nobody knows how it ended")
"""What became unknown is looked up by hand, never approved again."""


class Agent:
    """Approves what can be approved, answers by hand what cannot. `told` counts by ticket what was acknowledged."""

    def __init__(self, home: Path, log: Path) -> None:
        self._home, self._log = home, log
        self.told: Counter[str] = Counter()
        self.kills = 0
        self._desk = self._start()

    def kill(self) -> None:
        """kill -9 at whatever it is doing, and a new desk."""
        self._desk.kill()
        self._desk.wait(10)
        self._reader.join(10)
        self.kills += 1
        self._desk = self._start()

    def end(self) -> None:
        self._desk.kill()
        self._desk.wait(10)
        self._reader.join(10)

    def died(self) -> bool:
        return self._desk.poll() is not None

    def _start(self) -> subprocess.Popen[str]:
        words = ["desk", "--plain", "--no-worker", "--home", str(self._home), "--actor", "bo"]
        command = [sys.executable, "-m", "app.cli", *words]
        with self._log.open("ab") as log:
            desk = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        lines: Queue[str | None] = Queue()
        threading.Thread(target=_hear, args=(desk, lines), daemon=True).start()
        self._reader = threading.Thread(target=self._sit, args=(desk, lines), daemon=True)
        self._reader.start()
        return desk

    def _sit(self, desk: subprocess.Popen[str], lines: Queue[str | None]) -> None:
        """Hears until it is quiet, then says what comes next."""
        ticket, unknown, tried, asked = "", False, 0, False
        while True:
            try:
                line = lines.get(timeout=SETTLE_SECONDS + 0.1)
            except Empty:
                words = "confirm" if asked else self._words(ticket, unknown, tried)
                tried, asked = tried + 1, False
                if not _say(desk, words):
                    return
                continue
            if line is None:
                return
            if found := TICKET.match(line):
                ticket, unknown, tried = found[1], False, 0
            elif line.startswith("Done: "):
                self.told[ticket] += 1
                ticket = ""
            unknown = unknown or any(words in line for words in NOBODY_KNOWS)
            asked = asked or "Say confirm, or no" in line

    def _words(self, ticket: str, unknown: bool, tried: int) -> str:
        if not ticket or tried > 3:
            return "next"
        if unknown:
            return "reject not_needed looked up by hand"
        return f"approve {ticket}" if tried == 0 else "respond A colleague looks into it."


def _hear(desk: subprocess.Popen[str], lines: Queue[str | None]) -> None:
    assert desk.stdout is not None
    for line in desk.stdout:
        lines.put(line)
    lines.put(None)


def _say(desk: subprocess.Popen[str], words: str) -> bool:
    assert desk.stdin is not None
    try:
        desk.stdin.write(words + "\n")
        desk.stdin.flush()
    except OSError:
        return False
    return True
