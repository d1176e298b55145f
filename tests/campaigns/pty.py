"""Hostile text in a real terminal and a real tmux: `python -m tests.campaigns.pty [DATA_FOLDER] [--long]`.

A desk on a queue whose every subject, name, message, reply, note, source, figure and history is hostile is walked through,
key by key, and its dialogs and screens (`widgets.py`) are opened over it; those that take words have it pasted into them.
The short form opens one of them at each fourth case, `--every` and the long form all at each.

- sequences, bare: control sequences that a harmless queue does not bring, bare control or direction characters. Limit 0.
- trusted_lines_changed: cases whose lines drawn from typed fields do not stand cell for cell as without the hostile text,
  before its dialogs are opened and behind them. widgets_changed: dialogs whose own lines do not. Limit 0.
- cases_not_reached, widgets_not_reached: what could not be looked at. Limit 0.
- keys_injected: keys that arrived in tmux, which answers the queries a text may hold, though nobody pressed them. Limit 0.

widgets: how often each was opened. `--break raw` opens both gates for outside text: the run must fail.
"""

# ruff: noqa: E501 - escape sequences look wider than they are
from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.campaigns import hostile_desk
from tests.campaigns.hostile import OWN, rows
from tests.campaigns.hostile_desk import PER_CASE
from tests.campaigns.widgets import LASTLY, WIDGETS, Widget, visited
from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
SHORT, LONG = 2_000, 20_000
PER_DESK = 60
"""Cases one desk is walked through."""
FILES = ("naughty_strings", "terminal_unicode_csv", "prompt_injections", "benign_lookalikes")
SETTLE_SECONDS = 2.0
SAMPLED = 4
"""In the short form one of so many cases has one of the dialogs and screens opened over it."""
LIMITS = ("trusted_lines_changed", "widgets_changed", "cases_not_reached", "widgets_not_reached")
NAMES = tuple(each.name for each in (*WIDGETS, *LASTLY))
PANE = (35, 95)
"""The ticket pane's columns at 120x36, without its borders."""
_SEQUENCE = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[P_^X][^\x1b]*(?:\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]"
)
_BARE = re.compile(
    "[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]"
)
_PARTS = (
    "\x1b[5n", "\x1b[6n", "\x1b[c", "\x1b[>c", "\x1b[=c", "\x1bZ", "\x1b[?6n", "\x1b[18t", "\x1b[21t", "\x1b]10;?\x07",
    "\x1b]11;?\x1b\\", "\x1b]52;c;YWFhYQ==\x07", "\x1b]52;c;?\x07", "\x1b]0;owned\x07", "\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\",
    "\x1b[?1049l", "\x1b[?1000h", "\x1b[?2004l", "\x1b[2J", "\x1b[H", "\x1bc", "\x1b[31m", "\x1b]8;;http://x\x07", "\x9b5n",
    "\x90$qm\x9c", "\x9d0;t\x9c", "\x85", "\x84", "\x08", "\x0b", "\x0c", "\r", "\x00", "\x7f", "\u202e", "\u2066", "\u2069",
    "\u200b", "\ufeff", "\u2028", "\U000e0041", "\u0e33" * 3, "e" + "\u0301" * 40, "👩‍👩‍👧‍👦", "漢字", "שלום", "[@click=app.quit]x[/]",
    "[/x]", "[bold", "{amount}", "aaaa", "yyyy", "\x1b", "\x1b[", "\x1b]", "0n", "R",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    given = _options(arguments)
    if given.desk is not None:
        return hostile_desk.run(given.desk, given.pressed, raw=given.break_ == "raw")
    count = given.texts if given.texts is not None else LONG if given.long else SHORT
    texts, every = list(_texts(given.data, count)), given.long or given.every
    harmless = _harmless(WIDGETS)
    allowed, trusted, rung = _kinds(harmless.raw), harmless.trusted[0], set(_bare(harmless.raw))
    ours = {each[0]: each for each in harmless.widgets if each}
    found = Counter[str](dict.fromkeys(("sequences", "bare", *LIMITS), 0))
    found["widgets_not_reached"] += len(WIDGETS) + len(LASTLY) - len(ours)
    opened, examples = Counter[str](), [f"not opened: {each}" for each in sorted(set(NAMES) - set(ours))]
    for number, part in enumerate(_parts(texts)):
        walk = Walk(part, given.break_, trusted, every=every, turn=number)
        strange = _kinds(walk.raw) - allowed
        bare = [each for each in _bare(walk.raw) if each not in rung]
        changed = [each for each in walk.widgets if each and each != ours.get(each[0])]
        found["sequences"] += len(strange)
        found["bare"] += len(bare)
        found["trusted_lines_changed"] += sum(each != trusted for each in walk.trusted)
        found["cases_not_reached"] += -(-len(part) // PER_CASE) - walk.cases
        found["widgets_changed"] += len(changed)
        found["widgets_not_reached"] += walk.widgets.count([])
        opened.update(each[0] for each in walk.widgets if each)
        examples += [repr(each) for each in (*sorted(strange)[:3], *bare[:3], *changed[:3])] + walk.failed[:3]
        print(f"{min(len(texts), (number + 1) * PER_CASE * PER_DESK):,} of {len(texts):,} texts", file=sys.stderr)
        if given.break_ and sum(found.values()):
            break
    injected = _in_tmux(texts, given.break_)
    for line in examples[:10]:
        print(line, file=sys.stderr)
    told = {"campaign": "pty", "texts": len(texts), "widgets": dict(opened)} | dict(found)
    print(json.dumps(told | {"keys_injected": injected}))
    return 1 if sum(found.values()) or injected != 0 else 0


def _texts(data: Path | None, count: int) -> Iterator[str]:
    yield from OWN
    for name in FILES if data else ():
        yield from (row["text"] for row in rows(data, "hostile", name) if row["text"].strip())
    chance = random.Random(11)
    for _ in range(count):
        yield "".join(chance.choice(_PARTS) for _ in range(chance.randint(1, 8)))


def _parts(texts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), PER_CASE * PER_DESK):
        yield texts[start : start + PER_CASE * PER_DESK]


# ── one desk, walked through ─────────────────────────────────────────────────


@cache
def _harmless(_: tuple[Widget, ...]) -> Walk:
    """What a desk writes and shows when no text means any harm: the same in one process, for the same widgets."""
    return Walk(["a harmless text"] * PER_CASE, None, every=True)


class Walk:
    """A desk on these texts from the first case to the last: all bytes that it wrote, the trusted lines of each case as
    they stood before and after its widgets were opened, and our lines of each widget (none: not opened)."""

    def __init__(
        self, texts: list[str], break_: str | None, expected: list[str] | None = None, *, every: bool, turn: int = 0
    ) -> None:
        self.trusted: list[list[str]] = []
        self.widgets: list[list[str]] = []
        self.failed: list[str] = []
        self.cases = 0
        self._expected, self._every, self._turn = expected, every, turn
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "texts.json"
            file.write_text(json.dumps(texts))
            with Terminal(_command(file, None, break_), columns=120, rows=36) as terminal:
                self._through(terminal, texts, file.with_name(hostile_desk.AT))
                terminal.type("q")
                terminal.read(1.0)
                self.raw = bytes(terminal.output)

    def _through(self, terminal: Terminal, texts: list[str], place: Path) -> None:
        cases = [texts[at : at + PER_CASE] for at in range(0, len(texts), PER_CASE)]
        for number, case in enumerate(cases):
            place.write_text(str(number))
            if not _reached(terminal, f"T-{number:04d} "):
                self.failed.append(f"T-{number:04d} never came:\n{terminal.screen()}")
                return
            self.cases += 1
            self.trusted.append(_settled(terminal, self._expected))
            for widget in WIDGETS if self._every else self._next(number):
                self._open(terminal, widget, case)
            self.trusted.append(_settled(terminal, self._expected or self.trusted[0]))
            terminal.type("j")
        for case in cases if self._every else cases[:1]:
            self._open_lastly(terminal, case)

    def _next(self, number: int) -> tuple[Widget, ...]:
        """The one whose turn it is, at every fourth case; each desk goes on where the one before it ended."""
        if number % SAMPLED:
            return ()
        return (WIDGETS[(number // SAMPLED + self._turn * PER_DESK // SAMPLED) % len(WIDGETS)],)

    def _open(self, terminal: Terminal, widget: Widget, case: list[str]) -> None:
        lines = visited(terminal, widget, case)
        self.widgets.append(lines)
        if not lines:
            self.failed.append(f"{widget.name} did not open, or not close:\n{terminal.screen()}")

    def _open_lastly(self, terminal: Terminal, case: list[str]) -> None:
        """On the list of what is of high risk, which is all of it."""
        terminal.type("f")
        terminal.read(0.5)
        for key in ("\x1b[B",) * 4 + ("\r",):
            terminal.type(key)
            terminal.read(0.1)
        terminal.read(0.5)
        terminal.type("f")
        terminal.read(0.5)
        for widget in LASTLY:
            self._open(terminal, widget, case)
        terminal.type("\x1b")
        terminal.read(0.4)


def _reached(terminal: Terminal, title: str) -> bool:
    """Whether the ticket pane comes to show that case."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if any(f"╭─ {title}" in line for line in terminal.screen().splitlines()):
            terminal.read(0.02)
            return True
        terminal.read(0.05)
    return False


def _trusted(terminal: Terminal) -> list[str]:
    """The lines of the ticket pane that are drawn from typed fields: from WHY to before WHO."""
    rows = terminal.columns(*PANE)
    labels = [row.strip().split(" ", 1)[0] for row in rows]
    if "WHY" not in labels or "WHO" not in labels:
        return ["the labels are gone"]
    return rows[labels.index("WHY") : labels.index("WHO")]


def _settled(terminal: Terminal, expected: list[str] | None) -> list[str]:
    """The trusted lines when the screen has come to rest: as expected, or whatever still stands there after a while."""
    until = time.monotonic() + SETTLE_SECONDS
    while expected is None or _trusted(terminal) != expected:
        terminal.read(0.05)
        if time.monotonic() > until:
            break
    return _trusted(terminal)


def _kinds(raw: bytes) -> set[bytes]:
    """The control sequences in a stream, numbers left out, but for modes and the contents of strings to the terminal."""
    kinds = set()
    for each in _SEQUENCE.findall(raw):
        plain = each.startswith(b"\x1b[") and each[-1:] not in b"hlnct"
        kinds.add(re.sub(rb"[0-9;:]+", b"", each) if plain else each)
    return kinds


def _bare(raw: bytes) -> list[str]:
    """Control and direction characters of a stream that belong to no sequence; the bell of a full field is one."""
    return _BARE.findall(_SEQUENCE.sub(b"", raw).decode("utf-8", "replace"))


def _in_tmux(texts: list[str], break_: str | None) -> int:
    """Keys that arrived in a desk in tmux though nobody pressed them; -1 when there is no tmux to try it in."""
    if shutil.which("tmux") is None:
        print("tmux is not installed: what a terminal answers was not tried", file=sys.stderr)
        return -1
    asking = [text for text in texts if any(ask in text for ask in ("[5n", "[6n", "[c", "[>c", "Z", "?", "$q", "\x9b"))]
    with tempfile.TemporaryDirectory() as folder:
        file, pressed = Path(folder) / "texts.json", Path(folder) / "pressed"
        file.write_text(json.dumps(asking[: PER_CASE * PER_DESK]))
        name = f"lastclick-{Path(folder).name}"
        tmux = ["tmux", "-L", name, "-f", "/dev/null"]
        subprocess.run(
            [*tmux, "new-session", "-d", "-x", "120", "-y", "36", *_command(file, pressed, break_)], check=True
        )
        try:
            end = time.monotonic() + 20
            while not pressed.exists() and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(1.0)
            for _ in range(PER_DESK):
                subprocess.run([*tmux, "send-keys", "j"], check=False)
                time.sleep(0.12)
            time.sleep(1.0)
        finally:
            subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)
        keys = pressed.read_text().split("\n")[:-1] if pressed.exists() else ["never started"]
        return sum(key != "j" for key in keys)


def _command(file: Path, pressed: Path | None, break_: str | None) -> list[str]:
    command = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.campaigns.pty", "--desk", str(file)]
    command += ["--pressed", str(pressed)] if pressed else []
    return [*command, "--break", break_] if break_ else command


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.pty", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA_FOLDER", help="the folder that holds hostile/")
    parser.add_argument("--long", action="store_true", help=f"{LONG:,} made-up texts instead of {SHORT:,}")
    parser.add_argument("--texts", type=int, help="another number of made-up texts")
    parser.add_argument("--every", action="store_true", help="every text in every widget, also in the short form")
    parser.add_argument("--break", dest="break_", choices=["raw"], help="positive control: the run must fail")
    parser.add_argument("--desk", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pressed", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
