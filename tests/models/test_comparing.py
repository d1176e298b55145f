"""What is wanted in comparison with what is had is found among the product's own variants."""

from __future__ import annotations

from typing import Any

import pytest

from app.models import comparing, options

VARIANTS: list[dict[str, Any]] = [
    {"item_id": f"{size}-{color}", "options": {"size": size, "color": color}, "price": price, "available": True}
    for price, size in enumerate(("S", "M", "L", "XL", "XXL"), 2000)
    for color in ("red", "black")
]
PUZZLES: list[dict[str, Any]] = [
    {"item_id": f"{pieces}-{theme}", "options": {"pieces": pieces, "theme": theme}, "price": 30, "available": True}
    for pieces in ("500", "1000", "1500", "2000")
    for theme in ("art", "animal")
]


def chosen(text: str, had: str, variants: list[dict[str, Any]] = VARIANTS) -> tuple[str | None, str]:
    item = next(each for each in variants if each["item_id"] == had)
    row, why = options.choose(options.wanted(text, variants, item["options"]), item, variants)
    return (row["item_id"] if row else None), why


@pytest.mark.parametrize(
    ("text", "had", "gets"),
    [
        ("one size smaller please", "XXL-red", "XL-red"),
        ("two sizes larger", "S-red", "L-red"),
        ("I need one size up", "M-black", "L-black"),
        ("a bigger one, and black if possible", "M-red", "L-black"),
        ("the same size but black", "M-red", "M-black"),
        ("I ordered size M but need size L", "M-red", "L-red"),
        ("need size L.", "M-red", "L-red"),
        ("the smallest one", "L-red", "S-red"),
    ],
)
def test_a_comparison_finds_the_variant(text: str, had: str, gets: str) -> None:
    assert chosen(text, had) == (gets, "")


def test_a_number_more_is_exactly_that_much() -> None:
    assert chosen("1000 more pieces, and I prefer art over the animal theme", "500-animal", PUZZLES) == ("1500-art", "")


def test_what_there_is_not_is_not_guessed() -> None:
    assert chosen("one size larger", "XXL-red") == (None, "unavailable")
    assert chosen("the same item", "M-red") == ("M-red", "")
    assert chosen("a black one for less than $20", "M-red") == (None, "unavailable")


def test_found_cheaper_elsewhere_is_no_wish_for_a_cheaper_one() -> None:
    assert comparing.steps("I found it cheaper elsewhere", VARIANTS)[0] == ()
    assert comparing.steps("I want a cheaper one", VARIANTS)[0] == (comparing.Step("price", -1),)


def test_a_limit_is_read_with_its_currency_only() -> None:
    assert comparing.most("if it is less than 200 bucks") == 20000
    assert comparing.most("under $1,050.50 please") == 105050
    assert comparing.most("less than 5 days ago") is None


def test_long_text_takes_no_long_time() -> None:
    text = "slightly a bit one size larger same " * 2000
    assert comparing.steps(text, VARIANTS)[0]
