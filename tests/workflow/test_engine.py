"""The durable engine: what it promises after kill -9, a lost file, a new version, and a function that always kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.workflow.engine import Engine

HELD = """
import sys, time
from app.workflow.engine import Engine
log = open(sys.argv[2], "a", buffering=1)
def work(work_id):
    engine.once("first", lambda: log.write(f"first {work_id}\\n"))
    engine.once("second", lambda: (log.write(f"second {work_id}\\n"), time.sleep(60)))
engine = Engine(sys.argv[1], worker="doomed", version=sys.argv[3], functions={"work": work})
engine.launch()
engine.start("work", "t1", {"work_id": "t1"})
time.sleep(60)
"""


class Log:
    """A durable function of two steps that writes down what it does."""

    def __init__(self, folder: Path, *, version: str = "1", worker: str = "living") -> None:
        self.did: list[str] = []
        self.engine = Engine(folder / "engine.sqlite", worker=worker, version=version, functions={"work": self.work})
        self.engine.launch()

    def work(self, work_id: str) -> str:
        for step in ("first", "second"):
            self.engine.once(step, lambda step=step: self.did.append(f"{step} {work_id}"))
        return work_id

    def idle(self, seconds: float = 10.0) -> None:
        until = time.monotonic() + seconds
        while self.engine.active() and time.monotonic() < until:
            time.sleep(0.005)

    def wait_for(self, what: str, seconds: float = 10.0) -> None:
        until = time.monotonic() + seconds
        while what not in self.did:
            assert time.monotonic() < until, f"{what} did not happen: {self.did}"
            time.sleep(0.01)


@pytest.fixture
def made() -> Iterator[list[Log]]:
    logs: list[Log] = []
    yield logs
    for log in logs:
        log.engine.stop(1.0)


def test_starting_twice_starts_once(tmp_path: Path, made: list[Log]) -> None:
    log = Log(tmp_path)
    made.append(log)
    assert log.engine.start("work", "t1", {"work_id": "t1"})
    log.idle()
    assert not log.engine.start("work", "t1", {"work_id": "t1"})
    log.idle()
    assert log.did == ["first t1", "second t1"]


def test_what_is_tidied_away_could_start_again_and_nothing_is_left(tmp_path: Path, made: list[Log]) -> None:
    log = Log(tmp_path)
    made.append(log)
    for number in range(5):
        log.engine.start("work", f"t{number}", {"work_id": f"t{number}"})
    log.idle()
    assert log.engine.tidy(older_than=60.0) == 0
    assert log.engine.tidy(older_than=0.0) == 5
    assert not log.engine.holds("work", "t1")


def killed_while_it_works(folder: Path, version: str = "1") -> list[str]:
    """A worker process is killed inside its second step; returns what it had done."""
    said = folder / "said"
    said.touch()
    child = subprocess.Popen([sys.executable, "-c", HELD, str(folder / "engine.sqlite"), str(said), version])
    until = time.monotonic() + 30
    while "second t1" not in said.read_text():
        assert child.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    return said.read_text().splitlines()


def test_a_living_worker_goes_on_at_the_next_step_of_a_killed_one(tmp_path: Path, made: list[Log]) -> None:
    assert killed_while_it_works(tmp_path) == ["first t1", "second t1"]
    log = Log(tmp_path)
    made.append(log)
    assert not log.engine.start("work", "t1", {"work_id": "t1"}), "what a dead worker holds is not started anew"
    assert log.engine.sweep("doomed") == ["work:t1"]
    log.wait_for("second t1")
    assert log.did == ["second t1"], "the checkpointed step ran again"
    assert log.engine.sweep("doomed") == []


def test_another_version_drops_the_checkpoints_and_the_work_starts_over(tmp_path: Path, made: list[Log]) -> None:
    killed_while_it_works(tmp_path, version="old")
    log = Log(tmp_path, version="new")
    made.append(log)
    assert log.engine.sweep("doomed") == []
    assert log.engine.start("work", "t1", {"work_id": "t1"})
    log.idle()
    assert log.did == ["first t1", "second t1"]


def test_a_lost_engine_file_only_means_starting_over(tmp_path: Path, made: list[Log]) -> None:
    killed_while_it_works(tmp_path)
    for file in tmp_path.glob("engine.sqlite*"):
        file.unlink()
    log = Log(tmp_path)
    made.append(log)
    assert log.engine.start("work", "t1", {"work_id": "t1"})
    log.idle()
    assert log.did == ["first t1", "second t1"]


def test_a_function_that_failed_can_start_again_after_a_while(tmp_path: Path) -> None:
    tries: list[int] = []

    def work(work_id: str) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("a mistake of ours")
        return work_id

    engine = Engine(tmp_path / "engine.sqlite", worker="w", version="1", functions={"work": work})
    engine.launch()
    try:
        engine.start("work", "t1", {"work_id": "t1"})
        while engine.active():
            time.sleep(0.005)
        assert not engine.start("work", "t1", {"work_id": "t1"})
        until = time.monotonic() + 10
        while engine.holds("work", "t1") and time.monotonic() < until:
            engine.tidy_left(failed=0.0)
            time.sleep(0.1)
        assert engine.start("work", "t1", {"work_id": "t1"})
        while engine.active():
            time.sleep(0.005)
        assert len(tries) == 2
    finally:
        engine.stop(1.0)


def test_stopping_ends_at_the_next_step_and_the_rest_is_resumed(tmp_path: Path, made: list[Log]) -> None:
    reached: list[str] = []

    def work(work_id: str) -> str:
        engine.once("first", lambda: (reached.append("first"), time.sleep(0.3)))
        engine.once("second", lambda: reached.append("second"))
        return work_id

    engine = Engine(tmp_path / "engine.sqlite", worker="leaving", version="1", functions={"work": work})
    engine.launch()
    engine.start("work", "t1", {"work_id": "t1"})
    while not reached:
        time.sleep(0.005)
    assert not engine.stop(3.0), "something was left for another worker"
    assert reached == ["first"]
    log = Log(tmp_path)
    made.append(log)
    assert log.engine.sweep("leaving") == ["work:t1"]
    log.wait_for("second t1")
    assert log.did == ["second t1"]


def test_the_engine_says_nothing_and_keeps_no_pickles(tmp_path: Path, capfd: Any, made: list[Log]) -> None:
    log = Log(tmp_path)
    made.append(log)
    log.engine.start("work", "t1", {"work_id": "t1"})
    log.idle()
    assert capfd.readouterr() == ("", "")
    assert b"py_pickle" not in (tmp_path / "engine.sqlite").read_bytes() + (tmp_path / "engine.sqlite-wal").read_bytes()
    assert (tmp_path / "engine.sqlite").stat().st_mode & 0o077 == 0
