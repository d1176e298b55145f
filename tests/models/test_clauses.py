"""A ticket is cut into wishes, and what is no wish of the customer's is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models.clauses import clauses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "I want to exchange the helmet, and I want to return the tent. Lastly, cancel order #W1234567.",
            ["I want to exchange the helmet", "I want to return the tent.", "Lastly, cancel order #W1234567."],
        ),
        (
            "Return #W1 via paypal_1: Tent; Mug; Cancel order #W2 because no longer needed.",
            ["Return #W1 via paypal_1: Tent; Mug", "Cancel order #W2 because no longer needed."],
        ),
        (
            "For #W1, modify Tent {'color': 'red; and cancel it'} to {}; Mug {} to {}; via paypal_1. For #W2, change it.",
            [
                "For #W1, modify Tent {'color': 'red; and cancel it'} to {}; Mug {} to {}; via paypal_1.",
                "For #W2, change it.",
            ],
        ),
        ("1. cancel my order\n2. update my address", ["cancel my order", "update my address"]),
        ("Hello,\n\nplease cancel it.\n\nBest regards,\nMia Garcia\nCEO, Example Ltd.", ["please cancel it."]),
        (
            "Yes please.\n\nOn Mon, Jun 1 2026 at 10:00, Shop wrote:\n> cancel everything\n> and refund it",
            ["Yes please."],
        ),
        (
            "The app fails:\n2026-06-01 10:00:00 ERROR cancel order 1\nTraceback (most recent call last):\nWhat now?",
            ["The app fails:", "What now?"],
        ),
    ],
)
def test_one_clause_a_wish(text: str, found: list[str]) -> None:
    assert clauses(text) == found


def test_a_quote_alone_is_still_read() -> None:
    assert clauses("> please cancel order 5") != []


@given(st.text(max_size=300))
def test_every_clause_is_a_piece_of_the_text(text: str) -> None:
    for clause in clauses(text):
        assert clause.split()[0] in text
        assert clause.strip()
