"""kill -9 at any moment: what was acknowledged is there, what was not is there whole or not at all."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from store.engine import open_database
from store.live import View
from store.local import LocalQueue
from store.local_work import LocalWork
from store.place import Turn
from store.queue import Unavailable
from store.verifying import verify
from tests import seed
from tests.contract.honest_judge import HonestJudge

DECIDE = """
import asyncio, sys
from store.contract import *
from store.live import View
from store.local import LocalQueue
from store.queue import Taken
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

async def main():
    queue = LocalQueue(sys.argv[1], HonestJudge())
    who = sys.argv[2]
    while (lease := await queue.claim(who)) is not None:
        review = await queue.review(lease.review_id)
        await queue.decide(shop.decision(review, who, number="d-" + review.id), lease)
        print(review.id, flush=True)

asyncio.run(main())
"""


def start(path: Path, who: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", DECIDE, str(path), who], stdout=subprocess.PIPE, text=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "queue.sqlite"
    database = open_database(path)
    seed.fill(database, 60)
    with database.writing(journaled=False) as session:
        session.execute(text("UPDATE reviews SET amount = 6000"))
    database.close()
    return path


def state(path: Path) -> dict[str, int]:
    database = open_database(path)
    with database.reading() as session:
        one = lambda sql: int(session.execute(text(sql)).scalar_one())  # noqa: E731
        found = {
            "open": one("SELECT count(*) FROM reviews WHERE state = 'open'"),
            "decided": one("SELECT count(*) FROM reviews WHERE state = 'decided'"),
            "decisions": one("SELECT count(*) FROM decisions"),
            "executions": one("SELECT count(*) FROM executions"),
            "told": one("SELECT count(*) FROM journal WHERE kind = 'decision.made'"),
            "gauge": one("SELECT coalesce(sum(count), 0) FROM review_counts WHERE state = 'open'"),
        }
    database.close()
    return found


def consistent(path: Path) -> dict[str, int]:
    found = state(path)
    assert found["open"] + found["decided"] == 60
    assert found["decided"] == found["decisions"] == found["told"]
    assert found["executions"] == 2 * found["decided"]
    assert found["gauge"] == found["open"]
    assert verify(path).ok
    return found


def test_acknowledged_decisions_survive_kill_9_and_none_is_half_there(path: Path) -> None:
    acknowledged: list[str] = []
    for after in (1, 3, 5):
        process = start(path, f"p{after}")
        assert process.stdout is not None
        acknowledged += [process.stdout.readline().strip() for _ in range(after)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += [line.strip() for line in process.stdout]
        process.wait(30)
        found = consistent(path)
        assert found["decided"] >= len(acknowledged)
    database = open_database(path)
    with database.reading() as session:
        decided = set(session.execute(text("SELECT id FROM reviews WHERE state = 'decided'")).scalars())
    database.close()
    assert set(acknowledged) <= decided


def test_processes_that_decide_at_once_never_decide_the_same(path: Path) -> None:
    processes = [start(path, f"p{n}") for n in range(3)]
    said = [line.strip() for one in processes for line in (one.stdout or ())]
    assert [one.wait(60) for one in processes] == [0, 0, 0]
    assert len(said) == len(set(said)) == 60
    assert consistent(path)["decided"] == 60


def test_a_lock_holder_that_dies_gives_its_turn_back(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    code = (
        "import os, sys, pathlib, signal; from store.place import Turn\n"
        "with Turn(pathlib.Path(sys.argv[1])).taken():\n"
        "    print('held', flush=True); signal.pause()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "held"
    with pytest.raises(Unavailable, match="busy"), Turn(path).taken(0.2):
        pass
    process.kill()
    process.wait(30)
    with Turn(path).taken(2.0):
        pass


WRITE_AND_WAIT = """
import pathlib, sys
from store.engine import open_database
from store.journal import append
with open_database(sys.argv[1]).writing() as session:
    append(session, "note.added", "t1", text="slow")
    print("writing", flush=True)
    sys.stdin.readline()
print("committed", flush=True)
"""


@pytest.fixture
def stopped(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that was stopped in the middle of writing."""
    command = [sys.executable, "-c", WRITE_AND_WAIT, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "writing"
    os.kill(process.pid, signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    yield process
    process.kill()
    process.wait(30)


async def test_a_writer_that_was_stopped_is_named_reading_goes_on_and_nothing_of_its_own_is_lost(
    path: Path, stopped: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.place.PATIENCE", 0.5)
    queue = LocalQueue(path, HonestJudge())
    waiting = [asyncio.create_task(queue.claim(f"p{n}")) for n in range(6)]
    async with asyncio.timeout(2):
        row = (await queue.page(View())).rows[0]
        assert (await queue.review(row.review_id)).claimed_by is None, "reading goes on"
    for one in waiting:
        with pytest.raises(Unavailable, match=rf"process {stopped.pid} \(.*, which is stopped, .*Nothing was changed"):
            await one
    stopped.send_signal(signal.SIGCONT)
    stopped.communicate("go\n", timeout=30)
    assert await queue.claim("ana") is not None
    await queue.close()
    assert verify(path).ok


def test_two_threads_take_turns(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "q")
    with turn.taken(), pytest.raises(Unavailable, match="busy"), turn.taken(0.1):
        pass


def test_an_approved_envelope_that_was_changed_in_the_file_does_not_run(path: Path) -> None:
    process = start(path, "ana")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait(30)
    work = LocalWork(path, HonestJudge())
    first = work.due()[0]
    database = open_database(path)
    with database.writing(journaled=False) as session:
        session.execute(text("UPDATE executions SET action = json_set(action, '$.args.minor', 900000)"))
    database.close()
    from store.work import Refused

    with pytest.raises(Refused) as refused:
        work.dispatch(first, "w1")
    assert refused.value.code == "envelope"
    assert first not in work.due()
    work.close()


def test_a_switch_row_that_cannot_be_read_means_off(path: Path) -> None:
    process = start(path, "ana")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait(30)
    work = LocalWork(path, HonestJudge())
    assert work.due()
    database = open_database(path)
    with database.writing(journaled=False) as session:
        session.execute(
            text(
                "INSERT INTO switches (kind, name, \"on\", who, why, waiting) VALUES ('action', 'refund', 7, '', '', 'hold')"
            )
        )
    database.close()
    assert not work.switches()[0].on
    assert work.due() == []
    work.close()
