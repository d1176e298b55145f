"""What only PostgreSQL can show: many writers at once, a server that dies, a wire that is cut, and refusals by name."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from store import migrations, moment
from store.engine import open_database
from store.journal import append
from store.live import Event
from store.local import LocalQueue
from store.local_work import LocalWork
from store.queue import Taken, Unavailable
from store.verifying import verify
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge
from tests.cut import Wire
from tests.postgres import PASSWORD, Cluster


@pytest.fixture
def wire(postgres: Cluster) -> Iterator[Wire]:
    with Wire(postgres.port) as made:
        yield made


def through(wire: Wire, url: str) -> str:
    return url.replace(f":{wire.server}/", f":{wire.port}/")


def plain(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


# ── many at once ─────────────────────────────────────────────────────────────


async def test_many_doors_write_at_once_and_the_journal_is_gapless_and_followed_in_order(database: str) -> None:
    doors = [LocalQueue(database, HonestJudge()) for _ in range(3)]
    seen: list[Event] = []

    async def follow() -> None:
        async for event in doors[0].follow(0):
            seen.append(event)
            if len(seen) == 120:
                return

    following = asyncio.create_task(follow())
    await asyncio.gather(*(doors[n % 3].submit(shop.message(f"m{n}", f"t{n % 7}")) for n in range(60)))
    await asyncio.gather(*(doors[n % 3].note(f"t{n % 7}", "ana", "hm") for n in range(60)))
    async with asyncio.timeout(20):
        await following
    assert [event.seq for event in seen] == list(range(1, 121))
    assert verify(database).ok
    for door in doors:
        await door.close()


def test_a_transaction_that_began_first_and_commits_last_is_numbered_last(database: str) -> None:
    here, there = open_database(database), open_database(database)
    with here.writing() as slow:
        append(slow, "note.added", "slow")
        with there.writing() as quick:
            append(quick, "note.added", "quick")
    with plain(database) as asked:
        assert asked.execute("SELECT seq, subject FROM journal ORDER BY seq").fetchall() == [(1, "quick"), (2, "slow")]
    here.close()
    there.close()


async def test_twenty_four_claimers_at_once_never_get_the_same_case(database: str) -> None:
    judge = HonestJudge()
    queue, work = LocalQueue(database, judge), LocalWork(database, judge)
    for n in range(30):
        await shop.waiting(queue, work, judge, f"m{n}", f"t{n}")
    doors = [LocalQueue(database, judge) for _ in range(6)]
    leases = await asyncio.gather(*(doors[n % 6].claim(f"a{n}") for n in range(24)))
    assert len({lease.review_id for lease in leases if lease}) == 24
    with pytest.raises(Taken):
        await queue.claim("late", leases[0].review_id if leases[0] else None)
    for door in (queue, *doors):
        await door.close()
    work.close()


async def test_two_people_deciding_one_case_at_once_make_one_decision(database: str) -> None:
    judge = HonestJudge()
    queue, work = LocalQueue(database, judge), LocalWork(database, judge)
    for n in range(5):
        review = await shop.waiting(queue, work, judge, f"m{n}", f"t{n}")
        lease = await shop.held(queue, review)
        made = [queue.decide(shop.decision(review, number=f"d{n}-{k}"), lease) for k in range(4)]
        answers = await asyncio.gather(*made, return_exceptions=True)
        assert sum(not isinstance(one, BaseException) for one in answers) == 1, answers
    with plain(database) as asked:
        assert asked.execute("SELECT count(*) FROM decisions").fetchone() == (5,)
        assert asked.execute("SELECT count(*) FROM executions").fetchone() == (10,)
    await queue.close()
    work.close()


async def test_counts_are_what_a_recount_finds_before_and_after_they_are_added_up(database: str) -> None:
    judge = HonestJudge()
    queue, work = LocalQueue(database, judge), LocalWork(database, judge)
    for n in range(12):
        review = await shop.waiting(queue, work, judge, f"m{n}", f"t{n}")
        if n % 3 == 0:
            await queue.decide(shop.decision(review, number=f"d{n}"), await shop.held(queue, review))
    counted = "SELECT state, sum(count)::int FROM review_counts GROUP BY 1 ORDER BY 1"
    with plain(database) as asked:
        truth = asked.execute("SELECT state, count(*)::int FROM reviews GROUP BY 1 ORDER BY 1").fetchall()
        assert asked.execute(counted).fetchall() == truth
        asked.execute("INSERT INTO review_counts_moves SELECT 'gone', '', '', '', '', 0 FROM generate_series(1, 300)")
        asked.execute("SELECT fold_counts()")
        assert asked.execute("SELECT count(*) FROM review_counts_moves").fetchone() == (0,)
        assert asked.execute(counted).fetchall() == truth
    await queue.close()
    work.close()


def test_refunds_of_one_customer_are_added_up_by_one_transaction_at_a_time(database: str) -> None:
    from store import carrying

    here, there = open_database(database), open_database(database)
    done = []
    with here.writing() as first, ThreadPoolExecutor(1) as pool:
        carrying.refunded_today(first, "C1")
        waiting = pool.submit(lambda: there.write(lambda s: done.append(carrying.refunded_today(s, "C1"))))
        time.sleep(0.2)
        assert not done, "the second one must wait for what the first one adds"
        first.rollback()
        waiting.result(5)
    here.close()
    there.close()


# ── a server that dies, a wire that is cut ───────────────────────────────────


async def test_a_queue_goes_on_after_the_server_was_killed_and_came_back(own_cluster: Cluster) -> None:
    url = own_cluster.url(own_cluster.database())
    queue = LocalQueue(url, HonestJudge())
    stream = queue.follow(0)
    await queue.submit(shop.message("m1", "t1"))
    assert (await anext(stream)).seq == 1
    own_cluster.kill()
    with pytest.raises(Unavailable, match=r"does not answer|starting"):
        await queue.submit(shop.message("m2", "t2"))
    own_cluster.start()
    await queue.submit(shop.message("m2", "t2"))
    assert [event.seq async for event in _first(queue.follow(1), 1)] == [2]
    assert verify(url).entries == 2
    await queue.close()


async def test_what_was_acknowledged_survives_a_kill_of_the_server(own_cluster: Cluster) -> None:
    """Also what a follower was told: a number is never given to another event."""
    url = own_cluster.url(own_cluster.database())
    queue = LocalQueue(url, HonestJudge())
    told: list[str] = []
    heard: dict[int, str] = {}
    stop = threading.Event()

    async def write() -> None:
        for n in range(10_000):
            if stop.is_set():
                return
            try:
                told.append(await queue.submit(shop.message(f"m{n}", f"t{n}")))
            except Unavailable:
                return

    async def listen() -> None:
        try:
            async for event in queue.follow(0):
                heard[event.seq] = event.subject
        except Unavailable:
            return

    writing, listening = asyncio.create_task(write()), asyncio.create_task(listen())
    await asyncio.sleep(1.0)
    await asyncio.to_thread(own_cluster.kill)
    stop.set()
    await writing
    own_cluster.start()
    listening.cancel()
    with plain(url) as asked:
        kept = dict(asked.execute("SELECT seq, subject FROM journal").fetchall())
    assert len(told) > 3
    assert set(told) <= set(kept.values())
    assert heard.items() <= kept.items()
    await queue.close()


async def _first(stream: object, n: int) -> object:
    async for event in stream:  # type: ignore[attr-defined]
        yield event
        n -= 1
        if not n:
            return


async def test_a_wire_cut_at_any_byte_leaves_a_message_whole_or_not_at_all(database: str, wire: Wire) -> None:
    """Cut somewhere in the statements or in the COMMIT: it is there and acknowledged, or the same message again is fine."""
    chance, refusals = random.Random(5), set[str]()
    queue = LocalQueue(through(wire, database), HonestJudge())
    for n in range(25):
        wire.cut_after(chance.randrange(1, 6_000))
        for _ in range(4):
            try:
                await queue.submit(shop.message(f"m{n}", f"t{n}"))
            except Unavailable as said:
                refusals.add(str(said).split(". ")[0].split(" at ")[1].partition(" ")[2])
            else:
                break
        else:
            pytest.fail("it never got through")
    wire.mend()
    await queue.close()
    with plain(database) as asked:
        subjects = Counter(row[0] for row in asked.execute("SELECT subject FROM journal"))
        assert subjects == {f"t{n}": 1 for n in range(25)}
    assert verify(database).ok
    assert wire.cuts > 5
    assert refusals <= {"does not answer", "was cut off while a change was being kept"}


def test_a_process_that_sleeps_over_the_journal_s_turn_keeps_nobody_waiting_for_long(database: str) -> None:
    with psycopg.connect(database.replace("+psycopg", "")) as stopped:
        stopped.execute(f"SELECT journal_append(ARRAY[1::bigint], {', '.join(['ARRAY[repeat(chr(97), 2)]'] * 8)})")
        began = time.monotonic()
        there = open_database(database)
        with there.writing() as session:
            append(session, "note.added", "t")
        assert time.monotonic() - began < 5.0
        there.close()
        stopped.close()
    with plain(database) as asked:
        assert asked.execute("SELECT subject FROM journal").fetchall() == [("t",)]


async def test_a_machine_whose_clock_is_an_hour_off_goes_by_the_database_s(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = moment.own
    monkeypatch.setattr(moment, "own", lambda: honest() + timedelta(hours=1))
    monkeypatch.setattr(moment, "_ahead", timedelta(0))
    queue = LocalQueue(database, HonestJudge())
    assert abs(moment.now() - honest()) < timedelta(seconds=5)
    await queue.close()


# ── rules of the tables ──────────────────────────────────────────────────────


def test_a_change_without_an_entry_is_refused_and_the_journal_only_grows(database: str) -> None:
    opened = open_database(database)
    with pytest.raises(RuntimeError, match="without a journal entry"), opened.writing() as session:
        session.execute(text("INSERT INTO switches VALUES ('route', 'x', true, '', '', null, 'hold', null)"))
    with opened.writing() as session:
        append(session, "note.added", "t")
    for words in ("UPDATE journal SET actor = 'bo'", "DELETE FROM journal", "TRUNCATE journal"):
        with plain(database) as asked, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            asked.execute(words)
    opened.close()


def test_a_byte_changed_by_who_may_do_everything_is_found(database: str) -> None:
    opened = open_database(database)
    for n in range(6):
        with opened.writing() as session:
            append(session, "note.added", f"t{n}", actor="ana\x00\ud800", text="ö\u2028")
    opened.close()
    assert verify(database).ok
    with plain(database) as forger:
        forger.execute("SET session_replication_role = replica")
        forger.execute("UPDATE journal SET actor = 'bob' WHERE seq = 4")
    assert verify(database).first_bad == 4


# ── opening ──────────────────────────────────────────────────────────────────


def test_ten_processes_that_start_at_once_make_one_schema(postgres: Cluster) -> None:
    url = postgres.url(postgres.database(migrated=False))
    code = "import sys; from store.engine import open_database; open_database(sys.argv[1]).close()"
    started = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE) for _ in range(10)]
    assert [(one.communicate()[1], one.returncode) for one in started] == [(b"", 0)] * 10
    with plain(url) as asked:
        assert asked.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrations.newest(),)]


def test_what_keeps_a_database_from_being_opened_is_named_without_its_password(
    postgres: Cluster, database: str
) -> None:
    port = str(postgres.port)
    with plain(database) as asked:
        asked.execute("DROP ROLE IF EXISTS reader")
        asked.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
    wrong = {
        database.replace(PASSWORD, "no"): "refuses the password",
        database.rsplit("/", 1)[0] + "/nothere": "does not exist",
        database.replace(f":{port}/", ":1/"): "does not answer",
        database.replace("127.0.0.1", "no.such.host.invalid"): "does not answer",
        database.replace(f"postgres:{PASSWORD}", "reader:reader"): "does not let this user write",
    }
    for url, words in wrong.items():
        with pytest.raises(Unavailable, match=words) as told:
            open_database(url).read(lambda session: session.execute(text("SELECT * FROM tickets")).all())
        assert PASSWORD not in str(told.value)


def test_a_newer_schema_and_a_read_only_database_say_what_to_do(postgres: Cluster) -> None:
    name = postgres.database()
    url = postgres.url(name)
    with postgres.connect() as admin:
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    opened = open_database(url)
    with pytest.raises(Unavailable, match="read-only"):
        opened.write(lambda session: append(session, "note.added", "t"))
    opened.close()
    with postgres.connect() as admin:
        admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    with plain(url) as asked:
        asked.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unavailable, match="newer Lastclick"):
        open_database(url)
    postgres.drop(name)
