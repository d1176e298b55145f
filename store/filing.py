"""What comes in: customer messages, proposals from outside, and the endings of the workflow."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import func, select
from sqlmodel import Session

from store import (
    carrying,
    counting,
    journal,
    limits,
    locks,
    noting,
    outside,
    plain,
    planted,
    reading,
    reviewing,
    searching,
    switching,
    working,
)
from store.case import Ending
from store.contract import IncomingMessage, Proposal, now
from store.judge import Judge
from store.queue import Conflict, Invalid
from store.sheets import FIVE_MINUTES
from store.tables import MessageRow, ReviewRow, TicketRow, WorkRow, table

LONGEST_ID = 500
MOST_ROUNDS = 20
"""A message sent round that often without an ending goes to a person."""

_COMPARED = ("author", "channel", "sender", "subject", "text", "thread")
"""Fields in which the same message id must be the same message. Not `at`: channels stamp a second delivery anew."""

_messages, _tickets, _reviews = table(MessageRow), table(TicketRow), table(ReviewRow)


# ── messages ─────────────────────────────────────────────────────────────────


def message(session: Session, item: IncomingMessage) -> str:
    """Files a customer message once and returns its ticket's id. It voids what was proposed and approved before it."""
    key = outside.message_key(_id(item.message_id, "message_id"))
    limits.short_enough(item)
    sent = {name: _digest(getattr(item, name)) for name in _COMPARED} | {"message_id": _digest(item.message_id)}
    known: MessageRow | None = session.execute(select(MessageRow).where(_messages.c.id == key)).scalar_one_or_none()
    if known is not None:
        field = reviewing.differing(json.loads(known.sent or "{}"), sent)
        if field:
            raise Conflict(f"Message {key} was filed with another {field}.", field=field)
        return known.ticket_id
    ticket = _ticket_of(session, item)
    row = MessageRow(
        id=key,
        ticket_id=ticket.id,
        direction="inbound",
        at=item.at,
        author=item.author,
        sender=plain.line(item.sender) if item.sender else None,
        text=item.text,
        hidden=sum(plain.hidden(text) for text in (item.text, item.subject, item.author)),
        sent=json.dumps(sent),
    )
    session.add(row)
    session.flush()
    again = ticket.state in reviewing.RESOLVED
    ticket.newest_message_id, ticket.state = key, "new"
    ticket.version += 1
    ticket.sender = row.sender or ticket.sender
    journal.append(
        session,
        "message.received",
        ticket.id,
        ticket=ticket.id,
        message=key,
        channel=ticket.channel,
        hidden=row.hidden,
        digest=sent["text"],
        **({"reopened": ticket.route or ""} if again else {}),
    )
    if again:
        noting.reopened(session, ticket, now(), key, "the customer wrote after it was resolved")
    _overtake(session, ticket.id, key)
    working.put(session, ticket.id, key)
    searching.index(session, ticket)
    return ticket.id


def _overtake(session: Session, ticket_id: str, message_id: str) -> None:
    """The customer wrote again: what was proposed or approved without this message does not count any more."""
    why = f"newer message {message_id}"
    reviewing.supersede(session, ticket_id, why)
    carrying.void(session, carrying.undispatched(session, ticket_id), why)
    working.drop_waiting(session, ticket_id)


def _ticket_of(session: Session, item: IncomingMessage) -> TicketRow:
    """The ticket of the thread. Its id is the thread's, unless another channel has that one."""
    thread, channel = _id(item.thread, "thread"), plain.line(item.channel)
    found: TicketRow | None = session.execute(
        select(TicketRow)
        .where(_tickets.c.channel == channel, _tickets.c.thread == thread)
        .with_for_update(key_share=True)
    ).scalar_one_or_none()
    if found is not None:
        return found
    taken = session.get(TicketRow, thread) is not None
    row = TicketRow(
        id=f"{channel}:{thread}" if taken else thread,
        channel=channel,
        thread=thread,
        subject=item.subject,
        customer_name=plain.line(item.author),
        version=0,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return row


# ── proposals from outside ───────────────────────────────────────────────────


def proposal(session: Session, judge: Judge, item: Proposal) -> str:
    """Files an outside proposal once and returns its review's id. A newer version of the ticket closes older ones.

    What comes from outside always stops for a person, whatever the gate says.
    """
    _id(item.request_id, "request_id")
    item = outside.kept(session, item)
    locks.ticket(session, _id(item.ticket.id, "ticket.id"))
    ticket = session.get(TicketRow, _id(item.ticket.id, "ticket.id"))
    known = session.execute(select(_reviews.c.id).where(_reviews.c.request_id == item.request_id)).scalar()
    if known is not None and ticket is not None:
        reviewing.keep(session, item, ticket, "review")  # raises when the body differs
        return str(known)
    if ticket is None:
        ticket = _outside_ticket(session, item)
    elif ticket.planted:
        raise Conflict(f"Ticket {ticket.id} takes no proposals. File it under another id.", field="ticket.id")
    elif item.watermark.last_customer_message_id != ticket.newest_message_id:
        if _has_messages(session, ticket.id):
            raise Conflict(
                f"Ticket {ticket.id} has a newer customer message ({ticket.newest_message_id}).", field="watermark"
            )
        ticket.newest_message_id = item.watermark.last_customer_message_id
    reviewing.adopt(ticket, item.ticket.customer)
    reviewing.keep(session, item, ticket, "review")
    why = f"newer proposal {outside.asked(item).request_id}"
    reviewing.supersede(session, ticket.id, why)
    carrying.void(session, carrying.undispatched(session, ticket.id), why)
    gate = judge.gate(item, carrying.refunded_today(session, ticket.customer_id))
    journal.append(
        session, "proposal.review", ticket.id, ticket=ticket.id, request=item.request_id, system=item.source.system
    )
    return reviewing.open_review(session, judge, ticket, item, gate).id


def _outside_ticket(session: Session, item: Proposal) -> TicketRow:
    row = TicketRow(
        id=item.ticket.id,
        channel=item.ticket.channel,
        thread=item.ticket.id,
        url=item.ticket.url,
        subject=item.ticket.subject,
        version=item.watermark.ticket_version,
        newest_message_id=item.watermark.last_customer_message_id,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def _has_messages(session: Session, ticket_id: str) -> bool:
    return bool(session.execute(select(func.count()).where(_messages.c.ticket_id == ticket_id)).scalar_one())


# ── endings of the workflow ──────────────────────────────────────────────────


def ending(session: Session, judge: Judge, work_id: str, end: Ending) -> None:
    """Files where the workflow left a ticket. Done twice counts once; one the customer has overtaken leads to nothing."""
    locks.of_work(session, work_id)
    work = working.row(session, work_id)
    if work.state == "done":
        return
    ticket = reading.ticket_row(session, work.ticket_id)
    working.record(session, ticket.id, end.attempts)
    reviewing.adopt(ticket, end.customer)
    reviewing.keep(session, end.proposal, ticket, end.how)
    outdated = ticket.newest_message_id != work.message_id
    work.state, work.ended = "done", "outdated" if outdated else end.how
    _count_route(session, ticket, end)
    ms = round((now() - work.taken_at).total_seconds() * 1000, 3) if work.taken_at else None
    noting.ending(session, ticket, end, now(), ms)
    kind = "proposal.outdated" if outdated else f"proposal.{end.how}"
    journal.append(
        session,
        kind,
        ticket.id,
        ticket=ticket.id,
        work=work.id,
        request=end.proposal.request_id,
        route=end.proposal.route.name,
        code=end.proposal.route.code,
        failure=end.failure.code if end.failure else None,
        why=end.why,
        how=end.how,
        ms=ms,
    )
    if not outdated:
        _lead_on(session, judge, ticket, work, end)


def _lead_on(session: Session, judge: Judge, ticket: TicketRow, work: WorkRow, end: Ending) -> None:
    item = end.proposal
    again = carrying.already(session, ticket, item) if end.how in ("send", "ask") else None
    if again is not None:
        gate = end.gate.model_copy(update={"reasons": (again, *end.gate.reasons), "risk": "high"})
        reviewing.open_review(session, judge, ticket, item, gate, work_id=work.id)
    elif end.how in ("send", "ask") and (item.actions or item.customer_reply is not None):
        ticket.state = "working"
        intent = carrying.Intent(batch=work.id, proposal=item)
        carrying.enqueue(session, judge, ticket, intent)
    elif end.how == "review":
        reviewing.open_review(session, judge, ticket, item, end.gate, work_id=work.id)
        planted.perhaps(session, judge, item.request_id)
    elif end.how == "hold":
        _hold(session, judge, ticket, work, end)
    else:
        reviewing.leave(session, ticket, "closed")
        done = reviewing.resolved(session, ticket, item.route.name)
        journal.append(session, "ticket.closed", ticket.id, ticket=ticket.id, why=end.why, resolved=done)


def _hold(session: Session, judge: Judge, ticket: TicketRow, work: WorkRow, end: Ending) -> None:
    """Held by the switch that is off, or back to work at once when it is on again by now."""
    item, route = end.proposal, end.proposal.route
    kinds = [*(action.kind for action in item.actions), route.name]
    off = switching.holding(session, route.name, route.model, route.prompt, kinds)
    if off is None and work.round > MOST_ROUNDS:
        reviewing.open_review(session, judge, ticket, item, end.gate, work_id=work.id)
    elif off is None:
        working.again(session, work, "the switch is on again")
    else:
        reviewing.open_review(session, judge, ticket, item, end.gate, work_id=work.id, held_by=off)


def _count_route(session: Session, ticket: TicketRow, end: Ending) -> None:
    route = end.proposal.route.name
    if route == "fallback" or (ticket.route is not None and ticket.route != route):
        counting.add(session, "route_switches", route, seconds=FIVE_MINUTES)
    ticket.route = route


# ── what may come in ─────────────────────────────────────────────────────────


def _id(text: str, field: str) -> str:
    key = plain.line(text).strip()
    if not key or len(key) > LONGEST_ID:
        raise Invalid(f"{field} must have 1 to {LONGEST_ID} characters.")
    return key


def _digest(text: str | None) -> str:
    return hashlib.sha256(json.dumps(text).encode()).hexdigest()
