"""Which way a ticket goes: every trigger, its sentence, what happens next, and that nothing passes unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.failures import failure
from app.workflow.routing import MISSING_FIELD, asked, needs, retried, route
from config.rules import Rules, TriggerEntry
from store.case import Case, Clues
from store.contract import Attempt
from tests.workflow.given import AT, case, facts, message, rules, seen

ON: frozenset[tuple[str, str]] = frozenset()
READ = Attempt(step="classification", model="cheap", at=AT)
READ_AGAIN = Attempt(step="classification", model="strong", route="messy", at=AT)

WAYS: list[tuple[dict[str, Any], str, str, str, str]] = [
    ({}, "clear", "routine", "go_on", "one clear wish: order status"),
    (
        {"classification": seen("refund_request", "order_status")},
        "multiple_intents",
        "messy",
        "go_on",
        "multiple intents: refund request, order status",
    ),
    ({"classification": seen(confidence=0.41)}, "low_confidence", "messy", "retry", "confidence 0.41 below 0.60"),
    ({"classification": seen(out_of_scope=True)}, "out_of_scope", "messy", "retry", "nothing we know how to answer"),
    ({"facts": facts("unknown")}, "identity_unknown", "fallback", "ask", "missing: who the customer is"),
    ({"facts": facts("weak")}, "identity_weak", "fallback", "ask", "missing: a second proof of who the customer is"),
    ({"facts": facts(records=(), clues=Clues())}, "missing_order", "fallback", "ask", "missing: order number"),
    (
        {"facts": facts(contradictions=("says delivered, the record says pending",))},
        "contradiction",
        "messy",
        "go_on",
        "contradiction: says delivered, the record says pending",
    ),
    ({"message": message("x" * 1501)}, "long_message", "messy", "go_on", "long message: 1,501 characters, over 1,500"),
    (
        {"facts": facts(systems=("orders", "payments", "shipping"))},
        "several_systems",
        "messy",
        "go_on",
        "several systems: orders, payments, shipping",
    ),
    (
        {"classification": seen().model_copy(update={"agree": False})},
        "models_disagree",
        "messy",
        "go_on",
        "two models read the message differently",
    ),
    (
        {"failure": failure("records_down", "lookup", rules())},
        "step_failed",
        "fallback",
        "review",
        "lookup failed: records down",
    ),
]


@pytest.mark.parametrize(("given_", "code", "way", "then", "sentence"), WAYS, ids=[each[1] for each in WAYS])
def test_every_trigger_has_its_way_and_its_sentence(
    given_: dict[str, Any], code: str, way: str, then: str, sentence: str
) -> None:
    found = route(case(**given_), rules(), ON)
    assert (found.route.code, found.route.name, found.then, found.route.reason) == (code, way, then, sentence)
    assert found.route.triggers[0].code == code
    assert {found.route.model, found.route.model_not_chosen} == {"cheap", "strong"}
    assert found.route.model == rules().routes[way].model


@pytest.mark.parametrize(
    ("near", "code"),
    [
        ({"classification": seen(confidence=0.60)}, "clear"),
        ({"message": message("x" * 1500)}, "clear"),
        ({"facts": facts(systems=("orders", "payments"))}, "clear"),
        ({"classification": seen().model_copy(update={"agree": None})}, "clear"),
        ({"classification": seen("policy_question"), "facts": facts("unknown")}, "clear"),
    ],
)
def test_just_inside_a_limit_nothing_fires(near: dict[str, Any], code: str) -> None:
    assert route(case(**near), rules(), ON).route.code == code


def test_the_first_that_fits_decides_and_all_that_fit_are_kept() -> None:
    found = route(
        case(classification=seen("order_status", "refund_request", confidence=0.2), message=message("x" * 2000)),
        rules(),
        ON,
    )
    assert [each.code for each in found.route.triggers] == ["low_confidence", "multiple_intents", "long_message"]


def test_low_confidence_is_read_again_then_asked_then_a_persons() -> None:
    unclear = case(classification=seen(confidence=0.3))
    assert route(unclear, rules(), ON).then == "retry"
    again = unclear.model_copy(update={"attempts": (READ, READ_AGAIN)})
    assert (route(again, rules(), ON).then, route(again, rules(), ON).message) == ("ask", "unclear_request")
    question = failure("unclear_request", "routing", rules()).customer_text
    sent = message(f"Hello,\n\n{question}", id="r1", direction="outbound", at=AT - timedelta(hours=1))
    once_more = again.model_copy(update={"messages": (sent, again.message)})
    assert asked(once_more, "unclear_request", rules())
    assert route(once_more, rules(), ON).then == "review"


def test_out_of_scope_is_read_again_and_then_a_persons() -> None:
    found = route(case(classification=seen(out_of_scope=True), attempts=(READ, READ_AGAIN)), rules(), ON)
    assert (found.then, found.message) == ("review", "out_of_scope")


def test_a_question_asked_after_the_message_was_not_asked_before_it() -> None:
    question = failure("missing_order_id", "routing", rules()).customer_text
    later = message(question, id="r1", direction="outbound", at=AT + timedelta(hours=1))
    waiting = case(facts=facts(records=(), clues=Clues()))
    assert route(waiting.model_copy(update={"messages": (waiting.message, later)}), rules(), ON).then == "ask"


def test_a_persons_details_count_as_the_second_reading() -> None:
    assert retried(case(details="it is about the mug"))
    assert retried(case(attempts=(READ, READ)))
    assert not retried(case(attempts=(READ, READ.model_copy(update={"model": "strong"}))))
    assert not retried(case(attempts=(READ, READ_AGAIN.model_copy(update={"outcome": "temporary"}))))


@pytest.mark.parametrize(("field", "named"), [("classification", "classification"), ("facts", "facts")])
def test_a_field_that_is_not_there_goes_to_the_fallback_and_is_named(field: str, named: str) -> None:
    found = route(case(**{field: None}), rules(), ON)
    assert (found.route.name, found.route.code, found.then) == ("fallback", MISSING_FIELD, "review")
    assert found.route.reason == f"cannot tell the way: {named} is missing"
    assert found.missing == (named,)


def test_an_intent_nobody_wrote_rules_for_does_not_pass() -> None:
    found = route(case(classification=seen("brand_new")), rules(), ON)
    assert (found.route.code, found.missing) == (MISSING_FIELD, ("the intent brand_new",))


def test_no_trigger_that_fits_is_the_fallback_too() -> None:
    found = route(case(), rules().model_copy(update={"triggers": ()}), ON)
    assert (found.route.name, found.then) == ("fallback", "review")


def only(**condition: Any) -> Rules:
    """The defaults with one trigger, whose sentence names every slot."""
    slots = "{missing} {identity} {contradiction} {intents} {nothing}"
    trigger = TriggerEntry.model_validate({"name": "one", "if": condition, "route": "messy", "reason": slots})
    return rules().model_copy(update={"triggers": (trigger,)})


@pytest.mark.parametrize(
    ("condition", "given_", "sentence"),
    [
        ({"missing": ["any"]}, {"facts": facts("unknown", clues=Clues())}, "identity, order"),
        ({"missing": ["order"]}, {"facts": facts("unknown", clues=Clues())}, "order"),
        ({"missing": ["order"]}, {"facts": facts("unknown")}, None),
        ({"identity": ["unknown"]}, {"facts": facts("unknown")}, "unknown"),
        ({"identity": ["weak"]}, {"facts": facts("unknown")}, None),
        ({"identity": ["unknown"]}, {"facts": facts("unknown"), "classification": seen("policy_question")}, None),
        ({"contradiction": True}, {"facts": facts(contradictions=("a", "b"))}, "a; b"),
        ({"contradiction": False}, {}, ""),
        ({"step_failed": False}, {}, "-"),
        ({"step_failed": False}, {"failure": failure("records_down", "lookup", rules())}, None),
        ({"models_disagree": False}, {}, "-"),
        ({"out_of_scope": False}, {}, "-"),
        ({"otherwise": True}, {"classification": None}, "nothing to do"),
        ({"otherwise": False}, {}, None),
    ],
    ids=str,
)
def test_a_sentence_says_what_its_condition_found_and_leaves_what_it_did_not(
    condition: dict[str, Any], given_: dict[str, Any], sentence: str | None
) -> None:
    found = route(case(**given_), only(**condition), ON)
    if sentence is None:
        assert found.route.code == MISSING_FIELD
        assert (found.missing, found.message) == (("a trigger that fits",), "field_missing")
        assert found.route.reason == "cannot tell the way: a trigger that fits is missing"
        return
    name = next(iter(condition)).replace("otherwise", "intents")
    slots = "{missing} {identity} {contradiction} {intents} {nothing}"
    assert found.route.reason == (slots if sentence == "-" else slots.replace(f"{{{name}}}", sentence))


def test_a_question_at_the_very_moment_of_the_message_was_asked() -> None:
    question = failure("missing_order_id", "routing", rules()).customer_text
    sent = message(question, id="r1", direction="outbound")
    waiting = case()
    assert asked(waiting.model_copy(update={"messages": (sent, waiting.message)}), "missing_order_id", rules())
    wrote = message(question, id="m0")
    assert not asked(waiting.model_copy(update={"messages": (wrote, waiting.message)}), "missing_order_id", rules())


def test_a_question_is_known_again_in_other_lines_and_with_its_slots_filled() -> None:
    told = rules().messages["order_not_found"].model_copy(update={"customer": "We do not know {order}. Is it right?"})
    with_slot = rules().model_copy(update={"messages": {"order_not_found": told}})
    sent = message("Hello,\nWe do not\n know HF-10012.\nIs it right?", id="r1", direction="outbound")
    waiting = case()
    waiting = waiting.model_copy(update={"messages": (sent, waiting.message)})
    assert asked(waiting, "order_not_found", with_slot)
    assert not asked(waiting, "never_written", with_slot)


@pytest.mark.parametrize(
    ("sent", "same"),
    [
        ("We do not know no. #HF-10012 yet.", True),
        ("We do not know no. HF-10012 yet.", False),
        ("We do no kno no. #HF-10012 yet.", False),
        ("We do not know no. # yet.", False),
    ],
)
def test_what_only_looks_like_the_question_is_another(sent: str, same: bool) -> None:
    told = rules().messages["order_not_found"].model_copy(update={"customer": "We do not know no. #{order} yet."})
    waiting = case()
    messages = (message(sent, id="r1", direction="outbound"), waiting.message)
    asks = rules().model_copy(update={"messages": {"order_not_found": told}})
    assert asked(waiting.model_copy(update={"messages": messages}), "order_not_found", asks) is same


def test_what_failed_is_told_where_the_trigger_has_no_message_of_its_own() -> None:
    failed = {"failure": failure("records_down", "lookup", rules())}
    assert route(case(**failed), rules(), ON).message == "records_down"
    assert route(case(), rules(), ON).message is None
    assert route(case(**failed), only(otherwise=True), ON).message is None


def test_an_invoice_that_was_named_is_found_for_who_is_verified_or_missing() -> None:
    wants = rules().intents["order_status"].model_copy(update={"needs": ("invoice",)})
    asks = rules().model_copy(update={"intents": {"order_status": wants}})
    named = Clues(invoice_ids=("INV-1",))
    assert needs(case(facts=facts("verified", clues=named)), asks) == ("invoice",)
    assert needs(case(facts=facts("unknown", clues=named)), asks) == ()


def test_needs_that_are_not_met() -> None:
    assert needs(case(), rules()) == ()
    assert needs(case(facts=facts("unknown")), rules()) == ("identity",)
    assert needs(case(facts=facts("unknown", clues=Clues())), rules()) == ("identity", "order")
    assert needs(case(facts=facts(records=())), rules()) == ("order",)


# ── switches ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("off", [("route", "routine"), ("model", "cheap")])
def test_a_way_that_is_off_gives_way_to_its_instead(off: tuple[str, str]) -> None:
    found = route(case(), rules(), frozenset({off}))
    assert (found.route.name, found.route.model, found.then) == ("messy", "strong", "go_on")
    assert found.route.reason == f"{off[0]} {off[1]} is switched off"
    assert [each.code for each in found.route.triggers] == ["switch_off", "clear"]


@pytest.mark.parametrize("off", [{("route", "routine"), ("route", "messy")}, {("model", "cheap"), ("model", "strong")}])
def test_with_no_way_left_it_is_a_persons(off: set[tuple[str, str]]) -> None:
    found = route(case(), rules(), frozenset(off))
    assert (found.route.name, found.route.code, found.then, found.message) == (
        "fallback",
        "switch_off",
        "review",
        "switched_off",
    )


def test_without_a_trigger_for_switches_a_closed_way_is_still_closed() -> None:
    bare = rules().model_copy(update={"triggers": tuple(t for t in rules().triggers if not t.if_.switch_off)})
    found = route(case(), bare, frozenset({("route", "routine"), ("route", "messy")}))
    assert (found.route.name, found.route.code, found.message) == ("fallback", "switch_off", "switched_off")
    assert found.route.reason == "route routine is switched off"


def test_the_trigger_for_switches_says_where_it_goes_with_no_way_left() -> None:
    triggers = tuple(t.model_copy(update={"route": "messy"}) if t.if_.switch_off else t for t in rules().triggers)
    found = route(
        case(), rules().model_copy(update={"triggers": triggers}), frozenset({("route", "routine"), ("route", "messy")})
    )
    assert (found.route.name, found.then) == ("messy", "review")


def test_a_way_that_is_not_written_down_has_no_switch() -> None:
    bare = rules().model_copy(update={"routes": {}})
    assert route(case(), bare, frozenset({("route", "routine")})).route.name == "routine"


def test_a_prompt_that_is_off_closes_every_way_that_uses_it() -> None:
    drafting = rules().jobs["drafting"].model_copy(update={"prompt": "draft"})
    with_prompt = rules().model_copy(update={"jobs": {**rules().jobs, "drafting": drafting}})
    assert route(case(), with_prompt, frozenset({("prompt", "draft")})).then == "review"
    assert route(case(), with_prompt, frozenset({("prompt", "other")})).then == "go_on"


def test_switches_of_other_things_do_not_matter() -> None:
    off = frozenset({("action", "refund"), ("route", "messy"), ("model", "strong"), ("prompt", "x")})
    assert route(case(), rules(), off).route.name == "routine"


def test_stand_ins_that_point_at_each_other_end_with_a_person() -> None:
    routes = {
        name: entry.model_copy(update={"instead": "routine" if name == "messy" else entry.instead})
        for name, entry in rules().routes.items()
    }
    circle = rules().model_copy(update={"routes": routes})
    assert route(case(), circle, frozenset({("route", "routine"), ("route", "messy")})).then == "review"


@given(
    confidence=st.floats(0, 1),
    identity=st.sampled_from(["verified", "weak", "unknown"]),
    intents=st.lists(st.sampled_from(sorted(rules().intents)), min_size=0, max_size=4, unique=True),
    text=st.text(max_size=50),
    failed=st.booleans(),
    off=st.sets(st.sampled_from([("route", "routine"), ("route", "messy"), ("model", "cheap"), ("model", "strong")])),
)
def test_every_ticket_has_one_way_and_a_reason(
    *, confidence: float, identity: str, intents: list[str], text: str, failed: bool, off: set[tuple[str, str]]
) -> None:
    given_: Case = case(
        classification=seen(*intents, confidence=confidence),
        facts=facts(identity),
        message=message(text),
        failure=failure("records_down", "lookup", rules()) if failed else None,
    )
    found = route(given_, rules(), frozenset(off))
    assert found.route.reason
    assert found.route.triggers
    assert "{" not in found.route.reason
    closed = ("route", found.route.name) in off or ("model", found.route.model) in off
    assert not closed or found.then == "review"
    if failed:
        assert found.then != "go_on"
