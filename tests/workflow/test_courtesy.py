"""A sentence may be nothing but polite by how it begins or by the team that signs it."""

from __future__ import annotations

import pytest

from app.workflow.courtesy import polite


@pytest.mark.parametrize(
    "sentence", ["Thank you!", "Hi Mia,", "Harbor Support", "Harbor Customer Care", "Kind regards", "The Harbor team"]
)
def test_what_may_be_only_polite(sentence: str) -> None:
    assert polite(sentence) is True


@pytest.mark.parametrize("sentence", ["", "…!", "Your order is here.", "Support is closed", "A lantern of brass"])
def test_what_says_more(sentence: str) -> None:
    assert polite(sentence) is False
