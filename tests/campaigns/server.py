"""Kills the server and cuts its lines while people claim, decide and follow. Nothing acknowledged may be lost, nothing done
twice, no event missed, and what was said not to be sent must not be there.

    python -m tests.campaigns.server                 a short run
    python -m tests.campaigns.server --long          200 kills and 200 cuts
    python -m tests.campaigns.server --break answers a line that answers decisions by itself: must fail
    python -m tests.campaigns.server --break events  a line that swallows one event in fifty: must fail
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import func, select

from store.contract import Lease, Proposal, Route, Source, Ticket, Watermark
from store.engine import open_database
from store.live import View
from store.local import LocalQueue
from store.local_work import LocalWork
from store.people import People
from store.queue import Conflict, LeaseLost, QueueError, Taken, Unavailable
from store.remote import RemoteQueue
from store.tables import DecisionRow, ExecutionRow, table
from store.verifying import verify
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge
from tests.server.cutting import Cutting

AGENTS = ("ana", "bo", "cy")
START_SECONDS = 60.0
CARRY_SECONDS = 120.0
"""How long what was approved may take until the peer was asked for it."""


@dataclass
class Told:
    """What the agents were told, by decision id, and what the followers saw."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    not_done: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    seen: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Server:
    """The real command in a process of its own, killed and started again on the same port."""

    database: Path
    port: int
    process: asyncio.subprocess.Process | None = None
    kills: int = 0

    async def start(self) -> None:
        words = (
            "serve",
            "--home",
            str(self.database.parent),
            "--database",
            str(self.database),
            "--port",
            str(self.port),
        )
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.cli", *words, stderr=asyncio.subprocess.DEVNULL
        )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            if self.process.returncode is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode} instead of starting")
            await asyncio.sleep(0.1)
        raise TimeoutError("the server did not start")

    async def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        self.kills += 1

    async def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 30)


class Liar(Cutting):
    """A broken line: it answers one decision in four by itself, or swallows some events."""

    def __init__(self, port: int, lie: str) -> None:
        super().__init__(port)
        self._lie = lie
        self._n = 0

    def up(self, some: bytes, writer: asyncio.StreamWriter) -> bytes:
        if self._lie != "answers" or b"POST /v1/decisions HTTP" not in some:
            return some
        self._n += 1
        if self._n % 4 or b'"decision":' not in some:
            return some
        sent = json.loads(some.split(b"\r\n\r\n", 1)[1])["decision"]
        body = json.dumps({"decision_id": sent["id"], "review_id": sent["review_id"], "effect": "reply"}).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        return b""

    def down(self, some: bytes) -> bytes:
        if self._lie != "events" or b"event: entry" not in some:
            return some
        self._n += 1
        whole = some.endswith(b"\n\n\r\n") and b"\r\nid: " in some[:16]  # chunks of their own, all of them
        return b"8\r\n: beat\n\n\r\n" if self._n % 50 == 0 and whole else some


def outside(n: int) -> Proposal:
    return Proposal(
        request_id=f"p{n}",
        source=Source(system="acme"),
        ticket=Ticket(id=f"t{n}", channel="api", subject=f"Refund {n}"),
        watermark=Watermark(last_customer_message_id=f"m{n}", ticket_version=1),
        route=Route(name="acme", model="theirs", code="external", reason="filed from outside"),
        actions=(shop.refund(10_000 + n, order=f"W{n}"),),
        customer_reply="We refund it.",
    )


async def campaign(folder: Path, cases: int, faults: int, lie: str, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    judge = HonestJudge()
    database = folder / "queue.sqlite"
    local = LocalQueue(database, judge)
    people = People(open_database(database))
    tokens = {name: people.enrol(people.add(name, "lead", by="test"))[0] for name in AGENTS}
    for n in range(cases):
        await local.submit(outside(n))
    server = Server(database, _free_port())
    await server.start()
    told = Told()
    lines = {name: Liar(server.port, lie) if lie else Cutting(server.port) for name in AGENTS}
    async with contextlib.AsyncExitStack() as stack:
        for line in lines.values():
            await stack.enter_async_context(line)
        queues = {name: RemoteQueue(f"http://127.0.0.1:{line.port}", tokens[name]) for name, line in lines.items()}
        start = await local.head()
        followers = [asyncio.create_task(_follow(name, queue, start, told)) for name, queue in queues.items()]
        agents = [asyncio.create_task(_agent(name, queue, told)) for name, queue in queues.items()]
        carrier = asyncio.create_task(asyncio.to_thread(_carry_out, database, judge, stop := _Stop()))
        cuts = await _faults(server, lines, agents, faults, chance)
        await asyncio.wait(agents, timeout=120)
        late = sum(not one.done() for one in agents)
        head = await local.head()
        await _until(lambda: all(seen and seen[-1] >= head for seen in told.seen.values()), 20)
        for task in (*agents, *followers):
            task.cancel()
        await asyncio.gather(*agents, *followers, return_exceptions=True)
        for queue in queues.values():
            await queue.close()
        stop.when_done = True
        effects = await carrier
    code = await server.stop()
    found = _judged(database, told, effects, start, head)
    await local.close()
    people.close()
    found |= {"cases": cases, "kills": server.kills, "cuts": cuts, "late_agents": late, "stop_code": code}
    return found


async def _faults(
    server: Server, lines: dict[str, Cutting], agents: list[asyncio.Task[None]], faults: int, chance: random.Random
) -> int:
    """Kills and cuts in turn, as many as wished or until all cases are decided."""
    cuts = 0
    for n in range(2 * faults):
        if all(agent.done() for agent in agents):
            break
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        if n % 2:
            await server.kill()
            await server.start()
        else:
            line = lines[chance.choice(AGENTS)]
            if chance.random() < 0.5:
                line.cut_next("decisions", answer=chance.random() < 0.5)
            else:
                line.cut_all()
            cuts += 1
    return cuts


async def _agent(name: str, queue: RemoteQueue, told: Told) -> None:
    """Takes the next case and approves it, until nothing waits. What was not sent it looks at again, as a person does."""
    number, again = 0, None
    while True:
        try:
            lease = await queue.claim(name, again)
            if lease is None:
                if not (await queue.counts(View())).get("all", 0):
                    return
                await asyncio.sleep(0.3)
                continue
            number, again = number + 1, lease.review_id
            await _decide(queue, lease, f"{name}-{number}", told)
            again = None
        except (Conflict, Taken, LeaseLost):
            again = None
        except Unavailable:
            await asyncio.sleep(0.1)


async def _decide(queue: RemoteQueue, lease: Lease, number: str, told: Told) -> None:
    review = await queue.review(lease.review_id)
    decision = shop.decision(review, lease.actor, number=number)
    try:
        await queue.decide(decision, lease)
        told.acknowledged[number] = review.id
    except Unavailable as error:
        (told.unknown if "not known" in str(error) else told.not_done).add(number)
        raise
    except QueueError:
        told.not_done.add(number)
        raise


async def _follow(name: str, queue: RemoteQueue, start: int, told: Told) -> None:
    seen = told.seen.setdefault(name, [start])
    while True:
        with contextlib.suppress(QueueError):
            async with aclosing(cast("Any", queue.follow(seen[-1]))) as events:
                async for event in events:
                    seen.append(event.seq)
        await asyncio.sleep(0.1)


@dataclass
class _Stop:
    """`when_done`: nothing new comes any more, so the carrier ends as soon as nothing is left to carry out."""

    when_done: bool = False


def _carry_out(database: Path, judge: HonestJudge, stop: _Stop) -> list[str]:
    """A worker with a peer that writes down what it was asked to do, until all of it is done."""
    work = LocalWork(database, judge)
    effects: list[str] = []
    until = None
    while until is None or (_left(database) and time.monotonic() < until):
        if stop.when_done and until is None:
            until = time.monotonic() + CARRY_SECONDS
        with contextlib.suppress(QueueError):
            work.beat("w1", "here", os.getpid())
            for one in work.due():
                effects.append(work.dispatch(one, "w1").action.idempotency_key)
                work.settle(one, "done")
        time.sleep(0.05)
    work.close()
    return effects


def _left(database: Path) -> int:
    """Executions that have not ended."""
    executions = table(ExecutionRow)
    with open_database(database).reading() as session:
        states = executions.c.state.in_(("queued", "running"))
        return int(session.execute(select(func.count()).where(states)).scalar_one())


def _judged(database: Path, told: Told, effects: list[str], start: int, head: int) -> dict[str, Any]:
    decisions = table(DecisionRow)
    with open_database(database).reading() as session:
        rows = session.execute(select(decisions.c.id, decisions.c.review_id, decisions.c.state)).all()
    there = {row.id: row.review_id for row in rows if row.state == "standing"}
    reviews = list(there.values())
    expected = list(range(start, head + 1))
    return {
        "acknowledged": len(told.acknowledged),
        "lost": sum(there.get(one) != review for one, review in told.acknowledged.items()),
        "decided_twice": len(reviews) - len(set(reviews)),
        "effects": len(effects),
        "effects_twice": len(effects) - len(set(effects)),
        "effects_left": _left(database),
        "effects_missing": 2 * len(set(reviews)) - len(set(effects)),
        "said_not_done_but_done": len(told.not_done & there.keys()),
        "not_known": len(told.unknown),
        "events": head - start,
        "events_missed_or_repeated": sum(
            [one for one in seen if one <= head] != expected for seen in told.seen.values()
        ),
        "journal_ok": verify(database).ok,
    }


async def _until(true: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not true():  # noqa: ASYNC110 - no event tells it
        await asyncio.sleep(0.1)


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


BAD = (
    "lost",
    "decided_twice",
    "effects_twice",
    "effects_left",
    "effects_missing",
    "said_not_done_but_done",
    "events_missed_or_repeated",
    "late_agents",
    "stop_code",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--break", dest="lie", choices=("answers", "events"), default="")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    cases, faults = (4000, 200) if given.long else (120, 4)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(campaign(Path(folder), cases, faults, given.lie, given.seed))
    print(json.dumps({"campaign": "server", "seed": given.seed, "broken": given.lie or None} | found))
    return int(any(found[name] for name in BAD) or not found["journal_ok"] or not found["acknowledged"])


if __name__ == "__main__":
    sys.exit(main())
