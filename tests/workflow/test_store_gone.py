"""A worker whose store cannot be reached waits, says so, and goes on later; work that always kills is given up."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.workflow.engine import Engine
from app.workflow.judge import RulesJudge
from app.workflow.worker import Worker
from store.local_work import LocalWork
from store.place import lock_file
from tests.workflow.shopfloor import RUN, Shopfloor

KILLS = """
import os, sys
import app.workflow.engine as engine
engine.RECOVERIES = 2
def work(work_id):
    made.once("step", lambda: os._exit(1))
made = engine.Engine(sys.argv[1], worker=sys.argv[2], version="1", functions={"work": work})
made.launch()
if sys.argv[2] == "first":
    made.start("work", "t1", {"work_id": "t1"})
else:
    made.sweep(sys.argv[3])
import time; time.sleep(5)
"""


@pytest.fixture
def floor(tmp_path: Path, fitted: Path) -> Iterator[Shopfloor]:
    floor = Shopfloor(tmp_path / "home", fitted)
    yield floor
    floor.end()


def said(floor: Shopfloor, words: str) -> bool:
    return floor.log.exists() and words in floor.log.read_text()


def test_a_queue_that_cannot_be_opened_is_waited_for(floor: Shopfloor) -> None:
    queue = Path(floor.where.queue)
    queue.mkdir()
    worker = floor.start(RUN)
    floor.wait_until(lambda: said(floor, "the queue cannot be opened, waiting"), 30)
    assert worker.poll() is None
    queue.rmdir()
    floor.file(2)
    floor.wait_until(floor.idle, 30)
    assert floor.check().tickets == 2


def test_a_locked_queue_loses_no_ticket_and_ends_no_worker(floor: Shopfloor) -> None:
    floor.file(1)
    worker = floor.worker()
    floor.wait_until(floor.idle, 30)
    with lock_file(Path(floor.where.queue)).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        time.sleep(6.0)  # longer than a worker's lease
    assert worker.poll() is None
    floor.file(4, start=1)
    floor.wait_until(floor.idle, 30)
    assert floor.check().tickets == 5
    assert not said(floor, "Traceback"), floor.log.read_text()[:3000]


def test_a_worker_ends_when_the_queues_file_is_taken_away(floor: Shopfloor) -> None:
    """SQLite would go on writing into the removed file, where nobody reads it."""
    floor.file(1)
    worker = floor.worker()
    floor.wait_until(floor.idle, 30)
    for file in Path(floor.where.queue).parent.glob("queue.sqlite*"):
        file.unlink()
    assert worker.wait(15) == 0
    assert said(floor, "was removed or replaced")


def test_a_worker_that_waits_for_the_store_still_stops_when_told(floor: Shopfloor) -> None:
    Path(floor.where.queue).mkdir()
    worker = floor.start(RUN)
    floor.wait_until(lambda: said(floor, "waiting"), 30)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0


def test_work_that_always_kills_its_worker_is_given_up(tmp_path: Path) -> None:
    """With two recoveries instead of eight: the first run and two more die, the fourth worker gets it as given up."""
    file, before = str(tmp_path / "engine.sqlite"), ""
    for name in ("first", "second", "third", "fourth"):
        ran = subprocess.run([sys.executable, "-c", KILLS, file, name, before], timeout=60, check=False)
        before = name
        if ran.returncode == 0:
            break
    assert name in ("third", "fourth"), "it was given up before it was tried again, or never"
    engine = Engine(file, worker="living", version="1", functions={"work": lambda work_id: work_id})
    engine.launch()
    try:
        engine.sweep(before)
        assert engine.given_up() == [("work", "t1")]
        engine.forget("work", "t1")
        assert engine.given_up() == []
    finally:
        engine.stop(1.0)


def test_what_was_given_up_is_before_a_person(floor: Shopfloor) -> None:
    floor.file(1)
    judge = RulesJudge(floor.rules)
    work = LocalWork(floor.where.queue, judge)
    worker = Worker(floor.where, floor.rules, work, threading.Event())
    try:
        worker._load()
        worker._give_up("handle", "m0")
        assert len(floor.ask("SELECT id FROM reviews WHERE state = 'open'")) == 1
        assert "step_broke" in str(floor.ask("SELECT data FROM journal WHERE kind = 'proposal.review'"))
        assert work.inbox() == []
        worker._give_up("handle", "m0")  # a second worker gives up the same
        assert len(floor.ask("SELECT id FROM reviews")) == 1
    finally:
        worker._engine.stop(1.0)
        work.close()
