"""What a sentence claims is heard in its words: states, promises, bounds, whether it says no, and whose thing it is."""

from __future__ import annotations

import pytest

from app.workflow.wording import content, stem, worded


@pytest.mark.parametrize(
    ("sentence", "states"),
    [
        ("Your order is shipped", {("shipped", False)}),
        ("Your order is not yet shipped", {("shipped", True)}),
        ("It isn't delivered", {("delivered", True)}),
        ("It was not lost, but delivered", {("lost", True), ("delivered", False)}),
        ("Not one of the many other things that you have bought was delivered", {("delivered", False)}),
        ("We will refund you", {("refunded", False)}),
        ("We'll refund you", {("refunded", False)}),
        ("A refund is a refund", set()),
        ("You can cancel it", set()),
        ("It is out for delivery", {("shipped", False)}),
        ("It is sold out", {("unavailable", False)}),
    ],
)
def test_states(sentence: str, states: set[tuple[str, bool]]) -> None:
    assert {state for state, _ in worded(sentence).states} == states


@pytest.mark.parametrize(
    ("sentence", "promises"),
    [
        ("You get a discount tomorrow", ("discount", "tomorrow")),
        ("It comes right away", ("immediately",)),
        ("It comes as soon as possible", ("asap",)),
        ("Returns are free of charge", ("free",)),
        ("Write at any time", ("anytime",)),
        ("You can return it", ()),
    ],
)
def test_promises(sentence: str, promises: tuple[str, ...]) -> None:
    assert worded(sentence).promises == promises


def test_bounds() -> None:
    assert worded("Only within 30 days, except gift cards").limits == {"only", "within", "except"}


@pytest.mark.parametrize(
    ("sentence", "negated"),
    [("You cannot return it", True), ("You can return it", False), ("It is not never so", False)],
)
def test_two_negations_say_yes(sentence: str, negated: bool) -> None:
    assert worded(sentence).negated is negated


@pytest.mark.parametrize(
    ("sentence", "personal"),
    [
        ("Your order is here", True),
        ("We've sent it", True),
        ("They've sent it", True),
        ("Orders ship in May", False),
        ("Your order can be returned", False),
        ("Once it is here", False),
    ],
)
def test_whose_thing_it_speaks_of(sentence: str, personal: bool) -> None:
    assert worded(sentence).personal is personal


@pytest.mark.parametrize(
    ("words", "one"),
    [
        ("returned returns return returning", "return"),
        ("policies policy", "policy"),
        ("shipped shipping ships", "ship"),
        ("customer's customers", "customer"),
        ("pass", "pass"),
        ("ties", "tie"),
        ("called calling", "call"),
    ],
)
def test_a_word_meets_its_other_forms(words: str, one: str) -> None:
    assert {stem(word) for word in words.split()} == {stem(one)}


def test_common_words_carry_no_statement() -> None:
    assert content(worded("Your order from customers: a lantern").stems) == {stem("lantern")}
