"""Under other rules, past cases go another way: which, and what would have gone out unseen, worst first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.reports.what_if import told, what_if
from app.workflow.gate import gate
from config.load import load
from config.rules import Rules
from config.setting import BadSetting, changed
from store.contract import Action, Claim, Customer, GateReason, Money, Proposal, Route, Ticket, Trigger, Watermark
from store.live import Past

RULES = load()
MIA = Customer(id="C-1001", name="Mia", identity="verified", how="e-mail + zip")
OPEN = (
    "action.refund.risk=low",
    "action.refund.must_be_right=false",
    "review.money_moves=off",
    "review.payment_method=off",
)
"""What lets a small refund out by itself: no rule but the limit stops it."""


def past(number: str, euros: int | None = None, *verdicts: str, how: str = "review", **more: Any) -> Past:
    """A case as it was recorded under the rules as they are."""
    amount = Money(minor=(euros or 0) * 100, currency="EUR")
    refund = Action(
        action_id="a1", kind="refund", description=f"Refund {amount}", amount=amount, reversible=True, target="HF-10001"
    )
    proposal = Proposal(
        request_id=number,
        ticket=Ticket(id=number, subject="Charged twice", customer=MIA),
        watermark=Watermark(last_customer_message_id=number, ticket_version=1),
        confidence=0.7,
        intents=("refund_request",),
        message="I was charged twice.",
        route=Route(
            name="routine", model="cheap", code="clear", reason="one clear wish",
            triggers=(Trigger(code="clear", reason="one clear wish"),),
        ),
        actions=() if euros is None else (refund,),
        customer_reply="Hello.",
        claims=(Claim(text="Hello.", kind="courtesy"),),
    ).model_copy(update=more)  # fmt: skip
    return Past(
        proposal=proposal, how=how, gate=gate(proposal, RULES, {}), state="decided", verdicts=verdicts or ("approve",)
    )


def under(*sets: str, cases: tuple[Past, ...], before: Rules = RULES) -> Any:
    return what_if(cases, before, changed(before, sets))


def test_a_higher_limit_alone_saves_nothing_while_other_rules_stop_it_and_says_which() -> None:
    found = under("review.refund_over_limit.amount_over.EUR=100", cases=(past("t1", 80), past("t2", 200)))
    assert (found.reviews_then, found.reviews_now, found.unseen) == (2, 2, [])
    assert found.eased == {"refund_over_limit": 1}
    assert found.still["money_moves"] == 1


def test_what_would_have_gone_out_unseen_is_listed_worst_first() -> None:
    cases = (past("t1", 40), past("t2", 45), past("t3", 30, "edit", "approve"), past("t4", 80))
    found = under(*OPEN, cases=cases)
    assert [each.ticket_id for each in found.unseen] == ["t3", "t2", "t1"]
    assert found.unseen[0].overridden
    assert found.as_json()["out_unseen_that_people_changed"] == 1
    assert found.reviews_then - found.reviews_now == 3


def test_a_stricter_rule_shows_what_would_have_stopped() -> None:
    sent = past("t1", how="send", **{"hidden": 0})
    found = under('review.person_wanted.if.intent=["refund_request"]', cases=(sent,))
    assert [each.ticket_id for each in found.stopped] == ["t1"]


def test_what_a_rule_that_was_not_changed_stopped_stays_stopped() -> None:
    case = past("t1", 40)
    a_day = GateReason(code="refunds_per_day", text="too much today")
    case = case.model_copy(update={"gate": case.gate.model_copy(update={"reasons": (*case.gate.reasons, a_day)})})
    assert under(*OPEN, cases=(case,)).unseen == []


def test_a_changed_limit_a_day_cannot_be_told_and_says_so() -> None:
    case = past("t1", 40)
    a_day = GateReason(code="refunds_per_day", text="too much today")
    case = case.model_copy(update={"gate": case.gate.model_copy(update={"reasons": (a_day,)})})
    found = under("review.refunds_per_day.per_day_over.EUR=1000", cases=(case,))
    assert found.unknown == {"refunds_per_day": 1}
    assert any("cannot be told" in line for line in told(found, ["x"]))


def test_a_higher_floor_of_confidence_sends_cases_another_way() -> None:
    found = under("trigger.low_confidence.confidence_below=0.8", cases=(past("t1", 40),))
    assert [(each.ticket_id, each.would) for each in found.rerouted] == [
        ("t1", "would have gone messy: low confidence")
    ]


def test_a_trigger_that_reads_what_is_not_recorded_is_counted_as_unknown() -> None:
    found = under("trigger.several_systems.systems_at_least=1", cases=(past("t1", 40),))
    assert found.unknown == {"several_systems": 1}
    assert found.rerouted == []


def test_no_change_changes_nothing() -> None:
    cases = (past("t1", 40), past("t2", how="send"))
    found = what_if(cases, RULES, RULES)
    assert (found.reviews_then, found.reviews_now) == (1, 1)
    assert (found.unseen, found.stopped, found.rerouted) == ([], [], [])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("review.refund_ovr_limit.risk=low", 'did you mean "refund_over_limit"'),
        ("reviw.refund_over_limit.risk=low", 'did you mean "review"'),
        ("review.refund_over_limit.amount_ovr.EUR=100", 'did you mean "amount_over"'),
        ("action.refund.rsk=low", 'did you mean "risk"'),
        ("action.refund.risk=lowish", "risk"),
        ("review.refund_over_limit.amount_over.EUR=lots", "amount_over"),
        ("windows.undo_seconds=soon", "undo_seconds"),
        ("refund=1", "write it as"),
        ("review.refund_over_limit", "write it as"),
        ("action.refund=low", "which of its values"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_nearest_right_name(setting: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        changed(RULES, [setting])


def test_a_setting_changes_one_value_and_no_other() -> None:
    after = changed(RULES, ["review.refund_over_limit.amount_over.EUR=100"])
    rule = next(each for each in after.reviews if each.name == "refund_over_limit")
    assert {name: int(value) for name, value in (rule.if_.amount_over or {}).items()} == {
        "EUR": 100,
        "USD": 50,
        "GBP": 50,
    }
    assert [each for each in after.reviews if each.name != rule.name] == [
        each for each in RULES.reviews if each.name != rule.name
    ]


def test_the_command_reads_a_queue_and_refuses_a_wrong_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path)]
    assert main(["what-if", *home, "--set", "review.nothing.risk=low"]) == 2
    assert "nothing" in capsys.readouterr().err
    assert main(["what-if", *home]) == 2
    capsys.readouterr()
    assert main(["what-if", *home, "--set", "review.refund_over_limit.amount_over.EUR=100", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == 0
