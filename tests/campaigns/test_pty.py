"""The pty campaign passes on the desk, and notices one whose two gates for outside text are open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.campaigns import pty


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pty, "SHORT", 60)
    monkeypatch.setattr(pty, "PER_DESK", 8)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = pty.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_hostile_text_is_drawn_and_obeyed_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys)
    assert code == 0, found
    assert found["texts"] >= 60


def test_a_desk_that_writes_what_it_is_given_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--break", "raw")
    assert code == 1
    assert found["sequences"] + found["bare"] > 0
