"""The address that is meant: only the flat is another one, where the customer says that the rest of it stays."""

from __future__ import annotations

import pytest

from app.actions.choices import Known, known
from app.models.places import address
from tests.models.little_shop import FACTS, HOME


@pytest.fixture(scope="module")
def shop() -> Known:
    return known(FACTS)


@pytest.mark.parametrize(
    "texts",
    [
        ("The suite number should be updated to Suite 641.", "Everything else remains the same."),
        ("It should be suite 641, the rest stays the same",),
        ("Only the suite number is wrong: it is Suite 641",),
    ],
)
def test_another_flat_of_the_address_on_file(texts: tuple[str, ...], shop: Known) -> None:
    assert address(texts[0], texts, shop.orders["#W2"], shop) == ({**HOME, "address2": "Suite 641"}, "")


@pytest.mark.parametrize(
    "texts",
    [
        ("The suite number should be updated to Suite 641.",),
        ("Suite 641 or Suite 642", "everything else is the same"),
        ("Everything else remains the same.",),
    ],
)
def test_a_flat_alone_or_one_of_two_is_no_address(texts: tuple[str, ...], shop: Known) -> None:
    assert address(texts[0], texts, shop.orders["#W2"], shop)[0] is None
