"""From rows to the contract's values, and the pages, reviews and histories that the desk asks for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, select
from sqlmodel import Session

from store import journal, paging, plain
from store.contract import (
    Attempt,
    Customer,
    Draft,
    Execution,
    FactsRead,
    Gate,
    Message,
    Note,
    Proposal,
    Review,
    Ticket,
    now,
)
from store.facts_table import NOTHING, FactsRow
from store.live import Page, TicketHistory, View
from store.live import Row as Line
from store.queue import NotFound
from store.tables import (
    ApprovalRow,
    AttemptRow,
    DraftRow,
    ExecutionRow,
    MessageRow,
    NoteRow,
    ProposalRow,
    ReviewRow,
    TicketRow,
    table,
)

_reviews, _messages, _approvals = table(ReviewRow), table(MessageRow), table(ApprovalRow)
_notes, _attempts, _executions = table(NoteRow), table(AttemptRow), table(ExecutionRow)

SHOWN_MESSAGES = 200
"""The newest messages of a ticket that come with a review."""

_LINE = (
    _reviews.c.n,
    _reviews.c.id,
    _reviews.c.ticket_id,
    _reviews.c.subject,
    _reviews.c.sentence,
    _reviews.c.reasons,
    _reviews.c.route,
    _reviews.c.risk,
    _reviews.c.state,
    _reviews.c.amount,
    _reviews.c.currency,
    _reviews.c.created_at,
    _reviews.c.due_at,
    _reviews.c.snoozed_until,
    _reviews.c.assignee,
    _reviews.c.claimed_by,
    _reviews.c.claimed_until,
    _reviews.c.hidden,
)
_LINES = select(*_LINE).where(_reviews.c.n.in_(bindparam("n", expanding=True)))
"""Made once: building the statement took longer than running it."""


def page(session: Session, view: View, after: str | None, limit: int) -> Page:
    """One keyset page in the view's order. Raises `Invalid` for a cursor that is not ours."""
    found = paging.numbers(session, view, after, limit + 1)
    shown = found[:limit]
    rows: dict[int, Any] = {
        row.n: row for row in session.connection().execute(_LINES, {"n": [n for _, n in shown]}).all()
    }
    return Page.model_validate(
        {
            "rows": [_shown(rows[n]) for _, n in shown],
            "next": paging.marker(view, shown[-1]) if len(found) > limit and shown else None,
        }
    )


def counts(session: Session, view: View) -> dict[str, int]:
    """Rows in the view, in all, by first gate reason and by whom they were handed to."""
    found = paging.counts(session, view)
    by_reason = {f"reason:{reason}": n for reason, n in sorted(found.items())}
    by_assignee = {f"assignee:{name}": n for name, n in sorted(paging.assignees(session, view).items())}
    return {"all": sum(found.values())} | by_reason | by_assignee


def line(row: Row[Any]) -> Line:
    return Line(**_shown(row))


def _shown(row: Row[Any]) -> dict[str, Any]:
    claimed = row.claimed_by if row.claimed_until is not None and row.claimed_until > now() else None
    return {
        "review_id": row.id,
        "ticket_id": row.ticket_id,
        "subject": row.subject,
        "reason": row.sentence,
        "reasons": tuple(json.loads(row.reasons or "[]")),
        "route": row.route,
        "risk": row.risk,
        "state": row.state,
        "amount": {"minor": row.amount, "currency": row.currency} if row.currency else None,
        "created_at": row.created_at,
        "due_at": row.due_at,
        "snoozed_until": row.snoozed_until,
        "assignee": row.assignee,
        "claimed_by": claimed,
        "hidden": row.hidden,
    }


def lines(session: Session, tickets: Sequence[str]) -> dict[str, Line]:
    """The newest review of each ticket, as a line."""
    newest = select(func.max(_reviews.c.n)).where(_reviews.c.ticket_id.in_(tickets)).group_by(_reviews.c.ticket_id)
    rows = session.execute(select(*_LINE).where(_reviews.c.n.in_(newest)))
    return {row.ticket_id: line(row) for row in rows}


def review(session: Session, review_id: str) -> Review:
    """The review as it is shown. Raises `NotFound`."""
    row = review_row(session, review_id)
    told = {
        "messages": tuple(messages(session, row.ticket_id)),
        "notes": tuple(notes(session, row.ticket_id)),
        "draft": _draft(session, row.id),
        "facts": _facts(session, row),
    }
    return decided_on(session, row, ticket_row(session, row.ticket_id)).model_copy(update=told)


def decided_on(session: Session, row: ReviewRow, ticket: TicketRow) -> Review:
    """The review without what is only read beside it: all that a decision is bound to."""
    approvals = session.execute(
        select(_approvals.c.actor)
        .where(_approvals.c.review_id == row.id, _approvals.c.fingerprint == row.fingerprint)
        .order_by(_approvals.c.at)
    ).scalars()
    live = row.claimed_until is not None and row.claimed_until > now()
    return Review(
        id=row.id,
        proposal=proposal(session, row.request_id),
        gate=Gate.model_validate_json(row.gate),
        fingerprint=row.fingerprint,
        state=row.state,
        created_at=row.created_at,
        due_at=row.due_at,
        snoozed_until=row.snoozed_until,
        assignee=row.assignee,
        held_by=row.held_by,
        claimed_by=row.claimed_by if live else None,
        claimed_until=row.claimed_until if live else None,
        approvals=tuple(approvals),
        newest_customer_message_id=ticket.newest_message_id,
    )


def history(session: Session, ticket_id: str) -> TicketHistory:
    """Everything that happened to a ticket. Raises `NotFound`."""
    ticket = ticket_row(session, ticket_id)
    tries = session.execute(
        select(_attempts.c.body).where(_attempts.c.ticket_id == ticket_id).order_by(_attempts.c.n)
    ).scalars()
    ran = session.execute(
        select(_executions)
        .where(_executions.c.ticket_id == ticket_id)
        .order_by(_executions.c.created_at, _executions.c.position)
    )
    shown = session.execute(select(*_LINE).where(_reviews.c.ticket_id == ticket_id).order_by(_reviews.c.n))
    return TicketHistory(
        ticket=ticket_value(ticket),
        messages=tuple(messages(session, ticket_id)),
        events=tuple(journal.of_ticket(session, ticket_id)),
        attempts=tuple(Attempt.model_validate_json(body) for body in tries),
        executions=tuple(execution_value(row) for row in ran),
        reviews=tuple(line(row) for row in shown),
        notes=tuple(notes(session, ticket_id)),
    )


def review_row(session: Session, review_id: str) -> ReviewRow:
    row: ReviewRow | None = session.execute(select(ReviewRow).where(_reviews.c.id == review_id)).scalar_one_or_none()
    if row is None:
        raise NotFound(f"There is no review {plain.line(review_id)}.")
    return row


def ticket_row(session: Session, ticket_id: str) -> TicketRow:
    row = session.get(TicketRow, ticket_id)
    if row is None:
        raise NotFound(f"There is no ticket {plain.line(ticket_id)}.")
    return row


def message_row(session: Session, message_id: str) -> MessageRow:
    row: MessageRow | None = session.execute(
        select(MessageRow).where(_messages.c.id == message_id)
    ).scalar_one_or_none()
    if row is None:
        raise NotFound(f"There is no message {plain.line(message_id)}.")
    return row


def proposal(session: Session, request_id: str) -> Proposal:
    """Each is read and understood once in a transaction."""
    kept: dict[str, tuple[ProposalRow, str, Proposal]] = session.info.setdefault("proposals", {})
    row, body, value = kept.get(request_id, (None, "", None))
    if row is None or value is None or row.body != body:
        row = row or session.get_one(ProposalRow, request_id)
        value = Proposal.model_validate_json(row.body)
        kept[request_id] = (row, row.body, value)
    return value


def ending_of(session: Session, request_id: str) -> str:
    """How the workflow left the ticket with this proposal: send, ask, review, hold, close."""
    return session.get_one(ProposalRow, request_id).how


def ticket_value(row: TicketRow) -> Ticket:
    return Ticket(
        id=row.id,
        url=row.url,
        channel=row.channel,
        subject=row.subject,
        customer=Customer(id=row.customer_id, name=row.customer_name, identity=row.identity, how=row.how),
        state=row.state,
        version=row.version,
        created_at=row.created_at,
    )


def messages(session: Session, ticket_id: str) -> list[Message]:
    """The newest messages, oldest first, in plain text."""
    found = (
        select(_messages).where(_messages.c.ticket_id == ticket_id).order_by(_messages.c.n.desc()).limit(SHOWN_MESSAGES)
    )
    return [message_value(row) for row in reversed(session.execute(found).all())]


def message_value(row: Row[Any] | MessageRow) -> Message:
    return Message(
        id=row.id,
        ticket_id=row.ticket_id,
        direction=row.direction,
        at=row.at,
        author=row.author,
        sender=row.sender,
        text=row.text,
        hidden=row.hidden,
        ai_handled=row.ai_handled,
    )


def execution_value(row: Row[Any] | ExecutionRow) -> Execution:
    return Execution.model_validate(
        {
            "id": row.id,
            "ticket_id": row.ticket_id,
            "review_id": row.review_id,
            "decision_id": row.decision_id,
            "message_id": row.message_id,
            "action": json.loads(row.action),
            "envelope_hash": row.envelope_hash,
            "state": row.state,
            "attempt": row.attempt,
            "order": row.position,
            "due_at": row.due_at,
            "external_id": row.external_id,
            "failure": json.loads(row.failure) if row.failure else None,
        }
    )


def notes(session: Session, ticket_id: str) -> list[Note]:
    found = select(_notes).where(_notes.c.ticket_id == ticket_id).order_by(_notes.c.n)
    return [Note(at=row.at, actor=row.actor, text=row.text) for row in session.execute(found)]


def _draft(session: Session, review_id: str) -> Draft | None:
    drafts = table(DraftRow)
    body = session.execute(
        select(drafts.c.body).where(drafts.c.review_id == review_id).order_by(drafts.c.at.desc()).limit(1)
    ).scalar()
    return Draft.model_validate_json(body) if body else None


def _facts(session: Session, row: ReviewRow) -> FactsRead | None:
    """What was found for this envelope; None while nobody has read them again, and where nothing rests on any."""
    found = session.get(FactsRow, row.id)
    if found is None or found.fingerprint != row.fingerprint or found.changed == NOTHING:
        return None
    return FactsRead(at=found.at, changed=json.loads(found.changed))


def spelled_out(state: str) -> ColumnElement[str]:
    """Spelled out, not bound: a partial index is used only when the statement says its condition."""
    from sqlalchemy import literal_column

    return literal_column(f"'{state}'")
