"""What stops before a person: every rule, with limit and actual in words, and risk even where no rule names it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.failures import failure
from app.workflow.gate import gate
from app.workflow.stops import word_pattern
from store.contract import (
    Action,
    Alternative,
    Claim,
    Customer,
    Gate,
    Precondition,
    Proposal,
    Route,
    Source,
    Ticket,
    Trigger,
)
from tests.workflow.given import MIA, ORDER, action, proposal, rules, with_reviews

EMPTY = with_reviews()
RISKY = sorted(kind for kind, entry in rules().actions.items() if entry.risk == "high")


def stopped(made: Proposal, today: dict[str, int] | None = None) -> Gate:
    return gate(made, rules(), today or {})


def codes(made: Proposal, today: dict[str, int] | None = None) -> list[str]:
    return [reason.code for reason in stopped(made, today).reasons]


def text_of(made: Proposal, code: str, today: dict[str, int] | None = None) -> str:
    return next(reason.text for reason in stopped(made, today).reasons if reason.code == code)


def traced(**more: Any) -> Proposal:
    """A routine action that goes out by itself."""
    return proposal(action("trace_shipment", None, reversible=True), **more)


def test_the_routine_goes_out_by_itself() -> None:
    assert stopped(proposal()) == Gate()
    assert stopped(traced()) == Gate()


@pytest.mark.parametrize(
    ("made", "code", "text"),
    [
        (proposal(action(amount=12000)), "refund_over_limit", "Refund of €120.00 is over the €50.00 limit"),
        (
            proposal(action(amount=500001)),
            "refund_very_large",
            "Refund of €5,000.01 is over €5,000.00: two people decide",
        ),
        (proposal(action("change_email", None)), "account_email", "Account e-mail change: change_email of HF-10012"),
        (proposal(action("change_role", None)), "account_role", "Account role change: change_role of HF-10012"),
        (
            proposal(action("change_plan", None)),
            "plan_or_contract",
            "Contract or pricing change: change_plan of HF-10012",
        ),
        (proposal(action("close_account", None)), "closure", "Account closure cannot be taken back"),
        (proposal(action("apply_credit")), "credit", "A credit bends the price: apply_credit of HF-10012"),
        (proposal(action("unlock_account", None)), "unlock", "Account unlock: unlock_account of HF-10012"),
        (
            proposal(action("change_address", None)),
            "address",
            "Goods would go to another address: change_address of HF-10012",
        ),
        (proposal(message="I will take you to court"), "legal_risk", "Legal risk: court"),
        (proposal(message="my Solicitors wrote"), "legal_risk", "Legal risk: solicitors"),
        (proposal(message="any discounts?"), "pricing_words", "Pricing is asked for or offered: discounts"),
        (proposal(intents=("legal_threat",)), "legal_intent", "The customer threatens legal steps"),
        (proposal(intents=("speak_to_human",)), "person_wanted", "The customer wants a person: speak to human"),
        (proposal(hidden=3), "hidden_characters", "3 hidden characters in the customer's message"),
        (proposal(source=Source(system="acme")), "outside", "Filed from outside by acme"),
        (proposal(action(), alternatives=()), "one_model_only", "Refund must be right, and only one model proposed it"),
        (
            proposal(text="See bob@else.example", claims=(Claim(text="See bob@else.example", kind="courtesy"),)),
            "leak",
            "The reply shows what is not the customer's: bob@else.example",
        ),
    ],
)
def test_every_rule_says_why_in_words(made: Proposal, code: str, text: str) -> None:
    assert code in codes(made)
    assert text_of(made, code) == text
    assert "{" not in text


def test_failure_claims_and_contradictions_stop() -> None:
    failed = proposal(failure=failure("records_down", "lookup", rules()))
    assert text_of(failed, "failure") == "lookup failed: records down"
    unproven = proposal(claims=(Claim(text="Hello,", problem="claim not in sources: 30 days"),))
    assert text_of(unproven, "unproven_claim") == "claim not in sources: 30 days"
    told = Route(
        name="messy",
        model="cheap",
        code="x",
        reason="x",
        triggers=(Trigger(code="contradiction", reason="says A, is B"),),
    )
    assert "contradiction" in codes(proposal(route=told))


# ── amounts ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("minor", "over"), [(4999, False), (5000, False), (5001, True)])
def test_the_limit_itself_is_not_over_it(minor: int, over: bool) -> None:
    assert ("refund_over_limit" in codes(proposal(action(amount=minor)))) is over


def test_limit_and_actual_are_values_of_their_own() -> None:
    reason = next(r for r in stopped(proposal(action(amount=12000))).reasons if r.code == "refund_over_limit")
    assert (reason.limit, reason.actual, reason.to) == ("€50.00", "€120.00", "billing")


def test_a_currency_without_a_limit_is_over_the_limit() -> None:
    assert "no limit is set for CHF" in str(stopped(proposal(action(amount=1, currency="CHF"))).reasons)
    assert "refund_over_limit" in codes(proposal(action(amount=1, currency="CHF")))


def test_the_day_counts_what_was_refunded_and_what_would_be_added() -> None:
    two = (action(amount=4000), action(amount=4000, action_id="a2"))
    assert "refunds_per_day" not in codes(proposal(*two), {"EUR": 12000})
    assert "refunds_per_day" in codes(proposal(*two), {"EUR": 12001})
    assert "refunds_per_day" not in codes(proposal(*two), {"USD": 99999})
    assert text_of(proposal(action(amount=1)), "refunds_per_day", {"EUR": 20000}) == (
        "€200.01 refunded to this customer today is over the €200.00 limit"
    )


def test_a_refund_without_an_amount_stops_and_names_the_field() -> None:
    assert text_of(proposal(action(amount=None)), "refund_over_limit") == (
        "Refund over limit cannot be judged: the amount of refund is missing"
    )


def test_money_goes_back_to_the_method_that_paid() -> None:
    assert "payment_method" not in codes(proposal(action()))
    other = action(args={"order": "HF-10012", "payment_method": "gift_1"})
    assert text_of(proposal(other), "payment_method").endswith("gift card")
    unknown = action(args_schema={})
    assert text_of(proposal(unknown), "payment_method").endswith("the payment method that paid is missing")


# ── policy, identity, models ─────────────────────────────────────────────────


def test_outside_the_policy_names_field_rule_and_fact() -> None:
    shipped = Precondition(record="order", record_id="HF-10012", field="status", expected="shipped")
    made = proposal(action("cancel_order", preconditions=(shipped,)))
    assert text_of(made, "policy_exception") == "Outside the policy: order status is shipped, the rule asks for pending"
    assert "policy_exception" not in codes(proposal(action("cancel_order")))
    assert "not read" in text_of(proposal(action("cancel_order", preconditions=())), "policy_exception")


@pytest.mark.parametrize("identity", ["weak", "unknown"])
def test_weak_identity_stops_actions_and_account_facts_but_no_policy(identity: str) -> None:
    who = Ticket(id="t1", customer=Customer(identity=identity))  # type: ignore[arg-type]
    assert "weak_identity" in codes(traced(ticket=who))
    assert "weak_identity" in codes(proposal(ticket=who, evidence=(ORDER,)))
    assert stopped(proposal(ticket=who)) == Gate()


def test_two_models_that_differ_are_shown_field_by_field() -> None:
    one, other = action(amount=1000), action(amount=2000)
    made = proposal(one, alternatives=(Alternative(model="strong", actions=(other,)),))
    assert text_of(made, "models_disagree") == "Two models disagree: Refund: amount is €10.00 or €20.00"
    assert "models_disagree" not in codes(proposal(one))
    assert "models_disagree" in codes(proposal(alternatives=(Alternative(model="strong", actions=(other,)),)))


def test_the_same_model_twice_is_one_model() -> None:
    made = proposal(action(), alternatives=(Alternative(model="cheap", actions=(action(),)),))
    assert "one_model_only" in codes(made)


# ── the reply ────────────────────────────────────────────────────────────────


def test_a_reply_nobody_proved_stops() -> None:
    assert "unproven_claim" in codes(proposal(claims=()))
    more = proposal(text="Hello,\n\nYou win.", claims=(Claim(text="Hello,", kind="courtesy"),))
    assert text_of(more, "unproven_claim") == "claim not proved: You win."


def test_words_cannot_be_looked_for_without_the_message() -> None:
    assert text_of(proposal(message=None), "legal_risk").endswith("the customer's message is missing")


@pytest.mark.parametrize(
    "text", ["I will sue", "SUED you", "suing you", "we sue.", "legal  action", "legal-action", "a lawyer's letter"]
)
def test_words_are_found_with_their_endings(text: str) -> None:
    assert word_pattern(("sue", "legal action", "lawyer")).search(text)


@pytest.mark.parametrize("text", ["an issue", "I pursue it", "tissue", "legally fine", "Susan"])
def test_words_inside_other_words_are_not(text: str) -> None:
    assert not word_pattern(("sue", "legal action", "lawyer")).search(text)


# ── who decides ──────────────────────────────────────────────────────────────


def test_two_people_and_a_role_where_a_rule_says_so() -> None:
    closure = stopped(proposal(action("close_account", None)))
    assert (closure.needs, closure.role, closure.risk) == ("two", "lead", "high")
    assert stopped(proposal(action())).needs == "one"
    assert stopped(proposal(intents=("complaint",))).risk == "low"


# ── without a rule ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [*RISKY, "launch_rocket"])
def test_with_an_emptied_review_file_every_risky_action_still_stops(kind: str) -> None:
    found = gate(proposal(action(kind)), EMPTY, {})
    assert found.reasons
    assert found.risk == "high"


def test_without_a_rule_each_reason_says_what_it_is() -> None:
    who = Ticket(id="t1", customer=MIA.model_copy(update={"identity": "weak"}))
    two = "Ask a@else.example or b@else.example"
    for made, code, text, actual in (
        (proposal(action()), "risky_action", "Refund is of high risk", "high"),
        (
            traced(ticket=who),
            "unproven_identity",
            "Identity is weak, and the proposal changes an account",
            "weak",
        ),
        (proposal(claims=()), "unproven_claim", "claim not proved: Hello,", "claim not proved: Hello,"),
        (
            proposal(text=two, claims=(Claim(text=two),)),
            "leak",
            "The reply shows what is not the customer's: a@else.example, b@else.example",
            None,
        ),
        (
            proposal(failure=failure("records_down", "lookup", rules())),
            "failure",
            "lookup failed: records_down",
            None,
        ),
        (
            traced(ticket=who).model_copy(update={"actions": (action("x_y", None),)}),
            "unknown_action",
            "No rule knows the action x_y",
            "x_y",
        ),
    ):
        reasons = {reason.code: reason for reason in gate(made, EMPTY, {}).reasons}
        assert (reasons[code].text, reasons[code].actual) == (text, actual)
    assert not gate(proposal(ticket=who), EMPTY, {}).reasons


def test_the_risk_is_that_of_the_rule_or_of_the_action_whichever_is_higher() -> None:
    low = {"name": "low", "if": {"hidden_characters": True}, "reason": "hidden", "risk": "low"}
    assert gate(proposal(hidden=1), with_reviews(low), {}).risk == "low"
    assert gate(proposal(hidden=1), with_reviews(low | {"risk": "high"}), {}).risk == "high"
    assert gate(proposal(action(), hidden=1), with_reviews(low), {}).risk == "high"
    assert gate(proposal(action("launch_rocket", None), hidden=1), with_reviews(low), {}).risk == "high"
    assert gate(traced(hidden=1), with_reviews(low), {}).risk == "low"


def test_what_cannot_be_judged_is_said_to_be_missing_and_goes_where_its_rule_says() -> None:
    asked = {"name": "big", "if": {"amount_over": {"EUR": "1.00"}}, "reason": "{unknown} {amount}", "to": "billing"}
    (missing,) = gate(proposal(action(amount=None)), with_reviews(asked), {}).reasons
    assert (missing.code, missing.actual, missing.to) == ("big", "missing", "billing")
    (over,) = gate(proposal(action(amount=200)), with_reviews(asked), {}).reasons
    assert over.text == "{unknown} €2.00", "a slot that nothing fills stays, so that its writer sees it"


def test_general_reasons_come_last_and_short_amounts_lose_their_zeros() -> None:
    general = {"name": "a", "if": {"action": "refund"}, "reason": "moves money", "general": True}
    telling = {
        "name": "b",
        "if": {"amount_over": {"EUR": "1.00"}},
        "reason": "{amount}",
        "short": "{amount} of {limit}",
    }
    found = gate(proposal(action(amount=1200)), with_reviews(general, telling), {}).reasons
    assert [reason.code for reason in found] == ["b", "a"]
    assert (found[0].text, found[0].short) == ("€12.00", "€12 of €1")


def test_two_are_needed_where_one_rule_says_so_and_its_role_goes_before_others() -> None:
    one = {"name": "a", "if": {"action": "refund"}, "reason": "x", "role": "billing"}
    two = {"name": "b", "if": {"action": "refund"}, "reason": "y", "needs": "two", "role": "lead"}
    found = gate(proposal(action()), with_reviews(one, two), {})
    assert (found.needs, found.role) == ("two", "lead")
    found = gate(proposal(action()), with_reviews(one, two | {"role": None}), {})
    assert (found.needs, found.role) == ("two", "billing")
    found = gate(proposal(action()), with_reviews(one), {})
    assert (found.needs, found.role) == ("one", "billing")


@pytest.mark.parametrize(
    "made",
    [
        traced(ticket=Ticket(id="t1", customer=MIA.model_copy(update={"identity": "weak"}))),
        proposal(claims=()),
        proposal(claims=(Claim(text="Hello,", problem="claim not in sources: x"),)),
        proposal(failure=failure("records_down", "lookup", rules())),
        proposal(text="Ask bob@else.example", claims=(Claim(text="Ask bob@else.example"),)),
    ],
)
def test_nor_does_anything_else_that_is_unsafe_go_out(made: Proposal) -> None:
    assert gate(made, EMPTY, {}).reasons


def test_an_action_no_rule_knows_is_said_beside_the_others() -> None:
    assert "unknown_action" in codes(proposal(action("launch_rocket"), hidden=1))


@given(
    kind=st.sampled_from([*RISKY, "launch_rocket"]),
    minor=st.integers(-(10**9), 10**9) | st.none(),
    currency=st.sampled_from(["EUR", "USD", "JPY", "XXX"]),
    args=st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.none(), max_size=3),
    emptied=st.booleans(),
)
def test_no_risky_action_ever_goes_out_by_itself(
    kind: str, minor: int | None, currency: str, args: dict[str, Any], emptied: bool
) -> None:
    made: Action = action(kind, minor, currency, args=args)
    assert gate(proposal(made), EMPTY if emptied else rules(), {}).reasons


@given(minor=st.integers(5001, 10**9), today=st.integers(0, 10**9))
def test_an_amount_over_the_limit_always_stops(minor: int, today: int) -> None:
    assert "refund_over_limit" in codes(proposal(action(amount=minor)), {"EUR": today})


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("injury", "Two injuries so far"),
        ("injury", "an injury"),
        ("survey", "two surveys"),
        ("sue", "she is suing"),
        ("price match", "price-matched it"),
        ("lawyer", "my lawyer's letter"),
    ],
)
def test_a_word_is_found_in_its_forms(word: str, text: str) -> None:
    assert word_pattern((word,)).search(text)


@pytest.mark.parametrize("text", ["surveies", "injurys", "by lawyering"])
def test_no_form_is_invented(text: str) -> None:
    assert not word_pattern(("survey", "injury", "by")).search(text.removeprefix("by "))
