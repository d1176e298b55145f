"""What people never change may be relaxed, what they keep changing is taken from the workflow."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.reports.trust import as_json, markdown, trust
from store.contract import Gate, GateReason, Proposal, Route, Ticket, Watermark
from store.live import Counters, Past, Question, RouteCounters, Share, Stats

AT = datetime(2026, 3, 1, tzinfo=UTC)
SINCE = AT - timedelta(days=14)


def past(number: int, *verdicts: str, rules: tuple[str, ...] = ("money_moves",), at: datetime = AT) -> Past:
    proposal = Proposal(
        request_id=f"m{number}",
        created_at=at,
        ticket=Ticket(id=f"t{number}"),
        watermark=Watermark(last_customer_message_id=None, ticket_version=1),
        intents=("refund_request",),
        route=Route(name="routine", model="cheap", code="clear", reason="x", prompt="drafting", prompt_version="abc"),
    )
    gate = Gate(reasons=tuple(GateReason(code=name, text=name) for name in rules))
    return Past(proposal=proposal, how="review" if verdicts else "send", gate=gate if verdicts else Gate(),
                state="decided" if verdicts else "", verdicts=verdicts)  # fmt: skip


def test_a_rule_that_people_let_go_unedited_is_a_candidate_to_relax() -> None:
    found = trust([past(n, "approve", "approve") for n in range(60)], SINCE)
    relax = {(one.kind, one.name): one for one in found.relax()}
    assert relax["rule", "money_moves"].alone == 60
    assert found.remove() == []


def test_forty_nine_cases_are_too_few() -> None:
    assert trust([past(n, "approve") for n in range(49)], SINCE).relax() == []


def test_one_change_in_ten_is_too_much_to_relax() -> None:
    cases = [past(n, "edit" if n % 10 == 0 else "approve") for n in range(100)]
    assert trust(cases, SINCE).relax() == []


def test_what_people_keep_changing_is_named_with_its_cases() -> None:
    cases = [past(n, "reject" if n % 2 else "approve", rules=("long_message", "money_moves")) for n in range(40)]
    remove = {(one.kind, one.name): one for one in trust(cases, SINCE).remove()}
    assert remove["rule", "long_message"].cases == ["t1", "t3", "t5", "t7", "t9"]
    assert remove["rule", "long_message"].alone == 0
    assert ("prompt", "drafting abc") in remove
    assert ("wish", "refund_request") in remove


def test_a_hand_over_or_a_snooze_says_nothing_of_the_proposal() -> None:
    found = trust([past(1, "hand_over"), past(2, "snooze"), past(3)], SINCE)
    assert (found.handled, found.sent, found.decided) == (3, 1, 0)


def test_older_cases_do_not_count() -> None:
    found = trust([past(1, "approve"), past(2, "approve", at=SINCE - timedelta(seconds=1))], SINCE)
    assert found.handled == 1


def test_the_page_tells_overrides_repeat_contacts_and_confusion() -> None:
    found = trust([past(n, "edit") for n in range(20)], SINCE)
    live = Counters(at=AT, hours=336, routes=(RouteCounters(name="mes|sy", replies=50, repeats=5, on=False),))
    figures = Stats(
        at=AT,
        question=Question(hours=336),
        repeats=Share(part=6, whole=50),
        confusions=Share(part=3, whole=50),
        reopened=Share(part=2, whole=40),
    )
    page = markdown(found, live, figures)
    assert "6 of 50 (12.0%)" in page
    assert "opened again | 2 of 40 (5.0%)" in page
    assert "20 of 20 (100.0%)" in page
    assert "5 of 50 (10.0%)" in page
    assert "did not understand it | 3 |" in page
    assert "mes\\|sy (off)" in page
    assert as_json(found)["remove"][0]["share_overridden"] == 1.0


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path)]
    assert main(["trust", *home]) == 0
    assert capsys.readouterr().out.startswith("# Roll-out report since")
    assert main(["trust", *home, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["handled"] == 0
    assert main(["trust", *home, "--out", str(tmp_path / "no" / "x.md")]) == 1
    assert "cannot be written" in capsys.readouterr().err
