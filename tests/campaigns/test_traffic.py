"""The traffic campaign passes on the product, and notices what counts wrongly and what grows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.campaigns import data, traffic


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared at the end alone."""
    monkeypatch.setattr(traffic, "LOOKS", timedelta(days=9))
    monkeypatch.setattr(traffic, "COMPARED", timedelta(weeks=traffic.WEEKS))


def run(capsys: pytest.CaptureFixture[str], leg: str, *broken: str) -> tuple[int, dict[str, Any]]:
    breaks = [word for name in broken for word in ("--break", name)]
    code = traffic.main((str(data.folder()), "--leg", leg, *breaks))
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found[leg]


def test_counters_equal_what_the_threads_say(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "thread")
    assert code == 0, found
    assert found["contacts"] == found["certain"] > 0


@pytest.mark.parametrize(("leg", "wrong", "grows"), [("words", "hour", "leak"), ("thread", "deaf", "scan")])
def test_what_counts_wrongly_and_what_grows_is_noticed(
    capsys: pytest.CaptureFixture[str], leg: str, wrong: str, grows: str
) -> None:
    code, found = run(capsys, leg, wrong, grows)
    assert (code, found["differences"] > 0) == (1, True), found
    assert (found["memory"] > traffic.MEMORY) == (grows == "leak"), found
    assert (found["steps"] > traffic.STEPS) == (grows == "scan"), found
