"""The state machine and the forger pass on the product, and notice a build without a rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.campaigns import disk, journal, machine


def run(campaign: Any, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = campaign.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_no_order_of_events_breaks_an_invariant(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(machine, capsys, "--examples", "8")
    assert code == 0, found
    assert found["decided"] > 0


@pytest.mark.parametrize("broken", ["fence", "overtake", "undo", "switch", "counts"])
def test_a_queue_without_a_rule_is_noticed(capsys: pytest.CaptureFixture[str], broken: str) -> None:
    code, found = run(machine, capsys, "--examples", "400", "--break", broken)
    assert (code, found["violations"]) == (1, 1)
    assert found["problem"].startswith("AssertionError"), "an invariant says so, not a crash"


def test_every_forgery_is_found_against_a_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(journal, capsys, "--forgeries", "150")
    assert code == 0, found
    assert min(found[kind] for kind in ("field", "row", "tail", "fork", "cut", "bytes")) > 0


@pytest.mark.parametrize("broken", ["hash", "checkpoint"])
def test_a_weaker_journal_is_noticed(capsys: pytest.CaptureFixture[str], broken: str) -> None:
    code, found = run(journal, capsys, "--forgeries", "200", "--break", broken)
    assert code == 1
    assert found["missed"] > 0


def test_no_fault_of_the_disk_loses_or_tears_anything(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(disk, capsys, "--forms", "quota,read_only,newer,foreign,network,locked,gone")
    assert code == 0, found
    assert found["refusals"] > 0


def test_acknowledging_before_the_commit_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(disk, capsys, "--forms", "quota", "--break", "sync")
    assert code == 1
    assert found["lost"] > 0
