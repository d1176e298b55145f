"""What the list says of a review."""

from __future__ import annotations

from store.contract import GateReason, Money
from store.reviewing import _in_the_list

AMOUNT = Money(minor=1250, currency="EUR")


def test_a_reason_that_many_share_is_told_apart_by_its_amount() -> None:
    shared = GateReason(
        code="money_moves", text="Return items moves money or goods", short="Return items", general=True
    )
    assert _in_the_list(shared, AMOUNT) == "Return items €12.50"
    assert _in_the_list(shared, None) == "Return items"
    telling = shared.model_copy(update={"general": False})
    assert _in_the_list(telling, AMOUNT) == "Return items"
