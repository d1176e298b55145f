"""How a desk ends, and does not: a crash, a suspension, a tiny window, a terminal that goes away."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime
from fcntl import ioctl
from pathlib import Path

import pytest

from app.desk import crash, diary
from store.live import Counters
from tests.desk import samples
from tests.desk.conftest import desk, main, on_screen
from tests.desk.fake_queue import FakeQueue
from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
SECRET = "mia@example.com"

CRASHING = """
import sys
from pathlib import Path
from app.desk.desk import Desk
from app.desk.screens.main import MainScreen
from tests.desk.play import queue

def broken(self):
    secret = "mia@example.com"
    raise ValueError("the customer wrote: " + secret)

MainScreen._do_messages = broken

async def opened():
    return queue("day")

desk = Desk(opened, "anna", crashes=Path(sys.argv[1]))
desk.run()
sys.exit(desk.return_code)
"""


def played(*words: str, columns: int = 120, rows: int = 36) -> Terminal:
    return Terminal([sys.executable, "-m", "tests.desk.play", *words], columns=columns, rows=rows)


def left_clean(output: bytes) -> bool:
    pairs = ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?1000h", b"\x1b[?1000l"), (b"\x1b[?25l", b"\x1b[?25h"))
    return all(on in output and output.rindex(off) > output.rindex(on) for on, off in pairs)


def test_a_crash_leaves_a_clean_terminal_one_sentence_and_a_report_without_customers_words(tmp_path: Path) -> None:
    with Terminal([sys.executable, "-c", CRASHING, str(tmp_path / "crashes")]) as terminal:
        terminal.wait_for("WHY")
        terminal.type("m")
        assert terminal.exit_code() == 1
        terminal.read(0.5)
        assert left_clean(bytes(terminal.output))
        after = bytes(terminal.output)[terminal.output.rindex(b"\x1b[?1049l") :].decode()
    assert "Lastclick met a defect and ended." in after
    assert SECRET not in after
    (report,) = (tmp_path / "crashes").iterdir()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text("utf-8")
    assert "builtins.ValueError" in text
    assert "in action_do" in text
    assert "textual 8" in text
    assert SECRET not in text
    assert "customer wrote" not in text


def test_a_report_names_the_whole_chain_and_no_folder_of_a_person() -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as cause:
            raise RuntimeError(SECRET) from cause
    except RuntimeError as error:
        text = crash.report(error, datetime(2026, 3, 1, tzinfo=UTC))
    assert "builtins.RuntimeError" in text
    assert "caused by builtins.KeyError" in text
    assert SECRET not in text
    assert str(ROOT) not in text


def test_a_folder_that_cannot_be_written_is_no_second_crash(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert crash.write(tmp_path / "file", ValueError("x")) is None
    assert "What is needed" not in crash.sentence(None)


def test_it_can_be_suspended_and_comes_back() -> None:
    with played() as terminal:
        terminal.wait_for("WHY")
        terminal.type("\x1a")
        _wait(lambda: terminal.read(0.05) or _state(terminal.pid) == "T", "stopped")
        assert left_clean(bytes(terminal.output))
        before = len(terminal.output)
        terminal.signal(signal.SIGCONT)
        _wait(lambda: terminal.read(0.05) or b"\x1b[?1049h" in terminal.output[before:], "the screen again")
        _wait(lambda: terminal.read(0.05) or b"WHY" in terminal.output[before:], "painted again")
        terminal.type("q")
        assert terminal.exit_code() == 0


@pytest.mark.parametrize(
    ("keys", "shown"), [("", ""), ("h", "History of"), ("s", "Snooze until"), ("?", "Keys that work here")]
)
def test_twenty_by_five_and_back(keys: str, shown: str) -> None:
    with played() as terminal:
        terminal.wait_for("WHY")
        if keys:
            terminal.type(keys)
            terminal.wait_for(shown)
        for rows, columns in ((5, 20), (1, 1), (5, 20), (36, 120)):
            ioctl(terminal._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            terminal.signal(signal.SIGWINCH)
            terminal.read(0.4)
            assert _state(terminal.pid) != "Z"
        if keys:
            terminal.type("\x1b")
            terminal.wait_until_gone(shown)
        before = len(terminal.output)
        terminal.type("jq")
        assert terminal.exit_code() == 0
        assert b"met a defect" not in terminal.output[before:]


def test_a_desk_whose_terminal_went_without_a_signal_ends() -> None:
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    desk = subprocess.Popen(
        [sys.executable, "-m", "tests.desk.play"], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True, env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    try:
        os.close(slave)
        seen = b""
        until = time.monotonic() + 60
        while b"WHY" not in seen and time.monotonic() < until:
            seen += os.read(master, 65536)
        os.close(master)
        assert desk.wait(15) == 129
    finally:
        if desk.poll() is None:
            desk.kill()
            desk.wait()


def test_the_log_names_what_was_done_and_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "desk.log"
    handlers = list(diary.logger.handlers)
    try:
        diary.start(path)
        diary.pressed("approve", "r1")
        diary.asked("decide", "r1", ValueError(SECRET))
    finally:
        diary.logger.handlers[:] = handlers
    text = path.read_text("utf-8")
    assert "action approve on r1" in text
    assert "asked decide r1: ValueError" in text
    assert SECRET not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0]


def _wait(true: object, what: str) -> None:
    until = time.monotonic() + 60
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until, f"never: {what}"


async def test_what_is_read_while_the_desk_closes_is_no_defect() -> None:
    """The answer of the store comes when the panes it was for are gone already."""
    queue = FakeQueue(samples.day())
    app = desk(queue)
    told = queue.counters

    async def late(hours: int = 168) -> Counters:
        while app.is_running or app.query_main().query("QueueList"):  # noqa: ASYNC110 - closing has no event of its own
            await asyncio.sleep(0)
        return await told(hours)

    async with app.run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        reading = main(pilot).reading
        assert reading is not None
        queue.counters = late  # type: ignore[method-assign]
        reading.now()
        await pilot.pause(0.4)
    assert app._exception is None
