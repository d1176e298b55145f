"""Times claims on a long queue with many claimers at once, and whole jobs against two job queues on the same PostgreSQL.

python -m tests.bench.claims [--short] [--cases 1000000] [--seconds 15] [--sqlite-only | --postgres-only] [--json]
pip install -e '.[bench]' brings the two other queues; without them only our own figures are taken.

Sixteen agents claim the next review and eight workers take the next message, each from a door of its own in four processes.
First one agent alone, then all of them with the pace of people (one claim a second each) and of workers (four a second):
`twice` counts reviews that two of them got, which must be 0; `work_twice` messages, which on SQLite are told apart by the
engine alone; and `p99_to_alone` is the 99th percentile over the median of the
one, limit 5. `flat_out` is what all of them claim in a second without a pause.

A job of ours is one a worker takes, journaled, and files the ending of, journaled; a job of procrastinate and pgqueuer is
fetched and finished with nothing to do in between. All three have the same backlog and the same number of processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from store.case import Ending
from store.engine import open_database
from store.local import LocalQueue
from store.local_work import LocalWork
from tests.bench import backlog
from tests.contract.honest_judge import HonestJudge
from tests.postgres import Cluster, cluster

PROCESSES, AGENTS, WORKERS = 4, 4, 2
AGENT_PACE, WORKER_PACE = 1.0, 0.25
LIMIT = 5.0
TO_PROCRASTINATE, TO_PGQUEUER = 1.3, 2.0


def main() -> None:
    given = _options()
    if given.child:
        _child(given.child, given.url, given.seconds, given.number)
        return
    found: dict[str, Any] = {"cases": given.cases}
    if not given.postgres_only:
        with tempfile.TemporaryDirectory() as folder:
            url = str(Path(folder) / "queue.sqlite")
            found["sqlite"] = _claims(url, given)
    if not given.sqlite_only:
        with cluster(safe=True, shared_buffers="512MB") as server:
            url = server.url(server.database())
            found["postgresql"] = _claims(url, given)
            found["jobs"] = _jobs(server, url, given)
    print(json.dumps(found) if given.json else json.dumps(found, indent=1))


def _claims(url: str, given: argparse.Namespace) -> dict[str, Any]:
    database = open_database(url)
    print(f"making {given.cases} cases …", file=sys.stderr)
    backlog.fill(database, given.cases)
    database.close()
    alone = _run("alone", url, given.seconds, 1)
    many = _run("paced", url, given.seconds, PROCESSES)
    flat = _run("flat", url, given.seconds, PROCESSES)
    median = statistics.median(ms for _, ms in alone)
    times = sorted(ms for _, ms in many)
    got = Counter(case for case, _ in (*alone, *many, *flat))
    return {
        "alone_median_ms": round(median, 2),
        "paced_claims": len(times),
        "paced_median_ms": round(statistics.median(times), 2),
        "paced_p99_ms": round(times[int(len(times) * 0.99)], 2),
        "p99_to_alone": round(times[int(len(times) * 0.99)] / median, 2),
        "limit": LIMIT,
        "twice": sum(n > 1 for case, n in got.items() if case.startswith("r")),
        "work_twice": sum(n > 1 for case, n in got.items() if case.startswith("M")),
        "flat_out_per_second": round(len(flat) / given.seconds, 1),
    }


def _jobs(server: Cluster, url: str, given: argparse.Namespace) -> dict[str, Any]:
    rates = {"ours": len(_run("jobs", url, given.seconds, PROCESSES)) / given.seconds}
    for name in (each for each in PREPARE if find_spec(each)):
        other = server.url(server.database(migrated=False)).replace("+psycopg", "")
        asyncio.run(PREPARE[name](other, given.cases))
        _run(name, other, given.seconds, PROCESSES)
        with psycopg.connect(other) as asked:
            done = asked.execute(FINISHED[name].format(jobs=given.cases)).fetchone()
        rates[name] = (done[0] if done else 0) / given.seconds
    found: dict[str, Any] = {f"{name}_per_second": round(rate, 1) for name, rate in rates.items()}
    for name, limit in (("procrastinate", TO_PROCRASTINATE), ("pgqueuer", TO_PGQUEUER)):
        if name not in rates:
            found[name] = "not installed: pip install -e '.[bench]'"
            continue
        found[f"to_{name}"] = round(rates["ours"] / max(rates[name], 0.1), 2)
        found[f"limit_to_{name}"] = limit
    return found


def _run(what: str, url: str, seconds: float, processes: int) -> list[tuple[str, float]]:
    """(case, milliseconds) of everything that was taken, from so many processes that begin together."""
    words = [sys.executable, "-m", "tests.bench.claims", "--child", what, "--url", url, "--seconds", str(seconds)]
    started = [
        subprocess.Popen([*words, "--number", str(n)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        for n in range(processes)
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n", what
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    found: list[tuple[str, float]] = []
    for one in started:
        found += json.loads(one.communicate()[0])
    print(f"{what}: {len(found)}", file=sys.stderr)
    return found


# ── in a child ───────────────────────────────────────────────────────────────


def _child(what: str, url: str, seconds: float, number: int) -> None:
    asyncio.run(_told(what, url, seconds, number))


async def _told(what: str, url: str, seconds: float, number: int) -> None:
    print(json.dumps(await CHILDREN[what](url, seconds, number)), flush=True)
    os._exit(0)  # what is measured is over; how long each one takes to stop is not our matter


def _begin() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


async def _alone(url: str, seconds: float, _number: int) -> list[tuple[str, float]]:
    queue = LocalQueue(url, HonestJudge())
    await queue.claim("warm")
    _begin()
    found = await _agent(queue, "alone", time.monotonic() + seconds, 0.05)
    await queue.close()
    return found


async def _many(url: str, seconds: float, number: int, pace: float) -> list[tuple[str, float]]:
    judge = HonestJudge()
    queues, works = [LocalQueue(url, judge) for _ in range(AGENTS)], [LocalWork(url, judge) for _ in range(WORKERS)]
    await asyncio.gather(*(queue.claim(f"warm{number}{n}") for n, queue in enumerate(queues)))
    for work in works:  # a door's first questions of each kind are ten times as slow as all that follow
        work.case(work.offer(1)[0])
    _begin()
    until = time.monotonic() + seconds
    agents = [_agent(queue, f"a{number}{n}", until, AGENT_PACE * pace) for n, queue in enumerate(queues)]
    workers = [asyncio.to_thread(_worker, work, until, WORKER_PACE * pace) for work in works]
    found = [row for rows in await asyncio.gather(*agents, *workers) for row in rows]
    await asyncio.gather(*(queue.close() for queue in queues))
    return found


async def _agent(queue: LocalQueue, name: str, until: float, pace: float) -> list[tuple[str, float]]:
    found = []
    while time.monotonic() < until:
        if pace:
            await asyncio.sleep(random.expovariate(1 / pace))
        began = time.perf_counter()
        lease = await queue.claim(name)
        assert lease is not None
        found.append((lease.review_id, (time.perf_counter() - began) * 1e3))
    return found


def _worker(work: LocalWork, until: float, pace: float) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    mine: set[str] = set()
    while time.monotonic() < until:
        if pace:
            time.sleep(random.expovariate(1 / pace))
        began = time.perf_counter()
        for work_id in work.offer(1):
            if work_id not in mine:
                work.case(work_id)
                mine.add(work_id)
                found.append((work_id, (time.perf_counter() - began) * 1e3))
    work.close()
    return found


async def _finished(url: str, seconds: float, _number: int) -> list[tuple[str, float]]:
    """Workers that take a message and file where the workflow left it, as the engine's last step does."""
    works = [LocalWork(url, HonestJudge()) for _ in range(AGENTS + WORKERS)]
    _begin()
    until = time.monotonic() + seconds

    def run(work: LocalWork) -> list[tuple[str, float]]:
        found = []
        while time.monotonic() < until:
            for work_id in work.offer(8):
                case = work.case(work_id)
                item = backlog.proposal(int(work_id[1:])).model_copy(
                    update={"request_id": work_id, "ticket": case.ticket, "customer_reply": None}
                )
                work.finish(
                    work_id, Ending(how="close", proposal=item, gate=backlog.GATE, customer=case.ticket.customer)
                )
                found.append((work_id, 0.0))
        work.close()
        return found

    return [row for rows in await asyncio.gather(*(asyncio.to_thread(run, work) for work in works)) for row in rows]


async def _procrastinate(url: str, seconds: float, number: int) -> list[tuple[str, float]]:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, max_size=10))
    done: list[tuple[str, float]] = []

    @app.task(name="nothing")
    async def nothing(n: int) -> None:
        done.append((str(n), 0.0))

    await app.open_async()
    _begin()
    running = app.run_worker_async(concurrency=AGENTS + WORKERS, install_signal_handlers=False, name=f"w{number}")
    await asyncio.wait({asyncio.create_task(running)}, timeout=seconds)
    return list(done)


async def _pgqueuer(url: str, seconds: float, _number: int) -> list[tuple[str, float]]:
    import psycopg
    from pgqueuer import PgQueuer, PsycopgDriver

    done: list[tuple[str, float]] = []
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    queuer = PgQueuer(PsycopgDriver(connection))

    @queuer.entrypoint("nothing")
    async def nothing(job: Any) -> None:
        done.append((str(job.id), 0.0))

    _begin()
    await asyncio.wait({asyncio.create_task(queuer.run(batch_size=10))}, timeout=seconds)
    return list(done)


async def _prepare_procrastinate(url: str, jobs: int) -> None:
    import procrastinate
    import psycopg

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as admin:
        await admin.execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, args) "
            f"SELECT 'nothing', 'default', jsonb_build_object('n', i) FROM generate_series(1, {jobs}) i"
        )
        await admin.execute("VACUUM ANALYZE")


async def _prepare_pgqueuer(url: str, jobs: int) -> None:
    import psycopg
    from pgqueuer import PsycopgDriver
    from pgqueuer.queries import Queries

    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        queries = Queries(PsycopgDriver(connection))
        await queries.install()
        for first in range(0, jobs, 10_000):
            many = min(10_000, jobs - first)
            await queries.enqueue(["nothing"] * many, [None] * many, [0] * many)
        await connection.execute("VACUUM ANALYZE")


FINISHED = {
    "procrastinate": "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'",
    "pgqueuer": "SELECT {jobs} - count(*) FROM pgqueuer",
}
"""By what their own tables say: a job that ran is not yet one that is recorded as done."""
PREPARE = {"procrastinate": _prepare_procrastinate, "pgqueuer": _prepare_pgqueuer}
CHILDREN = {
    "alone": _alone,
    "paced": lambda url, seconds, number: _many(url, seconds, number, 1.0),
    "flat": lambda url, seconds, number: _many(url, seconds, number, 0.0),
    "jobs": _finished,
    "procrastinate": _procrastinate,
    "pgqueuer": _pgqueuer,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="20,000 cases, 5 seconds")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--postgres-only", action="store_true")
    parser.add_argument("--json", action="store_true")
    for name in ("--child", "--url"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.short:
        given.cases, given.seconds = 20_000, 5.0
    return given


if __name__ == "__main__":
    main()
