"""Carrying out: what was let go becomes executions in order, each checked again when it is due, each settled once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlmodel import Session

from store import journal, keying, locks, plain, reading
from store.contract import (
    REPLY,
    Action,
    GateReason,
    Json,
    Proposal,
    action_hash,
    now,
)
from store.judge import Judge
from store.queue import Conflict
from store.tables import (
    DecisionRow,
    ExecutionRow,
    MessageRow,
    TicketRow,
    table,
)

SEND_REPLY = "send_reply"
FINAL = ("done", "failed", "void")

_executions = table(ExecutionRow)


@dataclass(frozen=True)
class Intent:
    """What is let go, by whom: `batch` is the decision's id, or the work's when nobody had to decide."""

    batch: str
    proposal: Proposal
    review_id: str | None = None
    decision_id: str | None = None
    delay: float = 0.0


# ── letting go ───────────────────────────────────────────────────────────────


def enqueue(session: Session, judge: Judge, ticket: TicketRow, intent: Intent) -> list[ExecutionRow]:
    """Stores one execution for each action in order, then the reply. Raises `Conflict` when the very same already ran."""
    if ticket.planted:
        raise Conflict("This case was planted: nothing of it is carried out.")
    route, moment = intent.proposal.route, now()
    steps = list(intent.proposal.actions)
    if intent.proposal.customer_reply is not None:
        steps.append(_reply_action(session, ticket, intent))
    keyed, rows = keying.keyed(session, ticket, intent.proposal, steps), []
    keying.refuse_repeated(session, keyed)
    for position, action in enumerate(keyed):
        rows.append(
            ExecutionRow(
                id="x" + hashlib.sha256(f"{intent.batch}\n{position}".encode()).hexdigest()[:16],
                batch=intent.batch,
                position=position,
                ticket_id=ticket.id,
                review_id=intent.review_id,
                decision_id=intent.decision_id,
                message_id=intent.proposal.watermark.last_customer_message_id,
                request_id=intent.proposal.request_id,
                kind=action.kind,
                action=action.model_dump_json(),
                envelope_hash=action_hash(action),
                idempotency_key=action.idempotency_key,
                due_at=moment + timedelta(seconds=intent.delay),
                created_at=moment,
                route=route.name,
                model=route.model,
                prompt=route.prompt,
                rules_version=judge.rules_version,
                customer_id=ticket.customer_id,
                amount=action.amount.minor if action.amount else 0,
                currency=action.amount.currency if action.amount else None,
            )
        )
    session.add_all(rows)
    session.flush()
    for row in rows:
        tell(session, row, "queued", ran=row.envelope_hash, rules=row.rules_version)
    return rows


def already(session: Session, ticket: TicketRow, proposal: Proposal) -> GateReason | None:
    """Why a person must look before it goes out by itself: an action of it was done, or nobody knows whether it was."""
    kinds = {action.kind for action in proposal.actions}
    keys = [action.idempotency_key for action in keying.keyed(session, ticket, proposal, proposal.actions)]
    unknown = (_executions.c.state == "unknown") & (_executions.c.kind.in_(kinds))
    known = _executions.c.state.in_(("queued", "running", "done")) & _executions.c.idempotency_key.in_(keys)
    found = session.execute(
        select(_executions.c.kind, _executions.c.state)
        .where(_executions.c.ticket_id == ticket.id, or_(unknown, known))
        .order_by(_executions.c.created_at)
    ).first()
    if found is None:
        return None
    what = "nobody knows whether it was done" if found.state == "unknown" else f"it is {found.state}"
    return GateReason(code="done_already", text=f"{found.kind} was let go for this ticket before and {what}")


def refunded_today(session: Session, customer_id: str | None, leave_out: Collection[str] = ()) -> dict[str, int]:
    """Minor units by currency that went, or are on their way, to this customer since midnight UTC.

    `leave_out` names executions that are what is being judged.
    """
    if customer_id is None:
        return {}
    locks.customer(session, customer_id)
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    found = (
        select(_executions.c.currency, func.sum(_executions.c.amount).label("minor"))
        .where(
            _executions.c.customer_id == customer_id,
            _executions.c.created_at >= midnight,
            _executions.c.amount > 0,
            _executions.c.currency.is_not(None),
            _executions.c.state.not_in(("failed", "void")),
            _executions.c.id.not_in(list(leave_out)),
        )
        .group_by(_executions.c.currency)
    )
    return {row.currency: int(row.minor) for row in session.execute(found)}


def void(session: Session, rows: Sequence[ExecutionRow], why: str, *, actor: str = journal.SYSTEM) -> None:
    """Takes back what has not been dispatched, and the decisions it came from."""
    for row in rows:
        row.state, row.settled_at = "void", now()
        session.flush()
        tell(session, row, "void", actor=actor, why=why)
    for decision_id in {row.decision_id for row in rows if row.decision_id}:
        decision = session.get_one(DecisionRow, decision_id)
        if decision.state == "standing":
            decision.state = "void"
            journal.append(
                session,
                "decision.void",
                decision.review_id,
                actor=actor,
                ticket=rows[0].ticket_id,
                decision=decision.id,
                why=why,
            )


def undispatched(session: Session, ticket_id: str) -> list[ExecutionRow]:
    found = select(ExecutionRow).where(_executions.c.ticket_id == ticket_id, _executions.c.state == "queued")
    return list(session.execute(found.order_by(_executions.c.batch, _executions.c.position)).scalars())


def of_batch(session: Session, batch: str) -> list[ExecutionRow]:
    found = select(ExecutionRow).where(_executions.c.batch == batch).order_by(_executions.c.position)
    return list(session.execute(found).scalars())


def as_let_go(session: Session, request_id: str, rows: Sequence[ExecutionRow]) -> Proposal:
    """The proposal with exactly what these executions do: edited arguments and an edited reply are what is judged."""
    old = reading.proposal(session, request_id)
    actions = tuple(Action.model_validate_json(one.action) for one in rows if one.kind != SEND_REPLY)
    reply = next((json.loads(one.action)["args"]["text"] for one in rows if one.kind == SEND_REPLY), None)
    claims = old.claims if reply == old.customer_reply else ()
    return old.model_copy(update={"actions": actions, "customer_reply": reply, "claims": claims})


def digest_of(rows: Sequence[ExecutionRow]) -> str:
    """One digest over all that was let go, in order."""
    return hashlib.sha256("\n".join(row.envelope_hash for row in rows).encode()).hexdigest()


def _reply_action(session: Session, ticket: TicketRow, intent: Intent) -> Action:
    messages = table(MessageRow)
    newest = intent.proposal.watermark.last_customer_message_id
    author = session.execute(select(messages.c.author).where(messages.c.id == newest)).scalar() if newest else None
    return Action(
        action_id=REPLY,
        kind=SEND_REPLY,
        args={
            "text": plain.body(intent.proposal.customer_reply or ""),
            "ticket_id": ticket.id,
            "channel": ticket.channel,
            "thread": ticket.thread,
            "to": ticket.sender,
            "name": plain.line(author or ticket.customer_name),
            "subject": plain.line(ticket.subject),
            "in_reply_to": newest,
        },
        description="reply",
        target=ticket.sender or ticket.thread,
    )


def tell(
    session: Session,
    row: ExecutionRow,
    what: str,
    *,
    actor: str = journal.SYSTEM,
    ran: str | None = None,
    **data: Json,
) -> None:
    told: dict[str, Json] = {"kind": row.kind, "route": row.route, "batch": row.batch} | data
    journal.append(session, f"execution.{what}", row.id, actor=actor, ticket=row.ticket_id, ran=ran, **told)
