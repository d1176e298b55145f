"""A shop file, a peer, and approved actions to carry out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.actions.actions import build
from app.sources.lookup import Lookup
from app.sources.records import open_shop
from config.load import load
from config.rules import Rules
from store.case import Case, Clues, Facts
from store.contract import Action, Execution, Message, Ticket, now
from tests.connectors.peer import Peer, peer


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load()


@pytest.fixture
def shop_path(rules: Rules, tmp_path: Path) -> Path:
    return open_shop(rules, tmp_path / "shop.sqlite")


@pytest.fixture
def server() -> Iterator[Peer]:
    with peer() as running:
        yield running


FactsOf = Callable[[str], Facts]
Approved = Callable[..., Execution]


@pytest.fixture
def facts_of(rules: Rules, shop_path: Path) -> FactsOf:
    """What look-up knows of the customer with that e-mail."""

    def facts(email: str) -> Facts:
        message = Message(id="m", ticket_id="t", direction="inbound", at=now(), sender=email, text="")
        case = Case(ticket=Ticket(id="t"), messages=(message,), message=message)
        return Lookup(rules, shop_path).look_up(case, Clues(), [])

    return facts


def execution(action: Action, key: str = "key-1", attempt: int = 1, due_at: datetime | None = None) -> Execution:
    """An approved action as a worker gets it."""
    keyed = action.model_copy(update={"idempotency_key": key})
    return Execution(
        id="x1",
        ticket_id="t-1",
        action=keyed,
        envelope_hash="",
        attempt=attempt,
        due_at=due_at or now(),
        state="running",
    )


@pytest.fixture
def approved(rules: Rules, facts_of: FactsOf) -> Approved:
    """`approved("mia…", "refund", order=…)`: built by the rules from the customer's own records."""

    def make(sender: str, kind: str, key: str = "key-1", /, **args: Any) -> Execution:
        return execution(build(kind, args, facts_of(sender), rules, "a1"), key)

    return make
