"""Each condition of a review rule: where it holds and where it does not, and what its sentence can say."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.failures import failure
from app.workflow.gate import gate
from app.workflow.stops import problems, spoken, uncovered, word_pattern
from store.contract import Alternative, Claim, Evidence, Precondition, Proposal, Route, Source, Ticket, Trigger
from tests.workflow.given import AT, MIA, ORDER, POLICY, action, proposal, rules, with_reviews

NAMES = """
action description target amount risk field method words identity how left right claim leak count step failure system
intent trigger limit actual
"""
SLOTS = NAMES.split()


def found(made: Proposal, today: dict[str, int] | None = None, **condition: Any) -> list[dict[str, str]]:
    """What each hit of a rule with this condition says, slot by slot."""
    reason = "|".join(f"{name}={{{name}}}" for name in SLOTS)
    asked = with_reviews({"name": "one", "if": condition, "reason": reason})
    hits = []
    for each in gate(made, asked, today or {}).reasons:
        if each.code == "one" and "=" in each.text:
            pairs = (part.split("=", 1) for part in each.text.split("|"))
            said = {name: value for name, value in pairs if value != f"{{{name}}}"}
            assert (each.limit, each.actual) == (said.get("limit"), said.get("actual"))
            hits.append(said)
        elif each.code == "one":
            hits.append({"absent": each.text})
    return hits


def holds(made: Proposal, today: dict[str, int] | None = None, **condition: Any) -> bool:
    return bool(found(made, today, **condition))


TRACE = action("trace_shipment", None)
ROCKET = action("launch_rocket", None)


# ── one action ───────────────────────────────────────────────────────────────


def test_a_kind_is_one_of_those_named_and_is_said_with_its_target() -> None:
    (said,) = found(proposal(action()), action="refund")
    assert said == {"action": "Refund", "description": "refund of HF-10012", "target": "HF-10012"}
    assert holds(proposal(action()), action=["apply_credit", "refund"])
    assert not holds(proposal(action()), action=["apply_credit"])
    assert not holds(proposal(action()), action="refund_all")
    assert not holds(proposal(action("fund", None)), action="refund")
    assert len(found(proposal(action(), action(action_id="a2", target="HF-2")), action="refund")) == 2
    among = proposal(action(), action("fund", None, action_id="a2"), action("apply_credit", action_id="a3"))
    assert [each["action"] for each in found(among, action="refund")] == ["Refund"]
    assert [each["action"] for each in found(among, action=["apply_credit", "fund"])] == ["Fund", "Apply credit"]


def test_an_amount_is_over_its_limit_from_the_next_cent_on() -> None:
    over = {"EUR": "10.00"}
    assert not holds(proposal(action(amount=1000)), amount_over=over)
    (said,) = found(proposal(action(amount=1001)), amount_over=over)
    assert (said["amount"], said["limit"], said["actual"]) == ("€10.01", "€10.00", "€10.01")
    assert holds(proposal(action(amount=-1001)), amount_over=over), "a negative amount moves as much"
    (said,) = found(proposal(action(amount=1, currency="USD")), amount_over=over)
    assert (said["amount"], said["limit"]) == ("$0.01", "USD 0.00 (no limit is set for USD)")
    assert said["actual"] == "$0.01"


@pytest.mark.parametrize("over", ["amount_over", "per_day_over"])
def test_what_moves_no_money_is_under_every_limit_and_a_missing_amount_under_none(over: str) -> None:
    assert found(proposal(TRACE), **{over: {"EUR": "0.00"}}) == []
    (said,) = found(proposal(action(amount=None)), **{over: {"EUR": "0.00"}})
    assert said == {"absent": "One cannot be judged: the amount of refund is missing"}
    (said,) = found(proposal(ROCKET), **{over: {"EUR": "0.00"}})
    assert said["absent"].endswith("the amount of launch rocket is missing")


def test_a_day_adds_up_what_went_and_what_all_of_the_proposal_would_pay() -> None:
    limit = {"EUR": "100.00"}
    two = (action(amount=3000), action("return_items", 3000, action_id="a2"))
    assert not holds(proposal(*two), {"EUR": 4000}, per_day_over=limit)
    said = found(proposal(*two), {"EUR": 4001}, per_day_over=limit)
    assert [(each["amount"], each["limit"], each["actual"]) for each in said] == [("€100.01", "€100.00", "€100.01")] * 2
    assert not holds(proposal(*two), {"USD": 99_999}, per_day_over=limit)
    other = action(amount=9000, currency="USD", action_id="a3")
    assert not holds(proposal(action(amount=9000), other), per_day_over={"EUR": "100.00", "USD": "100.00"})
    assert holds(proposal(action(amount=-10_001)), per_day_over=limit)
    assert not holds(proposal(action(amount=10_000)), per_day_over=limit), "a day begins with nothing"


def test_a_day_counts_cancelled_orders_and_what_nobody_knows_and_no_exchange() -> None:
    limit, small = {"EUR": "100.00"}, action(amount=100)
    for kind, counted in (("cancel_order", True), ("launch_rocket", True), ("exchange_items", False), ("refund", True)):
        more = action(kind, 9901, action_id="a2")
        assert bool([each for each in found(proposal(small, more), per_day_over=limit) if "amount" in each]) is counted


def test_a_risk_is_the_actions_own_and_an_unknown_action_is_of_high_risk() -> None:
    assert found(proposal(TRACE), risk="low")[0]["risk"] == "low"
    assert not holds(proposal(TRACE), risk="high")
    assert holds(proposal(action()), risk="high")
    assert not holds(proposal(action()), risk="low")
    assert found(proposal(ROCKET), risk="high")[0]["risk"] == "high"
    assert not holds(proposal(ROCKET), risk="low")


def test_what_cannot_be_taken_back() -> None:
    undone = action("change_address", None)
    for made, irreversible in ((action(), True), (undone, False), (ROCKET, True)):
        assert holds(proposal(made), irreversible=True) is irreversible
        assert holds(proposal(made), irreversible=False) is not irreversible


def test_an_exception_names_the_fact_what_is_asked_for_and_what_was_read() -> None:
    def read(*values: str) -> Proposal:
        facts = tuple(
            Precondition(record="order", record_id="HF-10012", field="status", expected=value) for value in values
        )
        other = Precondition(record="order", record_id="HF-10012", field="total", expected="shipped")
        another = Precondition(record="customer", record_id="C-1001", field="status", expected="shipped")
        return proposal(action("cancel_order", preconditions=(*facts, other, another)))

    (said,) = found(read("shipped"), policy_exception=True)
    assert (said["field"], said["limit"], said["actual"]) == ("order status", "pending", "shipped")
    assert found(read(), policy_exception=True)[0]["actual"] == "not read"
    assert len(found(read("shipped", "lost", "pending"), policy_exception=True)) == 2
    assert not holds(read("pending"), policy_exception=True)
    assert holds(read("pending"), policy_exception=False)
    assert not holds(read("shipped"), policy_exception=False)
    assert not holds(proposal(ROCKET), policy_exception=True), "nothing is asked of what nobody knows"


def test_an_exception_says_each_of_several_allowed_facts() -> None:
    entry = rules().actions["cancel_order"]
    need = entry.require[0].model_copy(update={"is_": ("pending", "new")})
    actions = {**rules().actions, "cancel_order": entry.model_copy(update={"require": (need,)})}
    asked = with_reviews({"name": "one", "if": {"policy_exception": True}, "reason": "{limit}"})
    made = proposal(action("cancel_order", preconditions=()))
    assert gate(made, asked.model_copy(update={"actions": actions}), {}).reasons[0].text == "pending or new"


def paid(method: str, **more: Any) -> Proposal:
    read = {"HF-10012": {"payment_method": "card ••9212"} | more}
    schema = {
        "properties": {
            "order": {"x-read": read},
            "payment_method": {"x-title": {"card_1": "card ••9212", "gift_1": "gift card"}},
        }
    }
    return proposal(action(args={"order": "HF-10012", "payment_method": method}, args_schema=schema))


def test_money_to_another_method_names_it_and_those_that_paid() -> None:
    (said,) = found(paid("gift_1"), other_payment_method=True)
    assert (said["method"], said["limit"], said["actual"]) == ("gift card", "card ••9212", "gift card")
    (said,) = found(paid("paypal_7"), other_payment_method=True)
    assert said["method"] == "paypal_7", "one the shop has no name for is said as it is"
    for same in ("card_1", "card ••9212"):
        assert not holds(paid(same), other_payment_method=True)
        assert holds(paid(same), other_payment_method=False)
    assert not holds(paid("gift_1"), other_payment_method=False)


def test_each_of_several_methods_that_paid_is_the_same_method() -> None:
    both = {"paid_by": ["gift card", "card ••9212"]}
    assert not holds(paid("gift_1", **both), other_payment_method=True)
    assert found(paid("cash", **both), other_payment_method=True)[0]["limit"] == "gift card, card ••9212"


def test_a_payment_that_was_not_read_cannot_be_judged_and_what_has_none_needs_none() -> None:
    (said,) = found(paid("gift_1", payment_method=None), other_payment_method=True)
    assert said["absent"] == "One cannot be judged: the payment method that paid is missing"
    assert not holds(proposal(TRACE), other_payment_method=True)
    assert holds(proposal(TRACE), other_payment_method=False)
    rocket = paid("gift_1").actions[0].model_copy(update={"kind": "launch_rocket"})
    assert holds(proposal(rocket), other_payment_method=True), "an unknown action is read by the usual names"
    rocket = paid("card_1").actions[0].model_copy(update={"kind": "launch_rocket"})
    assert found(proposal(rocket), other_payment_method=True) == []


def test_the_method_and_the_order_are_those_of_the_shop_s_types_whatever_their_names() -> None:
    usual = rules().actions["refund"]
    named = {"back_to": usual.args["payment_method"], "purchase": usual.args["order"]}
    theirs = with_reviews({"name": "one", "if": {"other_payment_method": True}, "reason": "{limit}"}).model_copy(
        update={"actions": {"refund": usual.model_copy(update={"args": named, "require": (), "amount": None})}}
    )
    schema = {
        "properties": {
            "purchase": {"x-read": {"HF-10012": {"payment_method": "card ••9212"}}},
            "back_to": {"x-title": {"card_1": "card ••9212", "gift_1": "gift card"}},
        }
    }
    for method, stopped in (("card_1", False), ("gift_1", True)):
        made = action(args={"purchase": "HF-10012", "back_to": method}, args_schema=schema)
        said = [each.text for each in gate(proposal(made), theirs, {}).reasons if each.code == "one"]
        assert said == (["card ••9212"] if stopped else [])


def test_two_models_are_two_only_when_they_are_different_ones() -> None:
    second = Alternative(model="strong", actions=())
    same = Alternative(model="cheap", actions=())
    for made, others, alone in (
        (action(), (), True),
        (action(), (same,), True),
        (action(), (same, second), False),
        (TRACE, (), False),
        (ROCKET, (), True),
        (ROCKET, (second,), False),
    ):
        assert holds(proposal(made, alternatives=others), one_model_only=True) is alone
        assert holds(proposal(made, alternatives=others), one_model_only=False) is not alone


def test_all_conditions_of_a_rule_must_hold_and_its_sentence_has_the_slots_of_each() -> None:
    (said,) = found(proposal(action(amount=1001), hidden=2), amount_over={"EUR": "10.00"}, hidden_characters=True)
    assert (said["action"], said["count"], said["amount"]) == ("Refund", "2", "€10.01")
    assert not holds(proposal(action(amount=1001)), amount_over={"EUR": "10.00"}, hidden_characters=True)
    assert not holds(proposal(hidden=2), amount_over={"EUR": "10.00"}, hidden_characters=True)


# ── the whole proposal ───────────────────────────────────────────────────────


def test_words_are_looked_for_in_all_that_was_said() -> None:
    quote = Evidence(id="m", kind="message", title="before", quote="my LAWYER", read_at=AT)
    record = quote.model_copy(update={"kind": "record"})
    words = {"words": ["lawyer", "legal action"]}
    assert found(proposal(evidence=(quote,)), **words)[0]["words"] == "lawyer"
    assert not holds(proposal(evidence=(record,)), **words)
    made = proposal(message="Legal\n action! A lawyer, a Lawyer.", ticket=Ticket(id="t1", customer=MIA, subject="x"))
    (said,) = found(made, **words)
    assert (said["words"], said["actual"]) == ("legal action, lawyer", "legal action, lawyer")
    assert holds(proposal(ticket=Ticket(id="t1", customer=MIA, subject="Lawyer")), **words)
    assert holds(proposal(text="Our lawyer says"), **words)
    assert not holds(proposal(text=None), **words)


def test_without_any_message_words_cannot_be_looked_for() -> None:
    quote = Evidence(id="m", kind="message", title="before", quote="my lawyer", read_at=AT)
    (said,) = found(proposal(message=None), words=["lawyer"])
    assert said["absent"] == "One cannot be judged: the customer's message is missing"
    assert holds(proposal(message=None, evidence=(quote,)), words=["lawyer"])
    assert not holds(proposal(message=""), words=["lawyer"])


@pytest.mark.parametrize(
    ("made", "touched"),
    [
        (proposal(), False),
        (proposal(TRACE), True),
        (proposal(evidence=(ORDER,)), True),
        (proposal(evidence=(POLICY,)), False),
        (proposal(evidence=(POLICY.model_copy(update={"kind": "external"}),)), True),
    ],
)
def test_who_is_not_proved_stops_only_what_touches_an_account(made: Proposal, touched: bool) -> None:
    who = Ticket(id="t1", customer=MIA.model_copy(update={"identity": "weak", "how": "name alone"}))
    hits = found(made.model_copy(update={"ticket": who}), identity=["weak", "unknown"])
    assert [(each["identity"], each["how"], each["actual"]) for each in hits] == (
        [("weak", "name alone", "weak")] if touched else []
    )
    assert not holds(made, identity=["weak", "unknown"])


def test_what_two_models_say_differently_is_said_side_by_side() -> None:
    other = Alternative(model="strong", actions=(action(amount=2000),))
    (said,) = found(proposal(action(), alternatives=(other,)), models_disagree=True)
    assert (said["field"], said["left"], said["right"]) == ("Refund: amount", "€10.00", "€20.00")
    assert not holds(proposal(action(), alternatives=(other,)), models_disagree=False)
    assert holds(proposal(action()), models_disagree=False)


def test_each_unproven_claim_is_said_once() -> None:
    claims = (Claim(text="Hello,", problem="not in sources: x"), Claim(text="Bye", problem="not in sources: x"))
    (said,) = found(proposal(text="Hello,\nBye", claims=claims), unproven_claim=True)
    assert (said["claim"], said["actual"]) == ("not in sources: x", "not in sources: x")
    assert not holds(proposal(text="Hello,\nBye", claims=claims), unproven_claim=False)
    assert holds(proposal(), unproven_claim=False)


def test_a_leak_names_everything_that_leaks() -> None:
    text = "Ask a@else.example or b@else.example"
    made = proposal(text=text, claims=(Claim(text=text, kind="courtesy"),))
    (said,) = found(made, leak=True)
    assert said["leak"] == said["actual"] == "a@else.example, b@else.example"
    assert not holds(made, leak=False)
    assert not holds(proposal(), leak=True)
    assert holds(proposal(), leak=False)


@pytest.mark.parametrize(
    ("more", "condition", "slots"),
    [
        ({"hidden": 1}, {"hidden_characters": True}, {"count": "1", "actual": "1"}),
        ({}, {"hidden_characters": True}, None),
        ({}, {"hidden_characters": False}, {"count": "0", "actual": "0"}),
        ({"hidden": 1}, {"hidden_characters": False}, None),
        ({}, {"failure": True}, None),
        ({}, {"failure": False}, {}),
        ({"source": Source(system="acme")}, {"external": True}, {"system": "acme"}),
        ({"source": Source(system="acme")}, {"external": False}, None),
        ({"source": Source(system="lastclick")}, {"external": True}, None),
        ({"source": Source(system="lastclick")}, {"external": False}, {"system": "lastclick"}),
        ({"intents": ("a_b", "c", "d")}, {"intent": ["a_b", "d"]}, {"intent": "a b, d"}),
        ({"intents": ("c",)}, {"intent": ["a_b", "d"]}, None),
    ],
    ids=str,
)
def test_what_is_said_of_the_whole_proposal(
    more: dict[str, Any], condition: dict[str, Any], slots: dict[str, str] | None
) -> None:
    assert found(proposal(**more), **condition) == ([] if slots is None else [slots])


def test_a_failure_is_said_by_step_and_code() -> None:
    failed = proposal(failure=failure("records_down", "lookup", rules()))
    assert found(failed, failure=True) == [{"step": "lookup", "failure": "records down"}]
    assert not holds(failed, failure=False)


def test_a_trigger_that_fired_is_said_with_its_reason() -> None:
    fired = (Trigger(code="a", reason="one"), Trigger(code="b", reason="two"), Trigger(code="c", reason="three"))
    made = proposal(route=Route(name="messy", model="cheap", code="x", reason="x", triggers=fired))
    assert found(made, trigger=["a", "c"]) == [{"trigger": "one; three"}]
    assert not holds(made, trigger=["d"])


# ── the reply, and words ─────────────────────────────────────────────────────


def test_what_nobody_proved_is_what_no_claim_covers() -> None:
    hello, bye = Claim(text="Hello,", kind="courtesy"), Claim(text="Bye.", kind="courtesy")
    assert uncovered(proposal(text="Hello,\n\nBye.", claims=(hello, bye))) == ""
    assert uncovered(proposal(text="Hello, you  win.\nBye.", claims=(hello, bye))) == "you win."
    assert uncovered(proposal(text="Hello, Hello,", claims=(hello,))) == "Hello,"
    assert uncovered(proposal(text="Hello,", claims=(hello, bye))) == ""
    assert uncovered(proposal(text=None)) == ""


def test_a_long_unproven_rest_is_cut_and_said_once() -> None:
    assert problems(proposal(text="x" * 90, claims=())) == ["claim not proved: " + "x" * 80]
    assert problems(proposal()) == []


def test_a_kind_begins_a_sentence() -> None:
    assert spoken("change_order_address") == "Change order address"


@pytest.mark.parametrize(
    ("word", "finds", "leaves"),
    [
        ("pay", ["pay", "pays", "paying", "payer"], ["paies", "prepay"]),
        ("spy", ["spy", "spys"], ["spies"]),
        ("reply", ["reply", "replies", "replied", "replying", "reply’s"], ["replys"]),
        ("delay", ["delays", "delayed"], ["delaies"]),
        ("charge", ["charge", "charges", "charged", "charger", "chargers", "charging"], ["charg", "chargeing"]),
        (
            "price match",
            ["price match", "price-matches", "price - matched"],
            ["pricematch", "prices match", "pric match"],
        ),
    ],
)
def test_a_word_is_found_in_its_forms_and_in_no_other(word: str, finds: list[str], leaves: list[str]) -> None:
    for text in finds:
        assert word_pattern((word,)).search(f"we {text.upper()}!"), text
    for text in leaves:
        assert not word_pattern((word,)).search(f"we {text}!"), text


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("copy", "Two copies, please"),
        ("report", "I spoke to reporters"),
        ("pay", "I was paying"),
        ("price match", "You said price-matched"),
        ("charge", "Two chargers came"),
        ("§ 5", "See § 5 there"),
    ],
)
def test_a_rule_of_words_holds_for_each_form_of_its_words(word: str, said: str) -> None:
    assert holds(proposal(message=said), words=[word])
    assert holds(proposal(message=said), words=["lantern", word])
    assert not holds(proposal(message="It is here"), words=[word])
