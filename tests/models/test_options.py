"""Which version is wanted: what is denied, what does not matter, the largest, the cheapest, one of the same order."""

from __future__ import annotations

from typing import Any

import pytest

from app.models.options import choose, wanted


def buds(number: int, hours: int, color: str, water: str, price: int) -> dict[str, Any]:
    values = {"battery life": f"{hours} hours", "color": color, "water resistance": water}
    return {"item_id": f"e{number}", "options": values, "available": True, "price": price}


BUDS = [
    buds(1, 8, "white", "IPX4", 220),
    buds(2, 8, "blue", "not resistant", 210),
    buds(3, 8, "blue", "IPX4", 200),
    buds(4, 4, "black", "not resistant", 240),
    buds(5, 4, "black", "IPX7", 250),
]


def chosen(text: str, had: int = 1) -> str:
    item = BUDS[had - 1]
    new, why = choose(wanted(text, BUDS, item["options"]), item, BUDS)
    return new["item_id"] if new else why


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("the blue ones with 8 hours battery life, which are not water resistant", "e2"),
        ("blue, not water-resistant", "e2"),
        ("black, with a 4-hour battery life, and not water-resistant", "e4"),
        ("blue with IPX4", "e3"),
        ("black. I am not concerned about IPX7, any will do, the cheapest", "e4"),
        ("black, I don't care whether IPX7 or not, the most expensive", "e5"),
    ],
)
def test_what_is_denied_is_a_value_and_what_does_not_matter_is_none(text: str, item: str) -> None:
    assert chosen(text) == item


def test_one_of_the_same_order_is_said() -> None:
    assert wanted("the cheapest one from the same order", BUDS).of_the_order
    assert not wanted("the cheapest one, from my order of May", BUDS).of_the_order
