"""Each kind of fault: what it changes, what stays, and whether it is still in what a person lets go."""

from __future__ import annotations

import random

import pytest

from store.contract import Action, Claim, Customer, Evidence, Gate, GateReason, Money, Proposal, Ticket, now
from store.planting import KINDS, FaultKind, Spoilt, alike, spoil, stands
from tests.contract import shop

GATE = Gate(reasons=(GateReason(code="refund_over_limit", text="Refund of €120.00 is over the limit"),), risk="high")
LETTER = "Hi Mia,\n\nwe refund €120.00 of order W2378156.\n\nKind regards"


def proposal(customer: str = "C1", order: str = "W2378156", **more: object) -> Proposal:
    """A refund that rests on the customer's order."""
    ticket = Ticket(
        id="4183", subject="Charged twice", customer=Customer(id=customer, name="Mia", identity="verified"), created_at=now()
    )  # fmt: skip
    refund = shop.refund(order=order)
    record = Evidence(
        id=f"order/{order}", kind="record", title=f"order {order}", quote=f"of {customer} , two payments of €120.00"
    )
    fields: dict[str, object] = {
        "request_id": f"p-{order}",
        "evidence": (record,),
        "customer_reply": LETTER,
        "message": f"Order {order} was charged twice. Write to mia.garcia@example.com, please.",
        "claims": (Claim(text="we refund €120.00", kind="claim", evidence_ids=(record.id,)),),
    }
    return shop.proposal(ticket, refund, **(fields | more))


def found(kind: FaultKind, right: Proposal, *others: Proposal, draw: int = 0) -> Spoilt:
    spoilt = spoil(kind, right, GATE, others, draw)
    assert spoilt is not None
    assert spoilt.fault.kind == kind
    assert spoilt.proposal.message == right.message, "the customer's own words stay"
    assert [one.action_id for one in spoilt.proposal.actions] == [one.action_id for one in right.actions]
    assert stands(spoilt.fault, spoilt.proposal), "let go as it was proposed: missed"
    assert not stands(spoilt.fault, right), "put right: found"
    return spoilt


def test_amount_is_another_than_the_sources_say_wherever_the_proposal_tells_it() -> None:
    right = proposal()
    spoilt = found("amount", right)
    action = spoilt.proposal.actions[0]
    assert action.amount == Money(minor=21_000, currency="EUR")
    assert (action.args["minor"], action.description) == (21_000, "Refund €210.00")
    assert "€210.00" in str(spoilt.proposal.customer_reply)
    assert spoilt.proposal.claims[0].text == "we refund €210.00"
    assert spoilt.gate.reasons[0].text == "Refund of €210.00 is over the limit"
    assert spoilt.proposal.evidence == right.evidence
    assert spoilt.said == "Refund €120.00: the sources say €120.00, the proposal €210.00."


@pytest.mark.parametrize(("minor", "wrong"), [(5, 10), (1_100, 2_200), (9_100, 18_200), (1_900, 9_100)])
def test_amount_is_never_the_right_one_and_never_less(minor: int, wrong: int) -> None:
    right = proposal().model_copy(update={"actions": (shop.refund(minor),)})
    spoilt = spoil("amount", right, GATE, (), 0)
    assert spoilt is not None
    assert spoilt.proposal.actions[0].amount == Money(minor=wrong, currency="EUR")


def test_order_is_another_customers_with_its_record_among_the_sources() -> None:
    right, other = proposal(), proposal("C2", "W9999999")
    spoilt = found("order", right, right, other)
    action = spoilt.proposal.actions[0]
    assert action.args["order"] == "W9999999"
    assert action.target == "card ••9212 · order W9999999"
    assert "W9999999" in str(spoilt.proposal.customer_reply)
    (record,) = spoilt.proposal.evidence
    assert (record.id, record.quote) == ("order/W9999999", other.evidence[0].quote)
    assert record.read_at == right.evidence[0].read_at, "when it was read tells nothing"
    assert "C1" not in record.quote
    assert spoilt.said == "Refund €120.00: order W9999999 is another customer's; this one wrote of W2378156."


def test_order_needs_another_customers_record_of_the_same_family() -> None:
    right, same = proposal(), proposal("C1", "W9999999")
    account = Evidence(id="account/A7", kind="record", title="account A7", quote="of C2 , open")
    elsewhere = proposal("C2", "W8888888").model_copy(update={"evidence": (account,)})
    assert spoil("order", right, GATE, (right, same, elsewhere), 0) is None


@pytest.mark.parametrize("draw", range(3))
def test_claim_is_a_promise_no_source_makes_under_a_sources_mark(draw: int) -> None:
    right = proposal()
    spoilt = found("claim", right, draw=draw)
    promise = spoilt.fault.wrong
    letter = str(spoilt.proposal.customer_reply)
    assert letter == LETTER.replace("W2378156.", f"W2378156. {promise}")
    assert [one.text for one in spoilt.proposal.claims] == ["we refund €120.00", promise]
    assert spoilt.proposal.claims[1].evidence_ids == (right.evidence[0].id,)
    assert promise not in right.evidence[0].quote
    assert spoilt.proposal.actions == right.actions
    assert spoilt.gate == GATE
    assert spoilt.said == f"No source says: {promise}"


def test_value_is_not_the_one_the_customer_gave() -> None:
    mail = Action(
        action_id="a1", kind="change_email", args={"account": "C1", "email": "mia.garcia@example.com"},
        description="Change the e-mail address to mia.garcia@example.com",
    )  # fmt: skip
    right = proposal().model_copy(
        update={"actions": (mail,), "customer_reply": "We now write to mia.garcia@example.com."}
    )
    spoilt = found("value", right)
    action = spoilt.proposal.actions[0]
    assert action.args == {"account": "C1", "email": "mia.garcia@example-mail.com"}
    assert spoilt.proposal.customer_reply == "We now write to mia.garcia@example-mail.com."
    assert "the customer wrote mia.garcia@example.com" in spoilt.said


def test_value_that_a_record_names_too_or_the_customer_never_wrote_is_left_alone() -> None:
    """An order's number would be found by the order, and nobody could compare what nobody said."""
    assert spoil("value", proposal(), GATE, (), 0) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_offers_no_place_for_a_fault_is_not_spoilt(kind: FaultKind) -> None:
    bare = proposal().model_copy(update={"actions": (), "customer_reply": None, "evidence": (), "claims": ()})
    assert spoil(kind, bare, GATE, (), 0) is None


def test_an_id_is_free_and_near_those_before_it() -> None:
    taken = {f"T-{n}" for n in range(2_990, 3_060)}
    found = {alike("T-3013", taken.__contains__, random.Random(n).randrange) for n in range(50)}
    assert not found & taken
    assert {one[:2] for one in found} == {"T-"}
    assert all(2_500 < int(one[2:]) < 2_990 for one in found), "a higher one may be a customer's to come"
    assert len(alike("W0000001", set().__contains__, random.Random(1).randrange)) == len("W0000001")


def test_an_id_without_a_number_gets_a_few_letters_more() -> None:
    found = alike("mia@example.com", set().__contains__, random.Random(1).randrange)
    assert found.startswith("mia-")
    assert found.endswith("@example.com")
