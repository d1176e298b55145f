"""Actions are made from the customer's records, and an edit makes everything anew."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.actions.actions import broken, build, missing, rebuild, unmet
from app.actions.actions import given as given_args
from config.load import load
from config.rules import ArgEntry, Rules
from store.contract import Action, Customer
from store.queue import Invalid
from tests.models.little_shop import FACTS, HOME


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load()


def exchange(rules: Rules, **other: Any) -> Action:
    args = {"order": "w1", "items": ["l1", "k1"], "new_items": ["l1", "k2"], "payment_method": "card_1"}
    return build("exchange_items", {**args, **other}, FACTS, rules, "a1")


def test_an_exchange_is_described_from_the_records(rules: Rules) -> None:
    action = exchange(rules)
    assert action.target == "#W1"
    assert action.args["items"] == ["k1", "l1"]  # in the order's own order, with its partners moved along
    assert action.args["new_items"] == ["k2", "l1"]
    assert action.amount is not None
    assert str(action.amount) == "$15.00"
    assert "Kettle (ceramic, 2 liters)" in action.description
    assert [(each.before, each.after) for each in action.diff if each.field == "item k1"] == [
        ("Kettle (glass, 2 liters)", "Kettle (ceramic, 2 liters)")
    ]
    assert [(each.record, each.record_id, each.field, each.expected) for each in action.preconditions] == [
        ("order", "#W1", "status", "delivered")
    ]


def test_the_same_wish_in_another_order_is_the_same_action(rules: Rules) -> None:
    args = {"order": " #W1", "items": ["k1", "l1"], "new_items": ["k2", "l1"]}
    assert exchange(rules, **args) == exchange(rules)


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({"order": "#W9"}, "order"),
        ({"items": ["k2", "l1"]}, "items"),
        ({"items": ["l1", "l1"]}, "items"),
        ({"new_items": ["k2"]}, "new_items"),
        ({"new_items": ["k2", "l1"], "items": ["l1", "k1"]}, "new_items"),  # a lamp does not become a kettle
        ({"new_items": ["l1", "k3"]}, "new_items"),  # not available
        ({"payment_method": "card_of_another"}, "payment_method"),
        ({"payment_method": "gift_1"}, "payment_method"),  # holds 10.00, 15.00 are to be paid
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_not_the_customers_or_does_not_fit_is_refused_by_name(
    rules: Rules, args: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid, match=rf"^{field}\b"):
        exchange(rules, **args)


def test_nobody_unverified_has_records(rules: Rules) -> None:
    weak = FACTS.model_copy(update={"customer": Customer(id="mia", identity="weak")})
    with pytest.raises(Invalid, match=r"^order"):
        build("cancel_order", {"order": "#W2", "reason": "no longer needed"}, weak, rules, "a1")


def test_money_goes_back_only_to_the_method_that_paid(rules: Rules) -> None:
    args = {"order": "#W1", "items": ["l1"], "payment_method": "card_1"}
    assert build("return_items", args, FACTS, rules, "a1").args_schema["properties"]["payment_method"]["enum"] == [
        "card_1"
    ]
    for other in ("pal_1", "gift_1"):
        with pytest.raises(Invalid, match=r"^payment_method"):
            build("return_items", args | {"payment_method": other}, FACTS, rules, "a1")


def test_a_rule_can_let_a_gift_card_take_the_refund(rules: Rules) -> None:
    entry = rules.actions["return_items"]
    arg = entry.args["payment_method"].model_copy(update={"methods": "paid_or_gift_card"})
    open_entry = entry.model_copy(update={"args": {**entry.args, "payment_method": arg}})
    other = rules.model_copy(update={"actions": {**rules.actions, "return_items": open_entry}})
    args = {"order": "#W1", "items": ["l1"], "payment_method": "gift_1"}
    assert build("return_items", args, FACTS, other, "a1").args["payment_method"] == "gift_1"


def test_a_refund_is_never_more_than_what_was_paid(rules: Rules) -> None:
    args = {"order": "#W2", "payment_method": "card_1", "amount": {"minor": 4000, "currency": "USD"}}
    action = build("refund", args, FACTS, rules, "a1")
    assert [(each.before["minor"], each.after["minor"]) for each in action.diff] == [(0, 4000)]
    with pytest.raises(Invalid, match=r"^amount\.minor"):
        rebuild(action, action.args | {"amount": {"minor": 4001, "currency": "USD"}}, rules)
    with pytest.raises(Invalid, match=r"^amount\.currency"):
        rebuild(action, action.args | {"amount": {"minor": 1, "currency": "EUR"}}, rules)


def test_an_edit_makes_target_amount_description_and_key_anew(rules: Rules) -> None:
    action = build("cancel_order", {"order": "#W2", "reason": "no longer needed"}, FACTS, rules, "a1")
    edited = rebuild(action, {"order": "#W3", "reason": "ordered by mistake"}, rules)
    assert (action.target, str(action.amount)) == ("#W2", "$40.00")
    assert (edited.target, str(edited.amount)) == ("#W3", "$20.00")
    assert "#W3" in edited.description
    assert edited.preconditions[0].record_id == "#W3"
    assert edited.idempotency_key != action.idempotency_key
    assert edited == build("cancel_order", {"order": "#W3", "reason": "ordered by mistake"}, FACTS, rules, "a1")


def test_an_edit_that_is_no_choice_is_refused_by_name(rules: Rules) -> None:
    action = build("cancel_order", {"order": "#W2", "reason": "no longer needed"}, FACTS, rules, "a1")
    for args, field in (
        ({"order": "#W2", "reason": "because"}, "reason"),
        ({"order": "#W2"}, "reason"),
        ({"order": "#W9", "reason": "no longer needed"}, "order"),
    ):
        with pytest.raises(Invalid, match=f"^{field}"):
            rebuild(action, args, rules)


def test_an_outside_action_keeps_its_meaning_and_shows_what_was_edited(rules: Rules) -> None:
    theirs = Action(
        action_id="x",
        kind="grant_badge",
        args={"badge": "gold", "days": 3},
        args_schema={"type": "object", "properties": {"days": {"type": "integer"}, "badge": {"type": "string"}}},
        description="Grant a badge",
    )
    edited = rebuild(theirs, {"badge": "gold", "days": 5}, rules)
    assert [(each.field, each.before, each.after) for each in edited.diff] == [("days", 3, 5)]
    with pytest.raises(Invalid, match=r"^days"):
        rebuild(theirs, {"badge": "gold", "days": "5"}, rules)


def test_a_broken_requirement_names_its_message(rules: Rules) -> None:
    args = {"order": "#W1", "reason": "no longer needed"}
    assert [need.otherwise for need in broken("cancel_order", args, FACTS, rules)] == ["order_already_shipped"]
    assert broken("cancel_order", args | {"order": "#w2"}, FACTS, rules) == ()


def test_a_precondition_that_changed_since_is_unmet(rules: Rules) -> None:
    action = build("cancel_order", {"order": "#W2", "reason": "no longer needed"}, FACTS, rules, "a1")
    assert unmet(action, lambda *_: "pending") == []
    assert unmet(action, lambda *_: "shipped") == list(action.preconditions)


def test_missing_names_what_nobody_gave(rules: Rules) -> None:
    assert missing("cancel_order", {}, rules) == ("order",)
    assert missing("exchange_items", {"order": "#W2", "items": []}, rules) == ("items", "new_items", "payment_method")


def test_a_reason_that_was_not_said_is_taken_from_the_rules_and_told(rules: Rules) -> None:
    action = build("cancel_order", {"order": "#W2"}, FACTS, rules, "a1")
    assert action.args["reason"] == "no longer needed"
    assert "reason: no longer needed, not said by the customer" in action.description
    assert given_args(action) == {"order": "#W2"}
    assert build("cancel_order", given_args(action), FACTS, rules, "a1") == action  # made anew, it still tells
    said = build("cancel_order", {"order": "#W2", "reason": "no longer needed"}, FACTS, rules, "a1")
    assert "not said" not in said.description
    assert given_args(said) == said.args
    edited = rebuild(action, action.args | {"reason": "ordered by mistake"}, rules)
    assert "not said" not in edited.description


def test_a_default_that_is_no_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="not one of the choices"):
        ArgEntry(type="choice", choices=("red", "blue"), default="green")


def test_an_address_shows_each_line_that_changes(rules: Rules) -> None:
    new = HOME | {"address1": "2 Oak St", "zip": "80280"}
    action = build("change_order_address", {"order": "#W2", "address": new}, FACTS, rules, "a1")
    assert [each.field for each in action.diff] == ["order.address.address1", "order.address.zip"]
    assert "2 Oak St" in action.description


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    kind=st.sampled_from(
        ["refund", "cancel_order", "return_items", "exchange_items", "change_payment", "change_address"]
    ),
    args=st.dictionaries(
        st.sampled_from(
            ["order", "items", "new_items", "payment_method", "amount", "address", "reason", "customer", "x"]
        ),
        json_values | st.sampled_from(["#W1", "#W2", "#W9", "card_1", "mia", ["k1"], ["k2"]]),
    ),
)
def test_whatever_a_model_proposes_is_built_on_own_records_or_refused(kind: str, args: dict[str, Any]) -> None:
    rules = load()
    try:
        action = build(kind, args, FACTS, rules, "a1")
    except Invalid:
        return
    assert action.args.get("order", "#W2") in {"#W1", "#W2", "#W3"}
    assert action.args.get("customer", "mia") == "mia"
    assert rebuild(action, action.args, rules) == action
