"""The adversary campaign passes on the product, and fails where the gate or the proof is taken out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.campaigns import adversary


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = adversary.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_whatever_the_models_propose_nothing_risky_runs_and_no_lie_goes_out(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--proposals", "150")
    assert code == 0, found


@pytest.mark.parametrize(
    ("broken", "limit"),
    [("gate", "risky_effects_unapproved"), ("gate", "internal_words_sent"), ("proof", "unproven_sent")],
)
def test_a_build_without_it_is_noticed(capsys: pytest.CaptureFixture[str], broken: str, limit: str) -> None:
    code, found = run(capsys, "--proposals", "100", "--break", broken)
    assert code == 1
    assert found[limit] > 0
