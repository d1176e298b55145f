"""What letters tell without reading: a yes where a fact or a word plainly stands, and never one where it may be part of
something else."""

from __future__ import annotations

import pytest

from app.workflow.letters import lowered, reads_as, runs, stands_alone
from app.workflow.reading import Fact


@pytest.mark.parametrize(
    "text",
    [
        "pending",
        "it is pending",
        "pending it is",
        "(pending)",
        "it is (pending) now",
        "status:\npending\nsince may",
        "pending, they say",
        "suspending is not pending",
        "unpending(pending) and (pending)",
    ],
)
def test_a_word_between_spaces_or_in_brackets_stands_there(text: str) -> None:
    assert stands_alone("pending", text) is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shipped",
        "suspending",
        "pendings",
        "a_pending one",
        "still(pending)",
        "[pending]",
        "pending-payment",
        "pending: it waits",
        "5 pending",
        "a5 pending ones",
        "5 (pending)",
        "pending 5",
        "pending 5th",
        "pending,5",
        "pending\n5",
    ],
)
def test_a_word_that_may_be_part_of_more_has_to_be_read(text: str) -> None:
    """A number beside it may make a quantity or a date of it; other letters make another word."""
    assert stands_alone("pending", text) is False


@pytest.mark.parametrize("word", ["may", "twenty", "eur", "pm", "naïve", "e-mail", "x2"])
def test_a_word_that_opens_an_amount_or_a_date_has_to_be_read(word: str) -> None:
    assert stands_alone(word, f"you {word} go") is False


ORDER, BOTTLE, EURO = ("id", "hf-10003"), ("id", "750ml"), ("money", "1250", "EUR")


@pytest.mark.parametrize(
    ("fact", "shown", "text"),
    [
        (ORDER, "HF-10003", "order hf-10003 came"),
        (ORDER, "HF-10003", "order #hf-10003, as you say"),
        (ORDER, "#HF-10003", "(hf-10003)"),
        (("id", "w2378156"), "W2378156", "w2378156\nw2378157"),
        (("id", "sf-2026-114"), "SF-2026-114", "see sf-2026-114"),
        (BOTTLE, "750ml", "750ml, black"),
        (BOTTLE, "750ml", "a flask\n750ml"),
        (BOTTLE, "750ml", "a flask, 750ml"),
        (BOTTLE, "750ml", "a flask; 750ml"),
        (BOTTLE, "750ml", "a flask ( 750ml"),
        (BOTTLE, "750ml", "a flask (750ml)"),
        (BOTTLE, "750ml", "the one of #750ml size"),
        (EURO, "€12.50", "we paid €12.50 for it"),
    ],
)
def test_a_fact_written_the_same_stands_there(fact: Fact, shown: str, text: str) -> None:
    assert reads_as(fact, shown, text) is True


@pytest.mark.parametrize(
    ("fact", "shown", "text"),
    [
        (ORDER, "HF-10003", "order hf-100031 came"),
        (ORDER, "HF-10003", "order xhf-10003 came"),
        (ORDER, "HF-10003", "order hf-10004 came"),
        (("id", "credit_card_12"), "credit_card_12", "by credit_card_12 now"),
        (("id", "may5"), "may5", "on may5 now"),
        (("id", "12eur"), "12eur", "12eur, please"),
        (BOTTLE, "750ml", "a flask of 750ml"),
        (BOTTLE, "750ml", "10 750ml"),
        (EURO, "€12.50", "we paid €12.501 for it"),
        (EURO, "€12.50", "we paid €13 for it"),
        (EURO, "12.50 EUR", "we paid 12.50 eur for it"),
        (EURO, "€ 12.50", "we paid € 12.50 for it"),
        (("number", "12"), "12", "take 12 of them"),
        (("date", "", "5", "1"), "1 May", "on 1 may"),
    ],
)
def test_any_other_fact_has_to_be_read(fact: Fact, shown: str, text: str) -> None:
    assert reads_as(fact, shown, text) is False


def test_letters_are_lowered_so_that_who_ignores_case_misses_none() -> None:
    assert lowered("Order HF-10003") == "order hf-10003"
    assert lowered("ſold: it’s ı and İ and i̇") == "sold: it's i and i and i"
    assert lowered("STRAẞE") == "strasse"


def test_every_run_of_letters_and_digits_is_told() -> None:
    assert runs("Order HF-10003: Gold_1!") == {"order", "hf", "10003", "gold_1"}
    assert runs("€12.50 — “Gold→silver” • é") == {"12", "50", "gold", "silver", "é"}
