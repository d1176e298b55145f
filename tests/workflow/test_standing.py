"""What a claim may stand on: the same fact however it is written, the same state, and a sentence that does not say no."""

from __future__ import annotations

import pytest

from app.workflow.ground import Ground
from app.workflow.reading import Fact
from app.workflow.wording import content, worded

LANTERNS = "Brass lanterns burn cheap oil"
"""A claim of five words that carry it, so that three of them are just enough to speak of the same matter."""


def denied(claim: str, *own: str, ruled: tuple[str, ...] = ()) -> bool:
    heard = worded(claim)
    return Ground(own, ruled).denies(content(heard.stems), negated=heard.negated)


def ruled(claim: str, rule: str) -> bool:
    heard = worded(claim)
    ((state, _),) = heard.states
    return Ground((), (rule,)).rules(state, content(heard.stems))


def test_what_stands_there_word_for_word_is_a_quote() -> None:
    ground = Ground(["It is here. It is red."], ["Items must be unused."])
    assert ground.quotes("It is red.") is True
    assert ground.quotes("Items must be unused.") is True
    assert ground.quotes("It is here. It is red.") is False  # sentence by sentence
    assert ground.quotes("It is") is False


@pytest.mark.parametrize(
    ("text", "fact", "shown"),
    [
        ("Order hf-10003 came", ("id", "hf-10003"), "HF-10003"),
        ("It takes 1,5 days", ("quantity", "1.5", "day"), "1.5 days"),
        ("It takes thirty days", ("quantity", "30", "day"), "30 days"),
        ("Take twelve of them", ("id", "12"), "#12"),
        ("See shop.example/returns.", ("url", "shop.example/returns"), "https://www.shop.example/returns/"),
        ("Write to ANNA@post.example", ("mail", "anna@post.example"), "Anna@Post.example"),
        ("It came on 22 November 2026", ("date", "2026", "11", "22"), "2026-11-22"),
    ],
)
def test_a_fact_stands_there_however_it_is_written(text: str, fact: Fact, shown: str) -> None:
    assert Ground([text]).has_fact(fact, shown) is True
    assert Ground(["It is late", text]).has_fact(fact, shown) is True
    assert Ground((), [text]).has_fact(fact, shown) is True
    assert Ground(["It is late"]).has_fact(fact, shown) is False


def test_a_letter_that_only_looks_alike_proves_nothing() -> None:
    assert Ground(["Your code is ıd-12"]).has_fact(("id", "id-12"), "ID-12") is False
    assert Ground(["it is pendıng now"]).has_word("pending") is False
    assert Ground(["it is pending now"]).has_word("pending") is True


def test_a_word_stands_there_by_itself_or_joined_to_another() -> None:
    ground = Ground(["Gift-wrapping costs nothing, right away"], ["Freedom-loving people, freedom for all"])
    assert ground.has_word("gift") is True
    assert ground.has_word("immediately") is True
    assert ground.has_word("free") is False
    assert ground.said("costs") is True
    assert ground.said("gift") is False  # just this word


@pytest.mark.parametrize(
    "text", ["Cancelled it was", "It is not cancelled\nCancelled it is", "It is red.\nIt is late.\nIt was cancelled"]
)
def test_a_state_is_found_wherever_it_stands(text: str) -> None:
    assert Ground(["It is blue", text]).has_state(("cancelled", False)) is True
    assert Ground(["It is blue"], [text]).has_state(("cancelled", False)) is False  # a rule says what may be
    assert Ground([text]).has_state(("shipped", False)) is False


@pytest.mark.parametrize(
    ("claim", "rule", "says"),
    [
        ("Cosmetics cannot be returned", "Cosmetics cannot be returned", True),
        ("Brass lanterns with oil cannot be returned", "Brass lanterns cannot be returned.", True),  # three of four
        ("Lanterns burning cheap oil are covered", "Lanterns with oil are covered", True),  # three of five: just enough
        ("Lanterns burning cheap oil are covered", "Lanterns are covered", False),
        ("Brass lanterns can be returned", "Brass lanterns cannot be returned", False),
        ("Brass lanterns are covered", "Cosmetics are covered", False),
        ("Brass lanterns are covered", "Brass lanterns are red", False),
    ],
)
def test_a_rule_proves_what_it_says_of_the_same_matter(claim: str, rule: str, says: bool) -> None:
    assert ruled(claim, rule) is says


def test_words_are_counted_over_all_texts() -> None:
    ground = Ground(["A brass lantern"], ["It burns oil"])
    assert ground.holds(frozenset({"brass", "lantern", "oil"}), 3) is True
    assert ground.holds(frozenset({"brass", "lantern", "silver"}), 2) is True
    assert ground.holds(frozenset({"brass", "lantern", "silver"}), 3) is False
    assert ground.holds(frozenset({"gold", "silver"}), 1) is False


@pytest.mark.parametrize(
    ("claim", "source", "is_denied"),
    [
        (LANTERNS, "Brass lanterns do not burn", True),  # three of five words
        (LANTERNS, "Brass lanterns do not shine", False),  # two of five: another matter
        (LANTERNS, "Brass lanterns burn", False),
        ("Brass lanterns do not burn cheap oil", "Brass lanterns burn", True),
        ("Brass lanterns do not burn cheap oil", "Brass lanterns do not burn", False),
        ("Brass lanterns do not burn cheap oil", "Brass lanterns shine", False),
    ],
)
def test_who_speaks_of_the_same_must_say_no_where_the_claim_does(claim: str, source: str, is_denied: bool) -> None:
    assert denied(claim, source) is is_denied
    assert denied(claim, "It is late", source) is is_denied
    assert denied(claim, source, "It is late") is is_denied
    assert denied(claim, f"It is late. {source}.\nIt is red") is is_denied
    assert denied(claim, ruled=("It is late", source)) is is_denied
    assert denied(claim, "It is late", ruled=(source,)) is is_denied


def test_the_sentence_that_shares_most_is_the_one_that_counts() -> None:
    closest = f"{LANTERNS}."
    other = "Brass lanterns do not burn at any rate on boats, ships, rafts and bridges"
    assert denied(LANTERNS, f"{other}. {closest}") is False
    assert denied(LANTERNS, f"{closest} {other}.") is False
    assert denied(LANTERNS, other) is True
    assert denied(LANTERNS, closest, other) is False
    assert denied(LANTERNS, other, closest) is False


def test_of_equals_the_first_counts() -> None:
    yes, no = "Brass lanterns burn cheap oil here", "Brass lanterns do not burn cheap oil here"
    assert denied(LANTERNS, f"{yes}\n{no}") is False
    assert denied(LANTERNS, f"{no}\n{yes}") is True
    assert denied(LANTERNS, yes, no) is False
    assert denied(LANTERNS, yes, ruled=(no,)) is False  # what is, before what may be


def test_a_word_of_one_letter_is_looked_for_once_in_a_line() -> None:
    assert denied("Take size X", "Do not take size X\nor Y") is True
