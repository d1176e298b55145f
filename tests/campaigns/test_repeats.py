"""The repeats campaign keeps its floor, and notices a rule that asks the ticket alone and a store that forgets who wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from app.workflow import repeats as rule
from tests.campaigns import data, repeats


@pytest.fixture(autouse=True)
def some_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    def some(*asked: Any) -> Iterator[list[dict[str, Any]]]:
        return islice(every(*asked), 14)

    every = repeats._customers
    monkeypatch.setattr(repeats, "_customers", some)
    monkeypatch.setattr(rule, "link", rule.link)  # put back after a control has broken it


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = repeats.main((str(data.folder()), *arguments))
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_what_continues_a_matter_is_linked_to_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys)
    assert code == 0, found
    kinds = found["reported_on"]["right"]
    assert {"goes on in a new ticket", "new in an old ticket", "new in a new ticket"} < set(kinds), kinds


@pytest.mark.parametrize("broken", ["thread", "address"])
def test_a_ticket_taken_for_the_matter_is_noticed(capsys: pytest.CaptureFixture[str], broken: str) -> None:
    code, found = run(capsys, "--break", broken)
    assert code == 1, found
    assert found["reported_on"]["recall"] < 0.8
