"""Two models agree when kind, target, amount and every argument are the same after both were put in one form."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.differences import NONE, differences
from store.contract import Money
from tests.workflow.given import action


def fields(left: dict[str, Any], right: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = differences([action(args=left)], [action(args=right)])
    return [(each.field, each.left, each.right) for each in found]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"reason": "No longer  needed"}, {"reason": "no longer needed"}),
        ({"order": "#HF-1"}, {"order": "hf-1"}),
        ({"items": ["a", "b"]}, {"items": ["b", "a"]}),
        ({"items": ["a", "b"], "new_items": ["x", "y"]}, {"items": ["b", "a"], "new_items": ["y", "x"]}),
        ({"address": {"city": "Bonn", "zip": "1"}}, {"address": {"zip": "1", "city": "bonn"}}),
        ({"note": None}, {}),
    ],
)
def test_the_same_in_another_form_is_no_difference(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert fields(left, right) == []


@pytest.mark.parametrize(
    ("left", "right", "field"),
    [
        ({"order": "HF-1"}, {"order": "HF-2"}, "order"),
        ({"items": ["a"]}, {"items": ["a", "a"]}, "items"),
        ({"items": ["a", "b"], "new_items": ["x", "y"]}, {"items": ["a", "b"], "new_items": ["y", "x"]}, "new_items"),
        ({"sure": True}, {"sure": 1}, "sure"),
        ({"address": {"zip": "1"}}, {"address": {"zip": "2"}}, "address"),
        ({"reason": "mistake"}, {}, "reason"),
        ({}, {"reason": "mistake"}, "reason"),
    ],
)
def test_another_value_is_one(left: dict[str, Any], right: dict[str, Any], field: str) -> None:
    assert [each[0] for each in fields(left, right)] == [field]


def test_amount_target_and_kind_count() -> None:
    assert [each.field for each in differences([action(amount=1)], [action(amount=2)])] == ["amount"]
    assert [each.field for each in differences([action(target="A")], [action(target="B")])] == ["target"]
    other = differences([action("refund")], [action("cancel_order")])
    assert [(each.action_kind, each.field) for each in other] == [("refund", "action"), ("cancel_order", "action")]


def test_an_action_only_one_model_wants_is_shown_whole() -> None:
    (only,) = differences([], [action()])
    assert (only.field, only.left, only.right) == ("action", NONE, "refund of HF-10012")


def test_order_of_actions_does_not_matter() -> None:
    one, two = action(target="A"), action(target="B", action_id="a2")
    assert differences([one, two], [two, one]) == ()


def test_a_difference_is_shown_as_the_models_wrote_it() -> None:
    assert fields({"reason": "Mistake"}, {"reason": "Other"}) == [("reason", "Mistake", "Other")]
    shown = differences([action(amount=None)], [action()])
    assert (shown[0].left, shown[0].right) == (NONE, str(Money(minor=1000, currency="EUR")))


def test_an_amount_among_the_arguments_is_said_where_the_money_is_the_same() -> None:
    assert [each[0] for each in fields({"amount": "10"}, {"amount": "12"})] == ["amount"]


def test_the_action_that_wants_the_same_is_the_partner_before_any_other_of_its_kind() -> None:
    wanted, other = action(args={"reason": "No longer needed"}), action(args={"reason": "mistake"}, description="Other")
    same = action(args={"reason": "no longer  needed"}, action_id="a2")
    (only,) = differences([wanted], [other, same])
    assert (only.field, only.left, only.right) == ("action", NONE, "Other")


def test_the_action_of_the_same_target_is_the_next_best() -> None:
    wanted, near = action(target="#HF-1", amount=1), action(target="hf-1", amount=2)
    far = action(target="HF-2", amount=3, description="Far")
    found = differences([wanted], [far, near])
    assert [(each.field, each.right) for each in found] == [("amount", str(near.amount)), ("action", "Far")]
    # Where none has it, the first of its kind.
    assert [each.field for each in differences([action(target="HF-3", amount=3)], [far])] == ["target"]


def test_targets_are_shown_as_written() -> None:
    (shown,) = differences([action(target="HF-1")], [action(target="HF-2")])
    assert (shown.left, shown.right) == ("HF-1", "HF-2")
    (shown,) = differences([action(target="HF-1")], [action(target="")])
    assert (shown.left, shown.right) == ("HF-1", NONE)
    (shown,) = differences([action(target="")], [action(target="HF-1")])
    assert (shown.left, shown.right) == (NONE, "HF-1")


def test_an_amount_is_said_once_and_hides_nothing_else() -> None:
    one = action(amount=1, args={"amount": "0.01", "reason": "mistake"})
    other = action(amount=2, args={"amount": "0.02", "reason": "late"})
    assert [each.field for each in differences([one], [other])] == ["amount", "reason"]


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ({"sure": True}, {"sure": False}, ("sure", "True", "False")),
        ({"count": 1}, {"count": 2}, ("count", "1", "2")),
        ({"items": ["a", "b"]}, {"items": ["c"]}, ("items", "a, b", "c")),
        ({"to": {"city": "Bonn", "zip": "1"}}, {"to": {"city": "Ulm"}}, ("to", "city Bonn, zip 1", "city Ulm")),
        ({"sizes": [1, 2]}, {"sizes": [1, 3]}, ("sizes", "1, 2", "1, 3")),
    ],
)
def test_every_kind_of_value_is_compared_and_shown(
    left: dict[str, Any], right: dict[str, Any], shown: tuple[str, str, str]
) -> None:
    assert fields(left, right) == [shown]
