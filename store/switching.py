"""The kill switches: rows, read before each call and each dispatch, and what happens to what waits when one is thrown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, func, or_, select
from sqlmodel import Session

from store import journal, locks, reading, reviewing, sheets, working
from store.contract import now
from store.judge import Judge
from store.live import Switch, SwitchPreview
from store.queue import Invalid
from store.tables import (
    ExecutionRow,
    ReviewActionRow,
    ReviewRow,
    SwitchedCountRow,
    SwitchRow,
    TicketRow,
    WorkRow,
    table,
)

_switches, _reviews, _kinds = table(SwitchRow), table(ReviewRow), table(ReviewActionRow)
_executions, _work = table(ExecutionRow), table(WorkRow)
_touches = table(SwitchedCountRow)
_ON = _switches.c.on.is_(True).label("is_on")
"""Only what reads as on is on; a row that says anything else is off."""


def all_switches(session: Session) -> tuple[Switch, ...]:
    """Every switch that was ever thrown, with how many reviews it holds. One that is not here is on."""
    rows = session.execute(select(_switches, _ON).order_by(_switches.c.kind, _switches.c.name)).all()
    counted = select(_touches.c.name, _touches.c.count.label("held")).where(
        _touches.c.kind == "held_by", _touches.c.state == "held"
    )
    held = {row.name: int(row.held) for row in session.execute(counted)}
    return tuple(_value(row, held.get(f"{row.kind}:{row.name}", 0)) for row in rows)


def throw(session: Session, switch: Switch) -> Switch:
    """Sets it, at once for every call and dispatch; `sweep` then moves what waits. Raises `Invalid` without a reason."""
    _sound(switch)
    row = session.get(SwitchRow, (switch.kind, switch.name))
    before = None if row is None else row.on
    row = row or SwitchRow(kind=switch.kind, name=switch.name)
    row.on, row.who, row.why, row.since = switch.on, switch.who, switch.why, now()
    row.waiting, row.until = switch.waiting, None if switch.on else switch.until
    session.add(row)
    session.flush()
    journal.append(
        session,
        "switch.thrown",
        key(switch),
        actor=switch.who,
        on=switch.on,
        was=before,
        why=switch.why,
        waiting=switch.waiting,
        until=row.until.isoformat() if row.until else None,
    )
    return switch.model_copy(update={"since": row.since, "until": row.until})


def preview(session: Session, judge: Judge, switch: Switch) -> SwitchPreview:
    """What throwing it will touch. `per_hour`: tickets it took part in over the last 24 hours, an hour."""
    queued = select(func.count()).where(_executions.c.state == "queued", _column(_executions, switch) == switch.name)
    in_work = select(func.count()).where(_work.c.state.in_(("waiting", "taken")))
    end = int(now().timestamp()) + 1
    handled = sheets.sums(
        session, [f"handled.{switch.kind}"], end - 24 * sheets.HOUR, end, [sheets.key_of(switch.name)]
    )
    return SwitchPreview(
        switch=switch,
        reviews=_count(session, switch.kind, switch.name, "open", "snoozed"),
        executions=session.execute(queued).scalar_one(),
        in_flight=session.execute(in_work).scalar_one(),
        held=_count(session, "held_by", key(switch), "held"),
        then=_then(judge, switch),
        per_hour=sum(handled[f"handled.{switch.kind}"].values()) / 24,
    )


def _then(judge: Judge, switch: Switch) -> str:
    """Where new tickets go, in words."""
    if switch.on:
        return "go this way again"
    other = switch.waiting.removeprefix("route:") if switch.waiting.startswith("route:") else ""
    other = other or judge.instead(switch.kind, switch.name)
    if other:
        return f"take the route {other}"
    return "go to people" if switch.waiting == "review" else "wait until it is on again"


def holding(session: Session, route: str, model: str, prompt: str, kinds: Iterable[str]) -> str | None:
    """The switch that is off for any of these, as `kind:name`; None when all are on."""
    names = {"route": {route}, "model": {model}, "prompt": {prompt}, "action": set(kinds)}
    for row in session.execute(select(_switches.c.kind, _switches.c.name).where(_switches.c.on.is_not(True))):
        if row.name in names.get(row.kind, {row.name}):
            return f"{row.kind}:{row.name}"
    return None


def off_columns(session: Session, source: FromClause) -> Iterator[tuple[ColumnElement[str], list[str]]]:
    """The columns of executions in which a switched-off name stands, with those names."""
    off: dict[str, list[str]] = {}
    for row in session.execute(select(_switches.c.kind, _switches.c.name).where(_switches.c.on.is_not(True))):
        off.setdefault(row.kind, []).append(row.name)
    for kind, names in off.items():
        yield _column(source, kind), names


def ended(session: Session) -> int:
    """Throws on again what was off until now. Returns how many."""
    over = select(_switches, _ON).where(_switches.c.on.is_(False), _switches.c.until <= now())
    rows = session.execute(over).all()
    for row in rows:
        throw(session, _value(row, 0).model_copy(update={"on": True, "who": journal.SYSTEM, "why": "its time is over"}))
    return len(rows)


def key(switch: Switch) -> str:
    return f"{switch.kind}:{switch.name}"


# ── what waits ───────────────────────────────────────────────────────────────


def sweep(session: Session, limit: int = 200) -> int:
    """Moves what waits to where the switches say, oldest first and some at a time, so that a throw itself is never slow.

    Returns how many were moved; 0 when everything is where it belongs. A crash in between is made good by the next one.
    """
    moved = 0
    locks.time_passes(session, wait=True)
    for row in session.execute(select(_switches, _ON).order_by(_switches.c.since)).all():
        switch = _value(row, 0)
        wanted = _misplaced(switch, ReviewRow)
        held = locks.of_reviews(session, _misplaced(switch, _reviews.c.n).limit(limit - moved))
        if held is not None:
            wanted = wanted.where(_reviews.c.n.in_(held))
        for review in session.execute(wanted.limit(limit - moved)).scalars().all():
            _move(session, review, switch)
            moved += 1
    return moved


def misplaced(session: Session) -> bool:
    """Whether `sweep` would move anything."""
    rows = session.execute(select(_switches, _ON)).all()
    return any(_anything_misplaced(session, _value(row, 0)) for row in rows)


def _anything_misplaced(session: Session, switch: Switch) -> bool:
    """Asked every second by every door: the counts say no without a look at any review."""
    held = _count(session, "held_by", key(switch), "held")
    if switch.on or switch.waiting == "review":
        return held > 0
    touched = _count(session, switch.kind, switch.name, "open", "snoozed")
    if switch.waiting == "hold":
        return touched > 0
    return bool(held or touched) and session.execute(_misplaced(switch, _reviews.c.n).limit(1)).first() is not None


def _count(session: Session, kind: str, name: str, *states: str) -> int:
    cells = _touches.c
    counted = select(func.sum(cells.count)).where(cells.kind == kind, cells.name == name, cells.state.in_(states))
    return int(session.execute(counted).scalar() or 0)


def _misplaced(switch: Switch, what: Any) -> Select[Any]:
    """On, or off and left to people: what it holds. Off: what is open, or for another route what was there before."""
    held = and_(_state("held"), _reviews.c.held_by == key(switch))
    if switch.on or switch.waiting == "review":
        wrong = held
    elif switch.waiting == "hold":
        wrong = and_(*_touched(switch))
    else:
        earlier = and_(_reviews.c.work_id.is_not(None), _reviews.c.created_at <= switch.since)
        wrong = or_(held, and_(*_touched(switch), earlier))
    return select(what).where(wrong).order_by(_reviews.c.n)


def _move(session: Session, row: ReviewRow, switch: Switch) -> None:
    """On again: what was open before is open again, what the workflow had left is handled again."""
    other = holding(session, row.route, row.model, row.prompt, _kinds_of(session, row)) if switch.on else None
    if other is not None or (not switch.on and switch.waiting == "hold"):
        if row.state != "held":
            row.held_from = row.state
        row.held_by = other or key(switch)
        session.get_one(TicketRow, row.ticket_id).state = "held"
        reviewing.move(session, row, "held", "review.held", actor=switch.who, held_by=row.held_by)
    elif (switch.waiting == "review" and not switch.on) or (switch.on and row.held_from is not None):
        _reopen(session, row, switch)
    else:
        _round_again(session, row, switch)


def _reopen(session: Session, row: ReviewRow, switch: Switch) -> None:
    state = row.held_from or "open"
    row.held_by = row.held_from = None
    session.get_one(TicketRow, row.ticket_id).state = "in_review"
    reviewing.move(session, row, state, "review.reopened", actor=switch.who, switch=key(switch))


def _round_again(session: Session, row: ReviewRow, switch: Switch) -> None:
    """Only what came in here can be handled again; a proposal from outside stays before a person."""
    work = working.newest(session, row.ticket_id)
    if work is None:
        _reopen(session, row, switch)
        return
    why = f"{key(switch)} {'on' if switch.on else 'off'}"
    reviewing.move(session, row, "superseded", "review.superseded", actor=switch.who, why=why)
    working.again(session, work, why, actor=switch.who)


def _touched(switch: Switch) -> list[ColumnElement[bool]]:
    """Reviews that wait for a person and are of what is switched."""
    waits = or_(_state("open"), _state("snoozed"))
    if switch.kind == "action":
        return [waits, _reviews.c.id.in_(select(_kinds.c.review_id).where(_kinds.c.kind == switch.name))]
    return [waits, _column(_reviews, switch) == switch.name]


def _kinds_of(session: Session, row: ReviewRow) -> list[str]:
    return list(session.execute(select(_kinds.c.kind).where(_kinds.c.review_id == row.id)).scalars())


def _column(source: FromClause, switch: Switch | str) -> ColumnElement[Any]:
    kind = switch if isinstance(switch, str) else switch.kind
    return source.c["kind" if kind == "action" else kind]


def _state(state: str) -> ColumnElement[bool]:
    return _reviews.c.state == reading.spelled_out(state)


def _sound(switch: Switch) -> None:
    if not switch.why.strip():
        raise Invalid("why: say why the switch is thrown.")
    if not switch.who.strip() or not switch.name.strip():
        raise Invalid("who and name: a switch needs both.")
    if switch.waiting not in ("hold", "review") and not switch.waiting.startswith("route:"):
        raise Invalid("waiting: hold, review or route:<name>.")
    if switch.waiting == f"route:{switch.name}" and switch.kind == "route":
        raise Invalid("waiting: what waits cannot go to the route that is switched off.")


def _value(row: Row[Any], held: int) -> Switch:
    return Switch(
        kind=row.kind,
        name=row.name,
        on=row.is_on,
        who=row.who,
        why=row.why,
        since=row.since,
        waiting=row.waiting,
        until=row.until,
        held=held,
    )
