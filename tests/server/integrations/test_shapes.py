"""Requests of other systems become calls with typed values, and are answered in the words that they came in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.server.integrations import agent_inbox, humanlayer, langchain
from app.server.integrations.asked import NOT_SUPPLIED, Envelope, Misread, proposal
from store.contract import DECISIONS, Approve, Edit, Json, Reject, Respond

ARGS: dict[str, Json] = {"amount": 120, "rate": 1.5, "yes": True, "nothing": None, "list": [1, "2"], "deep": {"a": 0}}
BATCHED: dict[str, Any] = {
    "action_requests": [
        {"name": "refund", "args": ARGS, "description": "Refund the second charge"},
        {"name": "send_email", "args": {"to": "mia@example.com"}},
    ],
    "review_configs": [
        {"action_name": "refund", "allowed_decisions": ["approve", "edit", "reject"]},
        {"action_name": "send_email", "allowed_decisions": ["approve", "respond"]},
    ],
}
OLD: dict[str, Any] = {"action_requests": [{"action": "refund", "arguments": ARGS}], "review_configs": []}
CAMEL: dict[str, Any] = {
    "actionRequests": [{"name": "refund", "args": ARGS}],
    "reviewConfigs": [
        {"actionName": "refund", "allowedDecisions": ["approve", "edit"], "argsSchema": {"type": "object"}}
    ],
}
PER_CALL = {"type": "tool_approval", "tool_call_id": "t1", "name": "refund", "args": ARGS, "description": "why"}
INBOX: dict[str, Any] = {
    "action_request": {"action": "refund", "args": ARGS},
    "config": {"allow_accept": True, "allow_edit": True, "allow_ignore": True, "allow_respond": False},
    "description": "Refund?",
}
FUNCTION: dict[str, Any] = {
    "run_id": "r1",
    "call_id": "k1",
    "spec": {"fn": "refund", "kwargs": ARGS, "reject_options": [{"name": "fraud", "title": "Looks like fraud"}]},
}


@pytest.mark.parametrize(
    ("shape", "request_"),
    [(langchain, BATCHED), (langchain, OLD), (langchain, CAMEL), (langchain, PER_CALL), (agent_inbox, INBOX),
     (agent_inbox, [INBOX]), (humanlayer, FUNCTION)],
)  # fmt: skip
def test_values_keep_their_types_in_every_shape(shape: Any, request_: Json) -> None:
    call = shape.read(request_).calls[0]
    assert (call.name, json.dumps(call.args)) == ("refund", json.dumps(ARGS))


def test_several_calls_are_answered_each_by_its_place_whatever_order_they_were_decided_in() -> None:
    asked = langchain.read(BATCHED)
    verdicts = (Respond(action_id="c2", message="She was told."), Edit(action_id="c1", args={"amount": 60}))
    assert langchain.answer(BATCHED, asked, verdicts) == {
        "decisions": [
            {"type": "edit", "edited_action": {"name": "refund", "args": {"amount": 60}}},
            {"type": "respond", "message": "She was told."},
        ]
    }


def test_the_older_and_the_camel_words_are_answered_in_kind() -> None:
    edit = (Edit(action_id="c1", args={"amount": 60}),)
    old = langchain.answer(OLD, langchain.read(OLD), edit)
    camel = langchain.answer(CAMEL, langchain.read(CAMEL), edit)
    assert old == {"decisions": [{"type": "edit", "edited_action": {"name": "refund", "arguments": {"amount": 60}}}]}
    assert camel == {"decisions": [{"type": "edit", "editedAction": {"name": "refund", "args": {"amount": 60}}}]}


def test_a_single_call_is_answered_by_a_single_decision() -> None:
    verdict = (Reject(action_id="c1", code="wrong_amount"),)
    assert langchain.answer(PER_CALL, langchain.read(PER_CALL), verdict) == {
        "type": "reject",
        "message": "wrong amount",
    }


def test_an_interrupt_of_the_inbox_is_answered_with_the_request_that_was_shown() -> None:
    asked = agent_inbox.read(INBOX)
    assert asked.calls[0].allowed == ("approve", "edit", "reject")
    assert agent_inbox.answer(INBOX, asked, (Approve(action_id="c1"),)) == [
        {"type": "accept", "args": {"action": "refund", "args": ARGS}}
    ]
    assert agent_inbox.answer(INBOX, asked, (Reject(action_id="c1", code="x", message="no"),)) == [
        {"type": "ignore", "args": None}
    ]


def test_a_function_call_is_approved_or_not_with_a_comment_and_offers_no_edit() -> None:
    asked, at = humanlayer.read(FUNCTION), datetime(2026, 1, 1, tzinfo=UTC)
    assert asked.calls[0].allowed == ("approve", "reject", "respond")
    assert "Looks like fraud" in asked.calls[0].description
    told: Any = humanlayer.answer(FUNCTION, asked, (Reject(action_id="c1", code="fraud", message="A new card"),), at)
    assert (told["status"]["approved"], told["status"]["comment"], told["call_id"]) == (False, "A new card", "k1")


@pytest.mark.parametrize(
    ("shape", "request_", "said"),
    [
        (langchain, [], "request: an object"),
        (langchain, {"action_requests": []}, "at least one call"),
        (langchain, {"action_requests": [{"args": {}}]}, "action_requests.0.name"),
        (langchain, {"action_requests": [{"name": "x", "args": "{}"}]}, "action_requests.0.args"),
        (
            langchain,
            {**BATCHED, "review_configs": [{"action_name": "refund", "allowed_decisions": ["approv"]}]},
            "'approv' is not one of",
        ),
        (agent_inbox, {"action_request": {"args": {}}}, "action_request.action"),
        (agent_inbox, {**INBOX, "config": dict.fromkeys(INBOX["config"], False)}, "nothing is allowed"),
        (humanlayer, {"call_id": "k"}, "spec"),
    ],
)
def test_what_is_not_of_the_shape_is_refused_with_its_place(shape: Any, request_: Json, said: str) -> None:
    with pytest.raises(Misread, match=said):
        shape.read(request_)


def test_what_the_sender_did_not_say_is_said_to_be_missing() -> None:
    item = proposal(langchain.read(OLD), Envelope(request_id="q1", state={"mine": [1]}), OLD)
    assert item.route.model == NOT_SUPPLIED
    assert item.ticket.customer.how == NOT_SUPPLIED
    assert item.actions[0].description == f"refund: description {NOT_SUPPLIED}"
    assert item.actions[0].args_schema[DECISIONS] == ["approve", "edit", "reject", "respond"]
    assert item.source.state["state"] == {"mine": [1]}
