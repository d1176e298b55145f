"""What a text speaks of, and whether it opens a matter or comes back on one."""

from __future__ import annotations

import pytest

from app.workflow.matters import READ_AT_MOST, answered, goes_on, opens, said, to_us
from tests.workflow.given import ORDER, POLICY, action, proposal


def test_telling_words_are_kept_without_their_endings_and_their_case() -> None:
    assert said("The parcels were opened").words == said("PARCEL opens").words == {"parcel", "open"}
    assert said("batteries").words == said("battery").words


def test_words_of_every_talk_tell_nothing() -> None:
    assert said("I don’t know what it was, please help me").words == frozenset()
    assert said("I don't know, ok? He is at it").words == frozenset()


def test_two_letters_tell_nothing() -> None:
    assert said("TV pc").words == frozenset()
    assert said("bugs").words == said("bug").words == {"bug"}


def test_short_words_keep_what_looks_like_an_ending() -> None:
    assert said("bus").words == {"bus"}
    assert said("tie red").words == {"tie", "red"}


def test_words_of_other_languages_are_words() -> None:
    assert "rückgab" in said("Rückgabe").words


def test_ids_are_compared_without_sign_and_case() -> None:
    assert said("order #HF-10012").ids == said("Order hf-10012.").ids == {"hf-10012"}
    assert said("in 30 days, for 9 pounds").ids == frozenset()


def test_several_texts_speak_together_and_empty_ones_say_nothing() -> None:
    both = said("A broken lamp", "", "HF-10012")
    assert {"broken", "lamp"} <= both.words
    assert both.ids == {"hf-10012"}
    assert said("").words == said().words == frozenset()


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert said("x " * (READ_AT_MOST // 2) + "lamp").words == frozenset()
    assert "lamp" in said("x " * (READ_AT_MOST // 2 - 2) + "lamp").words
    assert not to_us("x " * (READ_AT_MOST // 2) + "you said")


def test_an_answer_is_about_what_was_asked_said_done_and_quoted() -> None:
    done = action(args={"items": [{"name": "SKU-0007"}, "SKU-0008"], "order": "HF-10013", "n": 3}, target="HF-10012")
    given = proposal(done, text="Your lamp HF-10014 comes", evidence=(ORDER, POLICY), message="Which torch?")
    found = answered(given, "It was sent by boat")
    assert {"torch", "boat"} <= found.words
    assert {"sku-0007", "sku-0008", "hf-10012", "hf-10013", "hf-10014"} <= found.ids
    assert answered(proposal(text=None, message=None), "").ids == frozenset()


def test_a_record_is_part_of_an_answer_and_a_passage_is_not() -> None:
    passage = POLICY.model_copy(update={"quote": "See §99-1234"})
    assert "hf-10012" in answered(proposal(evidence=(ORDER,), message=None), "").ids
    assert answered(proposal(evidence=(passage,), message=None), "").ids == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "Hello, how do I return a lamp?",
        "Hi there! I ordered a lamp",
        "I can’t log in",
        "Why was I charged twice",
        "Another question: do you ship to Malta?",
    ],
)
def test_beginnings_that_open_a_matter(text: str) -> None:
    assert opens(text)
    assert not goes_on(text)


@pytest.mark.parametrize(
    "text", ["Thank you, that helped", "Hi Sam, still nothing", "I tried it", "That did not work", "ok", "Yes, please"]
)
def test_beginnings_that_go_on(text: str) -> None:
    assert goes_on(text)
    assert not opens(text)


def test_what_speaks_of_our_answer() -> None:
    assert to_us("The link you sent is dead")
    assert to_us("I followed every step")
    assert not to_us("The lamp is broken")
