"""Counts all figures anew from what is stored: tickets, decisions, attempts, executions and the journal. It proves the
roll-ups, and fills them for what was there before they were kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select
from sqlmodel import Session

from store import journal, measuring, noting, planted, reading, sheets, spotting
from store.contract import Attempt
from store.engine import open_database
from store.figure_tables import BehindRow, FigureRow, SpotCheckRow
from store.sheets import Sheet
from store.tables import (
    AttemptRow,
    DecisionRow,
    ExecutionRow,
    JournalRow,
    MessageRow,
    PlantedRow,
    ProposalRow,
    RepeatRow,
    ReviewRow,
    TicketRow,
    table,
)

_journal, _messages, _repeats, _attempts = table(JournalRow), table(MessageRow), table(RepeatRow), table(AttemptRow)
_decisions, _figures, _reviews = table(DecisionRow), table(FigureRow), table(ReviewRow)
_executions, _checks, _tickets = table(ExecutionRow), table(SpotCheckRow), table(TicketRow)

Cells = Counter[tuple[str, int, str, int]]


def differences(session: Session) -> list[str]:
    """Where the roll-ups say another number than a count from scratch, in words; empty when they are right."""
    counted, kept = recount(session), _kept(session)
    return [
        f"{name} {key or '(all)'} at {at} part {part}: kept {kept.get(cell, 0)}, counted {counted.get(cell, 0)}"
        for cell in sorted(counted.keys() | kept.keys())
        for name, at, key, part in [cell]
        if counted.get(cell, 0) != kept.get(cell, 0)
    ]


def repair(url: str | Path) -> int:
    """Puts the counted figures in place of the kept ones, in one transaction. Returns how many differed."""
    database = open_database(url)
    try:
        wrong = database.write(_mend)
        if wrong:  # once they are committed: many writers' sums are added at the end of a transaction
            database.write(lambda session: sheets.mark_all_again(session, "returned.reply"), journaled=False)
        return wrong
    finally:
        database.close()


def _mend(session: Session) -> int:
    wrong = differences(session)
    if wrong:
        session.execute(delete(_figures).where(_counted()))
        sheet = Sheet()
        sheet.cells = recount(session)
        sheet.write(session)
        journal.append(session, "figures.recounted", "figures", differed=len(wrong))
    return len(wrong)


def recount(session: Session) -> Cells:
    """All figures from scratch. Reads every row: minutes for a million tickets."""
    sheet = Sheet()
    made = select(_attempts.c.body).join(_tickets, _tickets.c.id == _attempts.c.ticket_id)
    for row in session.execute(made.where(_tickets.c.planted.is_(False)).order_by(_attempts.c.n)):
        measuring.tried(sheet, Attempt.model_validate_json(row.body))
    _replies(session, sheet)
    _decided(session, sheet)
    _journalled(session, sheet)
    _spots(session, sheet)
    for row in session.execute(select(PlantedRow)).scalars():
        planted.count(sheet, row)
    open_ = select(_reviews.c.created_at).where(_reviews.c.state == "open", _reviews.c.planted.is_(False))
    for at in session.execute(open_).scalars():
        sheet.gauge(noting.WAITING, "", 1, at=noting.filed_in(at))
    return Counter({cell: n for cell, n in sheet.cells.items() if n})


def behind(session: Session) -> dict[str, int]:
    """How many cases are kept behind each figure of all."""
    rows = table(BehindRow)
    found = select(rows.c.name, func.count().label("n")).where(rows.c.name.like("%.all")).group_by(rows.c.name)
    return {row.name: int(row.n) for row in session.execute(found)}


def _kept(session: Session) -> Cells:
    wanted = select(_figures.c.name, _figures.c.at, _figures.c.key, _figures.c.part, _figures.c.count.label("n"))
    rows = session.execute(wanted.where(_counted(), _figures.c.count != 0))
    return Counter({(row.name, int(row.at), row.key, row.part): int(row.n) for row in rows})


def _counted() -> ColumnElement[bool]:
    """All but the runs of approvals, which no table keeps, and what only finds others."""
    return (_figures.c.name != noting.STREAK) & ~_figures.c.name.startswith(sheets.AGAIN)


# ── from the tables ──────────────────────────────────────────────────────────


def _replies(session: Session, sheet: Sheet) -> None:
    sent = select(_messages).where(_messages.c.direction == "outbound").order_by(_messages.c.n)
    answered: set[str] = set()
    for row in session.execute(sent).all():
        proposal = reading.proposal(session, row.request_id)
        if row.ticket_id not in answered:
            answered.add(row.ticket_id)
            mine = (_messages.c.ticket_id == row.ticket_id) & (_messages.c.direction == "inbound")
            earlier = select(func.min(_messages.c.at)).where(mine, _messages.c.n < row.n)
            if (since := session.execute(earlier).scalar()) is not None:
                waited = max(0.0, (row.at - since).total_seconds() * 1000)
                measuring.first_answer(sheet, row.at, proposal.route.name, waited)
        if row.ai_handled:
            measuring.replied(sheet, row.at, proposal, row.text)
            linked = select(_repeats.c.confusion).where(_repeats.c.reply_id == row.id)
            contacts = list(session.execute(linked).scalars())
            if contacts:
                measuring.returned(sheet, row.at, proposal, row.text)
            if any(contacts):
                measuring.confused(sheet, row.at, proposal, row.text)


def _decided(session: Session, sheet: Sheet) -> None:
    made = select(DecisionRow).join(_reviews, _reviews.c.id == _decisions.c.review_id)
    made = made.where(_decisions.c.state != "undone", _reviews.c.planted.is_(False)).order_by(_decisions.c.at)
    for kept in session.execute(made).scalars():
        given, was = noting.stored(kept), json.loads(kept.before)
        if noting.counts_as_decided(given):
            row = reading.review_row(session, kept.review_id)
            measuring.decided(sheet, noting.judged(session, kept, row, given, was.get("took_ms", 0)))
        if was.get("resolved") is not None:
            measuring.resolved(sheet, kept.at, was["resolved"])


def _spots(session: Session, sheet: Sheet) -> None:
    for row in session.execute(select(_checks)):
        measuring.drawn(sheet, row.at, row.route)
        measuring.graded(sheet, row.at, row.route, spotting.verdicts(session, row.message_id))


# ── from the journal ─────────────────────────────────────────────────────────


def _journalled(session: Session, sheet: Sheet) -> None:
    """What no table keeps: where each message was left, how each execution first ended, tickets resolved and reopened."""
    ended: set[str] = set()
    for row, data in _entries(session):
        if "planted" in data:
            continue
        if row.kind.startswith("proposal.") and "work" in data:
            _ending(session, sheet, row, data)
        elif row.kind in ("execution.done", "execution.failed", "execution.unknown") and row.subject not in ended:
            ended.add(row.subject)
            if "ms" in data:
                state = row.kind.removeprefix("execution.")
                measuring.carried(sheet, row.at, data["kind"], data["route"], state=state, ms=data["ms"])
        elif row.kind in ("ticket.answered", "ticket.closed") and data.get("resolved") is not None:
            measuring.resolved(sheet, row.at, data["resolved"])
        elif row.kind in ("message.received", "spot.graded") and data.get("reopened") is not None:
            measuring.reopened(sheet, row.at, data["reopened"])


def _entries(session: Session) -> Iterator[tuple[Row[Any], dict[str, Any]]]:
    last = 0
    while rows := session.execute(
        select(_journal).where(_journal.c.seq > last).order_by(_journal.c.seq).limit(1000)
    ).all():
        for row in rows:
            yield row, json.loads(row.data)
        last = rows[-1].seq


def _ending(session: Session, sheet: Sheet, row: Row[Any], data: dict[str, Any]) -> None:
    if session.get(ProposalRow, data["request"]) is None:
        return
    proposal, failed = reading.proposal(session, data["request"]), data["failure"] is not None
    measuring.handled(sheet, row.at, proposal, how=data.get("how", ""), failed=failed, ms=data.get("ms"))
