"""Kills workers, deciders and desks with kill -9 at random points: `python -m tests.campaigns.kill [--long]`.

Two workers handle tickets and carry out what is approved by a decider process, by an agent at a desk by words and by one at
the real desk in a terminal, who also takes back and leaves edits half written; all kinds are killed again and again, while
they start, think, write or send. Cancellations go to a peer that honours keys, e-mail changes to one that knows none and
cannot be asked; both die before, during and after requests. Afterwards everything is run to its end and compared: the store,
the shop's records, the outbox, what the peers saw, and what was acknowledged. The last line is one of JSON:

- kills (desk_kills and screen_kills among them), tickets, decisions, desk_decisions, screen_decisions, actions, replies: how
  many; all must be above zero, or nothing was proved. undone, edits_kept, peer_died: what else happened, and how often.
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
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any

from config.load import DEFAULTS
from store.contract import Action
from store.driver import driver
from store.journal import verify
from tests.campaigns.agent import Agent
from tests.campaigns.seat import WHO, Seat
from tests.workflow.peer import Peer
from tests.workflow.shopfloor import RUN, WORDS, Shopfloor

sqlite3 = driver()
CI, SHORT, LONG = 20, 200, 2_000
TICKETS = 5
"""New tickets for each kill."""
AIM_SECONDS = 10.0
"""How long a kill waits for a request to the peer without keys to be under way: the moment that can do most harm."""
DESK_SECONDS = 40.0
"""How long a desk is given to decide something before it is killed."""
HAPPENED = (
    *("kills", "desk_kills", "screen_kills", "tickets", "decisions", "desk_decisions", "screen_decisions"),
    *("actions", "replies"),
)
LIMITS = (
    *("decisions_lost", "undone_ran", "edits_lost", "edits_readable", "tickets_lost", "ended_twice"),
    *("keyed_wrong", "unkeyed_twice", "unkeyed_unsaid"),
)
UNDO = "undo_seconds     = 1.5"
"""Time enough to take back, and nothing that waits longer than it must."""
ANSWERED = frozenset({"send", "ask", "review", "hold", "close", "outdated"})
MOODS = ("ok",) * 4 + ("slow",) * 4 + ("dies_before", "dies_during", "dies_after", "busy")
CONNECTORS = {"cancel_order": "keyed", "change_email": "unkeyed"}
UNDONE_RAN = """
SELECT 1 FROM executions e JOIN decisions d ON d.id = e.decision_id
WHERE d.state = 'undone' AND (e.state != 'void' OR e.attempt > 0)
"""

DECIDE = """
import asyncio, sys, uuid
from pathlib import Path
from config.load import load
from config.settings import settings
from app.workflow.judge import RulesJudge
from store.contract import Approve, Reject, REPLY
from store.live import View
from store.local import LocalQueue
from store.queue import QueueError
from tests.workflow.shopfloor import decision

async def main():
    where = settings(home=Path(sys.argv[1]))
    queue = LocalQueue(where.queue, RulesJudge(load(where.rules)))
    told = open(sys.argv[2], "a", buffering=1)
    while True:
        try:
            lease = await queue.claim("ann", view=View(state="open"))
            review = lease and await queue.review(lease.review_id)
        except QueueError:
            lease = None
        if lease is None:
            await asyncio.sleep(0.1)
            continue
        # Its own id each time: one that was acknowledged and lost is not covered up by deciding the case again.
        made = decision(review).model_copy(update={"id": uuid.uuid4().hex})
        if review.proposal.failure is not None:  # what became unknown is looked up by hand, never approved again
            no = tuple(Reject(action_id=each, code="other", message="by hand") for each in review.proposal.to_decide())
            made = made.model_copy(update={"verdicts": no})
        if not made.verdicts:
            from datetime import timedelta
            from store.contract import Snooze, now
            made = made.model_copy(update={"verdicts": (), "instead": Snooze(until=now() + timedelta(days=30))})
        try:
            await queue.decide(made, lease)
        except QueueError:
            continue
        told.write(made.id + "\\n")
        await asyncio.sleep(0.2)  # the agent at the desk wants some too

asyncio.run(main())
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
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), options.seed, BREAKS.get(options.break_ or "", ""))
        try:
            found = campaign.run(kills)
        finally:
            campaign.end()
    print(json.dumps(found))
    return 0 if holds(found) else 1


def holds(found: dict[str, Any], happened: Sequence[str] = HAPPENED) -> bool:
    """Whether every limit holds, over a run in which all of these happened."""
    something = all(found[name] > 0 for name in happened)
    return something and bool(found["journal"]) and all(found[name] == 0 for name in LIMITS)


class Campaign:
    """One shop floor, its two peers, two workers and a decider."""

    def __init__(self, folder: Path, seed: int, prelude: str, database: str | None = None, seen: str = "") -> None:
        """On a file, or on a PostgreSQL database that the workers and the decider reach as `seen`."""
        self.dice = random.Random(seed)
        models = folder / "no-models"
        models.mkdir()
        self.floor = Shopfloor(folder / "home", models, database)
        self.floor.seen_by_workers = seen or self.floor.where.queue
        self.floor.words = (*WORDS, *WORDS[1:2], *WORDS[-1:] * 4)  # more of what the peers carry out
        self.told = folder / "told"
        self.told.touch()
        self.moods = Counter[str]()
        self.keyed, self.unkeyed = Peer(), Peer(keyed=False, tells=False)
        for peer in (self.keyed, self.unkeyed):
            peer.mood = self._mood
        self._rules()
        self.code = prelude + RUN
        self.workers = [self.floor.start(self.code) for _ in range(2)]
        self.decider = self.floor.start(DECIDE, str(self.told))
        self.agent = Agent(self.floor.where.home, self.floor.log)
        self.seat = Seat(self.floor.where.home, self._nobody_knows, seed) if database is None else None

    def run(self, kills: int) -> dict[str, Any]:
        begun = time.perf_counter()
        for number in range(kills):
            self.floor.file(TICKETS, start=number * TICKETS)
            self._kill_one(number)
            if (number + 1) % 5 == 0:
                rate = (time.perf_counter() - begun) / (number + 1)
                print(f"{number + 1}/{kills} kills, {rate:.1f} s each", file=sys.stderr)
        self.floor.wait_until(self._at_rest, 180)
        return {
            "kills": kills,
            "desk_kills": self.agent.kills,
            "screen_kills": self.seat.kills if self.seat else 0,
            **self._audit(),
            "seconds": round(time.perf_counter() - begun, 1),
        }

    def end(self) -> None:
        self.agent.end()
        if self.seat:
            self.seat.end()
        self.floor.end()
        self.keyed.close()
        self.unkeyed.close()

    def _kill_one(self, number: int) -> None:
        """In turn both workers in the middle of a request, one at any moment, both desks, and the decider."""
        turn = number % 8
        aimed = turn in (0, 3, 4, 6)
        if not aimed:
            self._some_work_done()
            time.sleep(self.dice.random() * 0.3)
        if turn == 1 and self.seat:
            self._held_up(lambda seat=self.seat: seat.acts)
            self.seat.kill()
            return
        if turn == 2:
            assert not self.agent.died(), f"the desk died by itself: {self.floor.log.read_text()[-2000:]}"
            self._held_up(self.agent.told.total)
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

    def _held_up(self, done: Callable[[], int]) -> None:
        """Until an agent has done something since the last kill: the decider, which is quicker, is held up meanwhile."""
        before, until = done(), time.monotonic() + DESK_SECONDS
        self.decider.send_signal(signal.SIGSTOP)
        while done() == before and time.monotonic() < until:
            time.sleep(0.02)
        self.decider.send_signal(signal.SIGCONT)
        time.sleep(self.dice.random() * 0.3)

    def _mood(self) -> str:
        mood = self.dice.choice(MOODS)
        self.moods[mood] += 1
        return mood

    def _nobody_knows(self, ticket: str) -> bool:
        """Of an action of this ticket how it ended."""
        return bool(
            self.floor.ask(f"SELECT 1 FROM executions WHERE ticket_id = '{ticket}' AND state = 'unknown' LIMIT 1")
        )

    def _worked(self) -> int:
        found = self.floor.ask("SELECT count(*) FROM journal WHERE kind LIKE 'proposal.%' OR kind = 'execution.done'")
        return int(str(found[0][0]))

    def _died(self, child: Popen[bytes]) -> None:
        assert child.poll() is None, f"it died by itself: {self.floor.log.read_text()[-2000:]}"
        self.floor.kill(child)

    def _at_rest(self) -> bool:
        """Nothing to handle, to carry out or to decide; for one whole second."""
        waiting = "SELECT count(*) FROM reviews WHERE state = 'open'"
        for _ in range(5):
            if not self.floor.idle() or self.floor.ask(waiting) != [(0,)]:
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
        ran = ask("SELECT kind, state, action FROM executions")
        unsaid, unkeyed_twice, keyed_wrong = self._compare([(str(k), str(s), str(a)) for k, s, a in ran])
        return {
            "tickets": len(filed),
            "decisions": len(told),
            "desk_decisions": self.agent.told.total(),
            **self._at_the_screen(),
            "peer_died": {mood: self.moods[mood] for mood in MOODS if mood.startswith("dies")},
            "actions": sum(kind != "send_reply" and state == "done" for kind, state, _ in ran),
            "replies": sum(kind == "send_reply" and state == "done" for kind, state, _ in ran),
            "unknown": sum(state == "unknown" for _, state, _ in ran),
            "peer_requests": self.keyed.requests + self.unkeyed.requests,
            "decisions_lost": len(told - decided) + (self.agent.told - at_desk).total() + self._lost_at_the_screen(),
            "undone_ran": len(ask(UNDONE_RAN)),
            "tickets_lost": len(filed - set(endings)),
            "ended_twice": sum(count > 1 for count in endings.values()),
            "keyed_wrong": keyed_wrong,
            "unkeyed_twice": unkeyed_twice,
            "unkeyed_unsaid": unsaid,
            "journal": verify(self.floor.where.queue).ok,
        }

    def _at_the_screen(self) -> dict[str, int]:
        seat = self.seat
        return {
            "screen_decisions": seat.decided.total() if seat else 0,
            "undone": seat.undone.total() if seat else 0,
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

    def _compare(self, executions: list[tuple[str, str, str]]) -> tuple[int, int, int]:
        """unkeyed_unsaid, unkeyed_twice, keyed_wrong."""
        states: dict[str, list[str]] = {}
        kinds: dict[str, str] = {}
        for kind, state, action in executions:
            key = Action.model_validate_json(action).idempotency_key
            states.setdefault(key, []).append(state)
            kinds[key] = kind
        with sqlite3.connect(self.floor.where.shop) as shop:
            applied = Counter(str(row[0]) for row in shop.execute("SELECT key FROM applied"))
        mails = len(list(self.floor.where.outbox.glob("*.eml")))
        unsaid = twice = wrong = 0
        for key, kind in kinds.items():
            done, unknown = "done" in states[key], "unknown" in states[key]
            if kind == "change_email":
                happened = self.unkeyed.ran[key]
                twice += happened > 1
                unsaid += bool(happened and not (done or unknown))
                wrong += bool(done and not happened)
            elif kind == "cancel_order":
                happened = self.keyed.ran[key]
                wrong += happened > 1 or (bool(happened) is not done and not unknown)
            elif kind != "send_reply":
                wrong += applied[key] != int(done)
        strange = (set(self.keyed.ran) | set(self.unkeyed.ran) | set(applied)) - set(kinds)
        replies = sum(state == "done" for kind, state, _ in executions if kind == "send_reply")
        return unsaid, twice, wrong + len(strange) + abs(mails - replies)


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
