"""The queue in any order, as a Hypothesis state machine: what comes in, people, time and workers, and every end of it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from config.rules import Windows
from store import contract
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
from store.live import Switch, View
from store.local import LocalQueue
from store.local_work import LocalWork
from store.queue import QueueError
from store.verifying import check
from store.work import Refused
from tests.campaigns.invariants import Witness
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

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
    wanted = 0

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
        self.seen = Witness(path)
        self.numbers = 0
        self.leases: list[Lease] = []
        self.screens: list[Review] = []
        self.sent: list[tuple[Decision, Lease]] = []
        self.acknowledged: set[str] = set()
        self.undone: set[str] = set()
        self.ran: dict[str, str] = {}
        count["examples"] += 1
        if count["examples"] % 50 == 0:
            print(f"{count['examples']:,} of {self.wanted:,} examples, {count['steps']:,} steps", file=sys.stderr)

    def teardown(self) -> None:
        if not hasattr(self, "seen"):
            return
        with self.work._database.reading() as session:
            found = check(session)
        self.runner.run(self.queue.close())
        self.work.close()
        self.seen.close()
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
        before = self.seen.figures()
        self.ask(self.queue.decide(decision, lease))
        assert self.seen.figures() == before or decision.id not in self.acknowledged, (
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
        ids = self.seen.rows("SELECT id FROM executions ORDER BY id")
        if ids:
            self.do(lambda: self.work.settle(ids[pick % len(ids)][0], end))

    @rule(pick=picks)
    def something_is_dispatched_by_id(self, pick: int) -> None:
        ids = self.seen.rows("SELECT id FROM executions ORDER BY id")
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
        if not hasattr(self, "seen"):
            return
        count["steps"] += 1
        self.seen.must_hold(self.acknowledged)

    def decide(self, decision: Decision, lease: Lease) -> None:
        """Sends it, and checks what made it acceptable when it was accepted."""
        before = self.seen.rows(
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
        off = self.seen.rows('SELECT kind, name FROM switches WHERE "on" = 0')
        if execution.attempt == 1:
            touched = {("action", execution.action.kind), ("route", "messy"), ("model", "strong")}
            assert not touched & set(off), f"dispatched under {off}"
            assert execution.decision_id not in self.undone, "dispatched after an undo"
            self.seen.must_be_let_go(execution, self.acknowledged)
            key = execution.action.idempotency_key
            assert key not in self.ran or execution.decision_id, f"{key} ran again by itself"
            self.ran[key] = execution.id

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
