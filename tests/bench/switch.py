"""Throws the switch over HTTP while eight workers carry out, again and again: nothing may be dispatched after a second.

python -m tests.bench.switch [--short] [--trials 200] [--break blind]

Eight worker processes on a real PostgreSQL, two of them over a line of their own, send cancellations to a peer from a
backlog that never runs dry. In each trial the kind is switched off by the real server; just before, in turn, some are
stopped (SIGSTOP), the line of two is cut in silence, or both; they go on before or after the second is over. The last line
is JSON; it ends with 1 when a limit is broken.

- dispatched_late: executions begun more than a second after the switch, by the journal's times. Limit 0.
- sent_late: requests that reached the peer more than a second after the answer to whoever threw it. Limit 0.
- idle: trials before whose switch nothing was being dispatched: they prove nothing. At most a tenth.
- slowest_ms: the last request a peer got after an answer.

`--break blind`: workers that do not read switches. The run must fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from app.workflow.judge import RulesJudge
from config.load import DEFAULTS
from store import carrying
from store.contract import Action, Proposal, Route, Ticket, Watermark, now
from store.engine import open_database
from store.live import Switch
from store.postgres import Postgres
from store.remote import RemoteQueue
from store.tables import MessageRow, TicketRow
from tests.bench.server import Server, served
from tests.cut import Wire
from tests.postgres import cluster
from tests.workflow.peer import Peer
from tests.workflow.shopfloor import RUN, Shopfloor

KIND = "cancel_order"
WORKERS, ON_A_LINE = 8, 2
BACKLOG = 48
AFTER_SECONDS, WATCHED_SECONDS = 1.0, 2.2
BLIND = """
from store import switching
from store.local_work import LocalWork
switching.off_columns = lambda *_: []
switching.holding = lambda *_: None
LocalWork.switches = lambda self: ()
"""
_STATES = "SELECT state, count(*) FROM executions GROUP BY state"
_BEGUN = "SELECT at FROM journal WHERE kind = 'execution.running' AND at > {at} ORDER BY at"


def main() -> int:
    given = _options()
    with (
        tempfile.TemporaryDirectory() as folder,
        cluster(safe=True, max_connections="500") as database,
        Wire(database.port) as wire,
    ):
        name = database.database()
        floor = Floor(Path(folder), database.url(name), database.url(name, port=wire.port), wire, given.broken)
        try:
            with served(Path(folder) / "server", database.url(name)) as server:
                found = asyncio.run(trials(floor, server, given.trials, random.Random(given.seed)))
        finally:
            floor.end()
    print(json.dumps({"bench": "switch", "broken": given.broken or None} | found))
    return 0 if holds(found) else 1


def holds(found: dict[str, Any]) -> bool:
    late = found["dispatched_late"] + found["sent_late"]
    return bool(late == 0 and found["idle"] <= found["trials"] / 10 and found["stopped"] and found["cut_off"])


class Floor:
    """The workers, their peer, and a backlog for them."""

    def __init__(self, folder: Path, url: str, over_the_line: str, wire: Wire, broken: str) -> None:
        (models := folder / "no-models").mkdir()
        self.shop = Shopfloor(folder / "home", models, url)
        self.wire, self.peer = wire, Peer()
        self.sent: list[float] = []
        self.peer.mood = self._got
        entry = self.peer.entry()
        text = (DEFAULTS / "actions.toml").read_text()
        text = text.replace(f"[action.{KIND}]\n", f'[action.{KIND}]\nconnector = "peer"\n', 1)
        text += f'\n[connector.peer]\nkind = "http"\nurl = "{entry.url}"\nprivate = true\n'
        text += 'body = { reference = "{key}" }\n'
        text += f'key_header = "{entry.key_header}"\noutcome_url = "{entry.outcome_url}"\n'
        (self.shop.where.rules_folder / "actions.toml").write_text(text)
        database = open_database(url)
        assert isinstance(database, Postgres)
        self.database, self.number = database, 0
        from config.load import load

        self.judge = RulesJudge(load(self.shop.where.rules))
        code = (BLIND if broken else "") + RUN
        for number in range(WORKERS):
            self.shop.seen_by_workers = over_the_line if number < ON_A_LINE else url
            self.shop.start(code)
        self.shop.wait_until(lambda: self.shop.log.read_text().count("serves") == WORKERS, 120)

    def _got(self) -> str:
        self.sent.append(time.monotonic())
        return "ok"

    @property
    def workers(self) -> list[Popen[bytes]]:
        return self.shop.workers

    def fill(self) -> None:
        """So many approved cancellations wait again, each on a ticket of its own."""
        states = {str(state): int(str(n)) for state, n in self.shop.ask(_STATES)}
        for _ in range(max(0, BACKLOG - states.get("queued", 0)) // 8 + 1):
            self.database.write(lambda session: [self._one(session) for _ in range(8)])

    def _one(self, session: Any) -> None:
        self.number += 1
        name, at = f"T{self.number}", now()
        ticket = TicketRow(
            id=name, channel="email", thread=name, newest_message_id=f"M{name}", created_at=at, state="working"
        )
        message = MessageRow(id=f"M{name}", ticket_id=name, direction="inbound", at=at, author="Mia", text="Cancel it.")
        for row in (ticket, message):
            session.add(row)
            session.flush()
        action = Action(
            action_id="a1", kind=KIND, args={"order": f"W{self.number}"}, description=f"Cancel W{self.number}"
        )
        proposal = Proposal(
            request_id=f"P{name}",
            ticket=Ticket(id=name, subject="", created_at=at),
            watermark=Watermark(last_customer_message_id=f"M{name}", ticket_version=1),
            route=Route(name="messy", model="strong", prompt="draft", code="otherwise", reason="one intent"),
            actions=(action,),
        )
        from store import reviewing

        reviewing.keep(session, proposal, ticket, "send")
        carrying.enqueue(session, self.judge, ticket, carrying.Intent(batch=f"B{name}", proposal=proposal))

    def begun_after(self, at: float) -> list[float]:
        """Seconds of the journal's clock at which executions began after that moment."""
        return [int(str(one)) / 1e6 for (one,) in self.shop.ask(_BEGUN.format(at=int(at * 1e6)))]

    def end(self) -> None:
        self.shop.end()
        self.peer.close()
        self.database.close()


@dataclass
class Seen:
    trials: int = 0
    dispatched_late: int = 0
    sent_late: int = 0
    idle: int = 0
    stopped: int = 0
    cut_off: int = 0
    last_begun: list[float] = field(default_factory=list)
    last_sent: list[float] = field(default_factory=list)


async def trials(floor: Floor, server: Server, many: int, chance: random.Random) -> dict[str, Any]:
    oncall = await RemoteQueue.open(server.url, server.token("ola", "oncall"))
    seen, begun = Seen(), time.monotonic()
    for number in range(many):
        await asyncio.to_thread(floor.fill)
        await asyncio.sleep(chance.uniform(0.2, 0.6))
        await _trial(floor, oncall, seen, number, chance)
        if (number + 1) % 20 == 0:
            print(f"{number + 1}/{many} trials, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    await oncall.close()
    died = sum(one.poll() is not None for one in floor.workers)
    return {
        "trials": seen.trials,
        "workers": len(floor.workers),
        "dispatched_late": seen.dispatched_late,
        "sent_late": seen.sent_late,
        "idle": seen.idle,
        "stopped": seen.stopped,
        "cut_off": seen.cut_off,
        "workers_died": died,
        "requests": len(floor.sent),
        "slowest_begun_ms": round(1e3 * max(seen.last_begun, default=0.0), 1),
        "slowest_ms": round(1e3 * max(seen.last_sent, default=0.0), 1),
        "seconds": round(time.monotonic() - begun),
    }


async def _trial(floor: Floor, oncall: RemoteQueue, seen: Seen, number: int, chance: random.Random) -> None:
    stop, cut = number % 4 in (1, 3), number % 4 in (2, 3)
    victims = chance.sample(floor.workers[ON_A_LINE:], 3) if stop else []
    for one in victims:
        one.send_signal(signal.SIGSTOP)
    if cut:
        floor.wire.silence()
    seen.idle += not floor.begun_after(now().timestamp() - 1.0)
    thrown = await oncall.throw(Switch(kind="action", name=KIND, on=False, who="ola", why=f"trial {number}"))
    answered = time.monotonic()
    at = thrown.since.timestamp()
    await asyncio.sleep(chance.uniform(0.3, 1.5))
    for one in victims:
        one.send_signal(signal.SIGCONT)
    if cut:
        await asyncio.to_thread(floor.wire.mend)
    await asyncio.sleep(max(0.0, answered + WATCHED_SECONDS - time.monotonic()))
    begun = await asyncio.to_thread(floor.begun_after, at)
    sent = [one - answered for one in floor.sent if one > answered]
    seen.dispatched_late += sum(one - at > AFTER_SECONDS for one in begun)
    seen.sent_late += sum(one > AFTER_SECONDS for one in sent)
    seen.last_begun += [one - at for one in begun[-1:]]
    seen.last_sent += sent[-1:]
    seen.trials, seen.stopped, seen.cut_off = seen.trials + 1, seen.stopped + stop, seen.cut_off + cut
    await oncall.throw(Switch(kind="action", name=KIND, on=True, who="ola", why="trial over"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="8 trials")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="broken", choices=("blind",), default="")
    given = parser.parse_args()
    if given.short:
        given.trials = 8
    return given


if __name__ == "__main__":
    sys.exit(main())
