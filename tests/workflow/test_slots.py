"""Slots of a lead's sentences: filled from what a rule found, and left to be seen where nothing was."""

from __future__ import annotations

from app.workflow.slots import filled


def test_a_slot_is_filled_wherever_it_stands() -> None:
    assert filled("{action} of {amount}", {"action": "Refund", "amount": "€120.00"}) == "Refund of €120.00"
    assert filled("{a}{b}", {"a": "1", "b": "{a}"}) == "1{a}"


def test_a_slot_that_nobody_fills_stays_in_its_braces() -> None:
    assert filled("over {limit}", {}) == "over {limit}"
    assert filled("a {brace that is no slot}, {}", {"brace": "x"}) == "a {brace that is no slot}, {}"


def test_a_sentence_without_slots_stays_as_it_is() -> None:
    assert filled("Refunds take a week", {"amount": "€5.00"}) == "Refunds take a week"
