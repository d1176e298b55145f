"""Everything that routes.toml and review.toml can say, and every end a ticket can come to, is met by a ticket of the day.

Most tickets meet it by themselves. What only a fault, a switch, a bad model or an outside filer can cause is met by a
ticket of the same day under that circumstance, which the table names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from app.connectors.port import Result
from app.models.port import Model, ModelFailure
from app.workflow.carry_out import CarryingOut, carry_out
from app.workflow.engine import Engine
from app.workflow.judge import RulesJudge
from app.workflow.services import Services
from config.load import load
from config.rules import Rules
from store.case import Case, Classification, Clues, Facts, Reply
from store.contract import Action, Attempt, Claim, Execution, Failure, Gate, Money, Source, now
from store.live import Switch
from store.work import Work
from tests.workflow.sample_day import DAY, Circumstance, Played, SampleDay, named
from tests.workflow.test_carry_out import NoEngine, Settled

LEAST_AS_MEANT = 0.94
"""Share of the day's messages that end as they are meant to."""


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load()


@pytest.fixture(scope="module")
def played(rules: Rules, fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Played]:
    return named(SampleDay(rules, fitted, tmp_path_factory.mktemp("day")).play())


@pytest.fixture(scope="module")
def shop(rules: Rules, fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> SampleDay:
    """The same day in a shop of its own, for what is played again under a circumstance."""
    return SampleDay(rules, fitted, tmp_path_factory.mktemp("again"))


# ── circumstances ────────────────────────────────────────────────────────────


def off(kind: str, *names: str, waiting: str = "review") -> Circumstance:
    """Somebody threw switches."""
    thrown = tuple(
        Switch.model_validate({"kind": kind, "name": name, "on": False, "why": "test", "waiting": waiting})
        for name in names
    )
    return lambda given: replace(given, switches=lambda: thrown)


class Bent:
    """A real model whose answers are bent on their way."""

    def __init__(self, model: Model, read: Callable[..., Any] | None = None, drafted: Callable[..., Any] | None = None):
        self.name, self._model, self._read, self._drafted = model.name, model, read, drafted

    def classify(self, text: str, *, details: str = "", timeout: float) -> tuple[Classification, Attempt]:
        found, attempt = self._model.classify(text, details=details, timeout=timeout)
        return (self._read(found) if self._read else found), attempt

    def draft(self, case: Case, *, timeout: float) -> tuple[Reply, Attempt]:
        reply, attempt = self._model.draft(case, timeout=timeout)
        return (self._drafted(reply) if self._drafted else reply), attempt


def bent(*, read: Callable[..., Any] | None = None, drafted: Callable[..., Any] | None = None) -> Circumstance:
    """All models answer so."""
    return lambda given: replace(
        given, models={name: Bent(model, read, drafted) for name, model in given.models.items()}
    )


def fails(code: str, phase: str) -> Circumstance:
    """Every model call fails so, each time."""

    def fail(_found: Classification) -> Classification:
        raise ModelFailure(code, code, phase=phase)  # type: ignore[arg-type]

    return bent(read=fail)


def says(text: str) -> Circumstance:
    """A model that adds a sentence of its own to what it drafts."""
    return bent(drafted=lambda reply: reply.model_copy(update={"sentences": (*reply.sentences, Claim(text=text))}))


def disagreeing(given: Services) -> Services:
    """Both halves of the pair read the message differently."""
    return bent(read=lambda found: found.model_copy(update={"agree": False}))(given)


def second_opinion(given: Services) -> Services:
    """The model that is not chosen proposes nothing."""

    def nothing(reply: Reply) -> Reply:
        return reply.model_copy(update={"actions": (), "missing": ()})

    models = {name: Bent(model, drafted=nothing) if name == "strong" else model for name, model in given.models.items()}
    return replace(given, models=models)


def one_model(given: Services) -> Services:
    """The strong half cannot load: both names are the same model."""
    return bent(drafted=lambda reply: reply.model_copy(update={"model": "cheap"}))(given)


class Down:
    """Records that cannot be read."""

    def look_up(self, _case: Case, _clues: Clues, _intents: object) -> Facts:
        raise OSError("no such file")


def records_down(given: Services) -> Services:
    return replace(given, lookup=Down())


def as_usual(given: Services) -> Services:
    return given


# ── what is met, and by which ticket ─────────────────────────────────────────

Where = tuple[str, Circumstance]

TRIGGERS: Mapping[str, Where] = {
    "switch_off": ("policy-returns", off("route", "routine", "messy")),
    "step_failed": ("where-sleeping-mat", records_down),
    "out_of_scope": ("weather", as_usual),
    "low_confidence": ("help", as_usual),
    "identity_unknown": ("no-id", as_usual),
    "identity_weak": ("anna-which", as_usual),
    "missing_order": ("newcomer", as_usual),
    "missing_invoice": ("no-invoice", as_usual),
    "missing_data": ("change-payment", as_usual),
    "multiple_intents": ("two-things", as_usual),
    "contradiction": ("not-received", as_usual),
    "long_message": ("long", as_usual),
    "several_systems": ("return-annaB", as_usual),
    "models_disagree": ("policy-returns", disagreeing),
    "clear": ("password", as_usual),
}

REASONS: Mapping[str, Where] = {
    "refund_over_limit": ("cancel-jonas", as_usual),
    "refund_very_large": ("campsite", as_usual),
    "refunds_per_day": ("return-annaB", as_usual),
    "money_moves": ("exchange-priya", as_usual),
    "credit": ("price-match", as_usual),
    "policy_exception": ("already-shipped", as_usual),
    "account_email": ("email-change", as_usual),
    "account_role": ("role-change", as_usual),
    "plan_or_contract": ("plan-change", as_usual),
    "address": ("change-order-2", as_usual),
    "closure": ("close-account", as_usual),
    "unlock": ("locked", as_usual),
    "pricing_words": ("contract", as_usual),
    "legal_risk": ("gdpr", as_usual),
    "legal_intent": ("legal", as_usual),
    "person_wanted": ("human", as_usual),
    "bug": ("pasted-log", as_usual),
    "long_message": ("long", as_usual),
    "speaks_to_machine": ("injection-refund", as_usual),
    "contradiction": ("somebody-elses", as_usual),
    "models_disagree": ("cancel-jonas", second_opinion),
    "one_model_only": ("cancel-jonas", one_model),
    "unproven_claim": ("where-sleeping-mat", says("Your order will be with you tomorrow and we refund the shipping.")),
    "leak": ("where-sleeping-mat", says("The internal note says that confidence is 0.93.")),
    "hidden_characters": ("terminal", as_usual),
    "failure": ("where-sleeping-mat", fails("timeout", "wait")),
    "irreversible": ("cancel-jonas", as_usual),
}

FILED: Mapping[str, str] = {
    "outside": "other-method",
    "payment_method": "other-method",
    "weak_identity": "weak-name-order",
}
"""What only a proposal that another system filed can meet: our own proposer may not even choose these."""

ENDS: Mapping[str, Where] = {
    "send": ("password", as_usual),
    "ask": ("no-id", as_usual),
    "review": ("charged-twice", as_usual),
    "close": ("ooo", as_usual),
    "hold": ("policy-returns", off("model", "strong", waiting="hold")),
}
ROUTES: Mapping[str, Where] = {
    "routine": ("password", as_usual),
    "messy": ("two-things", as_usual),
    "fallback": ("where-sleeping-mat", records_down),
}
CLASSES: Mapping[str, Where] = {
    "temporary": ("where-sleeping-mat", records_down),
    "permanent": ("where-sleeping-mat", fails("unfit", "answer")),
    "policy": ("weather", as_usual),
}
UNKNOWN = "unknown_outcome"
"""The class that only carrying out can meet."""


def test_the_tables_name_all_that_is_configured(rules: Rules) -> None:
    assert set(TRIGGERS) == {trigger.name for trigger in rules.triggers}
    assert {*REASONS, *FILED} == {review.name for review in rules.reviews}
    assert set(ROUTES) == set(rules.routes)
    assert {*CLASSES, UNKNOWN} == {message.class_ for message in rules.messages.values()}
    assert set(DAY) >= {name for table in (TRIGGERS, REASONS, ENDS, ROUTES, CLASSES) for name, _ in table.values()}


def met(where: Where, played: Mapping[str, Played], shop: SampleDay) -> Played:
    name, under = where
    return played[name] if under is as_usual else shop.play([name], under)[0]


@pytest.mark.parametrize("code", TRIGGERS)
def test_every_trigger_is_met(code: str, played: Mapping[str, Played], shop: SampleDay) -> None:
    found = met(TRIGGERS[code], played, shop)
    assert code in found.triggers, found.ending.proposal.route


@pytest.mark.parametrize("code", REASONS)
def test_every_gate_reason_is_met_and_stops(code: str, played: Mapping[str, Played], shop: SampleDay) -> None:
    found = met(REASONS[code], played, shop)
    assert code in found.reasons, found.ending.gate
    assert found.ending.how == "review"


@pytest.mark.parametrize("how", ENDS)
def test_every_end_is_met(how: str, played: Mapping[str, Played], shop: SampleDay) -> None:
    assert met(ENDS[how], played, shop).ending.how == how


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_taken(route: str, played: Mapping[str, Played], shop: SampleDay) -> None:
    assert met(ROUTES[route], played, shop).ending.proposal.route.name == route


@pytest.mark.parametrize("class_", CLASSES)
def test_every_failure_class_is_met_with_both_texts(class_: str, played: Mapping[str, Played], shop: SampleDay) -> None:
    failure = met(CLASSES[class_], played, shop).ending.failure
    assert failure is not None
    assert failure.class_ == class_
    assert failure.customer_text
    assert failure.internal_note
    assert failure.customer_text != failure.internal_note


def test_every_team_that_rules_name_is_sent_something(
    rules: Rules, played: Mapping[str, Played], shop: SampleDay
) -> None:
    named_by_rules = {review.to for review in rules.reviews if review.to}
    assert named_by_rules == {team for each in played.values() for team in each.teams}


# ── filed from outside ───────────────────────────────────────────────────────


@pytest.mark.parametrize("code", FILED)
def test_what_another_system_files_stops_at_the_same_gate(
    code: str, rules: Rules, played: Mapping[str, Played]
) -> None:
    found = filed(played[FILED[code]], rules)
    assert code in {reason.code for reason in found.reasons}, found


def filed(found: Played, rules: Rules) -> Gate:
    """The gate's answer to a proposal for the same ticket that another system made: to a payment method that did not pay."""
    action = Action(
        action_id="1",
        kind="refund",
        args={"order": "HF-10007", "payment_method": "paypal_husband", "amount": {"minor": 23900, "currency": "EUR"}},
        args_schema={"properties": {"order": {"x-read": {"HF-10007": {"paid_by": ["credit_card_10044128"]}}}}},
        description="Refund €239.00 to PayPal",
        target="HF-10007",
        amount=Money(minor=23900, currency="EUR"),
    )
    made = found.ending.proposal.model_copy(
        update={"source": Source(system="crm"), "actions": (action,), "customer_reply": None, "claims": ()}
    )
    return RulesJudge(rules).gate(made, {})


# ── carried out ──────────────────────────────────────────────────────────────


class Silent:
    """A peer that takes the action and never says how it ended."""

    def perform(self, _execution: Execution) -> Result:
        return Result(state="unknown", code="connector_timeout")

    outcome = perform

    def read(self, _record: str, _record_id: str, _field: str) -> object:
        return "pending"


def test_an_approved_action_whose_peer_falls_silent_is_of_unknown_outcome(
    rules: Rules, played: Mapping[str, Played]
) -> None:
    (action,) = played["cancel-jonas"].ending.proposal.actions
    store = Settled()
    out = CarryingOut(
        engine=cast("Engine", NoEngine()),
        work=cast("Work", store),
        rules=rules,
        connectors={"shop": cast("Any", Silent())},
        incarnation="run",
        may_dispatch=lambda: True,
        jitter=lambda: 0.0,
    )
    approved = Execution(id="x1", ticket_id="T-3004", action=action, envelope_hash="-", attempt=1, due_at=now())
    carry_out(approved.model_dump(mode="json"), "run", out)
    ((_, state, failure),) = store.ended
    assert state == "unknown"
    assert isinstance(failure, Failure)
    assert failure.class_ == UNKNOWN


# ── as it was meant ──────────────────────────────────────────────────────────


def test_the_day_ends_as_it_is_meant_to(played: Mapping[str, Played]) -> None:
    wrong = {name: each.wrong() for name, each in played.items() if each.wrong()}
    assert len(wrong) <= (1 - LEAST_AS_MEANT) * len(DAY), wrong


def test_nothing_that_can_do_harm_goes_out_by_itself(played: Mapping[str, Played], rules: Rules) -> None:
    for each in played.values():
        if each.ending.how in ("send", "ask"):
            assert {rules.actions[action.kind].risk for action in each.ending.proposal.actions} <= {"low"}, each.name


def test_who_is_confused_by_our_answer_meets_a_person(played: Mapping[str, Played]) -> None:
    confused = [each for each in played.values() if each.repeat is not None and each.repeat.confusion]
    assert confused
    for each in confused:
        assert each.ending.how == "review", each.name
        assert "repeat_contact" in each.reasons
