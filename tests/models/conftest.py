"""A misbehaving model server for the tests of the endpoints, the shop's rules, and small sets of examples."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config.load import load
from config.rules import Rules
from tests.models.misbehaving import Script, server

EXAMPLES: dict[str, tuple[str, ...]] = {
    "cancel_order": (
        "Please cancel my order",
        "cancel order 1002 please",
        "I want to cancel everything",
        "stop the order, do not send it",
        "cancel it, ordered by mistake",
        "can you cancel my purchase",
    ),
    "where_is_my_order": (
        "Where is my parcel?",
        "the package has not arrived",
        "when will my delivery come",
        "tracking does not move, where is it",
        "my parcel is late",
        "still waiting for the delivery of my package",
    ),
    "invoice_copy": (
        "Please send me the invoice",
        "I need a receipt for my taxes",
        "resend the invoice as pdf",
        "where can I download my invoice",
        "a copy of the bill please",
        "the receipt got lost, send it again",
    ),
    "out_of_scope": (
        "what is the capital of peru",
        "write me a poem",
        "who won the match",
        "how do I boil an egg",
        "tell me a joke",
    ),
    "no_request": ("Hello there", "My name is Ann Lee", "I live in Austin, 78701", "Thanks in advance", "see below"),
}


@pytest.fixture
def scripted() -> Iterator[Script]:
    with server() as script:
        yield script


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load()
