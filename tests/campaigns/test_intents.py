"""The intents campaign keeps its floors on the smallest set, and notices a pair that has learnt nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bench import intents as bench
from tests.campaigns import data, intents


@pytest.fixture(autouse=True)
def smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "SHORT", intents.SHORT[:1])
    monkeypatch.setattr(bench, "texts", bench.texts)  # put back after a control has broken it


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = intents.main((str(data.folder()), *arguments))
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_the_pair_keeps_its_floors(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys)
    assert code == 0, found["broken"]
    told = found["sets"]["hint3_sofmattress"]
    assert set(told) >= {"cheap", "strong", "pair", "agree", "right_when_agreed", "errors_of_cheap_noticed"}
    assert all({"accuracy", "ece", "coverage", "oos"} <= set(told[which]) for which in ("cheap", "strong", "pair"))


def test_labels_that_mean_nothing_are_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--break", "shuffled")
    assert code == 1
    assert any("accuracy" in each for each in found["broken"])
