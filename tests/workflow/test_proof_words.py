"""What may be said to whom: courtesies, what is asked back, what a lead wrote, and how a problem is put into words."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.proof import prove, prove_text
from config.rules import Rules
from store.contract import Claim, Evidence, FieldDiff
from tests.workflow.given import AT, MIA, ORDER, POLICY, action, case, facts, message, proposal, reply, rules
from tests.workflow.test_proof import problem


def passage(quote: str) -> Evidence:
    return Evidence(id="p1", kind="passage", title="Rules", quote=quote, read_at=AT)


def judged(text: str, *, by: Rules | None = None, named: tuple[str, ...] = (), **more: Any) -> str | None:
    """What is wrong with one sentence of a draft on another case."""
    drafted = reply(Claim(text=text, evidence_ids=named), **more.pop("draft", {}))
    (proved,) = prove(drafted, case(**more), by or rules())
    return proved.problem


# ── sources ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("where", ["passages", "conversations"])
def test_what_was_looked_up_is_a_source_by_its_own_name(where: str) -> None:
    found = facts(**{where: (passage("Gift wrapping costs €2.50."),)})
    assert judged("Gift wrapping costs €2.50.", named=("p1",), facts=found) is None
    assert judged("Gift wrapping costs €2.50.", named=("p1",), facts=None) is not None


def test_every_missing_source_is_named() -> None:
    assert problem("Thank you.", named=("order", "x", "y")) == "source not found: x, y"


def test_a_rule_of_the_shop_says_what_may_be_and_not_what_is() -> None:
    free = facts(passages=(passage("Orders over 50 euros are shipped free."),))
    assert judged("Your order is shipped.", named=("p1",), facts=free) == "claim not in sources: shipped"
    assert judged("Orders over 50 euros are shipped free.", named=("p1",), facts=free) is None
    assert judged("Orders over 50 euros are delivered free.", named=("p1",), facts=free) is not None


# ── what is asked back ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    ["Could you tell us where you live?", 'Do you mean "the blue one?"', "Is Mia's parcel there?", "Is it Mia’s?"],
)
def test_a_question_needs_no_source(text: str) -> None:
    assert problem(text, named=()) is None


def test_a_question_that_tells_something_needs_one() -> None:
    assert problem("Did you know that our shop stands in a garage?", named=()) is not None


def test_what_the_customer_wrote_may_be_asked_back_and_not_claimed() -> None:
    before = message("It is HF-55555, for Aunt Zelda.", id="m0")
    ours = message("Is it HF-66666?", id="m00", direction="outbound")
    told = {"messages": (ours, before, message())}
    assert judged("Do you mean order HF-55555?", **told) is None
    assert judged("Is it for Zelda?", **told) is None
    assert judged("Is it for Bob?", **told) == "name not in sources: Bob"
    assert judged("Do you mean order HF-66666?", **told) == "claim not in sources: HF-66666"
    assert judged("Your order HF-55555 came.", named=("order",), **told) == "claim not in sources: HF-55555"


def test_an_edited_reply_may_ask_back_the_customers_own_words() -> None:
    made = proposal(evidence=(ORDER, POLICY), message="It is HF-55555.")
    (asked,) = prove_text("Do you mean order HF-55555?", made, rules())
    assert asked.problem is None
    (asked,) = prove_text("Do you mean order HF-55555?", made.model_copy(update={"message": None}), rules())
    assert asked.problem == "claim not in sources: HF-55555"


# ── names ────────────────────────────────────────────────────────────────────


def test_the_customer_may_be_called_by_the_name_on_record() -> None:
    nobody = MIA.model_copy(update={"name": ""})
    asked = message(author="")
    ticket = case().ticket.model_copy(update={"customer": nobody})
    assert judged("Hi Mia,", ticket=ticket, message=asked, messages=(asked,)) is None
    assert judged("Hi Mia,", ticket=ticket, message=asked, messages=(asked,), facts=None) == "name not in sources: Mia"
    assert problem("Mia, your order HF-10012 is pending.") is None
    assert problem("For Mia, order HF-10012 is pending.") is None
    assert problem("For Bob, order HF-10012 is pending.") == "name not in sources: Bob"


def test_a_sign_off_may_name_the_team() -> None:
    assert problem("Your order HF-10012 is pending, Harbor Support") is None


# ── deeds ────────────────────────────────────────────────────────────────────


def test_a_lead_s_own_words_for_an_action_are_true_of_the_actions_made_here() -> None:
    entry = (
        rules()
        .actions["close_account"]
        .model_copy(update={"customer": "Farewell, {customer}, until we meet.", "args": {}})
    )
    by = rules().model_copy(update={"actions": {**rules().actions, "close_account": entry}})
    closing = action("close_account", None, args={}, args_schema={"x-customer": {"name": "Quill"}})
    text = "Farewell, Quill, until we meet."
    strange = action("no_such_kind", None)
    assert judged(text, by=by, draft={"actions": (strange, closing)}) is None
    assert judged(text, by=by, draft={"actions": (strange,)}) is not None
    (filed,) = prove_text(text, proposal(closing, text=text), by)  # from outside: nobody read the name
    assert filed.problem == "name not in sources: Quill"


def test_the_amount_of_an_action_and_what_it_changes_are_sources() -> None:
    refund = action("refund", 1000, "USD", description="Refund of HF-10012")
    assert problem("We will refund $10.00 for order HF-10012.", named=(), actions=(refund,)) is None
    move = action(
        "change_order_address",
        None,
        args={"order": "HF-10012", "address": {"city": "Utrecht", "zip": "3511"}},
        diff=(FieldDiff(field="credit.minimum_points", before=None, after="4711"),),
    )
    assert problem("We will send order HF-10012 to Utrecht.", named=(), actions=(move,)) is not None  # nobody sends
    assert problem("Order HF-10012 goes to Utrecht.", named=(), actions=(move,)) is None
    assert problem("Your minimum credit is 4711 here.", named=(), actions=(move,)) is None


def test_no_other_amount_is_moved_than_the_action_moves() -> None:
    refund = action("refund", 1000, "USD", description="Refund of HF-10012")
    for text in ("We refund $120.00.", "We have refunded $10.00 and we pay $120.00 for HF-10012."):
        assert problem(text, actions=(refund,)) == "not what the action does: $120.00"
    assert problem("We refund $10.00 for order HF-10012.", actions=(refund,)) is None
    assert problem("The total of order HF-10012 is $120.00.", actions=(refund,)) is None  # told, not moved
    assert problem("We refund order HF-10012.", actions=(refund,)) is None
    told = action("trace_shipment", None, description="Credit and refund order HF-10012")
    assert problem("We refund $120.00.", actions=(told,)) is None  # no action moves an amount
    assert problem("We refund $120.00.", actions=(told, refund)) is not None


# ── the catalogue of a lead's sentences ──────────────────────────────────────


def test_a_sentence_of_the_catalogue_passes_only_under_its_own_rules() -> None:
    message_of = rules().messages["order_not_found"]
    theirs = message_of.model_copy(update={"customer": "{order} seems to be lost at sea. Please write again."})
    other = rules().model_copy(update={"messages": {"order_not_found": theirs}})
    sea, ours = "HF-10012 seems to be lost at sea.", "We could not find an order under the number HF-10012."
    for _ in range(2):
        assert judged(sea, by=other) is None
        assert judged(ours) is None
        assert judged(sea) is not None
        assert judged(ours, by=other) is not None
    assert judged("HF-99999 seems to be lost at sea.", by=other) is not None


# ── how a problem is put ─────────────────────────────────────────────────────


def test_a_problem_says_what_and_no_more() -> None:
    assert problem("Your order isn't pending.") == "claim not in sources: not pending"
    assert problem("Your order is on-its-way.") == "claim not in sources: on its way"
    assert problem("Our shop stands here.", named=()) == "claim names no source: Our shop stands here."
    assert problem("Our shop was founded in a garage.") == "claim not in sources: Our shop was founded in a garage."
    assert problem("Lanterns.") == "claim not in sources: Lanterns."
    found = problem("You can return unused items only until delivery.")
    assert found == "claim not in sources: only, until"
    found = problem("Your order HF-10012 costs $99.00 and arrives tomorrow.")
    assert found == "claim not in sources: $99.00; promise not in sources: tomorrow"


@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_long_sentence_is_shown_cut(more: int) -> None:
    text = "Our shop stands in the old harbor by the river near the lak" + "e" * (more + 1)
    assert len(text) == 60 + more
    shown = text if more == 0 else text[:59] + "…"
    assert problem(text, named=()) == f"claim names no source: {shown}"


def test_no_space_is_left_before_the_cut() -> None:
    text = "Our shop stands in the old harbor by the river near the la eye"
    assert text[58] == " "
    assert problem(text, named=()) == f"claim names no source: {text[:58]}…"
