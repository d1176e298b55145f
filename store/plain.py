"""The one door for outside text: makes every control, invisible or re-ordering character visible. Never parses sequences."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]"
)


def body(text: str) -> str:
    """Outside text of several lines; newlines stay, tabs become spaces."""
    return _CONTROL.sub("\u2022", text.replace("\r\n", "\n").replace("\t", "    "))


def line(text: str) -> str:
    """Outside text on one line."""
    return body(text).replace("\n", " ")


def hidden(text: str) -> int:
    """How many characters of the raw text `body` would make visible."""
    return len(_CONTROL.findall(text.replace("\r\n", "\n")))
