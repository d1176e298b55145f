"""The live figures for Prometheus: off unless switched on, and for tokens that may watch. What the stats and routes screens
and `lastclick stats` tell too is the same answer of the same query; the rest is what only the live column knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.server.asking import House
from app.server.rights import WATCHING
from store.contract import now
from store.live import Counters, Operation, Question, Stats, Switch
from store.queue import Forbidden, NotSignedIn

HOURS = 1
"""What happened is told over the last hour: the queue's own roll-ups, so nothing is counted twice after a restart."""


async def metrics(request: Request) -> Response:
    """All figures as text. A scraper sends the token of a `worker` or an `auditor`."""
    house: House = request.app.state.house
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("Metrics want a token: lastclick user add prometheus --role worker.")
    bearer = await house.ask(lambda: house.people.bearer(token))
    if bearer.user.role not in WATCHING:
        raise Forbidden(f"The role {bearer.user.role} may not read metrics.")
    read = _Read(
        live=await house.queue.counters(HOURS),
        stats=await house.queue.stats(Question(hours=HOURS, by="route"), bearer.user.name),
        routes=tuple(one for one in await house.queue.operations(HOURS) if one.kind == "route"),
        switches=await house.queue.switches(),
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(read))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@dataclass(frozen=True)
class _Read:
    """One reading of the queue."""

    live: Counters
    stats: Stats
    routes: tuple[Operation, ...]
    switches: tuple[Switch, ...]


class _Figures(Collector):
    """One reading as metric families. Names and labels are ours; no word of a customer is among them."""

    def __init__(self, read: _Read) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family."""
        yield from self._stands()
        yield from self._hour()
        yield from self._routes()
        off = GaugeMetricFamily("lastclick_switch_on", "1 when on, 0 when off", labels=("kind", "name"))
        for switch in self._read.switches:
            off.add_metric((switch.kind, switch.name), float(switch.on))
        yield off

    def _stands(self) -> Iterator[GaugeMetricFamily]:
        stats, live = self._read.stats, self._read.live
        age = (now() - stats.oldest_at).total_seconds() if stats.oldest_at else 0.0
        yield _one("queue_waiting", "Reviews that wait for a person", stats.waiting.count)
        yield _one("queue_oldest_seconds", "Age of the oldest review that waits", age)
        yield _one("queue_due", "Reviews past their due time", stats.due)
        yield _one("queue_held", "Reviews held by a switch", stats.held)
        yield _one("executions_unknown", "Actions whose outcome nobody knows", live.executions_unknown)
        yield _one("workers", "Workers alive", live.workers)
        yield _one("spot_checks_waiting", "Automatic replies that wait to be read", stats.spot.waiting)
        by_reason = stats.waiting_by.items()
        yield _many("queue_waiting_by_reason", "Reviews that wait, by first gate reason", "reason", by_reason)
        down = ((name, 1) for name in live.models_down)
        yield _many("model_down", "1 for a model that gives no answer", "model", down)

    def _hour(self) -> Iterator[GaugeMetricFamily]:
        stats, live = self._read.stats, self._read.live
        counted = (
            ("replies", "Replies that went out by themselves", stats.repeats.whole),
            ("repeats", "Of these replies, those that a customer came back on", stats.repeats.part),
            ("decisions", "Proposals that people answered", stats.overrides.whole),
            ("overrides", "Of these proposals, those that people changed", stats.overrides.part),
            ("resolved", "Tickets resolved", stats.resolved),
            ("reopened", "Resolved tickets that were opened again", stats.reopened.part),
            ("calls", "Tries of the workflow's steps", stats.retries.whole),
            ("calls_again", "Of these tries, those that were a retry", stats.retries.part),
            ("cost", "What the models' calls cost, in their currency", stats.cost_micros / 1e6),
        )
        for name, text, n in counted:
            yield _one(f"{name}_hour", f"{text}, last hour", n)
        for name, spread in (("first_reply", stats.first_reply), ("decision", stats.to_decision)):
            parts = (("0.5", spread.p50), ("0.9", spread.p90), ("0.95", spread.p95))
            text = f"Seconds to the {name.replace('_', ' ')}, last hour"
            yield _many(f"{name}_seconds_hour", text, "quantile", parts if spread.count else ())
        yield _one("confusions_hour", "Customers who did not understand an automatic reply", stats.confusions.part)
        yield _one("route_switches_hour", "Tickets that changed their route", live.route_switches)
        yield _many("retries_hour", "Retries by step", "step", live.retries_by_step.items())

    def _routes(self) -> Iterator[GaugeMetricFamily]:
        told = {
            "handled": {one.name: one.traffic for one in self._read.routes},
            "replies": {one.name: one.repeats.whole for one in self._read.routes},
            "repeats": {one.name: one.repeats.part for one in self._read.routes},
            "retries": {one.name: one.retries.part for one in self._read.routes},
            "failures": {one.name: one.errors.part for one in self._read.routes},
            "overrides": {one.name: one.overrides.part for one in self._read.routes},
        }
        for field, by_route in told.items():
            yield _many(f"route_{field}_hour", f"Tickets {field} in the last hour", "route", by_route.items())


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"lastclick_{name}", text, value=float(value))


def _many(name: str, text: str, label: str, rows: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"lastclick_{name}", text, labels=(label,))
    for key, value in rows:
        family.add_metric((key,), float(value))
    return family
