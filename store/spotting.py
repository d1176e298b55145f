"""Spot checks: automatic replies that were drawn wait for people to grade them; what they say feeds the figures, and a
wrong one can put the ticket before a person again."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from store import counting, journal, measuring, noting, plain, reading, reviewing, sheets
from store.contract import REPLY, Action, Gate, GateReason, Json, Proposal, Watermark, now
from store.figure_tables import SpotCheckRow, SpotGradeRow
from store.judge import Judge
from store.live import Grade, Graded, SpotCheck, SpotPage
from store.queue import Conflict, Invalid, NotFound
from store.sheets import Sheet
from store.tables import ExecutionRow, MessageRow, TicketRow, micros, table

_checks, _grades, _messages = table(SpotCheckRow), table(SpotGradeRow), table(MessageRow)
_executions = table(ExecutionRow)
GAUGE = "spot_checks"


def draw(session: Session, message: MessageRow, proposal: Proposal, wants: int) -> None:
    """An automatic reply waits for so many people to grade it."""
    route = proposal.route
    row = SpotCheckRow(
        message_id=message.id,
        ticket_id=message.ticket_id,
        at=message.at,
        route=route.name,
        prompt=route.prompt,
        prompt_version=route.prompt_version,
        wants=wants,
    )
    session.add(row)
    session.flush()
    counting.add(session, GAUGE, "", seconds=counting.GAUGE)
    sheet = Sheet()
    measuring.drawn(sheet, row.at, row.route)
    sheet.write(session)


def page(session: Session, actor: str, after: str | None, limit: int) -> SpotPage:
    """What this person can grade, oldest first. What others said is not in it: the second word is as free as the first."""
    mine = select(_grades.c.message_id).where(_grades.c.actor == actor)
    found = select(_checks).where(_checks.c.state == "waiting", _checks.c.message_id.not_in(mine))
    if after is not None:
        at, message_id = _cursor(after)
        later = _checks.c.at == sheets.datetime_of_micros(at)
        found = found.where(
            (_checks.c.at > sheets.datetime_of_micros(at)) | (later & (_checks.c.message_id > message_id))
        )
    rows = session.execute(found.order_by(_checks.c.at, _checks.c.message_id).limit(limit + 1)).all()
    shown = rows[:limit]
    more = _marker(shown[-1]) if len(rows) > limit and shown else None
    return SpotPage(checks=tuple(_value(session, row) for row in shown), next=more)


def grade(session: Session, judge: Judge, given: Grade) -> Graded:
    """Keeps one person's word. The same again is the same; another word of the same person takes the place of the first.

    Raises `NotFound`, `Invalid` without a reason, `Conflict` when so many have graded it already.
    """
    check = session.get(SpotCheckRow, given.message_id)
    if check is None:
        raise NotFound(f"There is no spot check of {plain.line(given.message_id)}.")
    if given.verdict != "good" and not given.why.strip():
        raise Invalid("why: say what is wrong or unclear.")
    if given.reopen and given.verdict != "wrong":
        raise Invalid("reopen: only a reply that is wrong puts its ticket before a person again.")
    before = _said(session, check)
    known = session.get(SpotGradeRow, (check.message_id, given.actor))
    if known is not None and (known.verdict, known.why) == (given.verdict, given.why):
        return Graded(message_id=check.message_id, done=check.state == "done", review_id=_reopened(session, check))
    if known is None and len(before) >= check.wants:
        raise Conflict(f"{check.wants} have graded this already.", decided_by=before[0].actor)
    if known is not None:
        known.verdict, known.why = given.verdict, given.why
    else:
        row = {"message_id": check.message_id, "actor": given.actor, "verdict": given.verdict}
        session.add(SpotGradeRow(**row, why=given.why, at=now()))
    session.flush()
    _count(session, check, before, _said(session, check))
    review_id, was = _reopen(session, judge, check, given) if given.reopen else (None, None)
    done = check.state == "done"
    told: dict[str, Json] = {"verdict": given.verdict, "message": check.message_id, "opened": review_id, "done": done}
    told |= {"reopened": was}
    journal.append(session, "spot.graded", check.ticket_id, actor=given.actor, ticket=check.ticket_id, **told)
    return Graded(message_id=check.message_id, done=check.state == "done", review_id=review_id)


def verdicts(session: Session, message_id: str) -> list[str]:
    """What people said, the first word first."""
    found = select(_grades.c.verdict).where(_grades.c.message_id == message_id)
    return list(session.execute(found.order_by(_grades.c.at, _grades.c.actor)).scalars())


def _said(session: Session, check: SpotCheckRow) -> Sequence[Row[Any]]:
    found = select(_grades.c.actor, _grades.c.verdict, _grades.c.why).where(_grades.c.message_id == check.message_id)
    return session.execute(found.order_by(_grades.c.at, _grades.c.actor)).all()


def _count(session: Session, check: SpotCheckRow, before: Sequence[Row[Any]], after: Sequence[Row[Any]]) -> None:
    """Takes the old words out of the figures and puts the new ones in."""
    sheet, gone = Sheet(), Sheet()
    measuring.graded(gone, check.at, check.route, [row.verdict for row in before])
    measuring.graded(sheet, check.at, check.route, [row.verdict for row in after])
    gone.write(session, -1)
    sheet.write(session)
    sheets.forget(session, f"spot:{check.message_id}")
    if after[0].verdict == "wrong":
        proposal, text = _sent(session, check)
        apart = measuring.dims(proposal, text)
        ref, said = f"spot:{check.message_id}", f"{after[0].actor}: {after[0].why}"
        sheets.behind(session, "wrong", apart, at=check.at, ticket=check.ticket_id, ref=ref, text=said)
    if check.state == "waiting" and len(after) >= check.wants:
        check.state = "done"
        session.get_one(MessageRow, _number(session, check)).spot_check = "done"
        counting.add(session, GAUGE, "", n=-1, seconds=counting.GAUGE)


def _reopen(session: Session, judge: Judge, check: SpotCheckRow, given: Grade) -> tuple[str, str | None]:
    """The ticket before a person, who reads what went out and why it is wrong, and writes what is right. The second is its
    route when it was resolved."""
    ticket = session.get_one(TicketRow, check.ticket_id)
    if ticket.state not in ("answered", "closed", "waiting_for_customer"):
        raise Conflict(f"Ticket {ticket.id} is {ticket.state.replace('_', ' ')} already: it is before somebody.")
    was_resolved = ticket.state in reviewing.RESOLVED
    proposal, text = _sent(session, check)
    again = proposal.model_copy(
        update={
            "request_id": f"{check.message_id}!spot",
            "watermark": Watermark(last_customer_message_id=ticket.newest_message_id, ticket_version=ticket.version),
            "created_at": now(),
            "expires_at": None,
            "actions": (),
            "customer_reply": None,
            "claims": (),
            "alternatives": (),
            "internal_note": f"{given.actor} found the automatic reply wrong: {given.why}\n\nIt said:\n{text}",
        }
    )
    reason = GateReason(code="spot_check", text=f"Found wrong in a spot check: {given.why.splitlines()[0]}")
    reviewing.keep(session, again, ticket, "review")
    row = reviewing.open_review(session, judge, ticket, again, Gate(reasons=(reason,), risk="low"))
    if not was_resolved:
        return row.id, None
    noting.reopened(session, ticket, now(), row.id, "found wrong in a spot check")
    return row.id, ticket.route or ""


def _reopened(session: Session, check: SpotCheckRow) -> str | None:
    from store.tables import ReviewRow

    reviews = table(ReviewRow)
    found = select(reviews.c.id).where(reviews.c.request_id == f"{check.message_id}!spot")
    return session.execute(found).scalar()


def _sent(session: Session, check: SpotCheckRow) -> tuple[Proposal, str]:
    row = reading.message_row(session, check.message_id)
    assert row.request_id is not None
    return reading.proposal(session, row.request_id), row.text


def _number(session: Session, check: SpotCheckRow) -> int:
    found = select(_messages.c.n).where(_messages.c.id == check.message_id)
    return int(session.execute(found).scalar_one())


def _value(session: Session, row: Row[Any]) -> SpotCheck:
    proposal, text = _sent(session, row)  # type: ignore[arg-type]
    given = select(func.count()).where(_grades.c.message_id == row.message_id)
    work = reading.message_row(session, row.message_id).execution_id or ""
    batch = select(_executions.c.batch).where(_executions.c.id == work).scalar_subquery()
    ran = select(_executions.c.action).where(
        _executions.c.batch == batch, _executions.c.state == "done", _executions.c.kind != "send_reply"
    )
    did = [Action.model_validate_json(body) for body in session.execute(ran.order_by(_executions.c.position)).scalars()]
    return SpotCheck(
        message_id=row.message_id,
        ticket_id=row.ticket_id,
        at=row.at,
        route=row.route,
        prompt=row.prompt,
        prompt_version=row.prompt_version,
        subject=session.get_one(TicketRow, row.ticket_id).subject,
        asked=proposal.message or _asked(session, proposal),
        reply=text,
        sources=tuple(f"{each.title}: {each.quote}" for each in proposal.evidence),
        did=tuple(action.description or action.kind for action in did if action.action_id != REPLY),
        wants=row.wants,
        grades=session.execute(given).scalar_one(),
    )


def _asked(session: Session, proposal: Proposal) -> str:
    newest = proposal.watermark.last_customer_message_id
    return session.execute(select(_messages.c.text).where(_messages.c.id == newest)).scalar() or ""


def _marker(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(f"{micros(row.at)} {row.message_id}".encode()).decode().rstrip("=")


def _cursor(marker: str) -> tuple[int, str]:
    try:
        at, message_id = base64.urlsafe_b64decode(marker + "=" * (-len(marker) % 4)).decode().split(" ", 1)
        return int(at), message_id
    except ValueError:
        raise Invalid("This page marker belongs to another list. Start the list again.") from None
