"""Records from a peer over HTTP: the same mapping and the same identity, and its failures named."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from app.sources.lookup import Lookup
from app.sources.port import SourceFailure
from config.rules import Rules
from config.sources import RecordSource
from store.case import Clues
from tests.connectors.peer import peer
from tests.sources.conftest import Ask

MIA = {"nr": "X1", "full": "Mia Garcia", "mail": "mia@crm.example", "plz": "46001"}


def crm(rules: Rules, url: str, **given: Any) -> Rules:
    """The sample shop's rules with the customers in a CRM behind HTTP."""
    fields = {"id": "nr", "name": "full", "email": "mail", "zip": "plz"}
    source = {"url": f"{url}/rows/{{email}}", "rows": "data", "fields": fields, "timeout_seconds": 0.5} | given
    records = {**rules.sources.records, "customer": RecordSource.model_validate(source)}
    return rules.model_copy(update={"sources": rules.sources.model_copy(update={"records": records})})


def test_the_proven_sender_is_found_in_the_crm(rules: Rules, shop: Path, ticket: Ask) -> None:
    with peer() as server:
        server.rows = {"data": [MIA]}
        facts = Lookup(crm(rules, server.url), shop).look_up(ticket("hi", sender="mia@crm.example"), Clues(), [])
        assert server.seen[0][1] == "/rows/mia%40crm.example"
    assert (facts.customer.id, facts.customer.identity) == ("X1", "verified")
    assert [record.values["email"] for record in facts.records if record.kind == "customer"] == ["mia@crm.example"]


def test_a_row_of_somebody_else_verifies_nobody(rules: Rules, shop: Path, ticket: Ask) -> None:
    with peer() as server:
        server.rows = {"data": [MIA]}
        facts = Lookup(crm(rules, server.url), shop).look_up(ticket("hi", sender="other@crm.example"), Clues(), [])
    assert facts.customer.identity == "unknown"


@pytest.mark.parametrize(("status", "rows"), [(500, {}), (200, {"data": "none"}), (200, {"data": [{"full": "no id"}]})])
def test_an_answer_that_does_not_fit_is_a_failure_with_its_phase(
    rules: Rules, shop: Path, ticket: Ask, status: int, rows: object
) -> None:
    with peer() as server:
        server.status, server.rows = status, rows
        with pytest.raises(SourceFailure) as failure:
            Lookup(crm(rules, server.url), shop).look_up(ticket("hi", sender="mia@crm.example"), Clues(), [])
    assert (failure.value.code, failure.value.phase) == ("records_down", "answer")
    assert failure.value.status == (500 if status == 500 else None)


def test_a_source_that_is_not_there_says_that_nothing_was_sent(rules: Rules, shop: Path, ticket: Ask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SourceFailure) as failure:
            Lookup(crm(rules, url), shop).look_up(ticket("hi", sender="mia@crm.example"), Clues(), [])
    assert failure.value.phase == "connect"
