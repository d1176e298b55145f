"""What a model endpoint said, whichever interface it speaks, and the ways in which it said nothing usable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from app.models.wire import Broken

Rung = Literal["json_schema", "tool", "prompt"]
MOST_TOKENS = 10_000_000
"""A count above this is a server's mistake, and no price is made of it."""


@dataclass(frozen=True)
class Said:
    """The answer's text, and the tokens that the server counted (0 where it told none)."""

    text: str
    tokens_in: int
    tokens_out: int


class Unusable(Broken):
    """An answer that was paid for and cannot be used."""

    def __init__(self, code: str, text: str, tokens_in: int, tokens_out: int) -> None:
        super().__init__(code, text, "answer")
        self.tokens_in, self.tokens_out = tokens_in, tokens_out


@contextmanager
def shaped(tokens_in: int, tokens_out: int) -> Iterator[None]:
    """Reads an answer of unknown shape: what does not have the interface's shape is `wrong_shape`; tokens are kept."""
    try:
        yield
    except Broken as error:
        raise Unusable(error.code, str(error), tokens_in, tokens_out) from None
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Unusable("wrong_shape", "The answer lacks what the interface promises.", tokens_in, tokens_out) from None


def count(value: Any, field: str) -> int:
    """A count of `usage`, 0 where it is missing or not a count."""
    usage = value.get("usage") if isinstance(value, dict) else None
    number = usage.get(field) if isinstance(usage, dict) else None
    return number if type(number) is int and 0 <= number <= MOST_TOKENS else 0


def refused() -> Broken:
    return Broken("model_refused", "The model refused to answer.", "answer")


def cut_short() -> Broken:
    return Broken("cut_short", "The answer was cut at the token limit; raise max_tokens.", "answer")
