"""How a review comes to be and how its state moves: every move is told in the journal and counted in the roll-up."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from store import journal, noting, outside, past, plain, returning, searching
from store.contract import Customer, Gate, GateReason, Json, Money, Proposal, TicketState, canonical, fingerprint, now
from store.judge import Judge
from store.queue import Conflict
from store.tables import DecisionRow, ProposalRow, ReviewActionRow, ReviewRow, TicketRow, table

UNDECIDED = ("open", "snoozed", "held")
RESOLVED = ("answered", "closed")
"""Ticket states in which nothing more is to be done."""

_reviews, _decisions = table(ReviewRow), table(DecisionRow)


def leave(session: Session, ticket: TicketRow, state: TicketState, but: ReviewRow | None = None) -> None:
    """The ticket's state when one matter of it ends: what else of it waits for a person (`but` that row) goes before."""
    waits = select(_reviews.c.state).where(_reviews.c.ticket_id == ticket.id, _reviews.c.state.in_(UNDECIDED))
    if but is not None:
        waits = waits.where(_reviews.c.n != but.n)
    others = set(session.execute(waits).scalars())
    ticket.state = state if not others else "held" if others == {"held"} else "in_review"


def resolved(session: Session, ticket: TicketRow, route: str) -> str | None:
    """Counts a ticket that was left resolved; returns the route it is counted under, None when something else waits."""
    if ticket.state not in RESOLVED:
        return None
    noting.resolved(session, now(), route)
    return route


def keep(session: Session, proposal: Proposal, ticket: TicketRow, how: str) -> None:
    """Stores the proposal. Raises `Conflict` naming the field when its request id is taken by another body."""
    sent = proposal.model_dump(mode="json", exclude_unset=True)
    row = session.get(ProposalRow, proposal.request_id)
    if row is not None:
        field = differing(json.loads(row.sent), sent)
        if field:
            raise Conflict(f"Request {outside.asked(proposal).request_id} was filed with another {field}.", field=field)
        return
    session.add(
        ProposalRow(
            request_id=proposal.request_id,
            ticket_id=ticket.id,
            created_at=now(),
            how=how,
            body=proposal.model_dump_json(),
            sent=canonical(sent).decode(),
        )
    )
    session.flush()


def differing(one: dict[str, Json], other: dict[str, Json]) -> str | None:
    """The first field, in alphabetical order, in which two bodies differ."""
    return next((name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)), None)


def open_review(
    session: Session,
    judge: Judge,
    ticket: TicketRow,
    proposal: Proposal,
    gate: Gate,
    *,
    work_id: str | None = None,
    held_by: str | None = None,
) -> ReviewRow:
    """Files a stored proposal before a person (or held), and the ticket with it. One proposal, one review."""
    first = _first_reason(proposal, gate)
    amount = largest(proposal)
    moment = now()
    row = ReviewRow(
        id=past.review_id(proposal.request_id),
        request_id=proposal.request_id,
        ticket_id=ticket.id,
        work_id=work_id,
        gate=gate.model_dump_json(),
        fingerprint=fingerprint(proposal, gate),
        state="held" if held_by else "open",
        created_at=moment,
        due_at=moment + timedelta(hours=judge.windows.due_hours),
        expires_at=proposal.expires_at,
        on_expiry=proposal.on_expiry,
        held_by=held_by,
        subject=plain.line(ticket.subject),
        reason=first.code,
        sentence=_in_the_list(first, amount),
        reasons=json.dumps([reason.code for reason in gate.reasons]),
        route=proposal.route.name,
        model=proposal.route.model,
        prompt=proposal.route.prompt,
        risk=gate.risk,
        amount=abs(amount.minor) if amount else 0,
        currency=amount.currency if amount else None,
        hidden=proposal.hidden,
        planted=ticket.planted,
    )
    session.add(row)
    session.flush()
    session.add_all(ReviewActionRow(review_id=row.id, kind=kind) for kind in {a.kind for a in proposal.actions})
    ticket.state = "held" if held_by else "in_review"
    if not held_by:
        noting.waiting(session, row, 1)
    told: dict[str, Json] = {
        "reason": row.reason,
        "route": row.route,
        "risk": row.risk,
        "held_by": held_by,
        "due_at": _iso(row.due_at),
    }
    kind = "review.held" if held_by else "review.opened"
    journal.append(session, kind, row.id, ticket=ticket.id, shown=row.fingerprint, **told)
    searching.index(session, ticket)
    return row


def _in_the_list(first: GateReason, amount: Money | None) -> str:
    """The reason as the list shows it. One that many proposals share is told apart by its amount."""
    said = first.short or first.text
    return (
        f"{said} {amount}"
        if first.general and amount is not None and amount.minor and str(amount) not in said
        else said
    )


def _first_reason(proposal: Proposal, gate: Gate) -> GateReason:
    if gate.reasons:
        return gate.reasons[0]
    if proposal.failure is not None:
        return GateReason(code=proposal.failure.code, text=proposal.failure.internal_note)
    return GateReason(code="external", text=f"Filed by {proposal.source.system} for a decision")


def replace(session: Session, row: ReviewRow, proposal: Proposal, gate: Gate) -> None:
    """Gives the review another envelope: earlier approvals do not fit its new fingerprint. The mover tells it."""
    ticket = session.get_one(TicketRow, row.ticket_id)
    keep(session, proposal, ticket, "review")
    amount = largest(proposal)
    row.request_id, row.gate, row.fingerprint = proposal.request_id, gate.model_dump_json(), fingerprint(proposal, gate)
    row.amount, row.currency = (abs(amount.minor), amount.currency) if amount else (0, None)
    session.flush()


def largest(proposal: Proposal) -> Money | None:
    """The largest amount an action moves, whichever way."""
    amounts = [action.amount for action in proposal.actions if action.amount]
    return max(amounts, key=lambda money: abs(money.minor), default=None)


def move(
    session: Session,
    row: ReviewRow,
    state: str,
    kind: str,
    /,
    *,
    actor: str = journal.SYSTEM,
    ran: str | None = None,
    **data: Json,
) -> None:
    """Puts the review into a state, ends any claim on it, and tells it as `kind`."""
    before, row.state = row.state, state
    if (before == "open") != (state == "open"):
        noting.waiting(session, row, 1 if state == "open" else -1)
    if row.claimed_by is not None:
        row.claimed_by = row.claimed_until = None
        row.fence += 1
    session.add(row)
    session.flush()
    if row.work_id is None:
        returning.moved(session, row)
    told: dict[str, Json] = {"state": state, "route": row.route} | data
    journal.append(session, kind, row.id, actor=actor, ticket=row.ticket_id, shown=row.fingerprint, ran=ran, **told)


def undecided(session: Session, ticket_id: str) -> list[ReviewRow]:
    """The ticket's reviews that still wait for a decision."""
    found = select(ReviewRow).where(_reviews.c.ticket_id == ticket_id, _reviews.c.state.in_(UNDECIDED))
    return list(session.execute(found).scalars())


def supersede(session: Session, ticket_id: str, why: str, *, actor: str = journal.SYSTEM) -> int:
    """Closes the ticket's undecided reviews, and the first yes of a two-person one with them. Returns how many."""
    rows = undecided(session, ticket_id)
    for row in rows:
        close(session, row, why, actor=actor)
    return len(rows)


def close(session: Session, row: ReviewRow, why: str, *, actor: str = journal.SYSTEM) -> None:
    """Closes one undecided review; a first yes that waited for a second one goes with it."""
    waits = (_decisions.c.review_id == row.id) & (_decisions.c.state == "waiting_for_second")
    for decision in session.execute(select(DecisionRow).where(waits)).scalars():
        decision.state = "void"
        journal.append(
            session, "decision.void", row.id, actor=actor, ticket=row.ticket_id, decision=decision.id, why=why
        )
    move(session, row, "superseded", "review.superseded", actor=actor, why=why)


def adopt(ticket: TicketRow, customer: Customer) -> None:
    """What look-up learned about whom the ticket speaks for."""
    if customer.id is not None or customer.identity != "unknown":
        ticket.customer_id, ticket.identity, ticket.how = customer.id, customer.identity, customer.how
    if customer.name:
        ticket.customer_name = customer.name


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
