"""Planted cases: copies of approved ones with one fault, to see whether people still look. To the agent they are cases like
any other; nothing of them is ever carried out, whatever is decided, and no figure of real tickets knows them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from store import journal, planting, reading, reviewing
from store.contract import Gate, Json, Proposal, now
from store.judge import Judge
from store.live import Share
from store.planted_told import Planted, PlantedCase, PlantedFigures, Planting
from store.planting import KINDS, Fault, FaultKind, Spoilt
from store.queue import Invalid
from store.sheets import Sheet
from store.tables import AttemptRow, DecisionRow, MessageRow, PlantedRow, ReviewRow, TicketRow, table

DAYS = 28
_LOOKED_AT = 300
"""The newest approved cases that one is made from."""
_COOL = timedelta(hours=12)
"""A copy of what was decided this recently would be known again; older ones are taken first."""

_planted, _reviews, _decisions, _messages = table(PlantedRow), table(ReviewRow), table(DecisionRow), table(MessageRow)


# ── planting ─────────────────────────────────────────────────────────────────


def plant(session: Session, judge: Judge, asked: Planting) -> Planted:
    """Plants so many cases. Raises `Invalid` when fewer can be made: then none is planted."""
    if not asked.by.strip() or not asked.kinds:
        raise Invalid("by and kinds: say who plants, and which faults.")
    pool = [_origin(session, asked.origin)] if asked.origin else _pool(session)
    made: list[PlantedCase] = []
    for number in range(asked.count):
        row = _one(session, judge, asked, number, pool)
        if row is None:
            raise Invalid(_none_left(asked, len(made)))
        made.append(_case(row, named=True))
    return Planted(cases=tuple(made))


def perhaps(session: Session, judge: Judge, request_id: str) -> None:
    """The configured share, drawn by a stable hash of what just stopped for a person."""
    share = judge.windows.planted_share
    if share <= 0 or int(hashlib.sha256(f"planted\n{request_id}".encode()).hexdigest()[:8], 16) / 2**32 >= share:
        return
    first = secrets.randbelow(len(KINDS))
    asked = Planting(by=journal.SYSTEM, kinds=(*KINDS[first:], *KINDS[:first]))
    _one(session, judge, asked, 0, _pool(session))


def _none_left(asked: Planting, made: int) -> str:
    if asked.origin:
        return f"{asked.origin}: no fault of these kinds fits this case. Leave the kinds away, or name another review."
    return (
        f"Only {made} of {asked.count} can be planted: each is made from a case that was approved as it was proposed, "
        "and from each only one. Plant fewer, allow more kinds, or wait until more was decided."
    )


@dataclass(frozen=True)
class _Origin:
    """A review that people let go as it was proposed."""

    review_id: str
    proposal: Proposal
    gate: Gate


def _pool(session: Session) -> list[_Origin]:
    """What cases can be made from, the cool ones first, in no order that a person could learn."""
    used = select(_planted.c.origin)
    found = (
        select(_reviews.c.id, _reviews.c.request_id, _reviews.c.gate, _decisions.c.body, _decisions.c.at)
        .join(_decisions, _decisions.c.review_id == _reviews.c.id)
        .where(_reviews.c.state == "decided", _decisions.c.state == "standing", _reviews.c.planted.is_(False))
        .where(_reviews.c.work_id.is_not(None), _reviews.c.id.not_in(used))
        .order_by(_reviews.c.created_at.desc(), _reviews.c.n.desc())
        .limit(_LOOKED_AT)
    )
    rows = [row for row in session.execute(found) if _as_proposed(row.body)]
    warm = now() - _COOL
    rows.sort(key=lambda row: (row.at > warm, secrets.randbelow(2**30)))
    return [_Origin(row.id, reading.proposal(session, row.request_id), _gate(row)) for row in rows]


def _origin(session: Session, review_id: str) -> _Origin:
    row = reading.review_row(session, review_id)
    if row.state != "decided" or row.planted or row.work_id is None:
        raise Invalid(f"origin: {review_id} is not a decided case of the workflow's own.")
    return _Origin(row.id, reading.proposal(session, row.request_id), _gate(row))


def _gate(row: Any) -> Gate:
    return Gate.model_validate_json(row.gate)


def _as_proposed(body: str) -> bool:
    verdicts = json.loads(body)["verdicts"]
    return bool(verdicts) and all(one["type"] == "approve" for one in verdicts)


def _one(session: Session, judge: Judge, asked: Planting, number: int, pool: list[_Origin]) -> PlantedRow | None:
    """One case, of the kind whose turn it is or the next that fits; its origin leaves the pool."""
    turn = number % len(asked.kinds)
    for kind in (*asked.kinds[turn:], *asked.kinds[:turn]):
        for origin, spoilt in _spoilt(kind, pool):
            message = _message(session, spoilt.proposal)
            if message is not None:
                pool.remove(origin)
                return _file(session, judge, asked.by, _Made(origin.review_id, spoilt, message))
    return None


def _spoilt(kind: FaultKind, pool: Sequence[_Origin]) -> Iterator[tuple[_Origin, Spoilt]]:
    others = [each.proposal for each in pool]
    for origin in list(pool):
        found = planting.spoil(kind, origin.proposal, origin.gate, others, secrets.randbelow(1000))
        if found is not None:
            yield origin, found


def _message(session: Session, proposal: Proposal) -> MessageRow | None:
    newest = proposal.watermark.last_customer_message_id
    found: MessageRow | None = session.execute(select(MessageRow).where(_messages.c.id == newest)).scalar_one_or_none()
    return found


# ── filing one ───────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Made:
    """What is filed: from which review, the proposal with its fault, and the message it answered."""

    origin: str
    spoilt: Spoilt
    message: MessageRow


def _file(session: Session, judge: Judge, by: str, made: _Made) -> PlantedRow:
    spoilt = made.spoilt
    ticket, wrote = _ticket(session, spoilt.proposal, made.message)
    proposal, fault = _renamed(spoilt, ticket, made.message.id, wrote.id, judge.rules_version)
    told: dict[str, Json] = {"kind": fault.kind, "said": spoilt.said, "by": by, "origin": made.origin}
    work: dict[str, Json] = {"ticket_id": ticket.id, "work": wrote.id}
    digest = hashlib.sha256(json.dumps(wrote.text).encode()).hexdigest()
    journal.append(
        session, journal.PLANTED, ticket.id, actor=by, ticket=ticket.id, planted=told, message=wrote.id,
        channel=ticket.channel, hidden=wrote.hidden, digest=digest,
    )  # fmt: skip
    journal.append(session, "ticket.working", ticket.id, ticket=ticket.id, work=wrote.id, planted=True)
    _attempts(session, proposal)
    reviewing.keep(session, proposal, ticket, "review")
    route = proposal.route
    ms = round(sum(one.ms for one in route.attempts), 3)
    work |= {"request": proposal.request_id, "route": route.name, "code": route.code, "failure": None, "ms": ms}
    work |= {"why": route.reason, "how": "review", "planted": True}
    journal.append(session, "proposal.review", ticket.id, ticket=ticket.id, **work)
    review = reviewing.open_review(session, judge, ticket, proposal, spoilt.gate)
    row = PlantedRow(
        review_id=review.id,
        ticket_id=ticket.id,
        origin=made.origin,
        kind=fault.kind,
        said=spoilt.said,
        fault=fault.model_dump_json(),
        by=by,
        at=now(),
    )
    session.add(row)
    session.flush()
    return row


def _ticket(session: Session, proposal: Proposal, message: MessageRow) -> tuple[TicketRow, MessageRow]:
    """A ticket and its message that look like others. No channel can name its thread, so no customer ever writes to it."""
    old, moment = session.get_one(TicketRow, proposal.ticket.id), now()
    wrote_id = planting.alike(message.id, lambda one: _known(session, one), secrets.randbelow)
    ticket = TicketRow(
        id=planting.alike(old.id, lambda one: session.get(TicketRow, one) is not None, secrets.randbelow),
        channel=old.channel,
        thread=f"\n{secrets.token_hex(16)}",
        url=old.url,
        subject=old.subject,
        sender=old.sender,
        customer_id=old.customer_id,
        customer_name=old.customer_name,
        identity=old.identity,
        how=old.how,
        newest_message_id=wrote_id,
        route=proposal.route.name,
        created_at=moment,
        planted=True,
    )
    wrote = MessageRow(
        id=wrote_id,
        ticket_id=ticket.id,
        direction="inbound",
        at=moment - timedelta(seconds=5 + secrets.randbelow(40)),
        author=message.author,
        sender=message.sender,
        text=message.text,
        hidden=message.hidden,
    )
    session.add(ticket)
    session.flush()
    session.add(wrote)
    session.flush()
    return ticket, wrote


def _known(session: Session, message_id: str) -> bool:
    return session.execute(select(_messages.c.n).where(_messages.c.id == message_id)).first() is not None


def _renamed(spoilt: Spoilt, ticket: TicketRow, old: str, new: str, version: str) -> tuple[Proposal, Fault]:
    """The proposal as one of this ticket: its ids, and its times moved to now."""
    told = planting.moved(spoilt.proposal.model_dump(mode="json"), old, new)
    named = Proposal.model_validate(told | {"request_id": new})
    since = now() - named.created_at
    seen = named.watermark.model_copy(update={"last_customer_message_id": new, "ticket_version": ticket.version})
    tries = tuple(one.model_copy(update={"at": one.at + since}) for one in named.route.attempts)
    who = named.ticket.model_copy(update={"id": ticket.id, "version": ticket.version, "created_at": ticket.created_at})
    proposal = named.model_copy(
        update={
            "created_at": now(),
            "expires_at": None,
            "ticket": who,
            "watermark": seen,
            "rules_version": version,
            "route": named.route.model_copy(update={"attempts": tries}),
            "evidence": tuple(
                one.model_copy(update={"read_at": min(now(), one.read_at + since)}) for one in named.evidence
            ),
        }
    )
    return proposal, Fault.model_validate(planting.moved(spoilt.fault.model_dump(), old, new))


def _attempts(session: Session, proposal: Proposal) -> None:
    """The tries that its history shows; none was made, and none is counted."""
    tries = proposal.route.attempts
    for number, one in enumerate(tries):
        key = hashlib.sha256(f"{proposal.request_id}\n{number}".encode()).hexdigest()[:32]
        row = AttemptRow(
            id=key,
            ticket_id=proposal.ticket.id,
            step=one.step,
            route=one.route,
            outcome=one.outcome,
            at=one.at,
            body=one.model_dump_json(),
        )
        session.add(row)
    session.flush()
    told = [{"step": a.step, "number": a.number, "outcome": a.outcome, "code": a.code} for a in tries]
    if told:
        ticket = proposal.ticket.id
        journal.append(session, "attempts.made", ticket, ticket=ticket, attempts=told, planted=True)


# ── answered ─────────────────────────────────────────────────────────────────


def answered(session: Session, review_id: str, actor: str, let_go: Proposal | None) -> PlantedRow:
    """What a person let go of it (None: sent round again) says whether the fault was found."""
    row = session.get_one(PlantedRow, review_id)
    missed = let_go is not None and planting.stands(Fault.model_validate_json(row.fault), let_go)
    row.state, row.answered_by, row.answered_at = "missed" if missed else "caught", actor, now()
    session.flush()
    sheet = Sheet()
    count(sheet, row)
    sheet.write(session)
    return row


def count(sheet: Sheet, row: PlantedRow) -> None:
    """The figures of planted cases: a name of their own, beside no real ticket's."""
    if row.answered_at is None or row.answered_by is None:
        return
    apart = {"all": ("",), "kind": (row.kind,), "person": (row.answered_by,)}
    sheet.add("planted", row.answered_at, apart)
    if row.state == "missed":
        sheet.add("planted_missed", row.answered_at, apart)


def withdraw(session: Session, actor: str) -> Planted:
    """Takes back what waits."""
    waits = select(PlantedRow).where(_planted.c.state == "waiting")
    rows = session.execute(waits).scalars().all()
    for row in rows:
        row.state = "withdrawn"
        session.get_one(TicketRow, row.ticket_id).state = "closed"
        review = reading.review_row(session, row.review_id)
        if review.state in reviewing.UNDECIDED:
            why = "taken back"
            reviewing.move(
                session, review, "superseded", "review.superseded", actor=actor, why=why, planted="withdrawn"
            )
    return Planted(cases=tuple(_case(row, named=True) for row in rows))


# ── told to a lead ───────────────────────────────────────────────────────────


def figures(session: Session, judge: Judge) -> PlantedFigures:
    """Planted cases of the last 28 days. Tickets and persons only where the rules allow it: `planted_by_person`."""
    named = judge.windows.planted_by_person
    found = select(PlantedRow).where(_planted.c.at >= now() - timedelta(days=DAYS)).order_by(_planted.c.at.desc())
    rows = session.execute(found).scalars().all()
    return PlantedFigures(
        waiting=sum(row.state == "waiting" for row in rows),
        found=_share(rows),
        kinds={kind: _share([row for row in rows if row.kind == kind]) for kind in KINDS},
        people={
            who: _share([row for row in rows if row.answered_by == who])
            for who in (sorted({row.answered_by for row in rows if row.answered_by}) if named else ())
        },
        cases=tuple(_case(row, named=named) for row in rows[:200]),
    )


def _share(rows: Sequence[PlantedRow]) -> Share:
    done = [row for row in rows if row.state in ("caught", "missed")]
    return Share(part=sum(row.state == "caught" for row in done), whole=len(done))


def _case(row: PlantedRow, *, named: bool) -> PlantedCase:
    seen = named or row.state == "waiting"
    return PlantedCase(
        at=row.at,
        kind=row.kind,
        said=row.said,
        state=row.state,
        by=row.by,
        answered_at=row.answered_at,
        ticket_id=row.ticket_id if seen else None,
        answered_by=row.answered_by if named else None,
    )
