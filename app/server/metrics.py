"""The live figures for Prometheus: off unless switched on, and for tokens that may watch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.server.asking import House
from app.server.rights import WATCHING
from store.contract import now
from store.live import Counters, Switch, View
from store.queue import Forbidden, NotSignedIn

HOURS = 1
"""What happened is told over the last hour: the queue's own roll-ups, so nothing is counted twice after a restart."""

_ROUTE = ("handled", "replies", "repeats", "retries", "failures", "overrides")


async def metrics(request: Request) -> Response:
    """All figures as text. A scraper sends the token of a `worker` or an `auditor`."""
    house: House = request.app.state.house
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("Metrics want a token: lastclick user add prometheus --role worker.")
    bearer = await house.ask(lambda: house.people.bearer(token))
    if bearer.user.role not in WATCHING:
        raise Forbidden(f"The role {bearer.user.role} may not read metrics.")
    counters, switches = await house.queue.counters(HOURS), await house.queue.switches()
    counts = await house.queue.counts(View())
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(counters, switches, counts))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """One reading as metric families. Names and labels are ours; no word of a customer is among them."""

    def __init__(self, counters: Counters, switches: Iterable[Switch], counts: dict[str, int]) -> None:
        self._now, self._switches, self._counts = counters, switches, counts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family."""
        now_ = self._now
        age = (now() - now_.oldest_at).total_seconds() if now_.oldest_at else 0.0
        yield _one("queue_waiting", "Reviews that wait for a person", now_.waiting)
        yield _one("queue_oldest_seconds", "Age of the oldest review that waits", age)
        yield _one("queue_due", "Reviews past their due time", now_.due)
        yield _one("queue_held", "Reviews held by a switch", now_.held)
        yield _one("executions_unknown", "Actions whose outcome nobody knows", now_.executions_unknown)
        yield _one("workers", "Workers alive", now_.workers)
        yield _one("spot_checks_waiting", "Automatic replies that wait to be read", now_.spot_checks_waiting)
        yield _one("confusions_hour", "Customers who did not understand an automatic reply", now_.confusions)
        yield _one("route_switches_hour", "Tickets that changed their route", now_.route_switches)
        yield _many("queue_waiting_by_reason", "Reviews that wait, by first gate reason", "reason", self._by_reason())
        yield _many("retries_hour", "Retries by step", "step", now_.retries_by_step.items())
        yield _many(
            "model_down", "1 for a model that gives no answer", "model", ((name, 1) for name in now_.models_down)
        )
        for field in _ROUTE:
            rows = ((route.name, getattr(route, field)) for route in now_.routes)
            yield _many(f"route_{field}_hour", f"Tickets {field} in the last hour", "route", rows)
        off = GaugeMetricFamily("lastclick_switch_on", "1 when on, 0 when off", labels=("kind", "name"))
        for switch in self._switches:
            off.add_metric((switch.kind, switch.name), float(switch.on))
        yield off

    def _by_reason(self) -> Iterator[tuple[str, int]]:
        for key, count in self._counts.items():
            if key.startswith("reason:"):
                yield key.removeprefix("reason:"), count


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"lastclick_{name}", text, value=float(value))


def _many(name: str, text: str, label: str, rows: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"lastclick_{name}", text, labels=(label,))
    for key, value in rows:
        family.add_metric((key,), float(value))
    return family
