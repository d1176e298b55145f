"""How a failure message reads: warm and concrete towards the customer, exact towards the agent, one next step in both."""

from __future__ import annotations

import re
from collections.abc import Iterator

from config.rules import FailureMessage

SLOTS = frozenset(
    {
        "action",
        "actual",
        "amount",
        "attempts",
        "balance",
        "confidence",
        "connector",
        "contradiction",
        "days",
        "expected",
    }
    | {"field", "how", "identity", "item", "limit", "missing", "model", "order", "paid", "reason", "record", "status"}
    | {"step", "switch"}
)
"""What a message may name; `step` and `attempts` are always known."""
TO_CUSTOMER = frozenset({"order", "missing", "item", "amount"})
"""Slots a customer may read: their own words and values. Status codes, models and confidence are not among them."""

_DEBUG = re.compile(
    r"""\b(?: error\w* | exception\w* | failed | failure\w* | timeout | timed\s+out | time-?out | api | http\w*
    | status\s+code | server | database | model | prompt | token | schema | json | null | undefined | retry | retries
    | attempt\w* | workflow | pipeline | confidence | classif\w+ | intent | webhook | connector | endpoint | config\w*
    | debug | backend | system | ai | bot | automat\w+
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_GENERIC = re.compile(
    r"""something\s+went\s+wrong | unable\s+to\s+process\s+your\s+request | we\s+are\s+experiencing | oops | whoops
    | an?\s+(?:unknown\s+|unexpected\s+)?(?:error|problem|issue)\s+(?:has\s+)?(?:occurred|happened)
    | (?:please\s+)?try\s+again\s+later | contact\s+(?:customer\s+)?support
    | technical\s+(?:difficult\w+|issues?|problems?) | for\s+(?:any|the)\s+inconvenience""",
    re.IGNORECASE | re.VERBOSE,
)
_BLAME = re.compile(
    r"""\b(?: you\s+(?:failed|forgot|must|did\s+not|didn['’]t|should\s+have|have\s+to|need\s+to) | impossible
    | your\s+(?:fault|mistake|error) | invalid | incorrect\w* | wrong(?!\s+size) | illegal | denied | not\s+allowed
    | unfortunately )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ASK = re.compile(
    r"\bplease\s+(?:reply|tell|send|write|type|choose|check|confirm|give|share|let|attach|call)\b", re.IGNORECASE
)
_SLOT = re.compile(r"\{(\w*)\}")


def complaints(message: FailureMessage) -> Iterator[tuple[str, str]]:
    """What is wrong with a message, as (field, sentence)."""
    yield from _customer(message)
    yield from _internal(message)


def _customer(message: FailureMessage) -> Iterator[tuple[str, str]]:
    text = message.customer
    yield from (("customer", f'"{word}" is for us, not for the customer') for word in _found(_DEBUG, text))
    yield from (("customer", f'"{word}" says nothing: name what happened') for word in _found(_GENERIC, text))
    yield from (("customer", f'"{word}" blames: say what helps instead') for word in _found(_BLAME, text))
    asks = len(_ASK.findall(text))
    if asks > 1:
        yield "customer", f"asks for {asks} things: one next step"
    if message.next == "ask_customer" and asks == 0:
        yield "customer", 'the next step is "ask_customer", and nothing is asked for: "Please reply with …"'
    if text.count("!") > 0 or re.search(r"\b[A-Z]{4,}\b", _SLOT.sub("", text)):
        yield "customer", "shouts: no exclamation marks, no capitals"
    if not text.rstrip().endswith((".", "?")):
        yield "customer", "is not a whole sentence"
    for slot in _SLOT.findall(text):
        if slot in SLOTS - TO_CUSTOMER:
            yield "customer", f"{{{slot}}} is for us, not for the customer"


def _internal(message: FailureMessage) -> Iterator[tuple[str, str]]:
    text = message.internal
    yield from (("internal", f'"{word}" says nothing: name what failed') for word in _found(_GENERIC, text))
    if not text.rstrip().endswith("."):
        yield "internal", "is not a whole sentence"
    if len(re.findall(r"[.:;]\s", text)) < 1:
        yield "internal", "says what failed or where to look, and both are needed"


def slots_of(text: str) -> list[str]:
    """The names in braces of a text."""
    return _SLOT.findall(text)


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    return [" ".join(found[0].split()) for found in pattern.finditer(_SLOT.sub("", text))]
