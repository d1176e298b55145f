"""A write is done once under its key, however often it is sent; a lost answer is asked for, what never came never will."""

from __future__ import annotations

from store.contract import Ticket
from tests.contract import shop
from tests.contract.test_filing import outside
from tests.server.conftest import Team


def keyed(key: str) -> dict[str, str]:
    return {"idempotency-key": key}


def test_the_same_request_again_gets_the_same_answer_and_changes_nothing(team: Team) -> None:
    review = team.waiting()
    first = team.ask("POST", "/v1/claims", "ana", json={"review_id": review.id}, headers=keyed("claim-0001"))
    again = team.ask("POST", "/v1/claims", "ana", json={"review_id": review.id}, headers=keyed("claim-0001"))
    assert again.json() == first.json()
    for _ in range(3):
        note = {"text": "called her"}
        assert team.ask("POST", "/v1/tickets/4183/notes", "ana", json=note, headers=keyed("note-00001")).is_success
    assert len(team.ask("GET", "/v1/tickets/4183/history", "ana").json()["notes"]) == 1


def test_a_filer_reads_the_request_id_that_it_gave(team: Team) -> None:
    team.served.local_submit("m1", "4183")
    answers = []
    for number, name in enumerate(("acme", "other")):
        body = outside("m1", ticket=Ticket(id=f"t{number}")).model_dump(mode="json", exclude_unset=True)
        filed = team.ask("POST", "/v1/proposals", name, "producer", json=body).json()["id"]
        read = team.ask("GET", f"/v1/proposals/{filed}", name).json()
        told = team.ask("GET", f"/v1/proposals/{filed}/answer", name).json()
        assert (read["proposal"]["request_id"], told["request_id"]) == ("m1", "m1")
        answers.append(filed)
    assert answers[0] != answers[1]
    assert team.work.inbox() == ["m1"]


def test_a_key_used_for_something_else_is_refused(team: Team) -> None:
    team.waiting()
    assert team.ask("POST", "/v1/tickets/4183/notes", "ana", json={"text": "a"}, headers=keyed("note-00001")).is_success
    other = team.ask("POST", "/v1/tickets/4183/notes", "ana", json={"text": "b"}, headers=keyed("note-00001"))
    assert (other.status_code, other.json()["field"]) == (409, "Idempotency-Key")
    assert team.ask("POST", "/v1/tickets/4183/notes", "bo", json={"text": "b"}, headers=keyed("note-00001")).is_success


def test_a_write_without_a_key_is_refused(team: Team) -> None:
    answer = team.ask("POST", "/v1/claims", "ana", json={}, headers=keyed(""))
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


def test_what_became_of_a_request_is_told_by_its_key(team: Team) -> None:
    review = team.waiting()
    lease = team.ask("POST", "/v1/claims", "ana", json={"review_id": review.id}).json()["lease"]
    body = {"decision": shop.decision(review).model_dump(mode="json"), "lease": lease}
    outcome = team.ask("POST", "/v1/decisions", "ana", json=body, headers=keyed("decide-001")).json()
    told = team.ask("POST", "/v1/withdrawals", "ana", json={"key": "decide-001"}).json()
    assert told == {"written": True, "answer": outcome}
    assert team.ask("POST", "/v1/withdrawals", "bo", json={"key": "decide-001"}).json()["written"] is False


def test_a_request_that_was_asked_for_before_it_came_never_takes_effect(team: Team) -> None:
    review = team.waiting()
    lease = team.ask("POST", "/v1/claims", "ana", json={"review_id": review.id}).json()["lease"]
    assert team.ask("POST", "/v1/withdrawals", "ana", json={"key": "decide-001"}).json()["written"] is False
    body = {"decision": shop.decision(review).model_dump(mode="json"), "lease": lease}
    late = team.ask("POST", "/v1/decisions", "ana", json=body, headers=keyed("decide-001"))
    assert late.status_code == 409
    assert "withdrawn" in late.json()["detail"]
    assert team.ask("GET", f"/v1/reviews/{review.id}", "ana").json()["state"] == "open"
    assert team.work.due() == []


def test_a_conflict_brings_the_current_review(team: Team) -> None:
    review = team.waiting()
    lease = team.ask("POST", "/v1/claims", "ana", json={"review_id": review.id}).json()["lease"]
    body = {"decision": shop.decision(review, fingerprint="0" * 64).model_dump(mode="json"), "lease": lease}
    answer = team.ask("POST", "/v1/decisions", "ana", json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["field"], told["review"]["id"]) == (409, "fingerprint", review.id)
    assert told["review"]["fingerprint"] == review.fingerprint


def test_a_review_that_did_not_change_is_not_sent_again(team: Team) -> None:
    review = team.waiting()
    first = team.ask("GET", f"/v1/reviews/{review.id}", "ana")
    same = team.ask("GET", f"/v1/reviews/{review.id}", "ana", headers={"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    team.ask("POST", "/v1/tickets/4183/notes", "ana", json={"text": "called her"})
    other = team.ask("GET", f"/v1/reviews/{review.id}", "ana", headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]


def test_an_id_may_hold_anything(team: Team) -> None:
    thread = "a/b?c=%41&d=..#é \u2028"
    filed = team.ask(
        "POST", "/v1/messages", "mail", "producer", json=shop.message("m1", thread).model_dump(mode="json")
    )
    from urllib.parse import quote

    ticket = filed.json()["id"]
    assert team.ask("GET", f"/v1/tickets/{quote(ticket, safe='')}", "ana").json()["id"] == ticket
