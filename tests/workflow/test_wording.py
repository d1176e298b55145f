"""What a sentence claims is heard in its words: states, promises, bounds, whether it says no, and whose thing it is."""

from __future__ import annotations

import pytest

from app.workflow.letters import lowered
from app.workflow.reading import sentences
from app.workflow.wording import (
    content,
    letters_of_promise,
    letters_of_state,
    letters_of_stem,
    stem,
    stems_of,
    worded,
)


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


@pytest.mark.parametrize(
    ("word", "kept"),
    [("red", "red"), ("used", "used"), ("pass", "pass"), ("is", "is"), ("glass", "glass"), ("able", "abl")],
)
def test_what_is_too_short_keeps_its_ending(word: str, kept: str) -> None:
    assert stem(word) == kept


@pytest.mark.parametrize(
    ("words", "one"),
    [
        ("tries trying", "try"),
        ("glasses glass", "glass"),
        ("adding adds added", "add"),
        ("putting puts", "put"),
        ("shippings shipping", "ship"),
        ("reportedly reported", "report"),
        ("boxes boxed", "box"),
        ("quickly", "quick"),
        ("exchanged exchange exchanging", "exchange"),
    ],
)
def test_each_ending_is_cut(words: str, one: str) -> None:
    assert {stem(word) for word in words.split()} == {stem(one)}


@pytest.mark.parametrize(
    ("sentence", "states"),
    [
        ("It was not lost or damaged", {("lost", True), ("damaged", True)}),
        ("It was not lost and damaged", {("lost", True), ("damaged", True)}),
        ("It was not lost because it was damaged", {("lost", True), ("damaged", False)}),
        ("It was not lost, it was damaged", {("lost", True), ("damaged", False)}),
        ("It was not as of now delivered", {("delivered", True)}),
        ("It was not as of right now delivered", {("delivered", False)}),
        ("We will of course gladly refund you", {("refunded", False)}),
        ("We will of course very gladly refund you", set()),
        ("It’s not shipped", {("shipped", True)}),
    ],
)
def test_a_turn_or_a_future_bears_on_the_words_close_behind_it(sentence: str, states: set[tuple[str, bool]]) -> None:
    assert {state for state, _ in worded(sentence).states} == states


@pytest.mark.parametrize(
    ("sentence", "negated"),
    [
        ("You can’t go there", True),
        ("The parcel isn't here", True),
        ("Nobody never said nothing", True),
        ("A lantern of brass", False),
        ("The lantern's glass", False),
    ],
)
def test_who_says_no_is_heard(sentence: str, negated: bool) -> None:
    assert worded(sentence).negated is negated


@pytest.mark.parametrize(
    ("sentence", "personal"),
    [("They've shipped parcels", True), ("Parcels are delivered on Fridays", False), ("A lantern of brass", False)],
)
def test_a_thing_is_nobody_s_unless_it_is_said(sentence: str, personal: bool) -> None:
    assert worded(sentence).personal is personal


def test_a_phrase_counts_as_the_word_it_means() -> None:
    assert worded("It comes right away").stems == {stem("come"), stem("immediately")}
    assert worded("It comes right-away").stems == {stem("come"), stem("immediately")}


@pytest.mark.parametrize(
    "text",
    [
        "It comes right away. It isn't free of charge, and e-mail is slow.",
        "It’s a café. Policies of “the shop” say no.",
        "Ships in May, out for delivery and in stock.",
        "İn stock: ŉot lost. Never ſold",
        "Ⅷ lanterns ﬁt. Not any more.",
    ],
)
def test_a_text_has_the_words_of_its_sentences(text: str) -> None:
    heard = [worded(each) for each in sentences(text)]
    stems, turns = stems_of(text, sentences(text))
    assert stems == frozenset().union(*(each.stems for each in heard))
    assert turns or not any(each.negated for each in heard)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("It is here. You have it.", False),
        ("It is here. It isn't yours.", True),
        ("It is here. It is not yours.", True),
        ("Café au lait", False),
        ("İt is here", False),
        ("İt is not here", True),
    ],
)
def test_a_text_without_a_no_turns_nothing_round(text: str, may: bool) -> None:
    assert stems_of(text, sentences(text))[1] is may


@pytest.mark.parametrize(
    "word",
    [
        "policies",
        "policy",
        "tried",
        "returns",
        "e-mail",
        "anytime",
        "immediately",
        "free",
        "right-away",
        "shipped",
        "ſold",
        "exchange",
    ],
)
def test_where_a_word_stands_its_letters_do(word: str) -> None:
    assert any(each in lowered(word) for each in letters_of_stem(stem(lowered(word))))


@pytest.mark.parametrize(
    ("phrase", "word"), [("right away", "immediately"), ("free of charge", "free"), ("as soon as possible", "asap")]
)
def test_where_a_phrase_stands_its_letters_do(phrase: str, word: str) -> None:
    assert any(each in phrase for each in letters_of_promise(word))
    assert any(each in phrase for each in letters_of_stem(stem(word)))
    assert letters_of_promise("lantern") == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "It is in transit",
        "It is out for delivery",
        "We will refund you",
        "We shall get it",
        "It left our warehouse",
        "It is sold out",
        "We will give it",
        "We'll call you",
        "E-mailed today",
    ],
)
def test_where_a_state_or_a_deed_is_said_its_letters_stand(sentence: str) -> None:
    ((state, _), _), *_ = worded(sentence).states
    assert any(each in sentence.lower() for each in letters_of_state(state))
