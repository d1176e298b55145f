"""The identity campaign passes on the product, and notices a rule or a gate that is too kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.campaigns import data, identity


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = identity.main((str(data.folder()), *arguments))
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_every_case_is_judged_as_the_banks_rule_states(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys)
    assert code == 0, found
    assert found["cases"] > 200
    assert 0 < found["proved_by_the_rule"] < found["cases"]


@pytest.mark.parametrize("broken", ["name_alone", "gate"])
def test_a_build_that_is_too_kind_is_noticed(capsys: pytest.CaptureFixture[str], broken: str) -> None:
    code, found = run(capsys, "--break", broken)
    assert code == 1
    assert found["judged_otherwise_than_the_rule"] > 0
