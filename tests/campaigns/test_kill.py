"""The kill campaign fails on a build that takes every carrying out for the first, or makes a new key for each request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.campaigns import kill


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = kill.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_a_few_kills_lose_and_double_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--kills", "4")
    assert code == 0, found


@pytest.mark.parametrize(("broken", "limit"), [("fresh", "unkeyed_twice"), ("keys", "keyed_wrong")])
def test_a_broken_build_is_noticed(capsys: pytest.CaptureFixture[str], broken: str, limit: str) -> None:
    code, found = run(capsys, "--kills", "8", "--break", broken)
    assert code == 1
    assert found[limit] > 0, found
