"""Drives the queue through anything, in any order: `python -m tests.campaigns.machine [DATA_FOLDER] [--long]`.

A Hypothesis state machine over the real queue and the workers' door on one file, with a clock that it moves itself: tickets
and newer messages, endings of the workflow, claims, lost and repeated claims, decisions (again, contradicting, with an old
screen, with an old claim, edited, in twos), undo, snooze, hand over, retry, expiry, switches, dispatch and every end of it.
After every step the invariants of SAFETY §3 are read from the tables, not from the code under test:

- the fence only grows; a decision is taken only with the live claim of who decides, on what is shown
- each decided review has exactly one decision; each acknowledged decision is there
- nothing waits to run for an older customer message, after an undo, or under a switch that is off
- what is dispatched was let go by as many different people as its gate asks, none of them the filer
- no ticket is without a next step: work, a person, something that runs, or an end; counts agree with the rows
- an action runs a second time under the same key only when a person let it go again; never under another key while
  nobody knows how the first time ended
- the journal verifies

`violations` must be 0. DATA_FOLDER is not needed. `--break fence|overtake|keys|undo|switch|counts` takes one rule out of the
product: the run must fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text

from config.rules import Windows
from store import claims, contract, deciding, filing, keying, running
from store.contract import (
    Approve,
    Decision,
    Edit,
    HandOver,
    Lease,
    Reject,
    Respond,
    Retry,
    Review,
    Snooze,
    Verdict,
)
from store.engine import open_database
from store.live import Switch, View
from store.local import LocalQueue
from store.local_work import LocalWork
from store.queue import QueueError
from store.verifying import check
from store.work import Refused
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

CI, SHORT, LONG, STEPS = 12, 1_000, 25_000, 50
PEOPLE = ("ana", "bo", "cy")
AMOUNTS = (2_000, 12_000, 60_000)
SWITCHES = (("route", "messy"), ("action", "refund"), ("model", "strong"))

people, amounts = st.sampled_from(PEOPLE), st.sampled_from(AMOUNTS)
picks = st.integers(0, 10**6)
count = {"examples": 0, "steps": 0, "decided": 0, "dispatched": 0, "refused": 0}


class Clock:
    """What the store takes for now. It runs, and jumps when it is told to."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(contract.UTC) + self.ahead


clock = Clock()


class Machine(RuleBasedStateMachine):
    """One queue, three people, two workers."""

    template: Path

    @initialize()
    def begin(self) -> None:
        clock.ahead = timedelta()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        path = self.folder / "queue.sqlite"
        shutil.copy(self.template, path)
        self.judge = HonestJudge(Windows(undo_seconds=10.0, lease_seconds=60.0, spot_check_share=0.0))
        self.runner = asyncio.Runner()
        self.queue = LocalQueue(path, self.judge)
        self.queue._looked = float("inf")  # time passes only when the machine says so
        self.work = LocalWork(path, self.judge)
        self.reader = open_database(path, check=False)
        self.numbers = 0
        self.leases: list[Lease] = []
        self.screens: list[Review] = []
        self.sent: list[tuple[Decision, Lease]] = []
        self.acknowledged: set[str] = set()
        self.undone: set[str] = set()
        self.fences: dict[str, int] = {}
        self.ran: dict[str, str] = {}
        count["examples"] += 1

    def teardown(self) -> None:
        if not hasattr(self, "reader"):
            return
        with self.reader.reading() as session:
            found = check(session)
        self.runner.run(self.queue.close())
        self.work.close()
        self.reader.close()
        self.runner.close()
        shutil.rmtree(self.folder)
        assert found.ok, f"the journal does not verify: {found.problem}"

    # ── what comes in ────────────────────────────────────────────────────────

    @rule(pick=picks)
    def a_customer_writes(self, pick: int) -> None:
        self.numbers += 1
        thread = f"t{pick % 8}"
        self.ask(self.queue.submit(shop.message(f"m{self.numbers}", thread, f"text {self.numbers}")))

    @rule(minor=amounts, more=st.booleans(), how=st.sampled_from(("review", "send", "ask", "close", "hold")))
    def the_workflow_ends(self, minor: int, more: bool, how: str) -> None:
        self.end(minor, more, how)

    def end(self, minor: int, more: bool, how: str) -> None:
        for work_id in self.work.inbox(1):
            actions = [shop.refund(minor), *([shop.refund(2_000, "a2", "W2")] if more else [])]
            case = self.work.case(work_id)
            item = shop.proposal(case, *actions, request_id=work_id)
            gate = self.judge.gate(item, self.work.refunded_today("C1"))
            stops = how == "send" and gate.reasons
            ending = shop.Ending(how="review" if stops else how, proposal=item, gate=gate, customer=shop.MIA)
            self.do(partial(self.work.finish, work_id, ending))

    @rule(pick=picks, minor=amounts, way=st.sampled_from(("hold", "reject", "hand_over")))
    def somebody_outside_files(self, pick: int, minor: int, way: str) -> None:
        self.numbers += 1
        ticket = contract.Ticket(id=f"t{pick % 8}")
        try:
            newest = self.runner.run(self.queue.history(ticket.id)).messages[-1].id
        except (QueueError, IndexError):
            newest = None
        item = shop.proposal(
            ticket,
            shop.refund(minor),
            request_id=f"x{self.numbers}",
            watermark=contract.Watermark(last_customer_message_id=newest, ticket_version=1),
            source=contract.Source(system="bo"),
            expires_at=clock.now() + timedelta(minutes=5),
            on_expiry=way,
        )
        self.ask(self.queue.submit(item))

    # ── people ───────────────────────────────────────────────────────────────

    @rule(who=people, pick=picks, chosen=st.booleans())
    def someone_claims(self, who: str, pick: int, chosen: bool) -> None:
        rows = self.runner.run(self.queue.page(View(state="all"))).rows
        review_id = rows[pick % len(rows)].review_id if rows and chosen else None
        lease = self.ask(self.queue.claim(who, review_id))
        if lease is not None:
            self.leases.append(lease)
            self.screens.append(self.runner.run(self.queue.review(lease.review_id)))

    @precondition(lambda self: self.leases)
    @rule(pick=picks, renew=st.booleans())
    def someone_renews_or_releases(self, pick: int, renew: bool) -> None:
        lease = self.leases[pick % len(self.leases)]
        longer = self.ask(self.queue.renew(lease) if renew else self.queue.release(lease))
        if renew and longer is not None:
            self.leases.append(longer)
            self.screens.append(self.runner.run(self.queue.review(lease.review_id)))

    @precondition(lambda self: self.leases)
    @rule(pick=picks, newest=st.booleans(), how=st.sampled_from(("approve", "approve", "edit", "reject", "respond")))
    def someone_decides(self, pick: int, newest: bool, how: str) -> None:
        """With the newest claim, or with any claim and screen there ever was."""
        at = len(self.leases) - 1 if newest else pick % len(self.leases)
        lease, shown = self.leases[at], self.screens[at]
        self.numbers += 1
        self.decide(shop.decision(shown, lease.actor, *verdicts(shown, how, pick), number=f"d{self.numbers}"), lease)

    @rule(who=people, pick=picks, minor=amounts, more=st.booleans(), how=st.sampled_from(("approve", "edit", "reject")))
    def a_case_comes_and_is_decided(self, who: str, pick: int, minor: int, more: bool, how: str) -> None:
        """What happens most of the time, so that what follows a decision is met often."""
        self.a_customer_writes(pick)
        self.end(minor, more, "review")
        self.someone_claims(who, pick, chosen=False)
        if self.leases:
            self.someone_decides(pick, newest=True, how=how)

    @rule(who=people, pick=picks, minor=amounts)
    def nobody_learns_how_it_ended_and_it_is_proposed_anew(self, who: str, pick: int, minor: int) -> None:
        self.a_case_comes_and_is_decided(who, pick, minor, more=False, how="approve")
        self.a_worker_carries_out("w1", waits=True, end="unknown")
        self.a_case_comes_and_is_decided(who, pick, minor, more=False, how="approve")

    @precondition(lambda self: self.leases)
    @rule(pick=picks, way=st.sampled_from(("snooze", "hand over", "retry")), who=people)
    def someone_puts_it_aside(self, pick: int, way: str, who: str) -> None:
        lease, shown = self.leases[-1], self.screens[-1]
        instead = {
            "snooze": Snooze(until=clock.now() + timedelta(minutes=pick % 60 + 1)),
            "hand over": HandOver(to=who),
            "retry": Retry(details="look again"),
        }[way]
        self.numbers += 1
        self.decide(shop.decision(shown, lease.actor, number=f"d{self.numbers}", instead=instead), lease)

    @precondition(lambda self: self.sent)
    @rule(pick=picks, contradict=st.booleans())
    def a_decision_is_sent_again(self, pick: int, contradict: bool) -> None:
        decision, lease = self.sent[pick % len(self.sent)]
        if contradict and decision.verdicts:
            no = tuple(Reject(action_id=one.action_id, code="wrong") for one in decision.verdicts)
            decision = decision.model_copy(update={"verdicts": no})
        before = self.figures()
        self.ask(self.queue.decide(decision, lease))
        assert self.figures() == before or decision.id not in self.acknowledged, (
            "a decision sent again changed something"
        )

    @precondition(lambda self: self.acknowledged)
    @rule(pick=picks, who=people)
    def someone_undoes(self, pick: int, who: str) -> None:
        chosen = sorted(self.acknowledged)[pick % len(self.acknowledged)]
        if self.do(lambda: self.runner.run(self.queue.undo(chosen, who))):
            self.undone.add(chosen)

    @rule(pick=picks, on=st.booleans(), waiting=st.sampled_from(("hold", "review", "route:routine")))
    def someone_throws_a_switch(self, pick: int, on: bool, waiting: str) -> None:
        kind, name = SWITCHES[pick % len(SWITCHES)]
        switch = Switch(kind=kind, name=name, on=on, who="ola", why="trying", waiting=waiting)  # type: ignore[arg-type]
        self.ask(self.queue.throw(switch))

    # ── time and workers ─────────────────────────────────────────────────────

    @rule(seconds=st.sampled_from((1, 11, 61, 301, 4_000, 86_400, -5, -3_600)))
    def the_clock_jumps(self, seconds: int) -> None:
        clock.ahead += timedelta(seconds=seconds)
        self.do(self.work.tick)

    @rule(
        worker=st.sampled_from(("w1", "w2")),
        waits=st.sampled_from((True, True, False)),
        end=st.sampled_from(("done", "done", "failed", "unknown", None)),
    )
    def a_worker_carries_out(self, worker: str, waits: bool, end: str | None) -> None:
        clock.ahead += timedelta(seconds=11 if waits else 0)
        self.work.beat(worker, "here", 1)
        for one in self.work.due(2):
            self.dispatch(one, worker)
            if end is not None:
                self.do(partial(self.work.settle, one, end))

    @rule(pick=picks, end=st.sampled_from(("done", "failed", "unknown")))
    def something_is_settled_late(self, pick: int, end: str) -> None:
        ids = self.rows("SELECT id FROM executions ORDER BY id")
        if ids:
            self.do(lambda: self.work.settle(ids[pick % len(ids)][0], end))

    @rule(pick=picks)
    def something_is_dispatched_by_id(self, pick: int) -> None:
        ids = self.rows("SELECT id FROM executions ORDER BY id")
        if ids:
            self.dispatch(ids[pick % len(ids)][0], "w2")

    @rule(looser=st.booleans())
    def the_rules_change(self, looser: bool) -> None:
        self.numbers += 1
        self.judge.rules_version = f"rules-{self.numbers}"
        self.judge.limits = self.judge.limits | {"two": 90_000 if looser else 10_000}

    # ── what must hold ───────────────────────────────────────────────────────

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "reader"):
            return
        count["steps"] += 1
        for claim, sql in NEVER.items():
            found = self.rows(sql)
            assert not found, f"{claim}: {found[:3]}"
        for review_id, fence in self.rows("SELECT id, fence FROM reviews"):
            assert fence >= self.fences.get(review_id, 0), f"the fence of {review_id} went back"
            self.fences[review_id] = fence
        kept = {row[0] for row in self.rows("SELECT id FROM decisions")}
        assert self.acknowledged <= kept, "an acknowledged decision is not there"

    def decide(self, decision: Decision, lease: Lease) -> None:
        """Sends it, and checks what made it acceptable when it was accepted."""
        before = self.rows(
            "SELECT state, fence, claimed_by, claimed_until, fingerprint FROM reviews WHERE id = :r", r=lease.review_id
        )
        at = clock.now()
        self.sent.append((decision, lease))
        outcome = self.ask(self.queue.decide(decision, lease))
        if outcome is None:
            return
        state, fence, by, until, fingerprint = before[0]
        assert state in ("open", "snoozed"), f"decided what was {state}"
        assert (by, fence) == (lease.actor, lease.fence), "decided with a claim that was lost"
        assert until >= (at - contract.datetime(1970, 1, 1, tzinfo=contract.UTC)) / timedelta(microseconds=1), "ran out"
        assert fingerprint == decision.fingerprint, "decided on what was not shown"
        self.acknowledged.add(decision.id)
        count["decided"] += 1

    def dispatch(self, execution_id: str, worker: str) -> None:
        try:
            execution = self.work.dispatch(execution_id, worker)
        except Refused:
            count["refused"] += 1
            return
        count["dispatched"] += 1
        off = self.rows('SELECT kind, name FROM switches WHERE "on" = 0')
        if execution.attempt == 1:
            touched = {("action", execution.action.kind), ("route", "messy"), ("model", "strong")}
            assert not touched & set(off), f"dispatched under {off}"
            assert execution.decision_id not in self.undone, "dispatched after an undo"
            self.let_go(execution.review_id, execution.decision_id)
            key = execution.action.idempotency_key
            assert key not in self.ran or execution.decision_id, f"{key} ran again by itself"
            self.ran[key] = execution.id

    def let_go(self, review_id: str | None, decision_id: str | None) -> None:
        if review_id is None:
            return
        sql = (
            "SELECT DISTINCT actor FROM approvals a "
            "JOIN reviews r ON r.id = a.review_id AND r.fingerprint = a.fingerprint WHERE r.id = :r"
        )
        people = {row[0] for row in self.rows(sql, r=review_id)}
        gate = json.loads(self.rows("SELECT gate FROM reviews WHERE id = :r", r=review_id)[0][0])
        assert len(people) >= (2 if gate["needs"] == "two" else 1), f"let go by {people} only"
        assert decision_id in self.acknowledged, "let go by a decision that nobody was told of"

    # ── help ─────────────────────────────────────────────────────────────────

    def ask(self, awaitable: Any) -> Any:
        """The answer, or None where the queue refuses. Anything but a refusal is a defect."""
        try:
            return self.runner.run(awaitable)
        except QueueError:
            count["refused"] += 1
            return None

    def do(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except (QueueError, Refused):
            count["refused"] += 1
            return False
        return True

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.reader.reading() as session:
            return [tuple(row) for row in session.execute(text(sql), values)]

    def figures(self) -> list[Any]:
        return self.rows("SELECT (SELECT max(seq) FROM journal), (SELECT count(*) FROM decisions)")


NEVER = {
    "waits to run for an older message": "SELECT e.id FROM executions e JOIN tickets t ON t.id = e.ticket_id "
    "WHERE e.state = 'queued' AND e.message_id IS NOT t.newest_message_id",
    "an open review of an older message": "SELECT r.id FROM reviews r JOIN tickets t ON t.id = r.ticket_id "
    "JOIN proposals p ON p.request_id = r.request_id WHERE r.state IN ('open', 'snoozed', 'held') "
    "AND p.body ->> '$.watermark.last_customer_message_id' IS NOT t.newest_message_id",
    "waits to run though its decision does not stand": "SELECT e.id FROM executions e JOIN decisions d "
    "ON d.id = e.decision_id WHERE e.state IN ('queued') AND d.state != 'standing'",
    "decided other than once": "SELECT r.id FROM reviews r WHERE r.state = 'decided' AND 1 != "
    "(SELECT count(*) FROM decisions d WHERE d.review_id = r.id AND d.state IN ('standing', 'void') "
    "AND d.body ->> '$.instead' IS NULL AND NOT (d.outcome ->> '$.waits_for_second'))",
    "two executions live under one key": "SELECT idempotency_key FROM executions "
    "WHERE state IN ('queued', 'running', 'done') GROUP BY 1 HAVING count(*) > 1",
    "the same deed under another key while nobody knows how the first ended": "SELECT a.id, b.id FROM executions a "
    "JOIN executions b ON a.ticket_id = b.ticket_id AND a.rowid < b.rowid AND a.batch != b.batch AND a.kind = b.kind "
    "WHERE a.kind != 'send_reply' AND a.attempt > 0 AND a.state IN ('running', 'unknown') AND b.state != 'void' "
    "AND a.action ->> '$.args' = b.action ->> '$.args' AND a.idempotency_key != b.idempotency_key",
    "a ticket without a next step": "SELECT t.id, t.state FROM tickets t "
    "WHERE t.state IN ('new', 'working', 'in_review', 'held') "
    "AND NOT EXISTS (SELECT 1 FROM work w WHERE w.ticket_id = t.id AND w.state IN ('waiting', 'taken')) "
    "AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.ticket_id = t.id AND r.state IN ('open', 'snoozed', 'held')) "
    "AND NOT EXISTS (SELECT 1 FROM executions e WHERE e.ticket_id = t.id AND e.state IN ('queued', 'running'))",
    "a closed ticket that waits for somebody": "SELECT t.id, t.state FROM tickets t "
    "JOIN reviews r ON r.ticket_id = t.id AND r.state IN ('open', 'snoozed', 'held') "
    "WHERE t.state NOT IN ('in_review', 'held', 'working', 'new')",
    "counts that are not the rows'": "SELECT state, reason, route, coalesce(assignee, ''), risk, count(*) FROM reviews "
    "GROUP BY 1, 2, 3, 4, 5 EXCEPT SELECT * FROM review_counts",
    "a count of nothing": "SELECT sum(count) - (SELECT count(*) FROM reviews) AS off FROM review_counts "
    "HAVING off != 0",
    "unknown ones miscounted": "SELECT 1 WHERE (SELECT coalesce(sum(count), 0) FROM tallies "
    "WHERE name = 'executions:unknown') != (SELECT count(*) FROM executions WHERE state = 'unknown')",
}


def verdicts(shown: Review, how: str, pick: int) -> tuple[Verdict, ...]:
    """One verdict for each id: all approved but one, which is edited, rejected or answered."""
    ids = shown.proposal.to_decide()
    given: list[Verdict] = [Approve(action_id=one) for one in ids]
    at = pick % len(ids) if ids else 0
    if how == "approve" or not ids:
        return tuple(given)
    one = ids[at]
    if how == "reject":
        given[at] = Reject(action_id=one, code="wrong")
    elif how == "respond":
        given[at] = Respond(action_id=one, message="Please write again.")
    elif one == contract.REPLY:
        given[at] = Edit(action_id=one, args={"text": f"Edited {pick}."})
    else:
        args = shown.proposal.actions[at].args | {"minor": AMOUNTS[pick % 3]}
        given[at] = Edit(action_id=one, args=args)
    return tuple(given)


def _whoever(session: Any, review_id: str) -> Any:
    return session.execute(select(*claims._HELD).where(claims._reviews.c.id == review_id)).first()


BREAKS: dict[str, tuple[Any, str, Any]] = {
    "fence": (claims, "held", lambda session, lease: _whoever(session, lease.review_id)),
    "overtake": (filing, "_overtake", lambda session, ticket_id, message_id: None),
    "keys": (keying, "_open_when_proposed", lambda session, ticket, proposal: {}),
    "undo": (deciding.carrying, "void", lambda *a, **k: None),
    "switch": (running, "_not_yet", lambda session, row: None),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no invariant broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="not needed")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--ci", action="store_true", help=f"{CI} times {STEPS} steps: what fits beside the other tests")
    parser.add_argument("--examples", type=int)
    parser.add_argument("--break", dest="break_", choices=(*BREAKS, "counts"))
    given = parser.parse_args(arguments)
    for name in count:
        count[name] = 0
    began, problem = time.monotonic(), ""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Machine.template = template(Path(folder), given.break_)
        for module in [one for name, one in sys.modules.items() if name.startswith("store.") and hasattr(one, "now")]:
            stack.enter_context(mock.patch.object(module, "now", clock.now))
        if given.break_ in BREAKS:
            stack.enter_context(mock.patch.object(*BREAKS[given.break_]))
        try:
            run_state_machine_as_test(Machine, settings=steps(given.examples or _wanted(given)))
        except Exception as error:  # whatever the store raises that is no refusal is a defect too
            problem = f"{type(error).__name__}: {error}"[:500]
            if given.break_ is None:
                import traceback

                traceback.print_exc()
    found = {"violations": int(bool(problem)), "problem": problem, "break": given.break_} | count
    print(json.dumps(found | {"seconds": round(time.monotonic() - began, 1)}))
    return int(bool(problem))


def _wanted(given: argparse.Namespace) -> int:
    return LONG if given.long else CI if given.ci else SHORT


def steps(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def template(folder: Path, broken: str | None) -> Path:
    """An empty queue, made once: every example begins with a copy of it."""
    path = folder / "template.sqlite"
    database = open_database(path)
    with database.engine.begin() as connection:
        if broken == "counts":
            connection.execute(text("DROP TRIGGER reviews_count_moved"))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


if __name__ == "__main__":
    sys.exit(main())
