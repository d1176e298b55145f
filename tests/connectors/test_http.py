"""A peer over HTTP: what it is told, and what its silence, refusals and half answers mean."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest

from app import peers
from app.connectors.http import HttpConnector, fill
from config.rules import ConnectorEntry
from store.contract import Action, Execution, Money, now
from tests.connectors.conftest import execution
from tests.connectors.peer import Peer

HOSTILE = '"}, "amount": 999999, "x": {"y": "../../admin?a=b#c\r\nX-Evil: 1'


def connector(url: str, **given: Any) -> HttpConnector:
    entry = {
        "kind": "http",
        "url": f"{url}/orders/{{order}}/refunds",
        "body": {"amount": "{amount.minor}", "note": "for {order}: {reason}", "lines": ["{items}"]},
        "key_header": "Idempotency-Key",
        "outcome_url": f"{url}/keys/{{key}}",
        "timeout_seconds": 0.5,
    }
    return HttpConnector("billing", ConnectorEntry.model_validate(entry | given), lambda *where: None)


def refund(**changes: Any) -> Execution:
    args = {"order": "W 1/2", "reason": "broken", "items": ["a", "b"]}
    action = Action(action_id="a", kind="refund", args=args, amount=Money(minor=1250, currency="EUR"), target="W1")
    return execution(action.model_copy(update=changes))


def test_the_peer_gets_the_key_the_values_with_their_types_and_an_escaped_path(server: Peer) -> None:
    result = connector(server.url).perform(refund())
    assert (result.state, result.external_id) == ("done", "r-1")
    method, path, headers, body = server.seen[0]
    assert (method, path) == ("POST", "/orders/W%201%2F2/refunds")
    assert headers["Idempotency-Key"] == "key-1"
    assert body == {"amount": 1250, "note": "for W 1/2: broken", "lines": [["a", "b"]]}


def test_a_hostile_value_stays_where_it_was_put(server: Peer) -> None:
    asked = refund(args={"order": HOSTILE, "reason": HOSTILE, "items": []})
    assert connector(server.url).perform(asked).state == "done"
    _, path, headers, body = server.seen[0]
    assert path.startswith("/orders/%22%7D%2C")
    assert path.endswith("/refunds")
    assert path.count("/") == 3
    assert "X-Evil" not in headers
    assert body == {"amount": 1250, "note": f"for {HOSTILE}: {HOSTILE}", "lines": [[]]}


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_climb_the_path_is_refused_unsent(server: Peer, value: str) -> None:
    result = connector(server.url).perform(refund(args={"order": value, "reason": "", "items": []}))
    assert (result.state, result.code) == ("failed", "connector_refused")
    assert server.seen == []


def test_the_same_key_twice_runs_once_at_a_peer_that_honours_keys(server: Peer) -> None:
    sender = connector(server.url)
    assert sender.outcome(refund()).state == "missing"
    sender.perform(refund())
    sender.perform(refund())
    assert len(server.ran) == 1
    assert sender.outcome(refund()).state == "done"


@pytest.mark.parametrize(
    ("behave", "ran"),
    [
        ("reset before", 0),
        ("hang before", 0),
        ("reset after", 1),
        ("hang after", 1),
        ("half an answer", 1),
        ("not json", 1),
    ],
)
def test_after_the_request_was_sent_silence_is_unknown_and_the_key_tells(server: Peer, behave: str, ran: int) -> None:
    server.behave = behave
    sender = connector(server.url)
    result = sender.perform(refund())
    assert (result.state, result.code) == ("unknown", "connector_timeout")
    assert len(server.ran) == ran
    assert len([row for row in server.seen if row[0] == "POST"]) == 1, "nothing is retried in here"
    assert sender.outcome(refund()).state == ("done" if ran else "missing")


def test_nothing_sent_is_temporary() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"  # bound, and nobody listens
        result = connector(url).perform(refund())
    assert (result.state, result.code) == ("failed", "connector_unreachable")


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [
        (400, "failed", "connector_refused"),
        (401, "failed", "connector_refused"),
        (404, "failed", "connector_refused"),
        (422, "failed", "connector_refused"),
        (302, "failed", "connector_refused"),
        (429, "failed", "connector_unreachable"),
        (503, "failed", "connector_unreachable"),
        (202, "unknown", "connector_timeout"),
        (409, "unknown", "connector_timeout"),
        (500, "unknown", "connector_timeout"),
        (502, "unknown", "connector_timeout"),
        (504, "unknown", "connector_timeout"),
    ],
)
def test_a_status_says_whether_it_ran(server: Peer, status: int, state: str, code: str) -> None:
    server.behave, server.status, server.headers = (
        "refuse",
        status,
        {"Retry-After": "7", "Location": f"{server.url}/else"},
    )
    result = connector(server.url).perform(refund())
    assert (result.state, result.code) == (state, code)
    assert len(server.seen) == 1, "no redirect is followed"
    assert result.retry_after == (7.0 if status in (429, 503) else None)


def test_a_peer_that_is_still_at_it_or_cannot_be_asked_stays_unknown(server: Peer) -> None:
    connector(server.url).perform(refund())
    server.behave = "slow"
    assert connector(server.url).outcome(refund()).state == "unknown"
    assert connector(server.url, outcome_url=None).outcome(refund()).state == "unknown"


def test_a_key_older_than_the_peer_keeps_it_is_not_sent_again(server: Peer) -> None:
    old = execution(refund().action, attempt=2, due_at=now() - timedelta(hours=24))
    assert connector(server.url).perform(old).state == "unknown"
    assert server.seen == []


def test_the_secret_comes_from_the_environment_and_without_it_nothing_is_sent(
    server: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_KEY", "s3cret")
    connector(server.url, secret_env="BILLING_KEY").perform(refund())
    assert server.seen[0][2]["Authorization"] == "Bearer s3cret"
    monkeypatch.delenv("BILLING_KEY")
    result = connector(server.url, secret_env="BILLING_KEY").perform(refund())
    assert result.state == "failed"
    assert "s3cret" not in result.detail
    assert len(server.seen) == 1


def test_a_slot_nobody_can_fill_stops_it_unsent(server: Peer) -> None:
    result = connector(server.url, body={"x": "{nobody}"}).perform(refund())
    assert result.state == "failed"
    assert "{nobody}" in result.detail
    assert server.seen == []


def test_filling_keeps_types_and_never_touches_keys() -> None:
    assert fill({"{a}": ["{n}", "n={n}", 5, None]}, {"a": "x", "n": 3}) == {"{a}": [3, "n=3", 5, None]}


def test_an_endless_answer_ends_at_the_deadline(server: Peer) -> None:
    server.behave = "hang after"
    begun = now()
    assert connector(server.url, timeout_seconds=0.3).perform(refund()).state == "unknown"
    assert (now() - begun).total_seconds() < 2


def resolves_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **how: answer)


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "192.168.1.1", "169.254.169.254", "127.0.0.1", "100.64.0.1", "0.0.0.0"]
)
def test_a_name_that_resolves_to_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolves_to(monkeypatch, address)
    with pytest.raises(peers.PeerFailure, match="private address") as refused:
        peers.ask("GET", "https://billing.example/x", timeout=0.2)
    assert refused.value.phase == "connect"


def test_plain_http_leaves_this_machine_only_where_the_configuration_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, "93.184.216.34")
    with pytest.raises(peers.PeerFailure, match="use https"):
        peers.ask("GET", "http://billing.example/x", timeout=0.2)


@pytest.mark.parametrize("url", ["ftp://billing.example/x", "file:///etc/passwd", "//billing.example", "billing"])
def test_only_http_addresses_are_asked(url: str) -> None:
    with pytest.raises(peers.PeerFailure, match="not an http address"):
        peers.ask("GET", url, timeout=0.2)
