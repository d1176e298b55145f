"""The figures read: one query layer for the stats screen, `lastclick stats` and the metrics. Reads roll-ups only, so that a
million tickets cost what a thousand do; what stands now comes from `standing`, which says who is told of planted cases."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from store import noting, reading, sheets, standing
from store.contract import now
from store.figure_tables import BehindRow
from store.live import (
    Behind,
    Care,
    CaseLine,
    CasePage,
    Dimension,
    Question,
    Share,
    SpotFigures,
    Spread,
    Stats,
    StatsCell,
)
from store.queue import Invalid
from store.sheets import DAY, HOUR, gauges, key_of, spread, start_of, sums, window
from store.standing import Standing
from store.tables import DecisionRow

SHOWN = 50
"""Lines of one list of figures; the rest is told as one line less."""
TREND_DAYS = 28
_ALWAYS: tuple[Dimension, ...] = ("reason", "message")
_FINDINGS = ("good", "wrong", "unclear")


def stats(session: Session, question: Question, actor: str) -> Stats:
    """The figures over the last hours, told apart by one dimension; `actor`'s own carefulness beside everybody's."""
    moment = now()
    start, end = window(moment, question.hours)
    before = start - question.hours * HOUR
    dims = tuple(dict.fromkeys((question.by, *_ALWAYS)))
    read = _Read(session, dims, before, start, end)
    whole, past = read.totals(read.found), read.totals(read.past)
    stands = standing.to_whom(session, actor, moment)
    apart = {by: read.cells(by) for by in dims}
    return Stats(
        at=moment,
        question=question,
        repeats=_share(whole, "returned", "replies"),
        before=_share(past, "returned", "replies"),
        trend=_trend(session, moment, "returned", "replies"),
        cells=apart[question.by],
        overrides=_share(whole, "overrides", "decided"),
        override_kinds=read.found["override.kind"],
        override_trend=_trend(session, moment, "overrides", "decided"),
        reopened=_share(whole, "reopened", "resolved"),
        confusions=_share(whole, "confused", "replies"),
        retries=_share(whole, "call_retries", "calls"),
        first_reply=_spread(session, "first_reply_ms.all", start, end),
        to_decision=_spread(session, "decide_ms.all", start, end),
        waiting=_waiting(session, moment, stands),
        waiting_by=stands.reasons,
        oldest_at=stands.oldest_at,
        due=stands.due,
        held=stands.held,
        spot=_spot(session, whole),
        reasons=apart["reason"],
        messages=apart["message"],
        cost_micros=whole["cost.all"],
        resolved=max(0, whole["resolved.all"]),
        care=_care(session, whole, actor, (start, end)),
    )


_ALL = (
    "replies", "returned", "confused", "decided", "overrides", "reopened", "resolved", "calls", "call_retries", "cost",
    "approved", "quick", "spot_drawn", "spot_graded", "spot_good", "spot_wrong", "spot_unclear", "spot_twice",
    "spot_agreed", "planted", "planted_missed",
)  # fmt: skip


def _share(totals: dict[str, int], part: str, whole: str) -> Share:
    return Share(part=max(0, totals[f"{part}.all"]), whole=max(0, totals[f"{whole}.all"]))


def _spread(session: Session, name: str, start: int, end: int) -> Spread:
    return spread(sheets.buckets(session, name, start, end).get("", {}))


def _trend(session: Session, moment: datetime, part: str, whole: str) -> tuple[Share, ...]:
    today = int(moment.timestamp()) // DAY * DAY
    first = today - (TREND_DAYS - 1) * DAY
    parts = sheets.series(session, f"{part}.all", first, DAY, TREND_DAYS).get("", [0] * TREND_DAYS)
    wholes = sheets.series(session, f"{whole}.all", first, DAY, TREND_DAYS).get("", [0] * TREND_DAYS)
    return tuple(Share(part=max(0, p), whole=max(0, w)) for p, w in zip(parts, wholes, strict=True))


# ── told apart ───────────────────────────────────────────────────────────────


_APART = ("returned", "replies", "overrides", "decided", "confused")
_BEFORE = ("returned", "replies")


class _Read:
    """All that a window came to, and the one before it: one statement each, and two more for replies."""

    def __init__(self, session: Session, dims: Sequence[Dimension], before: int, start: int, end: int) -> None:
        named = [by for by in dims if by != "reply"]
        now_ = [f"{name}.all" for name in _ALL] + ["override.kind"]
        self.found = sums(session, now_ + _names(_APART, named), start, end)
        self.past = sums(session, _names(_BEFORE, ["all", *named]), before, start)
        if "reply" in dims:
            # Every reply a model writes may be a pattern of its own: only those that came back most are looked up.
            keys = sheets.top(session, "returned.reply", start, end, SHOWN)
            self.found |= sums(session, _names(_APART, ["reply"]), start, end, keys)
            self.past |= sums(session, _names(_BEFORE, ["reply"]), before, start, keys)

    def totals(self, figures: dict[str, dict[str, int]]) -> dict[str, int]:
        return {name: cells.get("", 0) for name, cells in figures.items() if name.endswith(".all")}

    def cells(self, by: Dimension) -> tuple[StatsCell, ...]:
        """One line a key: what customers came back on most first, then what people changed most, then what is used most."""
        back, sent, changed, decided, confused = (self.found[f"{name}.{by}"] for name in _APART)
        past = [self.past[f"{name}.{by}"] for name in _BEFORE]

        def order(key: str) -> tuple[int, int, int, str]:
            whole = sent.get(key, 0) + decided.get(key, 0)
            return (-back.get(key, 0), -changed.get(key, 0), -whole, key)

        used = {key for counts in (sent, decided) for key, n in counts.items() if key and n > 0}
        return tuple(
            StatsCell(
                key=key,
                repeats=_of(back, sent, key),
                before=_of(past[0], past[1], key),
                overrides=_of(changed, decided, key),
                confusions=confused.get(key, 0),
            )
            for key in sorted(used, key=order)[:SHOWN]
        )


def _names(what: Sequence[str], dims: Sequence[str]) -> list[str]:
    return [f"{name}.{by}" for by in dims for name in what]


def _of(parts: dict[str, int], wholes: dict[str, int], key: str) -> Share:
    return Share(part=max(0, parts.get(key, 0)), whole=max(0, wholes.get(key, 0)))


# ── now ──────────────────────────────────────────────────────────────────────


def _waiting(session: Session, moment: datetime, stands: Standing) -> Spread:
    """How old what waits is, from how many were filed in which five minutes. No planted case is in those."""
    second, counts = moment.timestamp(), dict[int, int]()
    filed = {at: n for (_, at), n in gauges(session, noting.WAITING).items()}
    for at in (noting.filed_in(one) for one in stands.listed):
        filed[at] = filed.get(at, 0) + 1
    for at, n in filed.items():
        middle = (at + min(at + sheets.FIVE_MINUTES, second)) / 2  # these five minutes may still run
        part = sheets.bucket(max(0.0, second - middle) * 1000)
        counts[part] = counts.get(part, 0) + n
    return spread(counts)


def _spot(session: Session, whole: dict[str, int]) -> SpotFigures:
    from store.counting import gauge

    return SpotFigures(
        drawn=max(0, whole["spot_drawn.all"]),
        waiting=max(0, gauge(session, "spot_checks")),
        graded=max(0, whole["spot_graded.all"]),
        **{name: max(0, whole[f"spot_{name}.all"]) for name in _FINDINGS},
        agreed=_share(whole, "spot_agreed", "spot_twice"),
    )


def _care(session: Session, whole: dict[str, int], actor: str, window: tuple[int, int]) -> Care:
    names = [f"{name}.person" for name in ("approved", "quick", "planted", "planted_missed")]
    mine = {
        name: cells.get(key_of(actor), 0) for name, cells in sums(session, names, *window, keys=[key_of(actor)]).items()
    }
    return Care(
        approvals=whole["approved.all"],
        quick=whole["quick.all"],
        mine=mine["approved.person"],
        mine_quick=mine["quick.person"],
        streak=noting.gauge_of(session, actor),
        planted=_found(whole["planted.all"], whole["planted_missed.all"]),
        mine_planted=_found(mine["planted.person"], mine["planted_missed.person"]),
    )


def _found(answered: int, missed: int) -> Share:
    return Share(part=max(0, answered - missed), whole=max(0, answered))


# ── the tickets behind ───────────────────────────────────────────────────────


def cases(session: Session, asked: Behind, after: str | None, limit: int) -> CasePage:
    """The tickets behind a figure, newest first; an override with what was changed. Raises `Invalid`."""
    name = f"{asked.measure}.{asked.by or 'all'}"
    start = start_of(now(), asked.hours)
    found = sheets.cases(session, (name, asked.key), start, None if after is None else _cursor(after), limit + 1)
    shown = found[:limit]
    lines = tuple(_line(session, asked, row) for row in shown)
    return CasePage(lines=lines, next=_marker(shown[-1]) if len(found) > limit else None)


def _line(session: Session, asked: Behind, row: BehindRow) -> CaseLine:
    changed = _changed(session, row.ref) if asked.measure == "overrides" else ()
    return CaseLine(at=row.at, ticket_id=row.ticket_id, ref=row.ref, text=row.text, changed=changed)


def _changed(session: Session, decision_id: str) -> tuple[str, ...]:
    import json

    kept = session.get(DecisionRow, decision_id)
    if kept is None:
        return ()
    proposal = reading.proposal(session, json.loads(kept.before)["request"])
    return noting.difference(proposal, noting.stored(kept))


def _marker(row: BehindRow) -> str:
    return base64.urlsafe_b64encode("{} {}".format(*sheets.place(row)).encode()).decode().rstrip("=")


def _cursor(marker: str) -> tuple[int, int]:
    try:
        at, n = base64.urlsafe_b64decode(marker + "=" * (-len(marker) % 4)).decode().split(" ")
        return int(at), int(n)
    except ValueError:
        raise Invalid("This page marker belongs to another list. Start the list again.") from None
