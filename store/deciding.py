"""Decisions: bound to what was shown, whole or not at all, the same one again a no-op, and undone while nothing ran."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import Session

from store import (
    carrying,
    claims,
    heeding,
    locks,
    noting,
    plain,
    planted,
    reading,
    reviewing,
    team,
    verdicts,
    working,
)
from store.contract import (
    Decision,
    Gate,
    HandOver,
    Json,
    Lease,
    Outcome,
    Retry,
    Review,
    Snooze,
    Verdict,
    canonical,
    fingerprint,
    now,
)
from store.judge import Judge
from store.queue import Conflict, Invalid, NotFound
from store.tables import ApprovalRow, DecisionRow, DraftRow, ReviewRow, TicketRow, table
from store.verdicts import Chosen

_decisions, _approvals, _drafts = table(DecisionRow), table(ApprovalRow), table(DraftRow)

_UNDO_LIST = 60.0
"""Seconds in which a hand over, a snooze or a first yes, which touch nothing outside, can be taken back."""


def decide(session: Session, judge: Judge, decision: Decision, lease: Lease) -> Outcome:
    """What the decision led to. Raises `Conflict`, `LeaseLost`, `Invalid`, `Forbidden` or `NotFound`; then nothing was
    changed."""
    locks.of_review(session, decision.review_id)
    known = session.get(DecisionRow, decision.id)
    if known is not None:
        return _same_again(known, decision)
    row = reading.review_row(session, decision.review_id)
    ticket = reading.ticket_row(session, row.ticket_id)
    shown = reading.decided_on(session, row, ticket)
    _still_the_same(session, row, shown, decision)
    if lease.review_id != row.id or lease.actor != decision.actor:
        raise Invalid("The claim is not the decider's claim on this review.")
    claims.held(session, lease)
    user = team.may_decide(session, decision.actor)
    if row.planted and isinstance(decision.instead, Retry):
        return _planted(session, judge, row, decision, None)
    if decision.instead is not None:
        return _instead(session, row, decision)
    chosen = verdicts.choose(judge, shown.proposal, decision.verdicts)
    team.within_limits(user, chosen.proposal.actions)
    gate = _gate(session, judge, row, shown, chosen)
    if chosen.lets_go:
        _looked(judge, shown, gate, decision)
    if row.planted:
        return _planted(session, judge, row, decision, chosen)
    needs_two = chosen.lets_go and _needs_two(shown.gate, gate)
    others = [actor for actor in shown.approvals if actor != decision.actor]
    if needs_two and decision.actor in shown.approvals:
        raise Conflict("You approved this already; it needs another person.", review=reading.review(session, row.id))
    if needs_two and decision.actor == shown.proposal.source.system:
        raise Conflict("Who filed a proposal cannot approve it.", review=reading.review(session, row.id))
    if needs_two and (not others or chosen.changed):
        return _wait_for_second(session, row, decision, chosen, gate)
    return _let_go(session, judge, row, decision, chosen)


def regate(session: Session, judge: Judge, review_id: str, given: tuple[Verdict, ...]) -> Gate:
    """What the gate says of the edited values; nothing is changed. Raises `Invalid` naming a field that does not fit."""
    row = reading.review_row(session, review_id)
    shown = reading.review(session, review_id)
    chosen = verdicts.choose(judge, shown.proposal, given, partial=True)
    return judge.gate(chosen.proposal, _refunded(session, row))


def undo(session: Session, decision_id: str, actor: str) -> None:
    """Takes the decision back: executions void, the review as it was. Raises `Conflict` when it is too late."""
    locks.of_decision(session, decision_id)
    decision = session.get(DecisionRow, decision_id)
    if decision is None:
        raise NotFound(f"There is no decision {plain.line(decision_id)}.")
    if decision.state == "undone":
        return
    if decision.actor != actor:
        raise Conflict(f"{decision.actor} decided this; only they can undo it.", decided_by=decision.actor)
    if decision.state == "void":
        raise Conflict("A newer customer message took this decision back already.")
    if decision.undo_until is None or decision.undo_until <= now():
        raise Conflict("It is too late to undo this.", decided_by=decision.actor, decided_at=decision.at)
    batch = carrying.of_batch(session, decision.id)
    ran = next((one for one in batch if one.state != "queued"), None)
    if ran is not None:
        raise Conflict(f"{ran.kind} already runs and cannot be taken back.", decided_at=decision.at)
    _nothing_since(session, decision)
    decision.state = "undone"
    noting.undone(session, decision, reading.review_row(session, decision.review_id))
    if (route := json.loads(decision.before).get("resolved")) is not None:
        noting.resolved(session, decision.at, route, -1)
    carrying.void(session, batch, "undone", actor=actor)
    _restore(session, decision, actor)


def _nothing_since(session: Session, decision: DecisionRow) -> None:
    """What others did meanwhile stays: undo never reopens what the customer, a switch or another person has moved on."""
    row = reading.review_row(session, decision.review_id)
    newest = session.get_one(TicketRow, row.ticket_id).newest_message_id
    if reading.proposal(session, row.request_id).watermark.last_customer_message_id != newest:
        raise Conflict("The customer has written since; there is nothing left to take back.")
    if row.state not in ("decided", "open", "snoozed"):
        raise Conflict(f"This review is {row.state} now and cannot be taken back.")
    later = (_decisions.c.review_id == row.id) & (_decisions.c.at > decision.at) & (_decisions.c.state != "undone")
    other = session.execute(select(_decisions.c.actor, _decisions.c.at).where(later)).first()
    if other is not None:
        raise Conflict(f"{other.actor} has decided since.", decided_by=other.actor, decided_at=other.at)


# ── before anything changes ──────────────────────────────────────────────────


def _same_again(known: DecisionRow, decision: Decision) -> Outcome:
    """The client's clock readings may differ in a second sending; what was decided may not."""
    sent = _body(decision)
    if json.loads(known.body) != json.loads(canonical(sent)):
        field = reviewing.differing(json.loads(known.body), sent)
        raise Conflict(
            f"Decision {decision.id} was sent with another {field}.",
            field=field,
            decided_by=known.actor,
            decided_at=known.at,
        )
    return Outcome.model_validate_json(known.outcome)


def _body(decision: Decision) -> dict[str, object]:
    return decision.model_dump(mode="json", exclude={"at", "took_ms", "evidence_opened", "evidence_shown"})


def _still_the_same(session: Session, row: ReviewRow, shown: Review, decision: Decision) -> None:
    def whole() -> Review:
        return reading.review(session, row.id)

    if row.state == "decided":
        first = session.execute(
            select(_decisions.c.actor, _decisions.c.at)
            .where(_decisions.c.review_id == row.id, _decisions.c.state != "undone")
            .order_by(_decisions.c.at.desc())
        ).first()
        by, at = (first.actor, first.at) if first else ("someone", None)
        raise Conflict(f"{by} decided this first.", review=whole(), decided_by=by, decided_at=at)
    if row.state not in ("open", "snoozed"):
        raise Conflict(f"This review is {row.state} now; nothing was decided.", review=whole())
    if decision.watermark != shown.proposal.watermark or (
        shown.newest_customer_message_id != shown.proposal.watermark.last_customer_message_id
    ):
        raise Conflict("The customer has written since you opened this.", review=whole(), field="watermark")
    if decision.fingerprint != row.fingerprint or fingerprint(shown.proposal, shown.gate) != row.fingerprint:
        raise Conflict("This changed since you opened it. Look at it again.", review=whole(), field="fingerprint")


_ON_SCREEN = 9
"""Sources that a screen lists and keys open."""


def _looked(judge: Judge, shown: Review, gate: Gate, decision: Decision) -> None:
    """High risk is let go only by who had the sources on screen, where the team asks for it. Raises `Invalid`."""
    asked = judge.windows.sources_seen
    if asked == "off" or "high" not in (shown.gate.risk, gate.risk):
        return
    seen = {*decision.evidence_opened, *(decision.evidence_shown if asked == "listed" else ())}
    sources = shown.proposal.evidence[:_ON_SCREEN]
    unseen = [(n, each.title) for n, each in enumerate(sources, start=1) if each.id not in seen]
    if unseen:
        n, title = unseen[0]
        what = "was not opened" if asked == "opened" else "was not on screen"
        more = f", nor were {len(unseen) - 1} more" if len(unseen) > 1 else ""
        raise Invalid(f"Look at the sources first: source {n}, {title}, {what}{more}.")


# ── retry, hand over, snooze ─────────────────────────────────────────────────


def _instead(session: Session, row: ReviewRow, decision: Decision) -> Outcome:
    way, who = decision.instead, decision.actor
    before = _before(row, decision.took_ms)
    _forget_draft(session, row.id, who)
    until = now() + timedelta(seconds=_UNDO_LIST)
    outcome = Outcome(decision_id=decision.id, review_id=row.id, effect="sent round again", undo_until=None)
    if isinstance(way, Retry):
        reviewing.move(session, row, "superseded", "review.superseded", actor=who, why="retry with details")
        _back_to_work(session, row, way.details, who)
    elif isinstance(way, HandOver):
        if not way.to.strip():
            raise Invalid("to: say to whom it goes.")
        outcome = outcome.model_copy(update={"effect": f"handed over to {way.to}", "undo_until": until})
        row.assignee = way.to
        reviewing.move(session, row, "open", "review.handed_over", actor=who, to=way.to)
    elif isinstance(way, Snooze):
        if way.until <= now():
            raise Invalid("until: a snooze ends in the future.")
        effect = f"snoozed until {way.until:%Y-%m-%d %H:%M} UTC"
        outcome = outcome.model_copy(update={"effect": effect, "undo_until": until})
        row.snoozed_until = way.until
        reviewing.move(session, row, "snoozed", "review.snoozed", actor=who, until=way.until.isoformat())
    _keep(session, row, decision, outcome, before)
    return outcome


def _back_to_work(session: Session, row: ReviewRow, details: str, actor: str) -> None:
    ticket = session.get_one(TicketRow, row.ticket_id)
    work = working.newest(session, ticket.id)
    if work is None:
        raise Invalid("This proposal came from outside and cannot be sent round again here. Reject it with a message.")
    working.again(session, work, "retry with details", details=details, actor=actor)


# ── approvals ────────────────────────────────────────────────────────────────


def _gate(session: Session, judge: Judge, row: ReviewRow, shown: Review, chosen: Chosen) -> Gate:
    """What was shown stays what stopped it; an edit is judged anew."""
    return judge.gate(chosen.proposal, _refunded(session, row)) if chosen.changed else shown.gate


def _needs_two(shown: Gate, gate: Gate) -> bool:
    return "two" in (shown.needs, gate.needs) or gate.role not in (None, shown.role)


def _wait_for_second(session: Session, row: ReviewRow, decision: Decision, chosen: Chosen, gate: Gate) -> Outcome:
    """The first yes. An edit becomes the review's new envelope, so the second person reads exactly what will run."""
    before = _before(row, decision.took_ms)
    if chosen.changed:
        edited = chosen.proposal.model_copy(update={"request_id": f"{row.id}~{decision.id}"})
        reviewing.replace(session, row, edited, gate.model_copy(update={"needs": "two"}))
    outcome = Outcome(
        decision_id=decision.id,
        review_id=row.id,
        effect=f"{chosen.effect}: waits for a second person",
        waits_for_second=True,
        undo_until=now() + timedelta(seconds=_UNDO_LIST),
    )
    kept = _keep(session, row, decision, outcome, before)
    kept.state = "waiting_for_second"
    _approve(session, row, decision)
    _forget_draft(session, row.id, decision.actor)
    told: dict[str, Json] = {"decision": decision.id, "effect": chosen.effect, "body": _digest(decision)}
    reviewing.move(session, row, "open", "decision.waits_for_second", actor=decision.actor, **told)
    return outcome


def _planted(session: Session, judge: Judge, row: ReviewRow, decision: Decision, chosen: Chosen | None) -> Outcome:
    """A planted case ends with the first answer, and who gave it is told what it was. Nothing of it is let go."""
    effect = chosen.effect if chosen else "sent round again"
    found = planted.answered(session, row.id, decision.actor, chosen.proposal if chosen else None)
    told = heeding.planted(judge.windows, found)
    outcome = Outcome(
        decision_id=decision.id, review_id=row.id, effect=f"{effect}: planted, nothing is done", told=told
    )
    _keep(session, row, decision, outcome, _before(row, decision.took_ms))
    session.get_one(TicketRow, row.ticket_id).state = "closed"
    _forget_draft(session, row.id, decision.actor)
    data: dict[str, Json] = {"decision": decision.id, "effect": effect, "body": _digest(decision)}
    data |= {"took_ms": decision.took_ms, "verdicts": [one.type for one in decision.verdicts], "planted": found.state}
    reviewing.move(session, row, "decided", "decision.made", actor=decision.actor, **data)
    return outcome


def _let_go(session: Session, judge: Judge, row: ReviewRow, decision: Decision, chosen: Chosen) -> Outcome:
    """The decision, what it lets go and the journal entry commit together."""
    ticket = session.get_one(TicketRow, row.ticket_id)
    outcome = Outcome(
        decision_id=decision.id,
        review_id=row.id,
        effect=chosen.effect,
        undo_until=now() + timedelta(seconds=judge.windows.undo_seconds),
    )
    streak = 0 if chosen.overrides else noting.gauge_of(session, decision.actor) + 1
    kept = _keep(session, row, decision, outcome, _before(row, decision.took_ms))
    if chosen.lets_go:
        _approve(session, row, decision)
    intent = carrying.Intent(
        batch=decision.id,
        proposal=chosen.proposal,
        review_id=row.id,
        decision_id=decision.id,
        delay=judge.windows.undo_seconds,
    )
    rows = carrying.enqueue(session, judge, ticket, intent)
    heed = "" if chosen.overrides else heeding.hasty(judge.windows, decision.took_ms, streak)
    outcome = outcome.model_copy(update={"execution_ids": tuple(one.id for one in rows), "told": heed})
    kept.outcome = outcome.model_dump_json()
    done = None
    if rows:
        ticket.state = "working"
    else:
        reviewing.leave(session, ticket, "closed", but=row)
        done = row.route if ticket.state in reviewing.RESOLVED else None
    if done is not None:
        noting.resolved(session, kept.at, done)
        kept.before = json.dumps(json.loads(kept.before) | {"resolved": done})
    _forget_draft(session, row.id, decision.actor)
    told: dict[str, Json] = {"decision": decision.id, "effect": chosen.effect, "body": _digest(decision)}
    told |= {"took_ms": decision.took_ms, "verdicts": [verdict.type for verdict in decision.verdicts]}
    told |= {"resolved": done}
    ran = carrying.digest_of(rows)
    reviewing.move(session, row, "decided", "decision.made", actor=decision.actor, ran=ran, **told)
    return outcome


def _approve(session: Session, row: ReviewRow, decision: Decision) -> None:
    session.merge(
        ApprovalRow(
            review_id=row.id, actor=decision.actor, fingerprint=row.fingerprint, decision_id=decision.id, at=now()
        )
    )
    session.flush()


# ── keeping and taking back ──────────────────────────────────────────────────


def _keep(session: Session, row: ReviewRow, decision: Decision, outcome: Outcome, before: str) -> DecisionRow:
    kept = DecisionRow(
        id=decision.id,
        review_id=row.id,
        actor=decision.actor,
        at=now(),
        fingerprint=decision.fingerprint,
        body=canonical(_body(decision)).decode(),
        outcome=outcome.model_dump_json(),
        before=before,
        undo_until=outcome.undo_until,
    )
    session.add(kept)
    session.flush()
    if not row.planted:
        noting.decision(session, kept, row, decision)
    return kept


def _before(row: ReviewRow, took_ms: int) -> str:
    until = row.snoozed_until.isoformat() if row.snoozed_until else None
    was = {"state": row.state, "assignee": row.assignee, "until": until, "request": row.request_id, "gate": row.gate}
    return json.dumps(was | {"took_ms": took_ms})


def _restore(session: Session, decision: DecisionRow, actor: str) -> None:
    row = reading.review_row(session, decision.review_id)
    was = json.loads(decision.before)
    for approval in session.execute(select(ApprovalRow).where(_approvals.c.decision_id == decision.id)).scalars():
        session.delete(approval)
    if was["request"] != row.request_id:
        reviewing.replace(
            session, row, reading.proposal(session, was["request"]), Gate.model_validate_json(was["gate"])
        )
    row.assignee, row.snoozed_until = was["assignee"], None
    session.get_one(TicketRow, row.ticket_id).state = "in_review"
    reviewing.move(session, row, "open", "decision.undone", actor=actor, decision=decision.id)


def _forget_draft(session: Session, review_id: str, actor: str) -> None:
    draft = session.get(DraftRow, (review_id, actor))
    if draft is not None:
        session.delete(draft)


def _refunded(session: Session, row: ReviewRow) -> dict[str, int]:
    return carrying.refunded_today(session, session.get_one(TicketRow, row.ticket_id).customer_id)


def _digest(decision: Decision) -> str:
    return hashlib.sha256(canonical(_body(decision))).hexdigest()
