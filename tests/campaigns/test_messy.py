"""The messy campaign passes on the product, and notices an ending without a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.campaigns import messy


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = messy.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_our_own_hostile_texts_end_somewhere_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys)
    assert code == 0, found
    assert found["messages"] >= 8


def test_endings_without_reasons_are_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--break", "reasons")
    assert code == 1
    assert found["broke"] + found["without_reason"] > 0
