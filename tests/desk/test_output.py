"""What is painted reaches the terminal at once and in order, also on one that takes nothing for a while."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from app.desk.output import Output

MUCH = [f"{n:06}\x1b[m" + "x" * 4096 for n in range(100)]


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """A terminal, and the file that a program writes to."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    with open(theirs, "w", encoding="utf-8") as file:
        yield ours, file
    os.close(ours)


def everything(terminal: int, wanted: int) -> str:
    data = b""
    while len(data) < wanted:
        data += os.read(terminal, 65536)
    return data.decode()


async def test_a_frame_is_there_when_the_call_returns(terminal: tuple[int, TextIO]) -> None:
    output = Output(terminal[1])
    output.write("✓ refunded")
    assert everything(terminal[0], 12) == "✓ refunded"
    output.stop()


async def test_a_terminal_that_takes_nothing_holds_nobody_up_and_gets_all_in_order(
    terminal: tuple[int, TextIO],
) -> None:
    output = Output(terminal[1])
    for frame in MUCH:
        output.write(frame)
    sent = "".join(MUCH)
    assert await asyncio.to_thread(everything, terminal[0], len(sent)) == sent
    output.write("more")
    assert everything(terminal[0], 4) == "more"
    output.stop()


async def test_what_waits_when_the_desk_closes_is_still_written(terminal: tuple[int, TextIO]) -> None:
    output = Output(terminal[1])
    for frame in MUCH:
        output.write(frame)
    reading = asyncio.create_task(asyncio.to_thread(everything, terminal[0], len("".join(MUCH))))
    await asyncio.to_thread(output.stop)
    assert await reading == "".join(MUCH)


async def test_a_file_is_no_terminal(tmp_path: Path) -> None:
    file = await asyncio.to_thread((tmp_path / "log").open, "w")
    with file, pytest.raises(OSError, match="ioctl"):
        Output(file)
