"""The disk campaign passes where the desk says what failed, and notices a build that acknowledges what was not kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.campaigns import disk, failing_desk


@pytest.fixture(autouse=True)
def one_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failing_desk, "FORMS", {"quota": failing_desk.FORMS["quota"]})


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = disk.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_a_disk_that_takes_no_more_is_said_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--ci", "--forms", "desk")
    assert code == 0, found
    assert "Not sent" in found["said"]["desk quota"]


def test_a_desk_that_acknowledges_all_the_same_is_noticed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing_desk, "PATIENCE", 10.0)  # the sentence that is waited for never comes
    code, found = run(capsys, "--ci", "--forms", "quota,desk", "--break", "sync")
    assert code == 1
    assert found["lost"] > 1, found
