"""A migration that ends at any statement leaves the old or the new schema; a weaker build is noticed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.campaigns import migration


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = migration.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_wherever_it_ends_the_schema_is_the_old_or_the_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys)
    assert code == 0, found


@pytest.mark.parametrize(("broken", "limit"), [("begin", "torn"), ("copy", "uncopied")])
def test_a_weaker_migration_is_noticed(capsys: pytest.CaptureFixture[str], broken: str, limit: str) -> None:
    code, found = run(capsys, "--break", broken)
    assert code == 1
    assert found[limit] > 0, found
