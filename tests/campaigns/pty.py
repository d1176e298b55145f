"""Hostile text in a real terminal and a real tmux: `python -m tests.campaigns.pty [DATA_FOLDER] [--long]`.

A desk on a queue whose every subject, name, message, reply, note and source is hostile is walked through, key by key, its
sources, its form, its history and its menu opened. What it writes may hold no control sequence that a harmless queue does
not bring, no bare control or direction character; the lines drawn from typed fields must stand cell for cell as they do
without the hostile text; and in tmux, which answers the queries a text may hold, no key may arrive that nobody pressed.
"""

# ruff: noqa: E501 - escape sequences look wider than they are
from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.campaigns.hostile import OWN, rows
from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
SHORT, LONG = 2_000, 20_000
PER_CASE = 10
PER_DESK = 60
"""Cases one desk is walked through."""
FILES = ("naughty_strings", "terminal_unicode_csv", "prompt_injections", "benign_lookalikes")
SETTLE_SECONDS = 2.0
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
        return desk(given.desk, given.pressed, given.break_)
    texts = list(_texts(given.data, LONG if given.long else SHORT))
    allowed = _kinds(_walk(["a harmless text"] * PER_CASE * 2, None)[0])
    trusted = _walk(["a harmless text"] * PER_CASE * 2, None)[1][0]
    found: dict[str, int] = {"sequences": 0, "bare": 0, "trusted_lines_changed": 0, "cases_not_reached": 0}
    examples: list[str] = []
    for number, part in enumerate(_parts(texts)):
        raw, lines = _walk(part, given.break_, trusted)
        strange = _kinds(raw) - allowed
        found["sequences"] += len(strange)
        bare = _BARE.findall(_SEQUENCE.sub(b"", raw).decode("utf-8", "replace"))
        found["bare"] += len(bare)
        found["trusted_lines_changed"] += sum(each != trusted for each in lines)
        found["cases_not_reached"] += -(-len(part) // PER_CASE) - len(lines)
        examples += [repr(each) for each in sorted(strange)][:3] + [repr(each) for each in bare][:3]
        print(f"{min(len(texts), (number + 1) * PER_CASE * PER_DESK):,} of {len(texts):,} texts", file=sys.stderr)
        if given.break_ and sum(found.values()):
            break
    injected = _in_tmux(texts, given.break_)
    for line in examples[:10]:
        print(line, file=sys.stderr)
    print(json.dumps({"campaign": "pty", "texts": len(texts), **found, "keys_injected": injected}))
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


def _walk(texts: list[str], break_: str | None, expected: list[str] | None = None) -> tuple[bytes, list[list[str]]]:
    """All bytes that a desk on these texts writes, and the trusted lines of each case as they stood."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        file.write_text(json.dumps(texts))
        cases = -(-len(texts) // PER_CASE)
        lines: list[list[str]] = []
        with Terminal(_command(file, None, break_), columns=120, rows=36) as terminal:
            for number in range(cases):
                if not _reached(terminal, f"T-{number:04d} "):
                    break
                lines.append(_settled(terminal, expected))
                if number % 12 == 0:
                    for opened in ("1", "e", "h", "f", "v"):
                        terminal.type(opened)
                        terminal.read(0.35)
                        terminal.type("\x1b")
                        terminal.read(0.25)
                terminal.type("j")
            terminal.type("q")
            terminal.read(1.0)
            return bytes(terminal.output), lines


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


# ── the desk that is walked through ──────────────────────────────────────────


def desk(file: Path, pressed: Path | None, break_: str | None) -> int:
    """Run a desk on cases made of the file's texts; `pressed` gets a line for each key that arrives."""
    if break_ == "raw":
        from store import plain

        plain.line = plain.body = plain.painted = lambda text, *_, **__: text  # type: ignore[assignment]
    from textual.events import Key

    from app.desk.desk import Desk, run
    from store.queue import Queue
    from tests.desk.fake_queue import FakeQueue

    class Watched(Desk):
        def get_line_filters(self) -> Sequence[Any]:
            return [] if break_ == "raw" else super().get_line_filters()

        async def on_event(self, event: Any) -> None:
            if isinstance(event, Key) and pressed is not None:
                with pressed.open("a") as out:
                    out.write(f"{event.key}\n")
            await super().on_event(event)

    texts = json.loads(file.read_text())
    cases = [texts[start : start + PER_CASE] for start in range(0, len(texts), PER_CASE)]
    queue = FakeQueue([_case(number, case, raw=break_ == "raw") for number, case in enumerate(cases)])

    if pressed is not None:
        pressed.touch()

    async def opened() -> Queue:
        await asyncio.sleep(0)
        return queue

    return run(Watched(opened, actor="anna", title="local"))


def _case(number: int, texts: list[str], *, raw: bool) -> Any:
    """A case with a text in every place where outside text can stand; what is typed is the same in all."""
    from store.contract import Customer
    from tests.desk import samples

    text = [*texts, *(["-"] * (PER_CASE - len(texts)))]
    evidence = samples.EVIDENCE[0]
    made = samples.review(
        4183,
        subject=text[0],
        text="\n".join(text[1:4]),
        note="\n".join(text[4:6]),
        reply="\n".join(text[6:8]),
        claims=(),
        customer=Customer(id="c1", name=text[8], identity="verified", how="e-mail + zip"),
        evidence=(evidence.model_copy(update={"quote": text[9]}),),
    )
    ticket = made.proposal.ticket.model_copy(update={"id": f"T-{number:04d}"} | ({"subject": text[0]} if raw else {}))
    changes: dict[str, Any] = {"ticket": ticket}
    if raw:
        changes["customer_reply"] = "\n".join(text[6:8])
    return made.model_copy(update={"id": f"r{number}", "proposal": made.proposal.model_copy(update=changes)})


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.pty", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA_FOLDER", help="the folder that holds hostile/")
    parser.add_argument("--long", action="store_true", help=f"{LONG:,} made-up texts instead of {SHORT:,}")
    parser.add_argument("--break", dest="break_", choices=["raw"], help="positive control: the run must fail")
    parser.add_argument("--desk", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pressed", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
