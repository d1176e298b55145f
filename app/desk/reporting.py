"""The figures as a lead reads them: the one number first, then what tells it apart, then the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.content import Content

from app.desk.figures import interval, rate, rates, took
from app.desk.operating import span
from app.desk.tables import Cell, Column, drawn, left_out
from app.desk.words import NOTHING, fit, line, words
from store.live import Dimension, Share, Spread, Stats, StatsCell

TITLES: dict[Dimension, str] = {
    "route": "route",
    "intent": "intent",
    "prompt": "prompt",
    "version": "prompt version",
    "model": "model",
    "reply": "reply",
    "message": "failure message",
    "reason": "gate reason",
    "action": "action",
}
ABOVE = 7
"""Lines above the first line of the list."""
RANKED = 6

COLUMNS = (
    Column("", 0),
    Column("replies", 7, rank=4, right=True),
    Column("came back", 9, right=True),
    Column("rate", 5, right=True),
    Column("95 %", 11, rank=2, right=True),
    Column("before", 6, rank=3, right=True),
    Column("", 1),
    Column("confused", 8, rank=5, right=True),
    Column("decided", 7, rank=6, right=True),
    Column("changed", 7, rank=1, right=True),
    Column("rate", 5, rank=1, right=True),
)


def number(stats: Stats) -> list[Content]:
    """The one number, with its count, its interval, the time before and the last four weeks."""
    one, days = stats.repeats, span(stats.question.hours)
    if not one.whole:
        first = words(f"No automatic reply in the last {days}: nothing can have come back.", "$quiet")
        return [
            first,
            NOTHING,
            _trend("came back, 28 days", stats.trend),
            _trend("changed, 28 days", stats.override_trend),
        ]
    said, style = change(one, stats.before)
    return [
        line(
            (f"{rate(one)}", "bold $accent"),
            (" of automatic replies came back", "bold"),
            (f" · {one.part} of {one.whole} in the last {days}", ""),
        ),
        line(
            (f"95 %: {interval(one)} · ", ""),
            (f"{said} ", style),
            (f"{rate(stats.before)} in the {days} before ({stats.before.whole})", "$quiet"),
        ),
        _trend("came back, 28 days", stats.trend),
        _trend("changed, 28 days", stats.override_trend),
    ]


def change(now: Share, before: Share) -> tuple[str, str]:
    """Whether a rate has moved for certain: the two intervals do not meet."""
    if not now.whole or not before.whole:
        return "before:", "$quiet"
    if now.interval[0] > before.interval[1]:
        return "▲ more than", "bold $warning"
    if now.interval[1] < before.interval[0]:
        return "▼ less than", "bold $success"
    return "≈ about as", "$quiet"


def _trend(title: str, trend: Sequence[Share]) -> Content:
    whole = Share(part=sum(one.part for one in trend), whole=sum(one.whole for one in trend))
    top = max((one.rate for one in trend if one.whole), default=0.0)
    scale = f" 0 to {100 * top:.0f}%" if top else ""
    return line((fit(title, 20), "$secondary"), (rates(trend), "$primary"), (f" {rate(whole)}{scale}", "$quiet"))


def table(stats: Stats, cursor: int, cells: int) -> list[Content]:
    """One line for each route, intent, prompt …, the one that came back most first."""
    by = TITLES[stats.question.by]
    if not stats.cells:
        return [words(f"by {by}", "$secondary bold"), words("  nothing counted yet", "$quiet")]
    columns = (Column(f"by {by}", 0), *COLUMNS[1:])
    rows = [_row(one) for one in stats.cells]
    rest = left_out(columns, rows[cursor], cells) if cursor < len(rows) else []
    return [*drawn(columns, rows, cells, cursor), *([line(("  ", ""), *rest)] if rest else [])]


def _row(one: StatsCell) -> list[Cell]:
    sign, style = change(one.repeats, one.before)
    return [
        (one.key, ""),
        (str(one.repeats.whole) if one.repeats.whole else "–", "$quiet"),
        (str(one.repeats.part) if one.repeats.whole else "–", ""),
        (rate(one.repeats), "$accent"),
        (interval(one.repeats), "$quiet"),
        (rate(one.before), "$quiet"),
        (sign[0] if sign[0] in "▲▼" else " ", style),
        (str(one.confusions) if one.confusions else "", "$warning"),
        (str(one.overrides.whole) if one.overrides.whole else "–", "$quiet"),
        (str(one.overrides.part) if one.overrides.whole else "–", ""),
        (rate(one.overrides), ""),
    ]


def rest(stats: Stats, cells: int) -> list[Content]:
    """Everything else: in two columns where there is room."""
    left, right = list(_people(stats)), list(_care(stats))
    below = [*_ranked("Gate reasons people changed", stats.reasons, "overrides")]
    beside = [*_ranked("Failure messages that came back", stats.messages, "repeats")]
    if cells < 100:
        return [*left, NOTHING, *right, NOTHING, *below, NOTHING, *beside]
    half = cells // 2
    return [*_side_by_side(left, right, half), NOTHING, *_side_by_side(below, beside, half)]


def _side_by_side(left: list[Content], right: list[Content], half: int) -> list[Content]:
    rows = max(len(left), len(right))
    pad = [NOTHING] * rows
    return [
        line(_padded(one, half), other) for one, other in zip([*left, *pad][:rows], [*right, *pad][:rows], strict=True)
    ]


def _padded(one: Content, cells: int) -> Content:
    cut = one.truncate(cells - 2, ellipsis=True)
    return line(cut, (" " * (cells - cut.cell_length), ""))


def _fact(title: str, *pieces: Cell) -> Content:
    return line((fit(title, 16), "$secondary"), *pieces)


def _of(share: Share, what: str) -> Cell:
    return (f"{rate(share)} ({share.part} of {share.whole} {what})" if share.whole else "–", "")


def _spread(spread: Spread) -> Cell:
    told = f"half {took(spread.p50)} · 9 of 10 {took(spread.p90)} ({spread.count})" if spread.count else "–"
    return (told, "")


def _now(stats: Stats) -> Cell:
    oldest = f" · oldest {took((stats.at - stats.oldest_at).total_seconds())}" if stats.oldest_at else ""
    more = "".join(f" · {n} {what}" for n, what in ((stats.due, "overdue"), (stats.held, "held")) if n)
    return (f"{stats.waiting.count}{oldest}{more}", "")


def _people(stats: Stats) -> Iterator[Content]:
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(stats.override_kinds.items(), key=lambda one: -one[1]))
    yield words("Work", "$secondary bold")
    yield _fact("changed", _of(stats.overrides, "decisions"))
    yield _fact("", (kinds or "–", "$quiet"))
    yield _fact("reopened", _of(stats.reopened, "resolved"))
    yield _fact("not understood", _of(stats.confusions, "replies"))
    yield _fact("retries", _of(stats.retries, "calls"))
    yield _fact("first reply", _spread(stats.first_reply))
    yield _fact("to decision", _spread(stats.to_decision))
    yield _fact("waiting now", _now(stats))
    yield _fact("their age", _spread(stats.waiting))
    each = f" · {stats.cost_micros / 1e6 / stats.resolved:.4f} a resolved ticket" if stats.resolved else ""
    yield _fact("cost", (f"{stats.cost_micros / 1e6:.4f}{each}", ""))


def _care(stats: Stats) -> Iterator[Content]:
    spot, care = stats.spot, stats.care
    yield words("Spot checks", "$secondary bold")
    yield _fact("graded", _of(Share(part=spot.graded, whole=spot.drawn), "drawn"))
    yield _fact(
        "", (f"{spot.good} good · {spot.wrong} wrong · {spot.unclear} unclear", "$warning" if spot.wrong else "")
    )
    yield _fact("two agree", _of(spot.agreed, "graded twice"))
    yield _fact("waiting", (str(spot.waiting), ""))
    yield words("Care", "$secondary bold")
    yield _fact("you", (f"{care.mine} as proposed, {care.streak} in a row", ""))
    yield _fact("", (f"{care.mine_quick} in under a second", "$warning" if care.mine_quick else "$quiet"))
    if care.mine_planted.whole:
        yield _fact("", (f"{care.mine_planted.part} of {care.mine_planted.whole} planted cases found", ""))
    yield _fact("everybody", (f"{care.approvals} as proposed · {care.quick} under a second", ""))
    if care.planted.whole:
        yield _fact("planted cases", _of(care.planted, "found"))


def _ranked(title: str, cells: Sequence[StatsCell], what: str) -> Iterator[Content]:
    shares = [(one.key, getattr(one, what)) for one in cells]
    shown = sorted((one for one in shares if one[1].whole), key=lambda one: (-one[1].part, -one[1].whole, one[0]))
    yield words(title, "$secondary bold")
    if not shown:
        yield words("none", "$quiet")
    for key, share in shown[:RANKED]:
        told = f" {share.part:>4} of {share.whole:<5} {rate(share):>5}"
        yield line((fit(key.replace("_", " "), 28), ""), (told, "$quiet"))
