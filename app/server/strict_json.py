"""Whether bytes are JSON that every reader understands alike: no duplicate keys, no NaN, no lone surrogates, no numbers
beyond 64 bits, not too deep and not too many. Each of these is a 500, or worse two meanings, in a server that is not told.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

DEEPEST = 32
MOST_ITEMS = 50_000
_LONGEST_NUMBER = 400
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89abAB-fF]")


class NotStrict(ValueError):
    """Why it is refused, in a sentence without the sender's words."""


def check(body: bytes) -> None:
    """Raises `NotStrict` unless it is strict JSON."""
    _bounded(body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrict("The body is not UTF-8.") from None
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_real
        )
    except NotStrict:
        raise
    except (ValueError, RecursionError):
        raise NotStrict("The body is not JSON.") from None
    if _SURROGATE.search(body):
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise NotStrict("The body holds half a surrogate pair.") from None


def _bounded(body: bytes) -> None:
    """Looks at brackets and commas outside strings before anything is built from them."""
    depth = 0
    for items, found in enumerate(_TOKENS.finditer(body)):
        first = body[found.start()]
        if first in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise NotStrict(f"The body is nested more than {DEEPEST} deep.")
        elif first in b"]}":
            depth -= 1
        if items > MOST_ITEMS:
            raise NotStrict(f"The body holds more than {MOST_ITEMS:,} values.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrict("An object of the body names a key twice.")
    return found


def _constant(_: str) -> Any:
    raise NotStrict("NaN and Infinity are no JSON.")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise NotStrict("A number of the body does not fit into 64 bits.")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits) if len(digits) <= _LONGEST_NUMBER else math.inf
    if not math.isfinite(value):
        raise NotStrict("A number of the body does not fit into 64 bits.")
    return value
