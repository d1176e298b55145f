"""What stands in a sentence is read into one normal form, however it is written."""

from __future__ import annotations

import pytest

from app.workflow.reading import Fact, minor_units, read, sentences, stands


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("It costs €12.50 now", ("money", "1250", "EUR")),
        ("It costs 1,200.50 USD now", ("money", "120050", "USD")),
        ("It costs EUR 1.200,50 now", ("money", "120050", "EUR")),
        ("It costs twenty dollars", ("money", "2000", "USD")),
        ("It costs 5 pounds", ("money", "500", "GBP")),
        ("on 2026-11-22", ("date", "2026", "11", "22")),
        ("on 22nd of November 2026", ("date", "2026", "11", "22")),
        ("on Nov 22, 2026", ("date", "2026", "11", "22")),
        ("on 22.11.26", ("date", "2026", "11", "22")),
        ("on 11/22/2026", ("date", "2026", "11", "22")),
        ("on 22/11/2026", ("date", "2026", "11", "22")),
        ("on 13/11/2026", ("date", "2026", "11", "13")),
        ("on 11/13/2026", ("date", "2026", "11", "13")),
        ("on 12/11/2026", ("ambiguous date", "12/11/2026")),
        ("on 03/04/2026", ("ambiguous date", "03/04/2026")),
        ("on 5 May", ("date", "", "5", "5")),
        ("at 3 pm", ("time", "15:00")),
        ("at 12:30 am", ("time", "00:30")),
        ("at 12:30 pm", ("time", "12:30")),
        ("at 9:05", ("time", "09:05")),
        ("2026-11-22T10:15:00Z", ("time", "10:15")),
        ("within 30 days", ("quantity", "30", "day")),
        ("within thirty working days", ("quantity", "30", "business day")),
        ("within 2 calendar weeks", ("quantity", "2", "week")),
        ("a dozen items", ("quantity", "12", "item")),
        ("twenty-one hours", ("quantity", "21", "hour")),
        ("10 per cent", ("quantity", "10", "percent")),
        ("10%", ("quantity", "10", "percent")),
        ("15 mins", ("quantity", "15", "minute")),
        ("2 hrs", ("quantity", "2", "hour")),
        ("5 to 7 days", ("quantity", "5", "day")),
        ("5–7 days", ("quantity", "7", "day")),
        ("order #HF-10012", ("id", "hf-10012")),
        ("order 0042", ("number", "42")),
        ("order 00", ("number", "0")),
        ("total 120.00", ("decimal", "12000")),
        ("seven of them", ("number", "7")),
        ("write to A.Lee@Post.example", ("mail", "a.lee@post.example")),
        ("see https://www.shop.example/returns/", ("url", "shop.example/returns")),
        ("see www.shop.example.", ("url", "shop.example")),
    ],
)
def test_a_fact_has_one_form(text: str, fact: tuple[str, ...]) -> None:
    assert fact in read(text).forms


@pytest.mark.parametrize(
    "text", ["one of them", "half of it", "zero", "a couple", "May I ask", "someone", "on the way"]
)
def test_what_counts_nothing_is_no_fact(text: str) -> None:
    assert read(text).facts == ()


def test_names_are_capitalised_words_that_do_not_open_the_sentence() -> None:
    assert read("Please ask Anna O'Neil or I will").names == ("Anna", "O'Neil")
    assert read("22 November is when Bo comes").names == ("Bo",)


def test_words_are_in_lower_case_and_in_order() -> None:
    assert read("It’s Within 30 Days, Anna").words == ("it's", "within", "days", "anna")


def test_the_words_a_fact_was_read_from_are_kept() -> None:
    assert read("That is €12.50 today").facts == ((("money", "1250", "EUR"), "€12.50"),)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ("One.", "Two!", "Three?", "Four")),
        ("See e.g. Anna. Then go", ("See e.g. Anna.", "Then go")),
        ("Line\nother line\n\nthird", ("Line", "other line", "third")),
        ("It is 3.50 now", ("It is 3.50 now",)),
        ("", ()),
        ("Mr. Lee came", ("Mr. Lee came",)),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, parts: tuple[str, ...]) -> None:
    assert sentences(text) == parts


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        ("120", "12000"),
        ("19.9", "1990"),
        ("1,200.50", "120050"),
        ("1.200,50", "120050"),
        ("1,200", "120000"),
        ("0.05", "5"),
    ],
)
def test_minor_units(amount: str, minor: str) -> None:
    assert minor_units(amount) == minor


@pytest.mark.parametrize(
    ("fact", "among", "holds"),
    [
        (("money", "100", "EUR"), ("money", "100", "EUR"), True),
        (("money", "100", "EUR"), ("money", "100", "USD"), False),
        (("money", "100", "EUR"), ("decimal", "100"), True),
        (("money", "100", "EUR"), ("decimal", "101"), False),
        (("number", "7"), ("id", "7"), True),
        (("number", "7"), ("quantity", "7", "day"), True),
        (("number", "7"), ("quantity", "8", "day"), False),
        (("number", "7"), ("money", "7", "EUR"), False),
        (("id", "7"), ("number", "7"), True),
        (("id", "7"), ("quantity", "7", "day"), False),
        (("quantity", "7", "day"), ("quantity", "7", "business day"), False),
        (("date", "", "5", "1"), ("date", "2026", "5", "1"), True),
        (("date", "", "5", "1"), ("date", "2026", "1", "5"), False),
        (("date", "2026", "5", "1"), ("date", "", "5", "1"), False),
        (("date", "2026", "5", "1"), ("date", "2027", "5", "1"), False),
    ],
)
def test_a_fact_stands_on_the_same_fact_alone(fact: tuple[str, ...], among: tuple[str, ...], holds: bool) -> None:
    assert stands(fact, frozenset({among})) is holds


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Press 000", ("number", "0")),
        ("It takes 1,5 days", ("quantity", "1.5", "day")),
        ("You have 1,200 points", ("quantity", "1200", "point")),
        ("A balance of 1,200", ("decimal", "120000")),
        ("A balance of 1,200.50, as said", ("decimal", "120050")),
        ("A balance of 1.200,5", ("decimal", "120050")),
        ("It takes 5 mins", ("quantity", "5", "minute")),
        ("It takes 2 hrs", ("quantity", "2", "hour")),
        ("It takes 5 week days", ("quantity", "5", "business day")),
        ("We open at 10 PM", ("time", "22:00")),
        ("It came 01.02.2026", ("date", "2026", "2", "1")),
        ("It came 11/12/2026", ("ambiguous date", "11/12/2026")),
        ("It costs 5 euros", ("money", "500", "EUR")),
        ("It costs five dollars", ("money", "500", "USD")),
    ],
)
def test_a_way_of_writing_has_one_form(text: str, fact: tuple[str, ...]) -> None:
    assert fact in read(text).forms


@pytest.mark.parametrize(("text", "other"), [("A balance of 1,200", "1 of 200"), ("It weighs 1,5", "1 to 5")])
def test_a_number_with_a_comma_is_not_two(text: str, other: str) -> None:
    assert not read(text).forms & read(other).forms


@pytest.mark.parametrize("text", ["Orders 1014,1015", "Orders 1014, 1015"])
def test_two_numbers_are_not_one(text: str) -> None:
    assert read(text).forms == {("number", "1014"), ("number", "1015")}


def test_a_name_has_two_letters_and_does_not_open_the_sentence() -> None:
    assert read("See X here").names == ()
    assert read("See Bo here").names == ("Bo",)
    assert read("Bo came").names == ()
    assert read("HF-1 Bo came").names == ("Bo",)
    assert read("See X² and B² here").names == ()


def test_the_unit_of_a_range_is_a_word() -> None:
    assert "days" in read("In 5-7 days").words
    assert "days" in read("In 5 days").words


def test_cents_may_stand_alone() -> None:
    assert (minor_units(".50"), minor_units("1.5"), minor_units("7")) == ("50", "150", "700")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        # figures and spelled numbers in one sentence
        ("Pay 5 now and seven days later €3", {("number", "5"), ("quantity", "7", "day"), ("money", "300", "EUR")}),
        ("Take 5 to seven days", {("quantity", "5", "day"), ("quantity", "7", "day")}),
        ("Pay ten dollars or €12.50", {("money", "1000", "USD"), ("money", "1250", "EUR")}),
        ("On May 5 we send twelve items", {("date", "", "5", "5"), ("quantity", "12", "item")}),
        # addresses beside figures
        ("See shop.example within 30 days", {("url", "shop.example"), ("quantity", "30", "day")}),
        ("See https://intranet/a in 2 weeks", {("url", "intranet/a"), ("quantity", "2", "week")}),
        ("Write to +anna@b.example", {("mail", "+anna@b.example")}),
        ("See http://intranet now", {("url", "intranet")}),
        ("Write to a@b.example or see www.shop.example", {("mail", "a@b.example"), ("url", "shop.example")}),
        ("Write to a@b.example by Nov 22, 2026", {("mail", "a@b.example"), ("date", "2026", "11", "22")}),
        ("€5 or a@b.example", {("money", "500", "EUR"), ("mail", "a@b.example")}),
        # numbers and ids
        ("It is 1.5 here", {("decimal", "150")}),
        ("It is 0042 here", {("number", "42")}),
        ("It is #12 here", {("id", "12")}),
        ("It is ##A12 here", {("id", "a12")}),
        ("Take fifty percent", {("quantity", "50", "percent")}),
        ("It takes 5 minutes and 2 hours", {("quantity", "5", "minute"), ("quantity", "2", "hour")}),
        ("It takes one hour", {("quantity", "1", "hour")}),
        ("At 5 PM", {("time", "17:00")}),
        ("At 5 p.m. sharp", {("time", "17:00")}),
        ("At 5 AM", {("time", "05:00")}),
        ("It costs 5 POUNDS", {("money", "500", "GBP")}),
        ("It costs 5 pound", {("money", "500", "GBP")}),
        ("It costs five bucks", {("money", "500", "USD")}),
        ("It costs 5 CHF", {("money", "500", "CHF")}),
        ("Nothing to count", set()),
    ],
)
def test_all_facts_of_a_sentence_are_read(text: str, facts: set[Fact]) -> None:
    assert read(text).forms == facts


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("See Ünal and Bo here", ("Ünal", "Bo")),
        ("See Éva, É and O here", ("Éva",)),
        ("Ünal is here", ()),
        ("See a@b.example, Bo", ("Bo",)),
        ("See a@b.example, B", ()),
        ("5 Ünal", ("Ünal",)),
        ("Ask Bo or X in 5 days", ("Bo",)),
        ("Ask Al, A or É of B² on May 5", ("Al",)),
    ],
)
def test_names_are_read_in_any_alphabet(text: str, names: tuple[str, ...]) -> None:
    assert read(text).names == names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It’s naïve, isn't it", ("it's", "naïve", "isn't", "it")),
        ("Write to a@b.example if it’s late", ("write", "to", "if", "it's", "late")),
    ],
)
def test_words_are_read_beside_everything(text: str, words: tuple[str, ...]) -> None:
    assert read(text).words == words


def test_the_words_of_a_fact_are_kept_where_they_stand() -> None:
    """What is marked in a reply is marked at its place, whatever stands before it."""
    assert read("It is naïve, to take twelve or HF-1").facts == ((("number", "12"), "twelve"), (("id", "hf-1"), "HF-1"))
    assert read("Take 5, naïve x² here").facts == ((("number", "5"), "5"), (("id", "x²"), "x²"))
    assert read("twenty of them").facts == ((("number", "20"), "twenty"),)
