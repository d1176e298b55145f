"""The contract is checked in: a change of it is seen here, and asked about, before a client finds it out."""

from __future__ import annotations

import json
import os
from pathlib import Path

from app.server.application import Options, contract
from tests.server.conftest import Team

KEPT = Path(__file__).parent / "openapi.json"


def test_the_contract_is_the_one_that_is_kept(team: Team) -> None:
    """LASTCLICK_KEEP=1 writes it anew."""
    told = json.loads(json.dumps(contract(team.served.app), sort_keys=True))
    if os.environ.get("LASTCLICK_KEEP"):
        KEPT.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")
    assert told == json.loads(KEPT.read_text("utf-8"))


def test_every_write_of_the_queue_has_a_key_and_every_refusal_is_a_problem(team: Team) -> None:
    told = contract(team.served.app)
    without = set()
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            names = {one["name"] for one in operation.get("parameters", ())}
            if method != "get" and "Idempotency-Key" not in names:
                without.add(path)
            for status, answer in operation["responses"].items():
                assert int(status) < 400 or list(answer["content"]) == ["application/problem+json"], (path, status)
    reads = {"/v1/search", "/v1/reviews/{review_id}/gate", "/v1/switches/preview", "/v1/presence"}
    secrets = {"/v1/enrolments", "/v1/users", "/v1/users/{name}/code", "/v1/tokens/rotate"}
    repeatable = {"/v1/withdrawals", "/v1/users/{name}/revoke", "/v1/tokens/{token_id}/revoke"}
    assert without == reads | secrets | repeatable


def test_docs_are_off_unless_switched_on(team: Team) -> None:
    assert {team.ask("GET", path, "ana").status_code for path in ("/docs", "/openapi.json", "/redoc", "/metrics")} == {
        404
    }


def test_docs_can_be_switched_on(open_team: object) -> None:
    team: Team = open_team(options=Options(docs=True))  # type: ignore[operator]
    assert team.ask("GET", "/openapi.json").json()["paths"].keys() == contract(team.served.app)["paths"].keys()
    assert team.ask("GET", "/docs").status_code == 200


def test_a_defect_is_told_without_its_words_and_logged_without_a_secret(
    team: Team, monkeypatch: object, caplog: object
) -> None:
    token = team.served.token("ana")

    async def broken(hours: int = 168) -> object:
        raise RuntimeError(f"{token} and a customer's words")

    monkeypatch.setattr(team.served.local, "counters", broken)  # type: ignore[attr-defined]
    answer = team.ask("GET", "/v1/counters", "ana")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    for text in (answer.text, caplog.text):  # type: ignore[attr-defined]
        assert token not in text
        assert "customer" not in text
    assert "RuntimeError at broken" in caplog.text  # type: ignore[attr-defined]


def test_presence_is_what_the_others_have_on_screen(team: Team) -> None:
    assert team.ask("POST", "/v1/presence", "ana", json={"review_id": "r1"}).json() == {"looking": []}
    seen = team.ask("POST", "/v1/presence", "bo", json={"review_id": "r1"}).json()["looking"]
    assert [(one["who"], one["review_id"]) for one in seen] == [("ana", "r1")]
