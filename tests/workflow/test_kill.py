"""Workers that are killed at random moments: every ticket ends once, every effect happens once, the journal is whole."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.shopfloor import Shopfloor

TAKE_OVER_SECONDS = 15.0
FINISH_SECONDS = 45.0
"""By then a busy machine has also done what was taken over."""


@pytest.fixture
def floor(tmp_path: Path, fitted: Path) -> Iterator[Shopfloor]:
    floor = Shopfloor(tmp_path / "home", fitted)
    yield floor
    floor.end()


def test_killed_again_and_again_nothing_is_lost_and_nothing_happens_twice(floor: Shopfloor) -> None:
    floor.file(48)
    floor.killed_again_and_again(5, seed=1)
    floor.worker()
    floor.wait_until(floor.idle, 60)
    floor.kill(floor.workers[-1])
    assert floor.approve_all() > 0
    floor.killed_again_and_again(4, seed=2)
    last = floor.worker()
    floor.wait_until(floor.idle, 60)
    outcome = floor.check()
    assert outcome.tickets >= 48
    assert outcome.unknown == 0, "the shop and the outbox honour keys, so nothing need stay unknown"
    assert outcome.actions > 0
    last.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert last.wait(10) == 0
    assert time.monotonic() - begun < 5


def test_a_second_worker_takes_over_what_a_killed_one_held(floor: Shopfloor) -> None:
    first, second = floor.worker(), floor.worker()
    floor.file(30)
    floor.kill(first)
    died = time.monotonic()
    floor.wait_until(floor.idle, TAKE_OVER_SECONDS)
    assert time.monotonic() - died < TAKE_OVER_SECONDS
    assert second.poll() is None
    assert floor.check().tickets == 30


def test_a_frozen_worker_is_taken_over_and_does_no_harm_when_it_wakes(floor: Shopfloor) -> None:
    """It still has a process, as one on another machine has: only its silence tells."""
    first = floor.worker()
    floor.file(30)
    before = floor.events()
    floor.wait_until(lambda: floor.events() > before + 2, 30)
    floor.freeze(first)
    floor.worker()
    floor.wait_until(lambda: "took over" in floor.log.read_text(), TAKE_OVER_SECONDS)
    floor.wait_until(floor.idle, FINISH_SECONDS)
    os.kill(first.pid, signal.SIGCONT)
    time.sleep(1.0)  # whatever it was about to do, it does now
    assert floor.check().tickets == 30


def test_a_worker_that_is_told_to_stop_leaves_its_work_to_the_next_one(floor: Shopfloor) -> None:
    first = floor.worker()
    floor.file(30)
    before = floor.events()
    floor.wait_until(lambda: floor.events() > before + 2, 30)
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    assert not floor.idle(), "the test meant to stop it in the middle"
    floor.worker()
    floor.wait_until(floor.idle, TAKE_OVER_SECONDS)
    assert floor.check().tickets == 30
