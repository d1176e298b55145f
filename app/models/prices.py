"""What a model call cost, from the tokens that the server counted and the prices of models.toml."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.rules import ModelEntry


def cost_micros(entry: ModelEntry, tokens_in: int, tokens_out: int) -> int:
    """Millionths of the entry's currency, rounded half up: prices are per million tokens, so a token costs its price."""
    exact = Decimal(tokens_in) * entry.price_in + Decimal(tokens_out) * entry.price_out
    return int(exact.to_integral_value(ROUND_HALF_UP))
