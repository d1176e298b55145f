"""Pages of a list of any length: the first rows of every order and filter are read from indexes, never found by a scan.

Reviews that share state, reason, route, assignee and risk form a *cell*, and `review_counts` says how many each holds
(kept by triggers, in the transaction of every change). A page is either a merge of the first rows of the cells that the
view asks for, or a walk along the state's own order that skips what does not fit: whichever touches fewer rows.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, get_args

from sqlalchemy import TextClause, func, select, text
from sqlmodel import Session

from store.contract import ReviewState, now
from store.live import View
from store.queue import Invalid
from store.tables import ReviewCountRow, micros, table

_counts = table(ReviewCountRow)
_CELL = ("reason", "route", "assignee", "risk")
_SORTS = {"oldest": ("age", False), "newest": ("age", True), "due": ("due", False), "amount": ("amount", True)}
_COLUMNS = {"age": "created_at", "due": "due_at", "amount": "amount"}

_ARMS = 100
"""Cells read by one statement; SQLite takes 500, and reading the statement costs as much as running it."""
_ARM = 100
"""What a cell costs before its first row, in rows skipped by a walk (measured: 12 µs and 0.3 µs)."""
_FEW = 2_000
"""Rows inside a time range that are sorted on the spot instead of walked to."""


@dataclass(frozen=True)
class _List:
    """What is asked of the indexes: order, where it goes on, how many rows, and conditions beyond the view's."""

    view: View
    limit: int
    after: tuple[int, int] | None = None
    extra: str = ""
    values: tuple[tuple[str, Any], ...] = ()

    @property
    def key(self) -> str:
        return _COLUMNS[_SORTS[self.view.sort][0]]

    @property
    def descending(self) -> bool:
        return _SORTS[self.view.sort][1]


def numbers(session: Session, view: View, after: str | None, limit: int) -> list[tuple[int, int]]:
    """(sort key, n) of the first rows after a page marker, in the view's order."""
    return _read(session, _List(view, limit, None if after is None else _cursor(after, view)))


def first(session: Session, view: View, extra: str, **values: Any) -> int | None:
    """The number of the view's first row for which a condition in SQL holds; None when there is none."""
    found = firsts(session, view, extra, 1, **values)
    return found[0] if found else None


def firsts(session: Session, view: View, extra: str, limit: int, **values: Any) -> list[int]:
    """The numbers of the view's first rows for which a condition in SQL holds."""
    return [n for _, n in _read(session, _List(view, limit, None, extra, tuple(values.items())))]


def counts(session: Session, view: View) -> dict[str, int]:
    """How many rows the view has, by first gate reason: added up from the cells, or counted in one index by time."""
    if not (view.overdue or view.older_than_minutes is not None):
        found: dict[str, int] = {}
        for cell in _cells(session, view):
            found[cell["reason"]] = found.get(cell["reason"], 0) + cell["count"]
        return found
    name, totals = "due" if view.overdue else "age", dict[str, int]()
    cells = _cells(session, view)
    for start in range(0, len(cells), _ARMS):
        parts, values = [], dict[str, Any]()
        for number, cell in enumerate(cells[start : start + _ARMS]):
            where, more = _where({one: cell[one] for one in ("state", *_CELL)}, _ranges(view), f"_{number}")
            parts.append(f"SELECT {number}, count(*) FROM reviews {_hint(session, f'cell_{name}')} WHERE {where}")
            values |= more
        for number, count in session.execute(_statement(" UNION ALL ".join(parts)), values).all():
            reason = cells[start + number]["reason"]
            totals[reason] = totals.get(reason, 0) + count
    return {reason: count for reason, count in totals.items() if count}


def assignees(session: Session, view: View) -> dict[str, int]:
    """How many rows the view has for each person or group that a case was handed to. Not for a view by time, whose rows
    no cell counts."""
    found: dict[str, int] = {}
    if not _ranges(view):
        for cell in _cells(session, view):
            if cell["assignee"]:
                found[cell["assignee"]] = found.get(cell["assignee"], 0) + cell["count"]
    return found


def marker(view: View, row: tuple[int, int]) -> str:
    """What a page is continued with."""
    return base64.urlsafe_b64encode(f"{view.sort} {row[0]} {row[1]}".encode()).decode().rstrip("=")


# ── which way is shorter ─────────────────────────────────────────────────────


def _read(session: Session, asked: _List) -> list[tuple[int, int]]:
    states = get_args(ReviewState) if asked.view.state == "all" else (asked.view.state,)
    arms = _shorter(session, asked, states)
    foreign = [(column, at) for column, at in _ranges(asked.view) if column != asked.key]
    if foreign:
        name = next(name for name, column in _COLUMNS.items() if column == foreign[0][0])
        if _few(session, asked, arms, name):
            return _merge(session, asked, arms, by=name)
        asked = _no_earlier_than_any_overdue(session, asked, states)
    return _merge(session, asked, arms)


def _shorter(session: Session, asked: _List, states: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """The cells one by one, or one walk for each state, as (index, equal columns)."""
    walk = [("by", {"state": state} | _filter(asked.view)) for state in states]
    if not _filter(asked.view):
        return walk
    cells = _cells(session, asked.view)
    matched = sum(cell["count"] for cell in cells)
    of_states = select(func.sum(_counts.c.count)).where(_counts.c.state.in_(states))
    merging = sum(_ARM + min(asked.limit, cell["count"]) for cell in cells)
    if matched and asked.limit * session.execute(of_states).scalar_one() / matched < merging:
        return walk
    return [("cell", {name: cell[name] for name in ("state", *_CELL)}) for cell in cells]


def _few(session: Session, asked: _List, arms: list[tuple[str, dict[str, Any]]], name: str) -> bool:
    """Whether so few rows lie in the time range that reading them by time and sorting them is the shorter way."""
    left = _FEW
    for start in range(0, len(arms), _ARMS):
        parts, values = [], dict[str, Any](asked.values)
        for number, (index, equal) in enumerate(arms[start : start + _ARMS]):
            where, more = _where(equal, _ranges(asked.view), f"_{number}")
            parts.append(f"SELECT 1 FROM reviews {_hint(session, f'{index}_{name}')} WHERE {where}")
            values |= more
        some = f"SELECT count(*) FROM ({' UNION ALL '.join(parts)} LIMIT {left + 1}) AS few"
        left -= session.execute(_statement(some), values).scalar_one()
        if left < 0:
            return False
    return True


def _no_earlier_than_any_overdue(session: Session, asked: _List, states: Sequence[str]) -> _List:
    """Newest first among the overdue: what came in later than now less the shortest time to decide cannot be overdue."""
    if not (asked.view.overdue and asked.view.sort == "newest"):
        return asked
    sql = "SELECT due_at - created_at FROM reviews WHERE state = :state ORDER BY state, due_at - created_at LIMIT 1"
    leads = [session.execute(text(sql), {"state": state}).scalar() for state in states]
    shortest = min((lead for lead in leads if lead is not None), default=0)
    bound = f"{asked.extra} AND created_at <= :bound" if asked.extra else "created_at <= :bound"
    return replace(asked, extra=bound, values=(*asked.values, ("bound", micros(now()) - shortest)))


# ── the statement ────────────────────────────────────────────────────────────


def _merge(
    session: Session, asked: _List, arms: Sequence[tuple[str, dict[str, Any]]], by: str | None = None
) -> list[tuple[int, int]]:
    """The first rows of all arms together; `by` reads each arm by another column, and whole."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(arms), _ARMS):
        values: dict[str, Any] = dict(asked.values) | {"limit": asked.limit}
        if asked.after is not None:
            values |= {"key": asked.after[0], "n": asked.after[1]}
        parts = []
        for number, (index, equal) in enumerate(arms[start : start + _ARMS]):
            sql, more = _arm(session, asked, (f"{index}_{by or _SORTS[asked.view.sort][0]}", equal, number), by)
            parts.append(sql)
            values |= more
        way = " DESC" if asked.descending else ""
        every = f"{' UNION ALL '.join(parts)} ORDER BY k{way}, n{way} LIMIT :limit"
        found += [(row[0], row[1]) for row in session.execute(_statement(every), values).all()]
    return sorted(found, reverse=asked.descending)[: asked.limit]


def _arm(
    session: Session, asked: _List, arm: tuple[str, dict[str, Any], int], by: str | None
) -> tuple[str, dict[str, Any]]:
    index, equal, number = arm
    where, values = _where(equal, _ranges(asked.view), f"_{number}")
    if asked.after is not None:
        where += f" AND ({asked.key}, n) {'<' if asked.descending else '>'} (:key, :n)"
    if asked.extra:
        where += f" AND {asked.extra}"
    way = " DESC" if asked.descending else ""
    order = "" if by is not None else f"ORDER BY {asked.key}{way}, n{way} LIMIT :limit"
    inner = f"SELECT {asked.key} AS k, n FROM reviews {_hint(session, index)} WHERE {where} {order}"
    return f"SELECT * FROM ({inner}) AS arm", values


def _where(equal: dict[str, Any], ranges: list[tuple[str, int]], suffix: str = "") -> tuple[str, dict[str, Any]]:
    """Equal columns and upper bounds as SQL; an assignee that is not there is NULL."""
    parts, values = [], {}
    for name, value in equal.items():
        if name == "assignee" and value == "":
            parts.append("assignee IS NULL")
        else:
            parts.append(f"{name} = :{name}{suffix}")
            values[name + suffix] = value
    for column, at in ranges:
        parts.append(f"{column} <= :{column}{suffix}")
        values[column + suffix] = at
    return " AND ".join(parts), values


@lru_cache(maxsize=512)
def _statement(sql: str) -> TextClause:
    """Taken apart once: finding the names of its values took longer than running it."""
    return text(sql)


def _hint(session: Session, index: str) -> str:
    """SQLite is told which index: without statistics it guesses, and statistics of a growing table are soon wrong."""
    return f"INDEXED BY reviews_{index}" if session.get_bind().dialect.name == "sqlite" else ""


# ── the view ─────────────────────────────────────────────────────────────────


def _cells(session: Session, view: View) -> list[dict[str, Any]]:
    """The cells of the view that hold a row, with how many."""
    wanted = select(_counts)
    for name, value in _filter(view).items():
        wanted = wanted.where(_counts.c[name] == value)
    if view.state != "all":
        wanted = wanted.where(_counts.c.state == view.state)
    names = ("state", *_CELL, "count")
    return [dict(zip(names, row, strict=True)) for row in session.execute(wanted).all()]


def _filter(view: View) -> dict[str, Any]:
    return {name: value for name in _CELL if (value := getattr(view, name)) is not None}


def _ranges(view: View) -> list[tuple[str, int]]:
    found, moment = [], now()
    if view.overdue:
        found.append(("due_at", micros(moment)))
    if view.older_than_minutes is not None:
        found.append(("created_at", micros(moment - timedelta(minutes=view.older_than_minutes))))
    return found


def _cursor(marker: str, view: View) -> tuple[int, int]:
    """Raises `Invalid` for a marker that is not ours, or of another order."""
    try:
        sort, key, n = base64.urlsafe_b64decode(marker + "=" * (-len(marker) % 4)).decode().split(" ")
        found = (int(key), int(n))
    except ValueError:
        sort, found = "", (0, 0)
    if sort != view.sort or max(map(abs, found)) >= 2**63:
        raise Invalid("This page marker belongs to another list. Start the list again.")
    return found
