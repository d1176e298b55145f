"""The sample shop, loaded once, and tickets to look things up for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.sources.records import open_shop
from config.load import load
from config.rules import Rules
from store.case import Case
from store.contract import Message, Ticket, now

Ask = Callable[..., Case]


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load()


@pytest.fixture(scope="session")
def loaded(rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_shop(rules, tmp_path_factory.mktemp("shop") / "shop.sqlite")


@pytest.fixture
def shop(loaded: Path, tmp_path: Path) -> Path:
    """A shop file of the test's own."""
    return Path(shutil.copy(loaded, tmp_path / "shop.sqlite"))


@pytest.fixture
def ticket() -> Ask:
    """A ticket with one message: `ticket("text", sender="mia@…", author="Mia")`."""

    def ask(text: str, *, sender: str | None = None, author: str = "", subject: str = "") -> Case:
        message = Message(
            id="m1", ticket_id="t1", direction="inbound", at=now(), author=author, sender=sender, text=text
        )
        return Case(ticket=Ticket(id="t1", subject=subject), messages=(message,), message=message)

    return ask
