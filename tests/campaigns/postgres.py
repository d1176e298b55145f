"""Kills PostgreSQL and cuts its wire during claims, decisions and dispatch: `python -m tests.campaigns.postgres [--long]`.

Two workers, a decider and a follower reach a real PostgreSQL over a wire of their own. Its server is killed with kill -9,
the wire is reset, goes silent, or is cut in the middle of a message, most of it at the moment a decision was acknowledged.
Afterwards everything is run to its end and compared as in `tests.campaigns.kill`; beyond its limits:

- server_kills, cuts: how many; both above zero, or nothing was proved.
- events_missed, events_repeated: what the follower did not get of the journal, or got twice or out of order. Limit 0.
- events_taken_back: numbers under which it was told something else than the journal now says. Limit 0.

`--break ack` acknowledges before the database has it; `--break follow` goes on at the end after a cut; `--break keys` makes
a new key for each request: the run must fail.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.campaigns import kill
from tests.campaigns.decider import DECIDE
from tests.campaigns.interrupted import unwinding
from tests.campaigns.kill import TICKETS
from tests.cut import Wire
from tests.postgres import Cluster, cluster

SHORT, LONG = 3, 50
"""Kills of the server; between two of them the wire is cut in each of three ways."""

FOLLOW = """
import asyncio, sys
from pathlib import Path
from config.load import load
from config.settings import settings
from app.workflow.judge import RulesJudge
from store.local import LocalQueue
from store.queue import QueueError

async def main():
    where = settings(home=Path(sys.argv[1]))
    judge, told, seq = RulesJudge(load(where.rules)), open(sys.argv[2], "a", buffering=1), 0
    while True:
        try:
            queue = LocalQueue(where.queue, judge)
            async for event in queue.follow(resumed(seq)):
                seq = event.seq
                told.write(f"{event.seq} {event.kind} {event.subject}\\n")
        except QueueError:
            await asyncio.sleep(0.2)

def resumed(seq):
    return seq

{broken}
asyncio.run(main())
"""

DECIDED = "            await queue.decide(made, lease)\n"
EARLY = DECIDE.replace(
    DECIDED, f'            told.write(made.id + "\\n")\n            await asyncio.sleep(0.02)\n{DECIDED}'
)
"""A desk that says yes before the database did: what kill -9 leaves of PostgreSQL's own promise cannot be broken from here,
since any other connection's commit writes out what came before it."""

BREAKS = {
    "ack": "",
    "follow": "",
    "keys": kill.BREAKS["keys"],
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every limit holds."""
    options = _options(arguments)
    kills = options.kills or (LONG if options.long else SHORT)
    with (
        unwinding(),
        tempfile.TemporaryDirectory() as folder,
        cluster(safe=True, wal_writer_delay="2s") as server,
        Wire(server.port) as wire,
    ):
        campaign = Campaign(Path(folder), options, server, wire)
        try:
            found = campaign.run(kills)
        finally:
            campaign.end()
    print(json.dumps(found))
    return 0 if holds(found) else 1


WORKED = tuple(name for name in kill.HAPPENED if not name.startswith(("desk_", "screen_")))
"""What must have happened here: desks are killed in a campaign of their own."""


def holds(found: dict[str, Any]) -> bool:
    """Whether every limit holds, over a run in which something happened."""
    limits = ("events_missed", "events_repeated", "events_taken_back")
    happened = found["server_kills"] > 0 and found["cuts"] > 0 and found["events"] > 0
    return kill.holds(found, WORKED) and happened and all(found[name] == 0 for name in limits)


class Campaign(kill.Campaign):
    """The shop floor of the other campaign on a database, with a follower, and other things that die."""

    def __init__(self, folder: Path, options: argparse.Namespace, server: Cluster, wire: Wire) -> None:
        self.server, self.wire = server, wire
        name = server.database()
        prelude = BREAKS.get(options.break_ or "", "")
        super().__init__(folder, options.seed, prelude, server.url(name), server.url(name, port=wire.port))
        if options.break_ == "ack":
            self.floor.kill(self.decider)
            self.decider = self.floor.start(EARLY, str(self.told))
        self.heard = folder / "heard"
        self.heard.touch()
        broken = "def resumed(seq): return None if seq else 0" if options.break_ == "follow" else ""
        self.follower = self.floor.start(FOLLOW.replace("{broken}", broken), str(self.heard))
        self.server_kills = 0

    def run(self, kills: int) -> dict[str, Any]:
        begun, faults = time.perf_counter(), kills * 4
        for number in range(faults):
            self.floor.file(TICKETS, start=number * TICKETS)
            self._strike(number)
            assert all(one.poll() is None for one in (*self.workers, self.decider, self.follower)), self._log()
            if (number + 1) % 8 == 0:
                print(f"{number + 1}/{faults} faults, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        self.floor.wait_until(self._at_rest, 240)
        self.floor.wait_until(self._heard_all, 20)
        found = self._audit() | self._heard()
        counted = {"kills": faults, "server_kills": self.server_kills, "cuts": self.wire.cuts}
        return counted | found | {"seconds": round(time.perf_counter() - begun, 1)}

    def _strike(self, number: int) -> None:
        self._some_work_done()
        self._just_decided()
        if number % 4 == 0:
            self.server.kill()
            self.server_kills += 1
            time.sleep(self.dice.random())
            self.server.start()
        elif number % 4 == 1:
            self.wire.cut(stay=True)
            time.sleep(self.dice.random() * 2)
            self.wire.mend()
        elif number % 4 == 2:
            self.wire.silence()
            time.sleep(self.dice.random() * 7)
            self.wire.mend()
        else:
            self.wire.cut_after(self.dice.randrange(1, 20_000))

    def _just_decided(self) -> None:
        """Waits for the next acknowledgement, so that the blow falls right behind it."""
        size, until = self.told.stat().st_size, time.monotonic() + 4.0
        while self.told.stat().st_size == size and time.monotonic() < until:
            time.sleep(0.001)

    def _heard_all(self) -> bool:
        lines = self.heard.read_text().splitlines()
        return bool(lines) and int(lines[-1].split()[0]) >= self.floor.events()

    def _heard(self) -> dict[str, int]:
        kept = {int(str(n)): f"{kind} {subject}" for n, kind, subject in self.floor.ask(_JOURNAL)}
        told = [(int(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in self.heard.read_text().splitlines()]
        numbers = [n for n, _ in told]
        return {
            "events": len(kept),
            "events_missed": len(set(kept) - set(numbers)),
            "events_repeated": sum(b <= a for a, b in itertools.pairwise(numbers)),
            "events_taken_back": sum(kept.get(n) != what for n, what in told),
        }

    def _log(self) -> str:
        return self.floor.log.read_text()[-3000:]


_JOURNAL = "SELECT seq, kind, subject FROM journal ORDER BY seq"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.postgres", description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help=f"{LONG} kills of the server instead of {SHORT}")
    parser.add_argument("--kills", type=int, help="another number of kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="break_", choices=sorted(BREAKS), help="positive control: the run must fail")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
