"""A power cut loses nothing that was acknowledged; a queue that syncs less is noticed."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.campaigns import power

pytestmark = pytest.mark.skipif(not (shutil.which("gcc") or shutil.which("cc")), reason="needs a C compiler")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = power.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_a_few_cuts_lose_and_tear_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--cuts", "8")
    assert code == 0, found


def test_a_queue_that_syncs_less_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--cuts", "8", "--break", "normal")
    assert code == 1
    assert found["lost"] > 0, found
