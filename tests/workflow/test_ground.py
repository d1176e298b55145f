"""Looking only where letters stand finds what reading every sentence would find, no more and no less."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflow.ground import Ground
from app.workflow.letters import ids_in, reads_as, runs, stands_alone
from app.workflow.reading import read, sentences, stands
from app.workflow.wording import content, worded

FRAGMENTS = """
    We have cancelled order HF-10003 refund €12.50 12.50 USD 30 days thirty may May 5 22 November 2026-11-22 W12 #12 12
    750ml (750ml, black) EUR 750ml tomorrow free of charge right away not never isn't in transit sold out policies
    Anna O’Neil's e-mail a@b.example www.shop.example x² ſold İn pending shipped credit_card_12 will send it to you
"""
PARTS = [
    *re.findall(r"\S+", FRAGMENTS),
    *[", ", ". ", "! ", "\n", "(", ") ", ": ", "• ", "10 pm", "5 items", "twenty-one hours", "as soon as possible"],
]
texts = st.lists(st.sampled_from(PARTS), min_size=1, max_size=14).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(own=st.lists(texts, max_size=3), ruled=st.lists(texts, max_size=2), said=texts)
def test_a_ground_answers_as_if_it_had_read_everything(own: list[str], ruled: list[str], said: str) -> None:
    ground = Ground(own, ruled)
    mine = [each for text in own for each in sentences(text)]
    every = [*mine, *(each for text in ruled for each in sentences(text))]
    forms = frozenset(form for each in every for form in read(each).forms)
    stems = frozenset(stem for each in every for stem in worded(each).stems)
    words = {word for each in every for word in (*read(each).words, *worded(each).promises)}
    words |= {part for word in words for part in word.split("-")}
    states = {state for each in mine for state, _ in worded(each).states}
    for sentence in sentences(said):
        assert ground.quotes(sentence) is (sentence in every)
        reading, heard = read(sentence), worded(sentence)
        for fact, shown in reading.facts:
            assert ground.has_fact(fact, shown) is stands(fact, forms), fact
        for state, _ in heard.states:
            assert ground.has_state(state) is (state in states)
        for word in (*reading.words, *heard.promises, *heard.limits):
            assert ground.has_word(word) is (word in words), word
        needed = content(heard.stems)
        assert not needed or ground.holds(needed, len(needed) / 2) is (len(needed & stems) >= len(needed) / 2)


@settings(max_examples=150, deadline=None)
@given(text=texts, said=texts)
def test_what_stands_there_by_its_letters_is_read_there(text: str, said: str) -> None:
    low = text.casefold()
    for fact, shown in read(said.replace("\n", " ")).facts:
        if reads_as(fact, shown, low):
            assert stands(fact, frozenset(form for each in sentences(text) for form in read(each).forms)), fact
    for word in read(said.replace("\n", " ")).words:
        if stands_alone(word, low):
            assert any(word in read(each).words for each in sentences(text)), word
            assert word in runs(text)


def test_ids_are_what_holds_a_digit_and_is_no_number() -> None:
    assert ids_in("Order HF-10003 of 12 items for €12.50, #12") == ["HF-10003", "#12"]


def test_a_long_line_of_underscores_is_read_in_no_time_and_holds_no_id() -> None:
    """A pattern that tries every way to part it would never come to an end."""
    assert ids_in("Sign here: " + "_" * 200 + " -1 " + "a-_'" * 200) == []
    assert ids_in("_" * 80 + "7!") == ["_" * 80 + "7"]


def test_a_sentence_with_an_abbreviation_is_a_quote_where_its_line_goes_on_after_it() -> None:
    ground = Ground(("It weighs approx.\n3 kg. It is blue.",))
    assert ground.quotes("It weighs approx. 3 kg.")
    assert ground.quotes("It is blue.")
    assert not ground.quotes("It is")


def test_ids_are_plainly_named_only_all_together() -> None:
    ground = Ground(("Order HF-10003 is shipped.",), ("Write #W12 on the parcel.",))
    assert ground.plainly_names(["HF-10003", "#W12"])
    assert not ground.plainly_names(["HF-10003", "HF-10004"])
