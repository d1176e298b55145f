"""Figures for Prometheus: off unless switched on, for tokens that may watch, and no word of a customer in them."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from app.server.application import Options
from tests.server.conftest import Team


def test_they_are_off_unless_switched_on(team: Team) -> None:
    assert team.ask("GET", "/metrics", "w", "worker").status_code == 404


def test_a_scraper_reads_the_queue_and_nobody_without_a_token_does(open_team: Callable[..., Team]) -> None:
    team = open_team(options=Options(metrics=True))
    team.waiting("m1", "4183")
    team.work.beat("w1", "here", 1)
    assert team.ask("GET", "/metrics").status_code == 401
    assert team.ask("GET", "/metrics", "p", "producer").status_code == 403
    answer = team.ask("GET", "/metrics", "w", "worker")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["lastclick_queue_waiting",] == 1
    assert samples["lastclick_queue_waiting_by_reason", "refund_over_limit"] == 1
    assert samples["lastclick_workers",] == 1
    assert samples["lastclick_route_handled_hour", "messy"] == 1
    assert "charged twice" not in answer.text.lower()
    assert "mia" not in answer.text.lower()
