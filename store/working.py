"""The workflow's inbox: which messages wait to be handled, which are in work, and the attempts made on the way.

A row is the enqueueing. It is `waiting` until a worker reads the case, then `taken`, and `done` with the ending. `listing`
gives what waits, oldest first, so work in progress is not handed out again. A taken one whose ending does not come is
listed again after `TAKEN_FOR` (its worker died, or the engine's own file was lost): the engine's workflow id is the work's,
so starting what still runs starts nothing.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import func, or_, select, text, update
from sqlmodel import Session

from store import counting, journal, locks, noting, plain, reading
from store.case import Case
from store.contract import Attempt, Message, Proposal, canonical, now
from store.live import RepeatContact
from store.queue import NotFound
from store.sheets import FIVE_MINUTES
from store.tables import (
    AttemptRow,
    MessageRow,
    ProposalRow,
    RepeatRow,
    TicketRow,
    WorkerRow,
    WorkRow,
    table,
)

TAKEN_FOR = timedelta(seconds=60)
OFFERED_FOR = timedelta(seconds=2)
"""So long what was listed for one worker is not listed for another; by then it has taken it, or has no slot for it."""

_work, _messages, _tickets, _workers = table(WorkRow), table(MessageRow), table(TicketRow), table(WorkerRow)
_proposals = table(ProposalRow)


def listing(session: Session, limit: int) -> list[str]:
    """Ids of work that waits, oldest first, then of work that was taken too long ago."""
    waiting = select(_work.c.id).where(_work.c.state == "waiting").order_by(_work.c.n).limit(limit)
    found = list(session.execute(waiting).scalars())
    if len(found) < limit:
        late = (_work.c.state == "taken") & (_work.c.taken_at < now() - TAKEN_FOR)
        found += session.execute(select(_work.c.id).where(late).order_by(_work.c.n).limit(limit - len(found))).scalars()
    return found


def offer(session: Session, limit: int) -> list[str]:
    """The same for one of many workers: each gets other work, so that they do not all begin with the same.

    A waiting row keeps in `taken_at` when it was offered. Who is offered what begins it by the engine's id all the same,
    so an offer that ran out while its worker was slow does no harm.
    """
    free = or_(_work.c.taken_at.is_(None), _work.c.taken_at < now() - OFFERED_FOR)
    waiting = (
        select(_work.c.id)
        .where(_work.c.state == "waiting", free)
        .order_by(_work.c.n)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    offered = update(_work).where(_work.c.id.in_(waiting)).values(taken_at=now()).returning(_work.c.n, _work.c.id)
    found = [work_id for _, work_id in sorted((row.n, row.id) for row in session.execute(offered))]
    if len(found) < limit:
        late = (_work.c.state == "taken") & (_work.c.taken_at < now() - TAKEN_FOR)
        found += session.execute(select(_work.c.id).where(late).order_by(_work.c.n).limit(limit - len(found))).scalars()
    return found


def case(session: Session, work_id: str) -> Case:
    """The ticket, its messages and the one to handle; marks the work taken. Raises `NotFound`."""
    locks.of_work(session, work_id)
    work = row(session, work_id)
    ticket = reading.ticket_row(session, work.ticket_id)
    if work.state != "done":
        first = work.state == "waiting"
        work.state, work.taken_at = "taken", now()
        ticket.state = "working"
        if first:
            journal.append(session, "ticket.working", ticket.id, ticket=ticket.id, work=work.id)
        else:
            journal.append(session, "work.resumed", ticket.id, ticket=ticket.id, work=work.id)
    message = reading.message_row(session, work.message_id)
    return Case(
        ticket=reading.ticket_value(ticket),
        messages=tuple(reading.messages(session, ticket.id)),
        message=reading.message_value(message),
        details=work.details,
    )


def row(session: Session, work_id: str) -> WorkRow:
    found: WorkRow | None = session.execute(select(WorkRow).where(_work.c.id == work_id)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"There is no work {plain.line(work_id)}.")
    return found


def newest(session: Session, ticket_id: str) -> WorkRow | None:
    """The last work on the ticket's newest customer message; None when it has no messages of ours."""
    ticket = reading.ticket_row(session, ticket_id)
    found = select(WorkRow).where(_work.c.message_id == ticket.newest_message_id).order_by(_work.c.round.desc())
    return session.execute(found.limit(1)).scalar_one_or_none()


def put(session: Session, ticket_id: str, message_id: str) -> None:
    """A new message waits to be handled. Its `message.received` entry tells it."""
    session.add(WorkRow(id=_free(session, message_id, 0), ticket_id=ticket_id, message_id=message_id))
    session.flush()


def again(session: Session, work: WorkRow, why: str, *, details: str | None = None, actor: str = journal.SYSTEM) -> str:
    """Sends a message round again as `<message_id>@<n>`, with what the model did not know."""
    highest = session.execute(select(func.max(_work.c.round)).where(_work.c.message_id == work.message_id)).scalar_one()
    fresh = WorkRow(
        id=_free(session, work.message_id, highest + 1),
        ticket_id=work.ticket_id,
        message_id=work.message_id,
        round=highest + 1,
        details=work.details if details is None else details,
    )
    session.add(fresh)
    session.flush()
    reading.ticket_row(session, work.ticket_id).state = "new"
    journal.append(session, "work.again", work.ticket_id, actor=actor, ticket=work.ticket_id, work=fresh.id, why=why)
    return fresh.id


def _free(session: Session, message_id: str, number: int) -> str:
    """`<message_id>` first, then `<message_id>@<n>`; a channel's own id may look like that, so the next free one."""
    while True:
        work_id = f"{message_id}@{number}" if number else message_id
        if session.execute(select(_work.c.n).where(_work.c.id == work_id)).first() is None:
            return work_id
        number += 1


def drop_waiting(session: Session, ticket_id: str) -> None:
    """Older messages of the ticket that nobody took yet are handled together with the newest one."""
    session.execute(
        update(_work)
        .where(_work.c.ticket_id == ticket_id, _work.c.state == "waiting")
        .values(state="done", ended="overtaken")
    )


# ── attempts and repeats ─────────────────────────────────────────────────────


def record(session: Session, ticket_id: str, attempts: tuple[Attempt, ...]) -> None:
    """Keeps attempts as rows; the same attempt again is the same row. A second try of a step counts as a retry."""
    fresh = []
    for one in attempts:
        key = hashlib.sha256(ticket_id.encode() + b"\n" + canonical(one)).hexdigest()[:32]
        known = session.execute(select(table(AttemptRow).c.n).where(table(AttemptRow).c.id == key)).scalar()
        if known is not None:
            continue
        session.add(
            AttemptRow(
                id=key,
                ticket_id=ticket_id,
                step=one.step,
                route=one.route,
                outcome=one.outcome,
                at=one.at,
                body=one.model_dump_json(),
            )
        )
        session.flush()
        fresh.append(one)
        if one.model:
            # An answer that does not fit is an answer: the model is there.
            counting.called(session, one.model, answered=one.outcome == "ok" or one.tokens_out > 0)
        if one.number > 1:
            counting.add(session, "retry_steps", one.step, seconds=FIVE_MINUTES)
    if fresh:
        noting.attempts(session, ticket_id, fresh)
        told = [{"step": a.step, "number": a.number, "outcome": a.outcome, "code": a.code} for a in fresh]
        journal.append(session, "attempts.made", ticket_id, ticket=ticket_id, attempts=told)


def link_repeat(session: Session, repeat: RepeatContact) -> None:
    """Links a customer message to the AI-handled reply it comes back to; the same link again is one link."""
    if session.get(RepeatRow, (repeat.message_id, repeat.reply_id)) is not None:
        return
    noting.repeat(session, repeat)
    session.add(RepeatRow(**repeat.model_dump()))
    session.flush()
    journal.append(
        session, "repeat.linked", repeat.ticket_id, ticket=repeat.ticket_id, **repeat.model_dump(mode="json")
    )


def ai_replies(session: Session, ticket_id: str, limit: int = 50) -> list[tuple[Message, Proposal]]:
    """AI-handled replies of the same thread, the same customer or the same sender, newest first."""
    ticket = reading.ticket_row(session, ticket_id)
    same = [_tickets.c.id == ticket.id]
    if ticket.customer_id is not None:
        same.append(_tickets.c.customer_id == ticket.customer_id)
    if ticket.sender is not None:
        same.append(_tickets.c.sender == ticket.sender)
    tickets = select(_tickets.c.id).where(or_(*same))
    rows = session.execute(
        select(_messages, _proposals.c.body)
        .join(_proposals, _proposals.c.request_id == _messages.c.request_id)
        .where(text("messages.ai_handled"), _messages.c.ticket_id.in_(tickets))
        .order_by(_messages.c.n.desc())
        .limit(limit)
    )
    return [(reading.message_value(row), Proposal.model_validate_json(row.body)) for row in rows]


# ── workers ──────────────────────────────────────────────────────────────────


def beat(session: Session, worker: str, host: str, pid: int) -> None:
    """A sign of life. Only the first one is a change that the journal tells; a buried worker that beats joins anew."""
    moment, known = now(), session.get(WorkerRow, worker)
    if known is not None and not known.buried:
        known.beat_at = moment
        return
    session.merge(WorkerRow(id=worker, host=host, pid=pid, since=moment, beat_at=moment))
    session.flush()
    journal.append(session, "worker.joined", worker, host=host, pid=pid)


def dead(session: Session, seconds: float) -> list[str]:
    found = select(_workers.c.id).where(
        _workers.c.buried.is_(False), _workers.c.beat_at < now() - timedelta(seconds=seconds)
    )
    return list(session.execute(found.order_by(_workers.c.beat_at)).scalars())


def bury(session: Session, worker: str) -> None:
    """The worker's work was taken over; it is not reported dead again."""
    known = session.get(WorkerRow, worker)
    if known is None or known.buried:
        return
    known.buried = True
    session.flush()
    journal.append(session, "worker.buried", worker)
