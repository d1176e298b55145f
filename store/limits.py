"""How long what comes in may be: asked by every door, so that what is too long is refused before it travels."""

from __future__ import annotations

from store.contract import IncomingMessage
from store.queue import Invalid

LONGEST_TEXT = 1_000_000
"""Characters; a longer message is refused whole."""
LONGEST_REQUEST = 1 << 20
"""Bytes that a server takes."""


def short_enough(item: IncomingMessage) -> None:
    """Raises `Invalid` naming the field and its limit."""
    for name, limit in (("text", LONGEST_TEXT), ("subject", 10_000), ("author", 1_000), ("sender", 1_000)):
        if len(getattr(item, name) or "") > limit:
            raise Invalid(f"{name} is longer than {limit} characters.")
