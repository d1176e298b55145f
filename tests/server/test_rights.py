"""Every route by every role: who may, who may not, who sees only their own. A route without a row here fails."""

from __future__ import annotations

import re

import pytest

from app.server.application import contract, routes
from store.contract import now
from tests.contract import shop
from tests.contract.test_filing import outside
from tests.server.conftest import Team

ROLES = {"a": "agent", "o": "oncall", "l": "lead", "p": "producer", "w": "worker", "u": "auditor"}

TABLE = """
GET  /v1/health                          anyone
POST /v1/enrolments                      anyone
GET  /v1/me                              a o l p w u
POST /v1/withdrawals                     a o l p w u
GET  /v1/reviews                         a o l . . u
GET  /v1/counts                          a o l . . u
POST /v1/search                          a o l . . u
GET  /v1/reviews/{review_id}             a o l . . u
POST /v1/reviews/{review_id}/gate        a o l . . .
PUT  /v1/reviews/{review_id}/draft       a o l . . .
POST /v1/claims                          a o l . . .
POST /v1/claims/renew                    a o l . . .
POST /v1/claims/release                  a o l . . .
POST /v1/decisions                       a o l . . .
POST /v1/decisions/{decision_id}/undo    a o l . . .
GET  /v1/tickets/{ticket_id}             a o l . . u
GET  /v1/tickets/{ticket_id}/history     a o l . . u
POST /v1/tickets/{ticket_id}/notes       a o l . . .
POST /v1/messages                        . . . p . .
POST /v1/proposals                       . . . p . .
GET  /v1/proposals/{review_id}           a o l p . u
GET  /v1/proposals/{review_id}/answer    a o l p . u
POST /v1/integrations/{shape}            . . . p . .
GET  /v1/switches                        a o l . w u
POST /v1/switches                        . o l . . .
POST /v1/switches/preview                . o l . . .
GET  /v1/counters                        a o l . w u
GET  /v1/past                            a o l . . u
GET  /v1/stats                           a o l . . u
GET  /v1/stats/cases                     a o l . . u
GET  /v1/operations                      a o l . . u
GET  /v1/spot-checks                     a o l . . .
POST /v1/spot-checks/grade               a o l . . .
GET  /v1/planted                         . . l . . u
POST /v1/planted                         . . l . . .
POST /v1/planted/withdraw                . . l . . .
GET  /v1/prompts                         a o l . w u
GET  /v1/events                          a o l p w u
GET  /v1/events/head                     a o l p w u
GET  /v1/presence                        a o l . . u
POST /v1/presence                        a o l . . u
GET  /v1/users                           . . l . . u
POST /v1/users                           . . l . . .
POST /v1/users/{name}/code               . . l . . .
POST /v1/users/{name}/revoke             . . l . . .
GET  /v1/tokens                          a o l p w u
POST /v1/tokens/rotate                   a o l p w u
POST /v1/tokens/{token_id}/revoke        a o l p w u
"""

ROWS = {tuple(row.split(None, 2)[:2]): row.split(None, 2)[2] for row in TABLE.strip().splitlines()}
UNSAFE = {("POST", "/v1/tokens/rotate"), ("GET", "/v1/events")}
"""Asked for in tests of their own: one ends the token that asks, the other never ends."""


def test_every_route_of_the_contract_has_a_row_here_and_no_other(team: Team) -> None:
    told = {
        (method.upper(), path) for path, methods in contract(team.served.app)["paths"].items() for method in methods
    }
    assert told == set(routes()) == set(ROWS)


@pytest.mark.parametrize(("method", "path"), sorted(ROWS), ids=lambda value: value)
def test_a_route_lets_in_exactly_its_roles(quick: Team, method: str, path: str) -> None:
    """With an empty body: whoever is let in is told what is missing, never that they may not."""
    anyone = ROWS[method, path] == "anyone"
    body = None if method == "GET" else {}
    address = re.sub(r"\{\w+\}", "nothing-here", path)
    nobody = quick.ask(method, address, json=body)
    assert (nobody.status_code not in (401, 403)) == anyone, nobody.text
    forged = quick.ask(method, address, json=body, headers={"authorization": "Bearer lct_" + "a" * 16 + "_" + "b" * 43})
    assert anyone or forged.status_code == 401
    if anyone or (method, path) in UNSAFE:
        return
    for letter, role in ROLES.items():
        answer = quick.ask(method, address, f"the-{role}", role, json=body)
        allowed = letter in ROWS[method, path].split()
        assert (answer.status_code != 403) == allowed, (role, answer.status_code, answer.text)
        assert answer.status_code != 401
        assert answer.status_code < 500, answer.text


def test_a_revoked_token_and_a_revoked_user_end_at_once_everywhere(team: Team) -> None:
    for ends in ("token", "user"):
        name = f"ana-{ends}"
        mine = team.ask("GET", "/v1/me", name).json()
        if ends == "token":
            team.served.people.revoke_token(mine["token_id"], by="test")
        else:
            team.served.people.revoke(name, by="test")
        for (method, path), roles in ROWS.items():
            if roles != "anyone":
                address = re.sub(r"\{\w+\}", "x", path)
                answer = team.ask(method, address, name, json=None if method == "GET" else {})
                assert answer.status_code == 401, (method, path)
                assert "revoked" in answer.json()["detail"]


def test_a_producer_reads_its_own_proposal_and_no_other(team: Team) -> None:
    body = outside().model_dump(mode="json")
    filed = team.ask("POST", "/v1/proposals", "acme", "producer", json=body)
    review = filed.json()["id"]
    assert team.ask("GET", f"/v1/proposals/{review}", "acme", "producer").json()["id"] == review
    assert team.ask("GET", f"/v1/proposals/{review}", "other", "producer").status_code == 404
    shown = team.ask("GET", f"/v1/reviews/{review}", "ana").json()
    assert shown["proposal"]["source"]["system"] == "acme", "who files is who asks, whatever the body says"


def test_nobody_acts_in_anothers_name(team: Team) -> None:
    review = team.waiting()
    claim = team.ask("POST", "/v1/claims", "ana", json={"review_id": review.id}).json()["lease"]
    decision = shop.decision(review, "bo").model_dump(mode="json")
    answer = team.ask("POST", "/v1/decisions", "ana", json={"decision": decision, "lease": claim})
    assert answer.status_code == 422
    assert "signed in as ana" in answer.json()["detail"]
    switch = {"kind": "route", "name": "messy", "on": False, "who": "bo", "why": "loops"}
    assert team.ask("POST", "/v1/switches", "ana", json=switch).status_code == 422
    draft = {"review_id": review.id, "actor": "bo", "reply": "x"}
    assert team.ask("PUT", f"/v1/reviews/{review.id}/draft", "ana", json=draft).status_code == 422
    assert team.ask("POST", "/v1/claims/release", "bo", json=claim).status_code == 422
    assert team.ask("GET", f"/v1/reviews/{review.id}", "ana").json()["claimed_by"] == "ana"


def test_an_agent_sees_and_ends_only_their_own_tokens(team: Team) -> None:
    other = team.ask("GET", "/v1/me", "bo", "agent").json()["token_id"]
    assert team.ask("POST", f"/v1/tokens/{other}/revoke", "ana", "agent").status_code == 404
    assert team.ask("GET", "/v1/tokens?of=bo", "ana", "agent").status_code == 403
    assert [one["user"] for one in team.ask("GET", "/v1/tokens", "ana", "agent").json()["tokens"]] == ["ana"]
    assert team.ask("POST", f"/v1/tokens/{other}/revoke", "the-lead").status_code == 200
    assert team.ask("GET", "/v1/me", "bo", "agent").status_code == 401


def test_a_rotated_token_takes_the_place_of_the_old(team: Team) -> None:
    fresh = team.ask("POST", "/v1/tokens/rotate", "ana", json={}).json()["token"]
    assert team.ask("GET", "/v1/me", "ana").status_code == 401
    assert team.ask("GET", "/v1/me", headers={"authorization": f"Bearer {fresh}"}).json()["user"]["name"] == "ana"


def test_a_code_is_good_once(team: Team) -> None:
    code = team.ask("POST", "/v1/users", "the-lead", json={"name": "cy", "role": "agent"}).json()["code"]
    first = team.ask("POST", "/v1/enrolments", json={"code": code.lower().replace("-", " ")})
    assert first.json()["user"]["role"] == "agent"
    assert team.ask("POST", "/v1/enrolments", json={"code": code}).status_code == 401
    assert datetime_of(first.json()["expires_at"]) > now()


def datetime_of(text: str) -> object:
    from datetime import datetime

    return datetime.fromisoformat(text)
