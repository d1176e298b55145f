"""Sentences of a lead's files whose slots are filled from what a rule found: "{action} of {amount}"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_SLOT = re.compile(r"\{(\w+)\}")


def filled(template: str, words: Mapping[str, str]) -> str:
    """The template with its slots filled. A slot that nobody can fill stays visible in its braces."""
    if "{" not in template:
        return template
    parts = list(_parts(template))
    parts[1::2] = [words.get(name, f"{{{name}}}") for name in parts[1::2]]
    return "".join(parts)


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[str, ...]:
    """Text, the name of a slot, text, and so on."""
    return tuple(_SLOT.split(template))
