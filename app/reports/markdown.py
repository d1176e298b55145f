"""Outside text in a page of Markdown: no sign of it means anything to Markdown or HTML."""

from __future__ import annotations

import re

from store import plain

_SIGNS = re.compile(r"[\\`*\[\]<>|#~]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
"""What marks text anywhere. An underscore inside a word marks nothing, and names are full of them."""
_BLOCK = re.compile(r"^(\s*\d*)([-+=.)])(?=[\s=-]|$)")
"""What at its beginning makes a line a list, a rule, or the line above it a heading."""


def cell(text: str) -> str:
    """The text as one line."""
    return _BLOCK.sub(r"\1\\\2", _SIGNS.sub(r"\\\g<0>", plain.line(text)))


def quoted(text: str) -> str:
    """The text as a block of quoted lines."""
    return "\n".join(f"> {cell(line)}" for line in plain.body(text).splitlines()) + "\n"
