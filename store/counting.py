"""The live numbers beside the list, from the same roll-ups as the figures; and what only they tell: tallies of five minutes
and gauges, kept in the transaction of what they count, read without a scan of any table."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlmodel import Session

from store import standing
from store.contract import now
from store.live import Counters, RouteCounters
from store.sheets import FIVE_MINUTES, HOUR, sums, window
from store.tables import SwitchRow, TallyRow, WorkerRow, table

GAUGE = 0
"""The bucket of what is counted now rather than over time."""

DOWN_AFTER = 3
"""Calls in a row of minutes without one answer, after which a model counts as down: one or two are a hiccup."""

WORKER_ALIVE = timedelta(seconds=10)

_tallies, _workers, _switches = table(TallyRow), table(WorkerRow), table(SwitchRow)
_ADD = text(
    "INSERT INTO tallies (name, at, key, count) VALUES (:name, :at, :key, :n) "
    "ON CONFLICT (name, at, key) DO UPDATE SET count = tallies.count + :n"
)
_PER_ROUTE: dict[str, tuple[str, ...]] = {
    "handled": ("handled",),
    "replies": ("replies",),
    "repeats": ("returned",),
    "retries": ("call_retries",),
    "failures": ("stopped", "carry_errors"),
    "overrides": ("overrides",),
}
"""Fields by the figures they are read from, as the stats and routes screens read them."""


def add(session: Session, name: str, key: str, *, n: int = 1, at: datetime | None = None, seconds: int = HOUR) -> None:
    """Counts `name` for `key` in the bucket of that many seconds; `seconds=GAUGE` is a gauge that goes up and down."""
    moment = int((at or now()).timestamp())
    bucket = moment - moment % seconds if seconds else GAUGE
    late = session.info.get("late")
    if late is not None:  # many writers: added when this one commits, so that nobody waits for a busy row
        late[name, bucket, key] = late.get((name, bucket, key), 0) + n
        return
    session.execute(_ADD, {"name": name, "at": bucket, "key": key, "n": n})


def counters(session: Session, hours: int) -> Counters:
    """The live numbers over that many hours."""
    moment = now()
    stands = standing.as_listed(session, moment)
    last = window(moment, hours)
    retries, retry_series = _last_hour(session, "retry_steps", moment)
    _, switch_series = _last_hour(session, "route_switches", moment)
    return Counters(
        at=moment,
        hours=hours,
        waiting=stands.waiting,
        oldest_at=stands.oldest_at,
        due=stands.due,
        held=stands.held,
        routes=_routes(session, last),
        retries_by_step=retries,
        retries_series=retry_series,
        route_switches=sum(switch_series),
        route_switches_series=switch_series,
        confusions=max(0, sum(sums(session, ["confused.all"], *last)["confused.all"].values())),
        spot_checks_waiting=gauge(session, "spot_checks"),
        workers=session.execute(
            select(func.count()).where(_workers.c.beat_at > moment - WORKER_ALIVE, _workers.c.buried.is_(False))
        ).scalar_one(),
        executions_unknown=gauge(session, "executions:unknown"),
        models_down=_models_down(session, moment),
    )


def called(session: Session, model: str, *, answered: bool) -> None:
    """A model was asked."""
    add(session, "model_answers" if answered else "model_silences", model, seconds=FIVE_MINUTES)


def _models_down(session: Session, moment: datetime) -> tuple[str, ...]:
    """The models that were asked in this bucket and the one before, and gave no answer in either."""
    first = int(moment.timestamp()) // FIVE_MINUTES * FIVE_MINUTES - FIVE_MINUTES
    found = (
        select(_tallies.c.name, _tallies.c.key, func.sum(_tallies.c.count).label("n"))
        .where(_tallies.c.name.in_(("model_answers", "model_silences")), _tallies.c.at >= first)
        .group_by(_tallies.c.name, _tallies.c.key)
    )
    sums = {(row.name, row.key): int(row.n) for row in session.execute(found)}
    return tuple(
        sorted(
            model
            for (name, model), n in sums.items()
            if name == "model_silences" and n >= DOWN_AFTER and ("model_answers", model) not in sums
        )
    )


def gauge(session: Session, name: str) -> int:
    found = select(func.sum(_tallies.c.count)).where(_tallies.c.name == name, _tallies.c.at == GAUGE)
    return int(session.execute(found).scalar() or 0)


def _routes(session: Session, last: tuple[int, int]) -> tuple[RouteCounters, ...]:
    every = [f"{name}.route" for names in _PER_ROUTE.values() for name in names]
    found = sums(session, every, *last)
    off = {
        row.name
        for row in session.execute(
            select(_switches.c.name).where(_switches.c.kind == "route", _switches.c.on.is_(False))
        )
    }

    def n(field: str, route: str) -> int:
        return max(0, sum(found[f"{name}.route"].get(route, 0) for name in _PER_ROUTE[field]))

    names = sorted({key for counts in found.values() for key, count in counts.items() if key and count} | off)
    return tuple(
        RouteCounters(name=name, on=name not in off, **{field: n(field, name) for field in _PER_ROUTE})
        for name in names
    )


def _last_hour(session: Session, name: str, moment: datetime) -> tuple[dict[str, int], tuple[int, ...]]:
    """Sums by key and twelve buckets of five minutes, the running one last."""
    last = int(moment.timestamp()) // FIVE_MINUTES * FIVE_MINUTES
    first = last - 11 * FIVE_MINUTES
    found = select(_tallies.c.at, _tallies.c.key, _tallies.c.count.label("n")).where(
        _tallies.c.name == name, _tallies.c.at >= first
    )
    series, keys = [0] * 12, Counter[str]()
    for row in session.execute(found):
        series[min((row.at - first) // FIVE_MINUTES, 11)] += row.n
        keys[row.key] += row.n
    return dict(keys), tuple(series)
