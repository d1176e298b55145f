"""The main job as a person meets it: `lastclick demo` in a real terminal, tickets arrive, a decision changes the shop."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from tests.terminal import Terminal

PROGRAM = [sys.executable, "-m", "app.cli"]
LEAVES_CLEAN = (b"\x1b[?1049l", b"\x1b[?25h")


def wait_for(desk: Terminal, truth: Callable[[], Any], seconds: float = 40.0) -> Any:
    """The first true value within the time; the desk's terminal is read meanwhile, or the desk would block on it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        desk.read(0.2)
        if found := truth():
            return found
    raise AssertionError(f"it never came true:\n{desk.screen()}")


def go_to(desk: Terminal, title: str) -> None:
    """Move down the list until the ticket pane shows that title."""
    for _ in range(40):
        desk.read(0.3)
        if any(title in line and "╭" in line for line in desk.screen().splitlines()):
            return
        desk.type("j")
    raise AssertionError(f"{title} is not in the list:\n{desk.screen()}")


def replies(home: Path, thread: str) -> list[str]:
    """The texts sent on a thread, from the outbox."""
    texts = []
    for file in sorted((home / "outbox").glob("*.eml")):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        if thread in str(mail["X-Lastclick-Thread"]):
            texts.append(mail.get_content())
    return texts


def order(home: Path, order_id: str) -> dict[str, Any]:
    with sqlite3.connect(f"file:{home / 'shop.sqlite'}?mode=ro", uri=True) as shop:
        (row,) = shop.execute("SELECT body FROM record WHERE kind = 'order' AND id = ?", (order_id,)).fetchone()
    return dict(json.loads(row))


def test_a_day_in_the_demo(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with Terminal([*PROGRAM, "demo", "--home", str(home), "--speed", "20"], columns=120, rows=36) as desk:
        desk.wait_for("lastclick", "demo")
        desk.wait_for("T-3002", seconds=60)
        # Routine questions went out by themselves.
        wait_for(desk, lambda: replies(home, "T-3001"))
        # The duplicate charge waits: open it, read the trusted part, approve with the second key.
        before = order(home, "HF-10001")
        go_to(desk, "T-3002 Charged twice")
        desk.type("\r")
        screen = desk.wait_for("over the €50.00 limit", "Refund €119.80", "HF-10001", "verified")
        assert "Traceback" not in screen
        desk.type("a")
        desk.wait_for("This will happen")
        assert order(home, "HF-10001") == before, "one key must not refund"
        desk.type("y")
        desk.wait_until_gone("This will happen")
        after = wait_for(desk, lambda: order(home, "HF-10001") != before and order(home, "HF-10001"))
        refunds = [each for each in after["payments"] if each["kind"] == "refund"]
        assert [abs(each["amount"]) for each in refunds] == [11980]
        wait_for(desk, lambda: any("119.80" in text for text in replies(home, "T-3002")))
        desk.type("q")
        assert desk.exit_code() == 0
        assert all(sequence in bytes(desk.output) for sequence in LEAVES_CLEAN)
    verified = subprocess.run(
        [*PROGRAM, "journal", "verify", "--home", str(home)], capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stderr
    assert not [
        line for log in (home / "logs").glob("*.log") for line in log.read_text().splitlines() if "Traceback" in line
    ]


def processes_of(home: Path) -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(home) in line]


def test_a_terminal_that_goes_away_leaves_no_process_behind(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with Terminal([*PROGRAM, "demo", "--home", str(home), "--speed", "20"]) as desk:
        wait_for(desk, lambda: len(processes_of(home)) >= 3)
        desk.wait_for("T-3", seconds=60)  # it paints at full speed when the terminal goes
        desk.vanish()
        assert desk.exit_code(15) != 0
    until = time.monotonic() + 15
    while time.monotonic() < until and processes_of(home):
        time.sleep(0.2)
    assert processes_of(home) == []
