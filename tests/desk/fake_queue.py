"""A queue in memory that keeps the door's promises as far as the desk can see them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

from store.contract import (
    Approve,
    Decision,
    Draft,
    Edit,
    Gate,
    GateReason,
    IncomingMessage,
    Lease,
    Message,
    Note,
    Outcome,
    Proposal,
    Review,
    Ticket,
    Verdict,
    now,
)
from store.live import (
    Behind,
    CasePage,
    Counters,
    Event,
    Grade,
    Graded,
    Looking,
    Operation,
    Page,
    Question,
    Row,
    SpotPage,
    Stats,
    Switch,
    SwitchPreview,
    TicketHistory,
    View,
)
from store.queue import Conflict, Invalid, LeaseLost, NotFound, Taken, Unavailable
from tests.desk import figures_sample, samples


class FakeQueue:
    """Open reviews by id, oldest first. `down` is the sentence with which everything is refused."""

    def __init__(self, reviews: Iterable[Review], **figures: object) -> None:
        self.reviews = {review.id: review for review in reviews}
        self.decisions: dict[str, Decision] = {}
        self.drafts: list[Draft] = []
        self.histories: dict[str, TicketHistory] = {}
        self.notes: list[tuple[str, str, str]] = []
        self.undone: list[str] = []
        self.released: list[str] = []
        self.figures = figures
        self.off: tuple[Switch, ...] = ()
        self.looking: tuple[Looking, ...] = ()
        self.down = ""
        self.running = figures_sample.operations()
        self.drawn = figures_sample.spot_checks()
        self.told = figures_sample.stats
        self.thrown: list[Switch] = []
        self.asked: list[Question] = []
        self.grades: list[Grade] = []
        self.undo_seconds = 10.0
        self.calls: list[str] = []
        self._leases: dict[str, Lease] = {}
        self._fence = 0
        self._seq = 0
        self._followers: list[asyncio.Queue[Event]] = []

    # ── what tests do to it ──────────────────────────────────────────────────

    def change(self, review: Review) -> None:
        """Somebody else changed or filed it."""
        self.reviews[review.id] = review
        self.tell(review.id)

    def customer_writes(self, review_id: str, text: str) -> None:
        old = self.reviews[review_id]
        message = Message(
            id=f"{review_id}-new", ticket_id=old.proposal.ticket.id, direction="inbound", at=now(), text=text
        )
        self.change(
            old.model_copy(update={"messages": (*old.messages, message), "newest_customer_message_id": message.id})
        )

    def lose(self, review_id: str) -> None:
        """The lease runs out."""
        self._leases.pop(review_id, None)
        self._held_by(review_id, None, None)

    def take(self, review_id: str, actor: str) -> None:
        """Another agent claims it."""
        self._fence += 1
        until = now() + timedelta(seconds=120)
        self._leases[review_id] = Lease(review_id=review_id, actor=actor, fence=self._fence, until=until)
        old = self.reviews[review_id]
        self.change(old.model_copy(update={"claimed_by": actor, "claimed_until": until}))

    def tell(self, subject: str) -> None:
        self._seq += 1
        event = Event(seq=self._seq, at=now(), actor="test", kind="changed", subject=subject)
        for each in self._followers:
            each.put_nowait(event)

    # ── the door ─────────────────────────────────────────────────────────────

    async def page(self, view: View, after: str | None = None, limit: int = 50) -> Page:
        self._up("page")
        rows = self._in(view)
        start = 0 if after is None else next((n for n, each in enumerate(rows) if each.id == after), -1) + 1
        shown = rows[start : start + limit]
        more = start + limit < len(rows)
        return Page(rows=tuple(_row(each) for each in shown), next=shown[-1].id if shown and more else None)

    async def counts(self, view: View) -> dict[str, int]:
        self._up("counts")
        rows = self._in(view)
        reasons = Counter(f"reason:{each.gate.reasons[0].code}" for each in rows)
        handed = Counter(f"assignee:{each.assignee}" for each in rows if each.assignee)
        return {"all": len(rows), **reasons, **handed}

    async def search(self, words: str, after: str | None = None, limit: int = 50) -> Page:
        self._up("search")
        found = [each for each in self.reviews.values() if words.casefold() in each.model_dump_json().casefold()]
        return Page(rows=tuple(_row(each) for each in found))

    async def review(self, review_id: str) -> Review:
        self._up("review")
        if review_id not in self.reviews:
            raise NotFound("There is no such case any more.")
        return self.reviews[review_id]

    async def history(self, ticket_id: str) -> TicketHistory:
        self._up("history")
        if ticket_id not in self.histories:
            raise NotFound("No history here.")
        return self.histories[ticket_id]

    async def submit(self, item: IncomingMessage | Proposal) -> str:
        raise Invalid("Nothing can be filed here.")

    async def claim(self, actor: str, review_id: str | None = None, view: View | None = None) -> Lease | None:
        self._up("claim")
        assert review_id is not None
        held = self._leases.get(review_id)
        if held is not None and held.actor != actor:
            raise Taken(f"{held.actor} holds this case.", by=held.actor, until=held.until)
        self._fence += 1
        lease = Lease(review_id=review_id, actor=actor, fence=self._fence, until=now() + timedelta(seconds=120))
        self._leases[review_id] = lease
        self._held_by(review_id, actor, lease.until)
        return lease

    async def renew(self, lease: Lease) -> Lease:
        self._up("renew")
        self._held(lease)
        return lease

    async def release(self, lease: Lease) -> None:
        self._up("release")
        self.released.append(lease.review_id)
        self._leases.pop(lease.review_id, None)
        self._held_by(lease.review_id, None, None)

    async def regate(self, review_id: str, verdicts: tuple[Verdict, ...]) -> Gate:
        self._up("regate")
        for verdict in verdicts:
            amount = verdict.args.get("amount", {}) if isinstance(verdict, Edit) else {}
            if amount and amount["minor"] > 50000:
                raise Invalid("Amount: at most €500.00 can be refunded.")
            if amount and amount["minor"] > 5000:
                text = f"Refund of €{amount['minor'] / 100:.2f} is over the €50.00 limit"
                return Gate(reasons=(GateReason(code="refund_over_limit", text=text),), risk="high")
        return Gate()

    async def decide(self, decision: Decision, lease: Lease) -> Outcome:
        self._up("decide")
        self._held(lease)
        review = self.reviews[decision.review_id]
        if review.state != "open":
            raise Conflict("It was decided already.", decided_by="bo", decided_at=now())
        watermark = decision.watermark.last_customer_message_id
        if decision.fingerprint != review.fingerprint or watermark != review.newest_customer_message_id:
            raise Conflict("The proposal is another now.", review=review)
        if decision.instead is None and {v.action_id for v in decision.verdicts} != set(review.proposal.to_decide()):
            raise Invalid("Every action must be answered once.")
        self.decisions[decision.id] = decision
        self.reviews[review.id] = review.model_copy(update={"state": "decided"})
        del self._leases[review.id]
        self.tell(review.id)
        return Outcome(
            decision_id=decision.id,
            review_id=review.id,
            effect=_effect(review, decision),
            undo_until=now() + timedelta(seconds=self.undo_seconds),
            waits_for_second=review.gate.needs == "two",
        )

    async def undo(self, decision_id: str, actor: str) -> None:
        self._up("undo")
        decision = self.decisions.pop(decision_id)
        self.undone.append(decision_id)
        self.change(self.reviews[decision.review_id].model_copy(update={"state": "open"}))

    async def keep_draft(self, draft: Draft) -> None:
        self._up("keep_draft")
        self.drafts.append(draft)

    async def note(self, ticket_id: str, actor: str, text: str) -> None:
        self._up("note")
        self.notes.append((ticket_id, actor, text))
        old = self.histories.get(ticket_id)
        if old is not None:
            note = Note(at=samples.AT, actor=actor, text=text)
            self.histories[ticket_id] = old.model_copy(update={"notes": (*old.notes, note)})

    async def ticket(self, ticket_id: str) -> Ticket:
        if ticket_id not in self.histories:
            raise NotFound("No such ticket.")
        return self.histories[ticket_id].ticket

    async def switches(self) -> tuple[Switch, ...]:
        self._up("switches")
        return self.off

    async def preview(self, switch: Switch) -> SwitchPreview:
        self._up("preview")
        then = "take the route routine" if switch.waiting == "hold" else "go to people"
        return SwitchPreview(
            switch=switch, reviews=3, executions=1, in_flight=2, per_hour=4.2, held=3,
            then="go this way again" if switch.on else then,
        )  # fmt: skip

    async def throw(self, switch: Switch) -> Switch:
        self._up("throw")
        if not switch.why:
            raise Invalid("why: say why the switch is thrown.")
        self.thrown.append(switch)
        kept = switch.model_copy(update={"since": samples.AT, "held": 0 if switch.on else 3})
        self.running = tuple(
            one.model_copy(update={"switch": kept}) if (one.kind, one.name) == (kept.kind, kept.name) else one
            for one in self.running
        )
        return kept

    async def stats(self, question: Question, actor: str = "") -> Stats:
        self._up("stats")
        self.asked.append(question)
        return self.told(question)

    async def cases(self, asked: Behind, after: str | None = None, limit: int = 50) -> CasePage:
        self._up("cases")
        found = figures_sample.overrides() if asked.measure == "overrides" else figures_sample.failures()
        return CasePage(lines=found[:limit] if self.running else ())

    async def operations(self, hours: int = 24) -> tuple[Operation, ...]:
        self._up("operations")
        return self.running

    async def spot_checks(self, actor: str, after: str | None = None, limit: int = 50) -> SpotPage:
        self._up("spot_checks")
        return SpotPage(checks=self.drawn)

    async def grade(self, grade: Grade) -> Graded:
        self._up("grade")
        self.grades.append(grade)
        self.drawn = tuple(one for one in self.drawn if one.message_id != grade.message_id)
        return Graded(message_id=grade.message_id, done=True, review_id="r1" if grade.reopen else None)

    async def counters(self, hours: int = 168) -> Counters:
        self._up("counters")
        if self.figures.get("now"):
            return samples.counters(
                len(self._open()), **{k: v for k, v in self.figures.items() if k != "now"} | {"at": now()}
            )
        return samples.counters(len(self._open()), **self.figures)

    async def look(self, actor: str, review_id: str | None) -> tuple[Looking, ...]:
        return tuple(one for one in self.looking if one.who != actor)

    async def head(self) -> int:
        return self._seq

    async def follow(self, after: int | None = None) -> AsyncIterator[Event]:
        mine: asyncio.Queue[Event] = asyncio.Queue()
        self._followers.append(mine)
        try:
            while True:
                yield await mine.get()
        finally:
            self._followers.remove(mine)

    async def close(self) -> None: ...

    def _in(self, view: View) -> list[Review]:
        rows = [each for each in self.reviews.values() if each.state == view.state]
        if view.reason:
            rows = [each for each in rows if each.gate.reasons[0].code == view.reason]
        if view.risk:
            rows = [each for each in rows if each.gate.risk == view.risk]
        if view.route:
            rows = [each for each in rows if each.proposal.route.name == view.route]
        if view.assignee:
            rows = [each for each in rows if each.assignee == view.assignee]
        return sorted(rows, key=lambda each: each.created_at, reverse=True) if view.sort == "newest" else rows

    def _open(self) -> list[Review]:
        return [review for review in self.reviews.values() if review.state == "open"]

    def _up(self, call: str) -> None:
        self.calls.append(call)
        if self.down:
            raise Unavailable(self.down)

    def _held_by(self, review_id: str, actor: str | None, until: datetime | None) -> None:
        if (review := self.reviews.get(review_id)) is not None:
            self.reviews[review_id] = review.model_copy(update={"claimed_by": actor, "claimed_until": until})

    def _held(self, lease: Lease) -> None:
        held = self._leases.get(lease.review_id)
        if held is None or held.fence != lease.fence:
            raise LeaseLost("Your claim on this case ran out.")


def _row(review: Review) -> Row:
    proposal = review.proposal
    reasons = tuple(reason.text for reason in review.gate.reasons)
    return Row(
        review_id=review.id,
        ticket_id=proposal.ticket.id,
        subject=proposal.ticket.subject,
        reason=(review.gate.reasons[0].short or reasons[0]) if reasons else "",
        reasons=tuple(reason.code for reason in review.gate.reasons),
        route=proposal.route.name,
        risk=review.gate.risk,
        state=review.state,
        amount=proposal.actions[0].amount if proposal.actions else None,
        created_at=review.created_at,
        due_at=review.due_at,
        claimed_by=review.claimed_by,
        assignee=review.assignee,
        hidden=proposal.hidden,
    )


def _effect(review: Review, decision: Decision) -> str:
    if decision.instead is not None:
        return decision.instead.type.replace("_", " ")
    actions = {action.action_id: action.description for action in review.proposal.actions}
    ran = [actions.get(v.action_id, "reply") for v in decision.verdicts if isinstance(v, Approve | Edit)]
    return ", ".join(ran) or decision.verdicts[0].type
