"""Kills workers, deciders and desks with kill -9 at random points: `python -m tests.campaigns.kill [--long]`.

Two workers handle tickets and carry out what is approved by a decider process, by an agent at a desk by words and by one at
the real desk in a terminal, who also takes back and leaves edits half written; all kinds are killed again and again, while
they start, think, write, take back or send. Cancellations go to a peer that honours keys, e-mail changes to one that knows
none and cannot be asked; both die before, during and after requests. Afterwards everything is run to its end and compared:
the store, the shop's records, the outbox, what the peers saw, and what was acknowledged. However the campaign itself ends,
what it started ends with it. The last line is one of JSON:

- kills (desk_kills and screen_kills among them), tickets, decisions, desk_decisions, screen_decisions, actions, replies: how
  many; all must be above zero, or nothing was proved. peer_died: what else happened, and how often.
- undos_cut, edits_cut: kills of the real desk while it took back, and under a half-written edit; undone, edits_kept: what
  the screen said was taken back, and edits that a killed desk had kept. Above zero in a run of 48 kills or more.
- decisions_lost: decisions and undos that were acknowledged, by the decider or on a screen, and are not there. Limit 0.
- undone_ran: actions of a decision that was taken back. Limit 0.
- edits_lost, edits_readable: half-written edits that a killed desk did not keep, or not for its owner alone. Limit 0.
- tickets_lost, ended_twice: messages without an ending, or with two. Limit 0.
- keyed_wrong: approved actions at the keyed peer, in the shop or the outbox that did not happen exactly once where the
  store says done, or happened where it says failed, or happened more than once. Limit 0.
- unkeyed_twice: actions that the peer without keys ran more than once. Limit 0.
- unkeyed_unsaid: actions that it ran and that are shown neither as done nor as unknown. Limit 0.
- unknown: how many ended so, before a person. journal: whether it verifies.

`--break fresh` takes every carrying out for the first one; `--break keys` makes a new key for each request: the run must
fail.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from subprocess import Popen
from typing import Any

from config.load import DEFAULTS
from store.verifying import verify
from tests.campaigns.agent import Agent
from tests.campaigns.decider import DECIDE, HELD_UP
from tests.campaigns.effects import compared
from tests.campaigns.interrupted import WITH_ITS_PARENT, unwinding
from tests.campaigns.seat import AIMS, WHO, Seat
from tests.workflow.peer import Peer
from tests.workflow.shopfloor import RUN, WORDS, Shopfloor

CI, SHORT, LONG = 20, 200, 2_000
TICKETS = 5
"""New tickets for each kill."""
AIM_SECONDS = 10.0
"""How long a kill waits for a request to the peer without keys to be under way: the moment that can do most harm."""
DESK_SECONDS = 120.0
"""How long an agent is given to do what the kill is meant to meet; the campaign fails when nothing comes of it."""
REST_SECONDS = 300.0
"""How long everything is given to run to its end."""
ENOUGH = 48
"""From so many kills on, each thing that an agent does must have been met by one."""
HAPPENED = (
    *("kills", "desk_kills", "screen_kills", "tickets", "decisions", "desk_decisions", "screen_decisions"),
    *("actions", "replies"),
)
IN_A_LONG_RUN = ("undos_cut", "edits_cut", "undone", "edits_kept")
LIMITS = (
    *("decisions_lost", "undone_ran", "edits_lost", "edits_readable", "tickets_lost", "ended_twice"),
    *("keyed_wrong", "unkeyed_twice", "unkeyed_unsaid"),
)
UNDO = "undo_seconds     = 2.5"
"""Time enough to take back, and nothing that waits longer than it must."""
ANSWERED = frozenset({"send", "ask", "review", "hold", "close", "outdated"})
MOODS = ("ok",) * 4 + ("slow",) * 4 + ("dies_before", "dies_during", "dies_after", "busy")
CONNECTORS = {"cancel_order": "keyed", "change_email": "unkeyed"}
WAITING = "SELECT count(*) FROM reviews WHERE state = 'open'"
UNDONE_RAN = """
SELECT 1 FROM executions e JOIN decisions d ON d.id = e.decision_id
WHERE d.state = 'undone' AND (e.state != 'void' OR e.attempt > 0)
"""

BREAKS = {
    "fresh": """
from app.workflow import carry_out as broken
honest = broken._performed
def _performed(execution, incarnation, out):
    out.tried.clear()
    return honest(execution.model_copy(update={"attempt": 1}), out.incarnation, out)
broken._performed = _performed
""",
    "keys": """
import uuid
from app.connectors.http import HttpConnector
from app.connectors.port import Result
honest = HttpConnector.perform
def perform(self, execution):
    action = execution.action.model_copy(update={"idempotency_key": uuid.uuid4().hex})
    return honest(self, execution.model_copy(update={"action": action}))
HttpConnector.perform = perform
HttpConnector.outcome = lambda self, execution: Result(state="missing")
""",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every limit holds."""
    options = _options(arguments)
    kills = options.kills or (LONG if options.long else CI if options.ci else SHORT)
    with unwinding(), tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), options.seed, BREAKS.get(options.break_ or "", ""))
        try:
            found = campaign.run(kills)
        finally:
            campaign.end()
    print(json.dumps(found))
    return 0 if holds(found) else 1


def holds(found: dict[str, Any], happened: Sequence[str] = HAPPENED) -> bool:
    """Whether every limit holds, over a run in which all of these happened."""
    met = IN_A_LONG_RUN if found.get("screen_kills") and found["kills"] >= ENOUGH else ()
    something = all(found[name] > 0 for name in (*happened, *met))
    return something and bool(found["journal"]) and all(found[name] == 0 for name in LIMITS)


class Campaign:
    """One shop floor, its two peers, two workers and a decider."""

    def __init__(self, folder: Path, seed: int, prelude: str, database: str | None = None, seen: str = "") -> None:
        """On a file, or on a PostgreSQL database that the workers and the decider reach as `seen`."""
        self.dice = random.Random(seed)
        self._ends = ExitStack()
        models = folder / "no-models"
        models.mkdir()
        self.floor = Shopfloor(folder / "home", models, database)
        self.floor.seen_by_workers = seen or self.floor.where.queue
        self.floor.words = (*WORDS, *WORDS[1:2], *WORDS[-1:] * 4)  # more of what the peers carry out
        self.filed = 0
        self.told = folder / "told"
        self.told.touch()
        self.moods = Counter[str]()
        self.keyed, self.unkeyed = Peer(), Peer(keyed=False, tells=False)
        self.code = WITH_ITS_PARENT + prelude + RUN
        try:
            self._begin(seed, at_a_screen=database is None)
        except BaseException:
            self.end()
            raise

    def _begin(self, seed: int, *, at_a_screen: bool) -> None:
        for peer in (self.keyed, self.unkeyed):
            peer.mood = self._mood
            self._ends.callback(peer.close)
        self._rules()
        self._ends.callback(self.floor.end)
        self.workers = [self.floor.start(self.code) for _ in range(2)]
        self.decider = self.floor.start(DECIDE, str(self.told))
        self.agent = Agent(self.floor.where.home, self.floor.log)
        self._ends.callback(self.agent.end)
        self.seat: Seat | None = None
        if at_a_screen:
            self.seat = Seat(self.floor.where.home, self._nobody_knows, self._is_decided, seed)
            self._ends.callback(self.seat.end)

    def run(self, kills: int) -> dict[str, Any]:
        begun = time.perf_counter()
        for number in range(kills):
            self._file()
            self._kill_one(number)
            if (number + 1) % 5 == 0:
                rate = (time.perf_counter() - begun) / (number + 1)
                print(f"{number + 1}/{kills} kills, {rate:.1f} s each", file=sys.stderr)
        self.floor.wait_until(self._at_rest, REST_SECONDS)
        return {
            "kills": kills,
            "desk_kills": self.agent.kills,
            "screen_kills": self.seat.kills if self.seat else 0,
            **self._audit(),
            "seconds": round(time.perf_counter() - begun, 1),
        }

    def end(self) -> None:
        """Everything that was started, whatever state it is in; one that will not end keeps no other from it."""
        self._ends.close()

    def _file(self) -> None:
        self.floor.file(TICKETS, start=self.filed)
        self.filed += TICKETS

    def _kill_one(self, number: int) -> None:
        """In turn both workers in the middle of a request, one at any moment, both desks, and the decider."""
        turn = number % 8
        aimed = turn in (0, 3, 4, 6)
        if not aimed:
            self._some_work_done()
            time.sleep(self.dice.random() * 0.3)
        if turn == 1 and self.seat:
            self._kill_at_the_screen(self.seat)
            return
        if turn == 2:
            assert not self.agent.died(), f"the desk died by itself: {self.floor.log.read_text()[-2000:]}"
            with self._decider_held_up():
                self._until_more(self.agent.told.total, "the agent by words decides")
                time.sleep(self.dice.random() * 0.3)
            self.agent.kill()
            return
        if turn == 5:
            self.floor.kill(self.decider)
            self.decider = self.floor.start(DECIDE, str(self.told))
            return
        if aimed:
            until = time.monotonic() + AIM_SECONDS
            while not self.unkeyed.open and time.monotonic() < until:
                time.sleep(0.005)
            victims, self.workers = self.workers, []
        else:
            victims = [self.workers.pop(self.dice.randrange(len(self.workers)))]
        for victim in victims:
            self._died(victim)
            self.workers.append(self.floor.start(self.code))

    def _some_work_done(self) -> None:
        """Since the last kill: or all of them would hit workers that only start."""
        before, until = self._worked(), time.monotonic() + AIM_SECONDS
        while self._worked() == before and not self.floor.idle() and time.monotonic() < until:
            time.sleep(0.02)

    def _kill_at_the_screen(self, seat: Seat) -> None:
        """In turn while it takes back, under an edit that stands half written (long, or just begun), after a decision."""
        aim, rest = AIMS[seat.kills % len(AIMS)]
        with self._decider_held_up():
            seat.aim = aim
            self._until_more(lambda: seat.met[aim], f"the agent at the screen comes to {aim}", seat.looks_well)
            time.sleep(rest(self.dice.random()))
            seat.kill()

    @contextmanager
    def _decider_held_up(self) -> Iterator[None]:
        """It is quicker than people and would leave them nothing. It waits by itself, since a stopped process may hold a
        lock that all others want."""
        held_up = Path(f"{self.told}{HELD_UP}")
        held_up.touch()
        try:
            yield
        finally:
            held_up.unlink()

    def _until_more(self, count: Callable[[], int], what: str, well: Callable[[], None] = lambda: None) -> None:
        before, until = count(), time.monotonic() + DESK_SECONDS
        while count() == before:
            well()
            assert time.monotonic() < until, (
                f"{what}: not within {DESK_SECONDS} s. {self.floor.log.read_text()[-2000:]}"
            )
            if self.floor.idle() and self.floor.ask(WAITING) == [(0,)]:
                self._file()
            time.sleep(0.02)

    def _mood(self) -> str:
        mood = self.dice.choice(MOODS)
        self.moods[mood] += 1
        return mood

    def _nobody_knows(self, ticket: str) -> bool:
        """Of an action of this ticket how it ended."""
        return bool(
            self.floor.ask(f"SELECT 1 FROM executions WHERE ticket_id = '{ticket}' AND state = 'unknown' LIMIT 1")
        )

    def _is_decided(self, ticket: str) -> bool:
        """Or no longer open for another reason: an edit of it may go."""
        found = self.floor.ask(f"SELECT count(*) FROM reviews WHERE ticket_id = '{ticket}' AND state = 'open'")
        return found == [(0,)]

    def _worked(self) -> int:
        found = self.floor.ask("SELECT count(*) FROM journal WHERE kind LIKE 'proposal.%' OR kind = 'execution.done'")
        return int(str(found[0][0]))

    def _died(self, child: Popen[bytes]) -> None:
        assert child.poll() is None, f"it died by itself: {self.floor.log.read_text()[-2000:]}"
        self.floor.kill(child)

    def _at_rest(self) -> bool:
        """Nothing to handle, to carry out or to decide; for one whole second."""
        for _ in range(5):
            if not self.floor.idle() or self.floor.ask(WAITING) != [(0,)]:
                return False
            time.sleep(0.2)
        return True

    def _rules(self) -> None:
        """The default rules, but for who carries out what, and a lease that lapses soon."""
        rules = self.floor.where.rules_folder
        text = (rules / "review.toml").read_text()
        text = text.replace("lease_seconds    = 120.0", "lease_seconds    = 3.0").replace(
            "undo_seconds     = 0.0", UNDO
        )
        assert UNDO in text
        (rules / "review.toml").write_text(text)
        text = (DEFAULTS / "actions.toml").read_text()
        for kind, name in CONNECTORS.items():
            text = text.replace(f"[action.{kind}]\n", f'[action.{kind}]\nconnector = "{name}"\n', 1)
        for name, peer in (("keyed", self.keyed), ("unkeyed", self.unkeyed)):
            entry = peer.entry()
            text += f'\n[connector.{name}]\nkind = "http"\nurl = "{entry.url}"\nprivate = true\ntimeout_seconds = 5.0\n'
            text += 'body = { reference = "{key}", kind = "{kind}" }\n'
            if entry.key_header:
                text += f'key_header = "{entry.key_header}"\noutcome_url = "{entry.outcome_url}"\n'
        (rules / "actions.toml").write_text(text)

    # ── what became of it ────────────────────────────────────────────────────

    def _audit(self) -> dict[str, Any]:
        ask = self.floor.ask
        endings = Counter(
            json.loads(str(data))["work"]
            for kind, data in ask("SELECT kind, data FROM journal WHERE kind LIKE 'proposal.%'")
            if str(kind).removeprefix("proposal.") in ANSWERED
        )
        filed = {str(row[0]) for row in ask("SELECT id FROM messages WHERE direction = 'inbound'")}
        decided = {str(row[0]) for row in ask("SELECT id FROM decisions")}
        at_desk = self._by_ticket("bo")
        told = set(self.told.read_text().split())
        ran = ask("SELECT kind, state FROM executions")
        return {
            "tickets": len(filed),
            "decisions": len(told),
            "desk_decisions": self.agent.told.total(),
            **self._at_the_screen(),
            "peer_died": {mood: self.moods[mood] for mood in MOODS if mood.startswith("dies")},
            "actions": sum(kind != "send_reply" and state == "done" for kind, state in ran),
            "replies": sum(kind == "send_reply" and state == "done" for kind, state in ran),
            "unknown": sum(state == "unknown" for _, state in ran),
            "peer_requests": self.keyed.requests + self.unkeyed.requests,
            "decisions_lost": len(told - decided) + (self.agent.told - at_desk).total() + self._lost_at_the_screen(),
            "undone_ran": len(ask(UNDONE_RAN)),
            "tickets_lost": len(filed - set(endings)),
            "ended_twice": sum(count > 1 for count in endings.values()),
            **asdict(compared(self.floor, self.keyed, self.unkeyed)),
            "journal": verify(self.floor.where.queue).ok,
        }

    def _at_the_screen(self) -> dict[str, int]:
        seat = self.seat
        return {
            "screen_decisions": seat.decided.total() if seat else 0,
            "undone": seat.undone.total() if seat else 0,
            "undos_cut": seat.undos_cut if seat else 0,
            "edits_cut": seat.edits_cut if seat else 0,
            "edits_kept": seat.edits_kept if seat else 0,
            "edits_lost": seat.edits_lost if seat else 0,
            "edits_readable": seat.readable if seat else 0,
        }

    def _lost_at_the_screen(self) -> int:
        if self.seat is None:
            return 0
        made, undone = self._by_ticket(WHO), self._by_ticket(WHO, " AND d.state = 'undone'")
        return (self.seat.decided - made).total() + (self.seat.undone - undone).total()

    def _by_ticket(self, actor: str, more: str = "") -> Counter[str]:
        made = "SELECT ticket_id FROM decisions d JOIN reviews r ON r.id = d.review_id"
        return Counter(str(row[0]) for row in self.floor.ask(f"{made} WHERE d.actor = '{actor}'{more}"))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.kill", description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", help="not needed; the sample shop's own tickets are used")
    parser.add_argument("--long", action="store_true", help=f"{LONG} kills instead of {SHORT}")
    parser.add_argument("--ci", action="store_true", help=f"{CI} kills: what fits beside the other tests")
    parser.add_argument("--kills", type=int, help="another number of kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="break_", choices=sorted(BREAKS), help="positive control: the run must fail")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
