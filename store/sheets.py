"""Roll-ups by hour and by day: what one event adds to them is one sheet, written in one statement; sums over any time read
few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil, log2

from sqlalchemy import delete, func, literal, select, text, union_all
from sqlmodel import Session

from store import plain
from store.figure_tables import BehindRow, FigureRow
from store.live import Spread
from store.tables import EPOCH, micros, table

HOUR, DAY, FIVE_MINUTES = 3600, 86_400, 300
LONGEST_KEY = 120
STEPS = 4
"""Buckets of a histogram between a length of time and its double: a percentile is right within ten percent."""

LONGEST = 28 * DAY
"""The longest time that is ever asked for at once."""
AGAIN = "again."
"""Before the name of a figure: in which days keys stand that came up more than once. An index, no figure."""

Dims = Mapping[str, Iterable[str]]
"""Keys by what they are told apart by."""

_figures, _behind = table(FigureRow), table(BehindRow)
_ADD = text(
    "INSERT INTO figures (name, at, key, part, count) VALUES (:name, :at, :key, :part, :n) "
    "ON CONFLICT (name, at, key, part) DO UPDATE SET count = figures.count + :n"
)


def key_of(words: str) -> str:
    """A key as it is stored: one line, never long."""
    return plain.line(words)[:LONGEST_KEY]


class Sheet:
    """The increments of one event, or of several at once."""

    def __init__(self) -> None:
        self.cells: Counter[tuple[str, int, str, int]] = Counter()

    def add(self, what: str, at: datetime, dims: Dims, n: int = 1, part: int = 0) -> None:
        """`what` by each dimension, in the hour and in the day of `at`."""
        second = int(at.timestamp())
        for by, keys in dims.items():
            for key in {key_of(one) for one in keys}:
                self.cells[f"{what}.{by}", second - second % HOUR, key, part] += n
                self.cells[f"{what}.{by}/day", second - second % DAY, key, part] += n

    def took(self, what: str, at: datetime, dims: Dims, ms: float) -> None:
        """A length of time, into its bucket."""
        self.add(what, at, dims, part=bucket(ms))

    def gauge(self, name: str, key: str, n: int, at: int = 0) -> None:
        """What is counted as it stands now."""
        self.cells[name, at, key_of(key), 0] += n

    def write(self, session: Session, sign: int = 1) -> None:
        """Into the roll-ups of this transaction, in a fixed order, so that two writers cannot wait for each other."""
        late = session.info.get("figures")
        if late is not None:  # many writers: added when this one commits, so that nobody waits for a busy row
            for cell, n in self.cells.items():
                late[cell] = late.get(cell, 0) + n * sign
            return
        rows = [
            {"name": name, "at": at, "key": key, "part": part, "n": n * sign}
            for (name, at, key, part), n in sorted(self.cells.items())
            if n
        ]
        if rows:
            session.execute(_ADD, rows)


def bucket(ms: float) -> int:
    """The bucket of a length of time in milliseconds; 0 holds all up to one."""
    return ceil(STEPS * log2(ms)) if ms > 1 else 0


def spread(counts: Mapping[int, int]) -> Spread:
    """Percentiles in seconds from buckets: the middle of the bucket in which each lies."""
    total = sum(n for n in counts.values() if n > 0)
    if not total:
        return Spread()
    found, seen, wanted = [], 0, [0.5, 0.9, 0.95]
    for part, n in sorted(counts.items()):
        seen += max(n, 0)
        while wanted and seen >= wanted[0] * total:
            found.append(2 ** ((part - 0.5) / STEPS) / 1000 if part else 0.001)
            wanted.pop(0)
    return Spread(count=total, p50=found[0], p90=found[1], p95=found[2])


# ── the tickets behind ───────────────────────────────────────────────────────


def behind(session: Session, what: str, dims: Dims, *, at: datetime, ticket: str, ref: str, text: str = "") -> None:
    """Keeps a case behind a figure, under each of its keys."""
    said = plain.line(text)[:300]
    rows = [
        {"name": f"{what}.{by}", "key": key, "at": at, "ticket_id": ticket, "ref": ref, "text": said}
        for by, keys in dims.items()
        for key in sorted({key_of(one) for one in keys})
    ]
    if rows:
        session.execute(_behind.insert(), rows)


def forget(session: Session, ref: str) -> None:
    """What was taken back stands behind no figure any more."""
    session.execute(delete(_behind).where(_behind.c.ref == ref))


def cases(
    session: Session, figure: tuple[str, str], since: int, after: tuple[int, int] | None, limit: int
) -> list[BehindRow]:
    """Cases behind a figure (its name and key), newest first, after a place in that order."""
    name, key = figure
    found = select(BehindRow).where(_behind.c.name == name, _behind.c.key == key_of(key))
    found = found.where(_behind.c.at >= datetime_of(since))
    if after is not None:
        at, n = after
        older = (_behind.c.at < datetime_of_micros(at)) | ((_behind.c.at == datetime_of_micros(at)) & (_behind.c.n < n))
        found = found.where(older)
    return list(session.execute(found.order_by(_behind.c.at.desc(), _behind.c.n.desc()).limit(limit)).scalars())


def place(row: BehindRow) -> tuple[int, int]:
    return micros(row.at), int(row.n or 0)


def datetime_of(second: int) -> datetime:
    return datetime_of_micros(second * 1_000_000)


def datetime_of_micros(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


# ── reading ──────────────────────────────────────────────────────────────────


def start_of(moment: datetime, hours: int) -> int:
    """The second at which the last so many hours begin, the running one included."""
    second = int(moment.timestamp())
    return second - second % HOUR - (hours - 1) * HOUR


def window(moment: datetime, hours: int) -> tuple[int, int]:
    """The last so many hours as seconds: where they begin, and the first one behind them."""
    return start_of(moment, hours), int(moment.timestamp()) + 1


def spans(start: int, end: int) -> list[tuple[str, int, int]]:
    """Whole days from the daily roll-ups, the rest from the hourly ones: few rows for any length of time."""
    first, last = -(-start // DAY) * DAY, end // DAY * DAY
    if last - first < DAY:
        return [("", start, end)]
    found = [("", start, first), ("/day", first, last), ("", last, end)]
    return [span for span in found if span[1] < span[2]]


def sums(
    session: Session, names: Collection[str], start: int, end: int, keys: Collection[str] | None = None
) -> dict[str, dict[str, int]]:
    """What each name came to, by key, from `start` up to `end`. `keys`: of these alone."""
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    arms = []
    for suffix, low, high in spans(start, end):
        arm = select(_figures.c.name, _figures.c.key, func.sum(_figures.c.count).label("n")).where(
            _figures.c.name.in_([name + suffix for name in names]), _figures.c.at >= low, _figures.c.at < high
        )
        if keys is not None:
            arm = arm.where(_figures.c.key.in_(list(keys)))
        arms.append(arm.group_by(_figures.c.name, _figures.c.key))
    for row in session.execute(union_all(*arms)):
        cells = found[row.name.removesuffix("/day")]
        cells[row.key] = cells.get(row.key, 0) + int(row.n)
    return found


def top(session: Session, name: str, start: int, end: int, limit: int) -> list[str]:
    """The keys under which a name came to most, the most first: for keys that are without number, most of which are
    there once. Those that are there again are found by `mark_again`; the newest of the others fill up."""
    again = select(_figures.c.key).where(
        _figures.c.name == f"{AGAIN}{name}", _figures.c.at >= start - start % DAY, _figures.c.at < end
    )
    arms = [
        select(_figures.c.key, _figures.c.count.label("n")).where(
            _figures.c.name == name + suffix, _figures.c.at >= low, _figures.c.at < high, _figures.c.key.in_(again)
        )
        for suffix, low, high in spans(start, end)
    ]
    every = union_all(*arms).subquery()
    ranked = select(every.c.key).group_by(every.c.key).order_by(func.sum(every.c.n).desc(), every.c.key)
    found = list(session.execute(ranked.limit(limit)).scalars())
    if len(found) < limit:
        once = select(_figures.c.key).where(_figures.c.name == name, _figures.c.at >= start, _figures.c.at < end)
        newest = once.order_by(_figures.c.at.desc(), _figures.c.key.desc()).limit(limit * 2)
        found += [key for key in dict.fromkeys(session.execute(newest).scalars()) if key not in set(found)]
    return found[:limit]


def mark_again(session: Session, name: str, key: str, at: datetime) -> None:
    """Before it is counted once more: marks a key that came up in the same four weeks already."""
    day = int(at.timestamp()) // DAY * DAY
    near = (_figures.c.at >= day - LONGEST) & (_figures.c.at <= day + LONGEST)
    known = select(_figures.c.at).where(_figures.c.name == f"{name}/day", _figures.c.key == key_of(key), near).limit(1)
    if session.execute(known).first() is not None:
        sheet = Sheet()
        sheet.gauge(f"{AGAIN}{name}", key, 1, at=day)
        sheet.write(session)


REMARK = text(
    "INSERT INTO figures (name, at, key, part, count) SELECT :mark, at, key, 0, 1 FROM figures WHERE name = :name "
    "AND key IN (SELECT key FROM figures WHERE name = :name GROUP BY key HAVING sum(count) > 1)"
)


def mark_all_again(session: Session, name: str) -> None:
    """The same for all that was counted: for what was there before, and after a repair."""
    session.execute(delete(_figures).where(_figures.c.name == f"{AGAIN}{name}"))
    session.execute(REMARK, {"mark": f"{AGAIN}{name}", "name": f"{name}/day"})


def buckets(session: Session, name: str, start: int, end: int) -> dict[str, dict[int, int]]:
    """The histograms of a name, by key."""
    found: dict[str, dict[int, int]] = {}
    arms = [
        select(_figures.c.key, _figures.c.part, func.sum(_figures.c.count).label("n"))
        .where(_figures.c.name == name + suffix, _figures.c.at >= low, _figures.c.at < high)
        .group_by(_figures.c.key, _figures.c.part)
        for suffix, low, high in spans(start, end)
    ]
    for row in session.execute(union_all(*arms)):
        cells = found.setdefault(row.key, {})
        cells[row.part] = cells.get(row.part, 0) + int(row.n)
    return found


def series(session: Session, name: str, start: int, step: int, count: int) -> dict[str, list[int]]:
    """So many buckets of a name from `start` on, by key. `step` is an hour or a day."""
    suffix = "/day" if step == DAY else ""
    rows = select(_figures.c.key, _figures.c.at, func.sum(_figures.c.count).label("n")).where(
        _figures.c.name == name + suffix, _figures.c.at >= start, _figures.c.at < start + step * count
    )
    found: dict[str, list[int]] = {}
    for row in session.execute(rows.group_by(_figures.c.key, _figures.c.at)):
        found.setdefault(row.key, [0] * count)[(row.at - start) // step] += int(row.n)
    return found


def gauges(session: Session, name: str) -> dict[tuple[str, int], int]:
    """What stands now under a name, by key and bucket; nothing of what came to zero."""
    rows = select(_figures.c.key, _figures.c.at, _figures.c.count).where(
        _figures.c.name == name, _figures.c.count != literal(0)
    )
    return {(key, int(at)): int(n) for key, at, n in session.execute(rows)}


def drop_zero(session: Session, name: str, at: int) -> None:
    session.execute(delete(_figures).where(_figures.c.name == name, _figures.c.at == at, _figures.c.count == 0))
