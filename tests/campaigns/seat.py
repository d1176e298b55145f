"""An agent at the real desk in a terminal, which is killed at any moment: decides, takes back, leaves edits half written.

A campaign that wants to meet one of these sets `aim`, and `met` counts when the agent has come to it.

What the screen said is remembered: that a case is decided ("to undo"), and that it is taken back. Of an edit nothing is
said; what stood in the form twice as long as the desk takes to keep it must be in the session's file, for its owner alone.
"""

from __future__ import annotations

import os
import random
import re
import signal
import stat
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.desk.desk import SAVE_SECONDS
from app.desk.guard import SETTLE_SECONDS
from tests.terminal import Terminal

WHO = "cy"
TITLE = re.compile(r"╭─ (t\d+) ")
PATIENCE = 4.0
"""Seconds an agent looks for what a key should bring, before going on to the next case."""
LONGEST = 12.0
"""Seconds at most in which an edit stands half written."""
LONG_ENOUGH = 2 * SAVE_SECONDS
"""What stood in the form so long must have been kept."""
UNDER_WAY = 1.0
"""Seconds after its key in which an undo is taken to be under way."""
AIMS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("undo", lambda chance: chance * 0.6),
    ("edit", lambda chance: LONG_ENOUGH + 1.0 + chance),
    ("decide", lambda chance: chance * 0.3),
    ("undo", lambda chance: chance * 0.6),
    ("edit", lambda chance: chance * LONG_ENOUGH),
)
"""What a kill is to meet, in turn, and the seconds that it waits then, by a chance of 0 to 1."""


class Seat:
    """`decided` and `undone` count by ticket what the screen said."""

    def __init__(
        self, home: Path, lost_sight: Callable[[str], bool], is_decided: Callable[[str], bool], seed: int
    ) -> None:
        """`lost_sight`: of which ticket nobody knows how an action ended; it is looked up by hand, never approved again.
        `is_decided`: which ticket no longer waits."""
        self._home, self._dice = home, random.Random(seed)
        self._lost_sight, self._is_decided = lost_sight, is_decided
        self.aim = ""
        self.met = Counter[str]()
        self.decided, self.undone = Counter[str](), Counter[str]()
        self.kills = self.undos_cut = self.edits_cut = 0
        self.edits_kept = self.edits_lost = self.readable = 0
        self._written: dict[str, tuple[str, float]] = {}
        self._writing, self._took_back = False, float("-inf")
        self._broke: BaseException | None = None
        self._start()

    def kill(self) -> None:
        """kill -9 at whatever it is doing, a look at what it left, and a new desk."""
        self.undos_cut += time.monotonic() - self._took_back < UNDER_WAY
        self.edits_cut += self._writing
        self.end()
        self.kills += 1
        self._look_at_the_session()
        self.aim, self._writing = "", False
        self._start()

    def looks_well(self) -> None:
        """Raises what the agent stumbled over."""
        if self._broke is not None:
            raise AssertionError(f"the agent at the screen broke off:\n{self._terminal.screen()}") from self._broke
        assert self._thread.is_alive(), f"the agent at the screen has left:\n{self._terminal.screen()}"

    def end(self) -> None:
        self._over.set()
        with suppress(ProcessLookupError):
            os.kill(self._terminal.pid, signal.SIGKILL)
        self._thread.join(10)
        self._terminal.__exit__(None, None, None)

    def _start(self) -> None:
        words = ["desk", "--no-worker", "--home", str(self._home), "--actor", WHO]
        self._terminal = Terminal([sys.executable, "-m", "app.cli", *words])
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sit, args=(self._terminal, self._over), daemon=True)
        self._thread.start()

    def _look_at_the_session(self) -> None:
        """What was written long enough ago is there, of the cases that were not decided since."""
        path, now = self._home / "session.json", time.monotonic()
        written, self._written = self._written, {}
        kept = path.read_text("utf-8") if path.exists() else ""
        self.readable += bool(kept) and stat.S_IMODE(path.stat().st_mode) != 0o600
        for ticket, (words, since) in written.items():
            if now - since > LONG_ENOUGH and not self._is_decided(ticket):
                self.edits_kept += words in kept
                self.edits_lost += words not in kept

    # ── what an agent does ───────────────────────────────────────────────────

    def _sit(self, terminal: Terminal, over: threading.Event) -> None:
        try:
            self._work(_Hand(terminal, over), over)
        except Exception as error:
            if not over.is_set():  # a desk that was killed leaves half a screen
                self._broke = error

    def _work(self, hand: _Hand, over: threading.Event) -> None:
        while not over.is_set():
            ticket = self._on(hand)
            if not ticket:
                continue
            if self._lost_sight(ticket):
                hand.press("n")
            elif self.aim == "edit" or (not self.aim and self._dice.random() < 0.25):
                self._write(hand, ticket)
            else:
                self._decide(hand, ticket)

    def _decide(self, hand: _Hand, ticket: str) -> None:
        if hand.sees("to undo") or self._on(hand) != ticket:
            hand.wait(0.3)
            return
        # From here on it may be decided, also where the desk is killed before it can say so: an edit of it may then go.
        self._written.pop(ticket, None)
        hand.press("a")
        if hand.comes("This will happen", "to undo") == "This will happen":
            hand.press("y")
        if not hand.comes("to undo"):
            hand.press("\x1b")
            hand.press("n")
            return
        self.decided[ticket] += 1
        self.met["decide"] += 1
        if self.aim == "undo" or (not self.aim and self._dice.random() < 0.6):
            hand.press("u", 0.0)
            self._took_back = time.monotonic()
            self.met["undo"] += 1
            if hand.comes("taken back"):
                self.undone[ticket] += 1

    def _write(self, hand: _Hand, ticket: str) -> None:
        hand.press("e")
        if not hand.comes(f"Edit {ticket}"):
            hand.press("\x1b")
            hand.press("n")
            return
        hand.press("\x1b[Z")  # from the first field to the last: the note
        words = f"half{self._dice.randrange(10**9)}written"
        for letter in words:
            hand.press(letter, 0.02)
        if not hand.comes(words):
            return
        self._written[ticket] = words, time.monotonic()
        self._writing = True
        self.met["edit"] += 1
        begun = time.monotonic()
        longest = self._dice.random() * LONGEST
        while not hand.over() and (self.aim == "edit" or (time.monotonic() - begun < longest and not self.aim)):
            hand.wait(0.2)
        if hand.over():
            return
        self._writing = False
        hand.press("\x1b")
        hand.press("n")

    def _on(self, hand: _Hand) -> str:
        found = TITLE.search(hand.screen())
        return found[1] if found else ""


class _Hand:
    """Presses keys and looks, until the desk is gone."""

    def __init__(self, terminal: Terminal, over: threading.Event) -> None:
        self._terminal, self._over = terminal, over

    def over(self) -> bool:
        return self._over.is_set()

    def screen(self) -> str:
        self.wait(0.05)
        return self._terminal.screen()

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._over.is_set() and (left := until - time.monotonic()) > 0:
            self._terminal.read(min(left, 0.2))

    def press(self, keys: str, rest: float = SETTLE_SECONDS + 0.1) -> None:
        """The keys, and the rest that a desk wants before it takes the next verdict."""
        if self._over.is_set():
            return
        try:
            self._terminal.type(keys)
        except OSError:  # killed meanwhile
            return
        self.wait(rest)

    def sees(self, words: str) -> bool:
        return words in self.screen()

    def comes(self, *words: str) -> str:
        """Which of these came to stand on the screen; empty: none."""
        until = time.monotonic() + PATIENCE
        while not self._over.is_set() and time.monotonic() < until:
            screen = self.screen()
            for each in words:
                if each in screen:
                    return each
        return ""
