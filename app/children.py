"""Processes the desk starts and stops with itself: the worker, and the demo's arrivals. Their words go to log files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

STOP_SECONDS = 5.0


@contextmanager
def running(commands: Sequence[Sequence[str]], logs: Path) -> Iterator[None]:
    """Run `lastclick` subcommands beside the desk; on leaving they get SIGTERM, and SIGKILL after five seconds.

    A child that dies by itself is not started again: the desk shows that no worker runs, and why is in its log.
    """
    if commands:
        logs.mkdir(parents=True, exist_ok=True)
    children: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            with (logs / f"{command[0]}.log").open("ab") as log:
                children.append(_start(command, log.fileno()))
        yield
    finally:
        _stop(children)


def _start(command: Sequence[str], log: int) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl+C in the desk is a key for the desk, never a signal for the worker.
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env={**os.environ, "LASTCLICK_PARENT": str(os.getpid())},
    )


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    for child in children:
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def end_with_parent() -> None:
    """In a child: get SIGTERM when the desk that started it is gone, also when it was killed and could not say so."""
    parent = os.environ.get("LASTCLICK_PARENT")
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
