"""Running what was let go: each execution is checked again when it is due, and settled once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from store import (
    afterwards,
    counting,
    journal,
    keying,
    locks,
    noting,
    plain,
    reading,
    reviewing,
    searching,
    sending,
    switching,
    team,
)
from store.carrying import SEND_REPLY, as_let_go, of_batch, refunded_today, tell, void
from store.contract import Action, Execution, Failure, Gate, GateReason, Json, Watermark, action_hash, now
from store.judge import Judge
from store.queue import Forbidden, NotFound
from store.tables import ApprovalRow, DecisionRow, ExecutionRow, TicketRow, WorkerRow, table
from store.work import Refused

_executions = table(ExecutionRow)


def due(session: Session, limit: int) -> list[str]:
    """Ids of what may run now: undo window over, everything before it in its batch done, no switch holding it."""
    before = _executions.alias("before")
    unfinished = (
        select(before.c.id)
        .where(
            before.c.batch == _executions.c.batch,
            before.c.position < _executions.c.position,
            before.c.state != "done",
        )
        .exists()
    )
    found = select(_executions.c.id).where(_executions.c.state == "queued", _executions.c.due_at <= now(), ~unfinished)
    for column, names in switching.off_columns(session, _executions):
        found = found.where(column.not_in(names))
    return list(session.execute(found.order_by(_executions.c.due_at, _executions.c.position).limit(limit)).scalars())


def dispatch(session: Session, judge: Judge, execution_id: str, worker: str) -> Execution | Refused:
    """Marks it running, or says why not. What can never run any more is put before a person in the same transaction."""
    locks.of_execution(session, execution_id, soon=True)
    row = _row(session, execution_id)
    if row.state == "running":
        taken = _taken_over(session, row, worker)
        return taken or _dispatched(session, row)
    if row.state != "queued":
        return Refused("superseded", f"{row.kind} is {row.state} already.")
    if session.get_one(TicketRow, row.ticket_id).planted:
        void(session, [row], "planted")
        return Refused("planted", f"{row.kind} belongs to a planted case, of which nothing is carried out.")
    waits = _not_yet(session, row)
    if waits is not None:
        return waits
    refused = _never(session, judge, row)
    if refused is not None:
        ticket = session.get_one(TicketRow, row.ticket_id)
        failure = judge.failure("approval_void", "action", action=row.kind, status=str(refused))
        void(session, [one for one in of_batch(session, row.batch) if one.state == "queued"], refused.code)
        if ticket.newest_message_id == row.message_id:
            _back_to_a_person(session, judge, row, failure)
        return refused
    row.state, row.worker, row.attempt = "running", worker, row.attempt + 1
    row.rules_version = judge.rules_version
    session.flush()
    tell(session, row, "running", worker=worker, attempt=row.attempt, ran=row.envelope_hash, rules=row.rules_version)
    return _dispatched(session, row)


def _dispatched(session: Session, row: ExecutionRow) -> Execution:
    since, before = keying.first_sent(session, row)
    return reading.execution_value(row).model_copy(update={"key_since": since, "sent_before": before})


@dataclass(frozen=True)
class End:
    """How an execution ended: done, failed or unknown."""

    state: str
    external_id: str | None = None
    failure: Failure | None = None


def settle(session: Session, judge: Judge, execution_id: str, end: End) -> None:
    """Records how it ended. The same end again changes nothing; another end than the recorded one is refused."""
    locks.of_execution(session, execution_id)
    row, state, failure = _row(session, execution_id), end.state, end.failure
    if row.state == state or (row.state == "void" and state == "done" and afterwards.twin(session, row) is not None):
        return
    if row.state not in ("running", "unknown") or state not in ("done", "failed", "unknown"):
        raise Refused("settled", f"{row.kind} is {row.state}; it cannot become {state}.")
    if row.state == "unknown":
        _known_now(session, judge, row, end)
        return
    row.state, row.settled_at = state, now()
    row.external_id = end.external_id or row.external_id
    ms = round(max(0.0, (row.settled_at - row.due_at).total_seconds() * 1000), 3)
    if state != "done":
        failure = failure or _unexplained(judge, row, state)
        row.failure = failure.model_dump_json()
    session.flush()
    code = failure.code if failure else None
    tell(session, row, state, external_id=row.external_id, code=code, worker=row.worker, ms=ms)
    noting.execution(session, row, state, ms, f"{row.kind}: {failure.internal_note}" if failure else "")
    _count_end(session, row)
    if state == "done":
        _done(session, judge, row)
    else:
        assert failure is not None
        void(session, [one for one in of_batch(session, row.batch) if one.state == "queued"], failure.code)
        _back_to_a_person(session, judge, row, failure)


def _known_now(session: Session, judge: Judge, row: ExecutionRow, end: End) -> None:
    """A person has had it since it became unknown. Failed: they go on as they are. Done: nobody may do it again."""
    counting.add(session, "executions:unknown", "", n=-1, seconds=counting.GAUGE)
    row.settled_at, row.external_id = now(), end.external_id or row.external_id
    code = end.failure.code if end.failure else None
    if end.state == "failed":
        row.state, row.failure = "failed", (end.failure or _unexplained(judge, row, "failed")).model_dump_json()
        tell(session, row, "failed", external_id=row.external_id, code=code, worker=row.worker)
        return
    afterwards.take_back(session, judge, row)
    other = afterwards.twin(session, row)
    if other is not None:
        afterwards.same_deed(session, row, other)
        return
    row.state, row.failure = "done", None
    session.flush()
    tell(session, row, "done", external_id=row.external_id, code=code, worker=row.worker)
    _done(session, judge, row)


def listing(session: Session, worker: str | None) -> list[Execution]:
    found = select(_executions).where(_executions.c.state == "running")
    if worker is not None:
        found = found.where(_executions.c.worker == worker)
    return [reading.execution_value(row) for row in session.execute(found.order_by(_executions.c.due_at))]


# ── the checks of a dispatch ─────────────────────────────────────────────────


def _taken_over(session: Session, row: ExecutionRow, worker: str) -> Refused | None:
    """A running one goes on under the same worker or, when its worker is dead, under another. Its attempt grows, which
    tells the carrier that it may have been sent: the peer is asked for the outcome by key first."""
    if row.worker != worker and _alive(session, row.worker):
        return Refused("taken", f"{row.kind} is being carried out by {row.worker}.")
    row.worker, row.attempt = worker, row.attempt + 1
    session.flush()
    tell(session, row, "taken_over", worker=worker, attempt=row.attempt)
    return None


def _not_yet(session: Session, row: ExecutionRow) -> Refused | None:
    if row.due_at > now():
        return Refused("not_due", f"{row.kind} can still be undone until {row.due_at:%H:%M:%S}.")
    before = [one for one in of_batch(session, row.batch) if one.position < row.position and one.state != "done"]
    if before:
        return Refused("not_due", f"{row.kind} waits for {before[0].kind}.")
    off = switching.holding(session, row.route, row.model, row.prompt, (row.kind,))
    return Refused("switch", f"{off} is switched off.") if off else None


def _never(session: Session, judge: Judge, row: ExecutionRow) -> Refused | None:
    action = Action.model_validate_json(row.action)
    if action_hash(action) != row.envelope_hash or action.idempotency_key != row.idempotency_key:
        return Refused("envelope", f"{row.kind} is not what was let go.")
    ticket = session.get_one(TicketRow, row.ticket_id)
    if ticket.newest_message_id != row.message_id:
        return Refused("stale", "The customer has written since.")
    if row.decision_id is None:
        return _rules_changed(session, judge, row, Gate(), 0)
    decision = session.get_one(DecisionRow, row.decision_id)
    review = reading.review_row(session, decision.review_id)
    if decision.state != "standing" or decision.fingerprint != review.fingerprint or review.state != "decided":
        return Refused("approvals", "The approval does not stand any more.")
    approvals, shown = table(ApprovalRow), Gate.model_validate_json(review.gate)
    yes = (approvals.c.review_id == review.id) & (approvals.c.fingerprint == review.fingerprint)
    given = list(session.execute(select(approvals.c.actor).where(yes)).scalars())
    if len(given) < (2 if shown.needs == "two" else 1):
        return Refused("approvals", "An approval is missing.")
    return _not_theirs(session, row, given) or _rules_changed(session, judge, row, shown, len(given))


def _not_theirs(session: Session, row: ExecutionRow, given: list[str]) -> Refused | None:
    """Whoever said yes must still be one who may: roles and limits count as at the decision and as at dispatch."""
    actions = [Action.model_validate_json(one.action) for one in of_batch(session, row.batch)]
    for name in given:
        try:
            team.may_let_go(session, name, actions)
        except Forbidden as reason:
            return Refused("approvals", str(reason))
    return None


def _rules_changed(session: Session, judge: Judge, row: ExecutionRow, shown: Gate, approvals: int) -> Refused | None:
    """Under rules that changed since, it is judged anew, and refused when they ask for anything nobody said yes to.

    SAFETY §3 refuses when the rules version differs. A version differs by any changed comma in any text, and refusing
    all that was approved for it would put the same screen before the same people again: they learn to approve without
    reading. What matters is whether the rules of this moment would have shown a person more than was shown: a reason
    that was not there, a second person, another role, a higher risk. Then it is refused, whatever was approved before.
    """
    if row.rules_version == judge.rules_version:
        return None
    batch = of_batch(session, row.batch)
    gate = judge.gate(
        as_let_go(session, row.request_id, batch),
        refunded_today(session, row.customer_id, leave_out={one.id for one in batch}),
    )
    seen = {reason.code for reason in shown.reasons}
    fresh = next((reason.text for reason in gate.reasons if reason.code not in seen), None)
    if fresh is None and gate.needs == "two" and approvals < 2:
        fresh = "it needs a second person now"
    if fresh is None and gate.role not in (None, shown.role):
        fresh = f"it needs {gate.role} now"
    if fresh is None and gate.risk == "high" and shown.risk != "high":
        fresh = "its risk is high now"
    return None if fresh is None else Refused("rules", f"The rules changed: {fresh}.")


def _alive(session: Session, worker: str | None) -> bool:
    row = session.get(WorkerRow, worker) if worker else None
    return row is not None and not row.buried and row.beat_at > now() - counting.WORKER_ALIVE


# ── what an end leads to ─────────────────────────────────────────────────────


def _done(session: Session, judge: Judge, row: ExecutionRow) -> None:
    ticket = session.get_one(TicketRow, row.ticket_id)
    if row.kind == SEND_REPLY:
        sending.sent(session, ticket, row, judge.windows)
    if all(one.state == "done" for one in of_batch(session, row.batch)) and ticket.newest_message_id == row.message_id:
        asked = reading.ending_of(session, row.request_id) == "ask"
        reviewing.leave(session, ticket, "waiting_for_customer" if asked else "answered")
        done = reviewing.resolved(session, ticket, row.route)
        told: dict[str, Json] = {"batch": row.batch, "resolved": done}
        journal.append(session, f"ticket.{ticket.state}", ticket.id, ticket=ticket.id, **told)
    searching.index(session, ticket)


def _back_to_a_person(session: Session, judge: Judge, row: ExecutionRow, failure: Failure) -> None:
    """Files what was not done as a new review whose first reason is what went wrong."""
    batch = of_batch(session, row.batch)
    left = as_let_go(session, row.request_id, [one for one in batch if one.state != "done"])
    ran = ", ".join(Action.model_validate_json(one.action).description for one in batch if one.state == "done")
    ticket = session.get_one(TicketRow, row.ticket_id)
    overtaken = ticket.newest_message_id != row.message_id
    if overtaken and row.state != "unknown":
        return  # nothing happened, and what the customer wrote since is handled anew
    seen = Watermark(last_customer_message_id=ticket.newest_message_id, ticket_version=ticket.version)
    proposal = left.model_copy(
        update={
            "request_id": f"{row.id}!{row.state}",
            "watermark": seen if overtaken else left.watermark,
            "created_at": now(),
            "expires_at": None,
            "internal_note": failure.internal_note + (f"\nAlready done: {ran}." if ran else ""),
            "failure": failure,
        }
    )
    first = GateReason(code=failure.code, text=failure.internal_note)
    gate = judge.gate(proposal, refunded_today(session, ticket.customer_id))
    gate = gate.model_copy(
        update={"reasons": (first, *(r for r in gate.reasons if r.code != failure.code)), "risk": "high"}
    )
    reviewing.keep(session, proposal, ticket, "review")
    reviewing.open_review(session, judge, ticket, proposal, gate)


def _unexplained(judge: Judge, row: ExecutionRow, state: str) -> Failure:
    code = "action_unknown" if state == "unknown" else "action_failed"
    return judge.failure(code, "action", attempts=str(row.attempt), action=row.kind, connector="the peer")


def _count_end(session: Session, row: ExecutionRow) -> None:
    if row.state == "unknown":
        counting.add(session, "executions:unknown", "", seconds=counting.GAUGE)


def _row(session: Session, execution_id: str) -> ExecutionRow:
    row = session.get(ExecutionRow, execution_id)
    if row is None:
        raise NotFound(f"There is no execution {plain.line(execution_id)}.")
    return row
