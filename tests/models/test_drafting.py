"""A template draft says only what stands in records and passages, and every sentence names where."""

from __future__ import annotations

import pytest

from app.models.drafting import draft
from app.workflow.proof import leaks, prove
from store.case import Case, Facts, Reply
from store.contract import Customer, Evidence
from tests.models.little_shop import FACTS, case, little_rules, matcher

PASSAGE = Evidence(
    id="returns.md#time",
    kind="passage",
    title="Time to return",
    quote="You can return an item within 30 days of delivery. The item must be unused.",
)


def drafted(text: str, facts: Facts = FACTS) -> tuple[Case, Reply]:
    ticket = case(text, facts)
    return ticket, draft(ticket, little_rules(), matcher("strong"), model="strong")


@pytest.mark.parametrize(
    "text",
    [
        "Please cancel order #W2, I no longer need it.",
        "Return everything from order #W1",
        "I want to exchange one kettle of order #W1 for the ceramic one",
        "What is the status of order #W3?",
        "Where is my order #W1?",
        "Cancel order #W1, I no longer need it",
        "Change the address of order #W2 to 12 Oak Street, Denver, CO 80280",
        "Until when can I return something?",
    ],
)
def test_what_a_draft_says_is_proven_and_leaks_nothing(text: str) -> None:
    ticket, reply = drafted(text, FACTS.model_copy(update={"passages": (PASSAGE,)}))
    assert reply.sentences
    assert [(claim.text, claim.problem) for claim in prove(reply, ticket, little_rules()) if claim.problem] == []
    assert leaks(reply.text(), ticket, little_rules()) == ()


def test_every_claim_names_evidence_that_is_there() -> None:
    _, reply = drafted("Please cancel order #W2, I no longer need it.")
    known = {each.id for each in reply.evidence}
    claims = [sentence for sentence in reply.sentences if sentence.kind == "claim"]
    assert claims
    assert all(set(claim.evidence_ids) & known for claim in claims)


def test_one_question_is_asked_when_something_is_missing() -> None:
    _, reply = drafted("Please cancel my order, I no longer need it")
    assert reply.actions == ()
    assert reply.missing == ("the order number",)
    assert [sentence.kind for sentence in reply.sentences].count("question") == 1


def test_a_wish_the_records_forbid_stops_at_a_person() -> None:
    _, reply = drafted("Cancel order #W1, I no longer need it")
    assert [stop.code for stop in reply.stops] == ["order_already_shipped"]
    assert "#W1 is delivered" in reply.text()


def test_the_note_says_what_is_proposed_and_that_it_is_a_template() -> None:
    _, reply = drafted("Please cancel order #W2, I no longer need it.")
    assert reply.internal_note.splitlines()[-1].startswith("Template draft")
    assert "Cancel order #W2" in reply.internal_note


def test_nobody_unverified_reads_records() -> None:
    weak = FACTS.model_copy(update={"customer": Customer(identity="weak")})
    _, reply = drafted("What is the status of order #W3?", weak)
    assert reply.actions == ()
    assert "pending" not in reply.text()
    assert all(each.kind != "record" for each in reply.evidence)


def test_a_passage_is_quoted_in_its_own_words() -> None:
    facts = FACTS.model_copy(update={"passages": (PASSAGE,)})
    _, reply = drafted("What is your return policy? Until when can I return something?", facts)
    assert "You can return an item within 30 days of delivery." in reply.text()
    assert PASSAGE in reply.evidence


def test_a_question_asks_in_plain_words() -> None:
    _, reply = drafted("I want to exchange one kettle of order #W1 please")
    asked = [sentence.text for sentence in reply.sentences if sentence.kind == "question"]
    assert asked == ["Could you tell us which version you would like instead?"]
