"""What the customer supplied is found verbatim, and never made up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.models.extraction import extract
from config.load import load
from config.rules import Rules


@pytest.fixture(scope="module")
def rules() -> Rules:
    shop = load()
    records = dict(shop.sources.records)
    records["order"] = records["order"].model_copy(update={"id_pattern": r"#W\d{7}"})
    records["customer"] = records["customer"].model_copy(update={"id_pattern": r"[a-z]+_[a-z]+_\d{4}"})
    records["invoice"] = records["invoice"].model_copy(update={"id_pattern": r"INV-\d{4}-\d{4}"})
    return shop.model_copy(update={"sources": shop.sources.model_copy(update={"records": records})})


def test_a_ticket_in_the_mess_of_real_ones(rules: Rules) -> None:
    text = (
        "Hi! I'm Chen Smith, living in Jacksonville 32278. Order w1234567 (and #W7654321) came on May 3rd, charged "
        "$1,250.00 to credit_card_4190576. Mail me at Chen.Smith+x@example.co.uk or +1 555-010-4477. Invoice INV-2026-0042, "
        "tracking number 490313116609, account chen_smith_8425."
    )
    clues = extract(text, rules)
    assert clues.names == ("Chen Smith",)
    assert clues.zips == ("32278",)
    assert clues.order_ids == ("w1234567", "#W7654321")
    assert clues.dates == ("May 3rd",)
    assert clues.amounts == ("$1,250.00",)
    assert clues.payment_method_ids == ("credit_card_4190576",)
    assert clues.emails == ("Chen.Smith+x@example.co.uk",)
    assert clues.phones == ("+1 555-010-4477",)
    assert clues.invoice_ids == ("INV-2026-0042",)
    assert clues.tracking_ids == ("490313116609",)
    assert clues.customer_ids == ("chen_smith_8425",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("My name is Mia Garcia and my zip code is 80279.", ("Mia Garcia",)),
        ("I am Lucas (lucas_santos_6600), I live in Denver", ("Lucas",)),
        ("where is it\n\nThanks,\nRaj Santos", ("Raj Santos",)),
        ("this is Ana de Souza", ("Ana de Souza",)),
        ("I am Not amused. I'm Sorry. I am very angry", ()),
        ("I am chen_smith_8425", ()),
        ("Sure, it's Ada Quill from Dover, 19901.", ("Ada Quill",)),
        ("it is Ada Quill, and my zip code is 19901", ("Ada Quill",)),
        ("Can you find me by just my name, Ada Quill?", ("Ada Quill",)),
        ("My first name is Ada, my last name is Quill", ("Ada Quill",)),
        ("First name: Ada\nLast name: Quill", ("Ada", "Quill", "Ada Quill")),
        ("my first name is Ada, hers is too, and her first name is Eve, last name Quill", ()),
        ("It's Friday Night and I wait", ()),
        ("I ship it to Salt Lake City, Dover, 19901", ()),
    ],
)
def test_names_are_what_people_call_themselves(rules: Rules, text: str, names: tuple[str, ...]) -> None:
    assert extract(text, rules).names == names


@pytest.mark.parametrize(
    ("text", "zips"),
    [
        ("My zip is 19901. Sorry, I made a mistake with my zip code. It's 19904.", ()),
        ("I messed up my zip: not 19901 but 19904, or 19905", ()),
        ("My zip is 19901. I moved, the new address has 19904.", ("19901", "19904")),
        ("Sorry for my mistake. My zip code is 19901.", ("19901",)),
    ],
)
def test_who_gives_one_zip_after_another_has_given_none(rules: Rules, text: str, zips: tuple[str, ...]) -> None:
    assert extract(text, rules).zips == zips


@pytest.mark.parametrize(
    "text", ["it costs 12345", "order 12345-99", "#12345", "$12345.00", "id_12345", "my number 1234567"]
)
def test_digits_of_something_else_are_no_zip(rules: Rules, text: str) -> None:
    found = extract(text, rules).zips
    assert found == (() if text != "it costs 12345" else ("12345",))


def test_an_id_inside_a_longer_word_is_no_id(rules: Rules) -> None:
    clues = extract("XW1234567, W12345678 and W1234567@example.com", rules)
    assert clues.order_ids == ()
    assert clues.emails == ("W1234567@example.com",)


@settings(max_examples=200)
@given(st.text(max_size=400))
def test_everything_found_stands_in_the_text(rules: Rules, text: str) -> None:
    for values in extract(text, rules).model_dump().values():
        assert all(value in text for value in values)


@settings(max_examples=100)
@given(
    words=st.lists(st.sampled_from(["hello", "please", "the order", "thanks", "it broke", "on monday"]), max_size=6),
    order=st.from_regex(r"#W[0-9]{7}", fullmatch=True),
    mail=st.from_regex(r"[a-z]{1,8}\.[a-z]{1,8}@example\.com", fullmatch=True),
    code=st.integers(10000, 99999).map(str),
)
def test_what_is_planted_is_found(rules: Rules, words: list[str], order: str, mail: str, code: str) -> None:
    clues = extract(f"{' '.join(words)} {order}, mail {mail}, zip code {code}. {' '.join(words)}", rules)
    assert (clues.order_ids, clues.emails, clues.zips) == ((order,), (mail,), (code,))
