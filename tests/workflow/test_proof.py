"""Every sentence of a reply stands in its sources, or is marked: amounts, dates, states, deeds, promises, and the tricks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.proof import prove, prove_text
from app.workflow.reading import read, sentences
from store.contract import Claim
from tests.workflow.given import ORDER, POLICY, action, case, proposal, reply, rules


def problem(text: str, *, kind: str = "claim", named: tuple[str, ...] = ("order", "policy"), **more: Any) -> str | None:
    claim = Claim(text=text, kind=kind, evidence_ids=named)  # type: ignore[arg-type]
    (proved,) = prove(reply(claim, **more), case(), rules())
    assert (proved.text, proved.evidence_ids) == (claim.text, named)
    return proved.problem


@pytest.mark.parametrize(
    "text",
    [
        "Hi Mia,",
        "Thank you for your patience.",
        "Kind regards",
        "Your order HF-10012 is pending.",
        "Order #hf-10012 is pending.",
        "The total is 120.00 USD.",
        "The total is $120.",
        "It was placed on 3 June 2026.",
        "It was placed on June 3.",
        "It was paid with card ••9212.",
        "You can return items within 30 days of delivery.",
        "You can return items within thirty days of delivery.",
        "Refunds take five to seven business days.",
        "Refunds take 5-7 working days.",
        "Opened cosmetics cannot be returned.",
        "Could you reply with your order number?",
        "If you have any questions, please reply here.",
        "We could not find an order under the number HF-10012 in your account.",
    ],
)
def test_what_stands_in_its_sources_passes(text: str) -> None:
    assert problem(text) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("You can return items within 14 days of delivery.", "14 days"),
        ("You can return items within 30 hours of delivery.", "30 hours"),
        ("You can return items within 3 days of delivery.", "3 days"),
        ("Refunds take 5 to 7 days.", "5 to 7 days"),
        ("The total is $12.00.", "$12.00"),
        ("The total is €120.00.", "€120.00"),
        ("The total is $1,120.00.", "$1,120.00"),
        ("It was placed on 4 June 2026.", "4 June 2026"),
        ("It was placed on 2025-06-03.", "2025-06-03"),
        ("It was placed on 03/06/2026.", "03/06/2026"),
        ("Members of the Gold plan get a 15% discount.", "15%"),
        ("Members of the Gold plan get a fifteen percent discount.", "fifteen percent"),
        ("Your order HF-1001 is pending.", "HF-1001"),
        ("It was paid with card ••921.", "921"),
        ("Write to help@else.example.", "help@else.example"),
        ("Your order is shipped.", "shipped"),
        ("Your order is on its way.", "on its way"),
        ("Your order is not pending.", "not pending"),
        ("Your order isn't pending.", "not pending"),
        ("We have opened a trace.", "opened"),
        ("Your refund has been issued.", "issued"),
        ("We will refund you.", "refund"),
        ("We'll send a new one.", "send"),
        ("It arrives tomorrow.", "tomorrow"),
        ("Your voucher is in this mail.", "voucher"),
        ("Members of the Platinum plan get a 10% discount.", "Platinum"),
        ("Opened cosmetics can be returned.", "returned"),
    ],
)
def test_what_does_not_is_named(text: str, what: str) -> None:
    found = problem(text)
    assert found is not None
    assert what in found


@pytest.mark.parametrize(
    "text",
    [
        "You cannot return items within 30 days of delivery.",
        "Items must not be unused.",
        "Our shop was founded by two brothers in a garage.",
        "Items must be unused unless delivery took long.",
        "You can return items only within 30 days of delivery.",
    ],
)
def test_another_statement_in_the_same_words_does_not_pass(text: str) -> None:
    assert problem(text) is not None


@pytest.mark.parametrize("kind", ["courtesy", "question", "claim"])
@pytest.mark.parametrize(
    "text",
    [
        "Thank you for accepting a $50 refund.",
        "Hello, your parcel is delivered.",
        "Sorry that your order was cancelled.",
        "Did you know your refund is on its way?",
        "Would you like a 20% discount?",
        "Your order is shipped, right?",
        "Hi Bob,",
        "Thank you! Your refund arrives today.",
        "Let us know if the free replacement fits.",
    ],
)
def test_no_kind_lets_a_fact_slip_through(text: str, kind: str) -> None:
    assert problem(text, kind=kind) is not None


def test_each_claim_in_a_sentence_is_looked_at() -> None:
    found = problem("Your order HF-10012 is pending, costs $99.00 and arrives tomorrow.")
    assert found is not None
    assert "$99.00" in found
    assert "tomorrow" in found
    assert "pending" not in found


def test_a_claim_stands_only_on_what_it_names() -> None:
    assert problem("Your order HF-10012 is pending.", named=("order",)) is None
    assert problem("Your order HF-10012 is pending.", named=("policy",)) is not None
    assert problem("Your order HF-10012 is pending.", named=()) is not None
    assert problem("Your order HF-10012 is pending.", named=("order", "made up")) == "source not found: made up"


def test_a_rule_of_the_shop_does_not_prove_how_an_order_is() -> None:
    assert problem("Your order is returned.", named=("policy",)) is not None
    assert problem("Your cosmetics have been opened.", named=("policy",)) is not None


def test_a_deed_stands_on_an_action_of_this_ticket() -> None:
    text = "We have opened a trace for order HF-10012."
    trace = action("trace_shipment", None, description="Open a trace for shipment 3S of order HF-10012")
    assert problem(text) is not None
    assert problem(text, actions=(trace,)) is None
    assert problem(text, actions=(action("refund"),)) is not None
    assert problem("We have opened a trace for order HF-10013.", actions=(trace,)) is not None


def test_a_catalogue_sentence_may_name_only_what_the_customer_wrote() -> None:
    assert problem("We could not find an order under the number HF-99999 in your account.", named=()) is not None


def test_an_edited_reply_is_proved_against_the_same_sources() -> None:
    made = proposal(text="Hello,", evidence=(ORDER, POLICY), claims=(Claim(text="Hello,", kind="courtesy"),))
    fine, wrong = prove_text("Your order HF-10012 is pending.\n\nIt arrives tomorrow.", made, rules())
    assert fine.problem is None
    assert wrong.problem is not None


# ── reading ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It costs €3.50. It is here.", 2),
        ("Dr. Smith agrees.", 1),
        ("Items, e.g. Shoes, fit.", 1),
        ("Yes! Really? Fine.", 3),
        ("One\nTwo", 2),
        ("Order HF-1.2 came.", 1),
    ],
)
def test_where_a_sentence_ends(text: str, parts: int) -> None:
    assert len(sentences(text)) == parts


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("€1,200.50", ("money", "120050", "EUR")),
        ("1.200,50 EUR", ("money", "120050", "EUR")),
        ("twenty-five dollars", ("money", "2500", "USD")),
        ("30-day", ("quantity", "30", "day")),
        ("20 %", ("quantity", "20", "percent")),
        ("3rd of June 2026", ("date", "2026", "6", "3")),
        ("2026-06-03T10:00:00Z", ("date", "2026", "6", "3")),
        ("23/04/2026", ("date", "2026", "4", "23")),
        ("10:30 pm", ("time", "22:30")),
        ("#W2378156", ("id", "w2378156")),
        ("9212", ("number", "9212")),
        ("two", ("number", "2")),
    ],
)
def test_one_form_for_every_way_of_writing(text: str, fact: tuple[str, ...]) -> None:
    assert fact in read(text).forms


# ── always ───────────────────────────────────────────────────────────────────

KNOWN = {5, 7, 10, 30, 120, 9212, 2026, 3, 6, 10012}


@given(
    number=st.integers(2, 99999).filter(lambda n: n not in KNOWN),
    unit=st.sampled_from(["", " days", "%", " EUR", " items"]),
)
def test_a_number_that_is_not_in_the_sources_always_marks_a_problem(number: int, unit: str) -> None:
    assert problem(f"Your order HF-10012 is pending for {number}{unit}.") is not None


@given(text=st.text(max_size=200), kind=st.sampled_from(["courtesy", "question", "claim"]))
def test_any_text_is_judged_without_an_error(text: str, kind: str) -> None:
    problem(text, kind=kind, named=("order",))
