"""Workers on PostgreSQL, as many as wanted and on any host: killed, frozen and left, each ticket ends once all the same."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.shopfloor import Shopfloor


@pytest.fixture
def floor(tmp_path: Path, fitted: Path, database: str) -> Iterator[Shopfloor]:
    floor = Shopfloor(tmp_path / "home", fitted, database)
    yield floor
    floor.end()


def test_killed_and_frozen_on_one_database_nothing_is_lost_and_nothing_happens_twice(floor: Shopfloor) -> None:
    first, second = floor.worker(), floor.worker()
    floor.file(24)
    before = floor.events()
    floor.wait_until(lambda: floor.events() > before + 2, 30)
    floor.kill(first)
    third = floor.worker()
    floor.wait_until(floor.idle, 60)
    assert floor.approve_all() > 0
    floor.freeze(second)
    floor.wait_until(floor.idle, 60)
    os.kill(second.pid, 18)
    time.sleep(1.0)  # whatever it was about to do, it does now
    outcome = floor.check()
    assert outcome.tickets == 24
    assert outcome.actions > 0
    assert outcome.unknown == 0, "the shop and the outbox honour keys, so nothing need stay unknown"
    assert third.poll() is None
    assert not (floor.where.home / "engine.sqlite").exists()
