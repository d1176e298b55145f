"""Idempotency keys: the same intent keeps its key, whoever lets it go, however often, whatever came in since."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from store.contract import Action, Proposal, canonical, deed_hash, now
from store.queue import Conflict
from store.tables import ExecutionRow, JournalRow, ProposalRow, TicketRow, table

_executions, _journal = table(ExecutionRow), table(JournalRow)


def keyed(session: Session, ticket: TicketRow, proposal: Proposal, actions: Sequence[Action]) -> list[Action]:
    """The actions with their keys: made of the ticket, the message that is answered, what is done, and a number that
    tells apart what is meant twice.

    What was under way, or had an end that nobody knew, when this was proposed is no new intent, also under a newer message
    (a follow-up of ours, or the customer who asks where it stays): it keeps the key under which the peer may know it.
    """
    open_keys, met, made = _open_when_proposed(session, ticket, proposal), dict[str, int](), []
    for action in actions:
        deed = deed_hash(action)
        met[deed] = met.get(deed, 0) + 1
        kept = open_keys.get(deed)
        key = kept.pop(0) if kept else _key(ticket, proposal, deed, met[deed])
        made.append(action.model_copy(update={"idempotency_key": key}))
    return made


def refuse_repeated(session: Session, actions: Sequence[Action]) -> None:
    """Raises `Conflict` when one of these very intents was let go already and runs or is done."""
    found = session.execute(
        select(_executions.c.idempotency_key, _executions.c.state).where(
            _executions.c.idempotency_key.in_([action.idempotency_key for action in actions]),
            _executions.c.state.in_(("queued", "running", "done")),
        )
    )
    states: dict[str, str] = {row.idempotency_key: row.state for row in found}
    for action in actions:
        if (state := states.get(action.idempotency_key)) is not None:
            what = action.description or action.kind
            raise Conflict(f"This was let go already and is {state}: {what}. Reject it here, or change it.")


def first_sent(session: Session, row: ExecutionRow) -> tuple[datetime, bool]:
    """When the key of a dispatched execution may first have reached the peer, and whether another one brought it there."""
    same = select(_executions.c.id).where(
        _executions.c.ticket_id == row.ticket_id,
        _executions.c.idempotency_key == row.idempotency_key,
        _executions.c.attempt > 0,
    )
    ids = set(session.execute(same).scalars())
    if row.attempt == 1 and ids == {row.id}:
        return now(), False
    ran = select(func.min(_journal.c.at)).where(
        _journal.c.ticket_id == row.ticket_id, _journal.c.kind == "execution.running", _journal.c.subject.in_(ids)
    )
    return session.execute(ran).scalar() or row.due_at, bool(ids - {row.id})


def _open_when_proposed(session: Session, ticket: TicketRow, proposal: Proposal) -> dict[str, list[str]]:
    """Keys by deed of what may have been done without the proposal knowing it, oldest first."""
    kept = session.get(ProposalRow, proposal.request_id)
    proposed = min(proposal.created_at, kept.created_at) if kept else proposal.created_at
    found = (
        select(_executions.c.action, _executions.c.state, _executions.c.settled_at)
        .where(
            _executions.c.ticket_id == ticket.id,
            _executions.c.attempt > 0,
            _executions.c.state.in_(("running", "unknown", "done")),
        )
        .order_by(_executions.c.created_at, _executions.c.position)
    )
    keys: dict[str, list[str]] = {}
    for row in session.execute(found):
        if row.state == "done" and row.settled_at is not None and row.settled_at <= proposed:
            continue
        action = Action.model_validate_json(row.action)
        of_deed = keys.setdefault(deed_hash(action), [])
        if action.idempotency_key not in of_deed:
            of_deed.append(action.idempotency_key)
    return keys


def _key(ticket: TicketRow, proposal: Proposal, deed: str, number: int) -> str:
    intent = canonical({"ticket": ticket.id, "to": proposal.watermark.last_customer_message_id, "deed": deed})
    return hashlib.sha256(intent + b"\n" + str(number).encode()).hexdigest()[:32]
