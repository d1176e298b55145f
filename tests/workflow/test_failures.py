"""A failure has two texts and one next step, and an error is told apart by what it may already have done."""

from __future__ import annotations

import pytest

from app.models.port import ModelFailure
from app.workflow.failures import CUSTOMER_LIMIT, INTERNAL_LIMIT, NOT_KNOWN, classify, failure
from tests.workflow.given import rules

PERMANENT = [400, 401, 402, 403, 404, 405, 410, 413, 422, 451, 501]
UNCLEAR = [500, 505, 508, 520, 599]
TEMPORARY = [408, 409, 502, 503, 504, 529]


def error(
    status: int | None = None, phase: str = "answer", code: str = "http", after: float | None = None
) -> ModelFailure:
    return ModelFailure(code, "text", phase=phase, status=status, retry_after=after)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_action", [False, True])
@pytest.mark.parametrize("status", PERMANENT)
def test_a_refusal_is_permanent(status: int, is_action: bool) -> None:
    outcome, code = classify(error(status), is_action=is_action)
    assert outcome == "permanent"
    assert code == ("connector_refused" if is_action else "message_too_long" if status == 413 else "model_refused")


@pytest.mark.parametrize("is_action", [False, True])
@pytest.mark.parametrize("status", TEMPORARY)
def test_a_busy_peer_is_temporary(status: int, is_action: bool) -> None:
    assert classify(error(status), is_action=is_action)[0] == "temporary"


@pytest.mark.parametrize("is_action", [False, True])
@pytest.mark.parametrize("status", UNCLEAR)
def test_a_broken_peer_may_have_acted(status: int, is_action: bool) -> None:
    assert classify(error(status), is_action=is_action)[0] == "unclear"


@pytest.mark.parametrize(
    ("found", "outcome", "model_code", "action_code"),
    [
        (error(500), "unclear", "model_broke_off", "connector_timeout"),
        (error(429, after=60), "temporary", "model_busy", "connector_unreachable"),
        (error(429, after=61), "permanent", "model_busy", "connector_unreachable"),
        (error(429), "unclear", "model_busy", "connector_unreachable"),
        (error(None, "connect"), "temporary", "model_unreachable", "connector_unreachable"),
        (error(None, "send"), "unclear", "model_timeout", "connector_timeout"),
        (error(None, "wait"), "unclear", "model_timeout", "connector_timeout"),
        (error(None, "read"), "unclear", "model_broke_off", "connector_timeout"),
        (error(None, "read", "read_timeout"), "unclear", "model_timeout", "connector_timeout"),
        (error(None, "answer"), "permanent", "model_answer_unfit", "connector_refused"),
        (error(200, "answer"), "permanent", "model_answer_unfit", "connector_refused"),
        (error(404), "permanent", "model_refused", "connector_refused"),
    ],
)
def test_the_phase_an_error_came_in_decides(
    found: ModelFailure, outcome: str, model_code: str, action_code: str
) -> None:
    assert classify(found, is_action=False) == (outcome, model_code)
    assert classify(found, is_action=True) == (outcome, action_code)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (error(429, code="insufficient_quota", after=1), "model_quota"),
        (error(400, code="context_length_exceeded"), "message_too_long"),
        (error(413), "message_too_long"),
    ],
)
def test_quota_and_context_window_are_permanent_whatever_the_status(found: ModelFailure, code: str) -> None:
    assert classify(found, is_action=False) == ("permanent", code)


@pytest.mark.parametrize("code", sorted(rules().messages))
def test_every_message_makes_a_failure_with_both_texts(code: str) -> None:
    slots = {"missing": "the size", "order": "HF-1", "item": "mug"}
    made = failure(code, "lookup", rules(), **slots)
    assert made.customer_text
    assert made.internal_note
    assert "{" not in made.customer_text + made.internal_note
    assert len(made.customer_text) <= CUSTOMER_LIMIT
    assert len(made.internal_note) <= INTERNAL_LIMIT
    assert (made.code, made.step, made.class_) == (code, "lookup", rules().messages[code].class_)
    assert made.next_step == rules().messages[code].next


def test_slots_are_filled_with_what_is_known() -> None:
    made = failure("invoice_not_matched", "lookup", rules(), attempts="2", confidence="0.41", step="ignored")
    assert made.internal_note == "Invoice match failed after 2 attempts, confidence 0.41. Match by hand in billing."
    assert NOT_KNOWN in failure("invoice_not_matched", "lookup", rules()).internal_note


def test_a_customer_never_reads_an_empty_slot() -> None:
    made = failure("order_not_found", "lookup", rules())
    assert made.customer_text == rules().messages["field_missing"].customer
    assert made.code == "order_not_found"


def test_a_code_without_a_message_goes_to_a_person_and_says_so() -> None:
    made = failure("never_written", "draft", rules())
    assert (made.code, made.next_step) == ("never_written", "review")
    assert "a message for never_written" in made.internal_note
    bare = failure("never_written", "draft", rules().model_copy(update={"messages": {}}))
    assert bare.next_step == "review"
    assert bare.customer_text.startswith("Thank you")
    assert bare.internal_note.startswith("draft stopped")
    assert "a message for never_written" in bare.internal_note


def test_a_customer_never_reads_an_empty_slot_not_even_where_no_other_text_is_left() -> None:
    only = {"order_not_found": rules().messages["order_not_found"]}
    made = failure("order_not_found", "lookup", rules().model_copy(update={"messages": only}))
    assert made.customer_text.startswith("Thank you")
    assert NOT_KNOWN not in made.customer_text


def test_every_text_may_name_the_step_and_the_number_of_attempts() -> None:
    told = rules().messages["order_not_found"].model_copy(update={"customer": "We tried {attempts} time: {step}."})
    made = failure("order_not_found", "lookup", rules().model_copy(update={"messages": {"order_not_found": told}}))
    assert made.customer_text == "We tried 1 time: lookup."


def test_a_slot_that_is_a_paragraph_is_cut() -> None:
    made = failure("order_not_found", "lookup", rules(), order="9" * 5000)
    assert "9" * 60 in made.customer_text
    assert len(made.customer_text) <= CUSTOMER_LIMIT


@pytest.mark.parametrize("length", [INTERNAL_LIMIT - 1, INTERNAL_LIMIT, INTERNAL_LIMIT + 1, INTERNAL_LIMIT + 60])
def test_a_text_is_cut_only_where_it_is_too_long(length: int) -> None:
    from app.workflow.failures import _filled  # the limits of messages.toml keep every default text far below

    text = _filled("x" * (length - 2) + "{a}", {"a": "yy"}, INTERNAL_LIMIT)
    assert len(text) == min(length, INTERNAL_LIMIT)
    assert text.endswith("…") is (length > INTERNAL_LIMIT)
