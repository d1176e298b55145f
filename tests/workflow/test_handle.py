"""The way of a ticket with the real rules, the sample shop and the embedded models: where it ends, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.models import minilm, registry
from app.models.port import ModelFailure
from app.sources import records
from app.sources.lookup import Lookup
from app.workflow.handle import end
from app.workflow.services import Services
from app.workflow.steps import handle_case
from config.load import load
from config.rules import Rules
from store.case import Case, Classification, Clues, Facts, Reply
from store.contract import Attempt, Claim, Evidence, Message, Proposal, Ticket, now
from store.live import RepeatContact, Switch
from tests.workflow.shopfloor import sample_orders

ORDER, EMAIL, NAME = sample_orders()[0]
NEWCOMER = "amara.diallo@post.example"
"""A customer without any order."""


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load()


@pytest.fixture(scope="module")
def services(rules: Rules, fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Services:
    shop = records.open_shop(rules, tmp_path_factory.mktemp("shop") / "shop.sqlite")
    return Services(
        rules, registry.models(rules, fitted), Lookup(rules, shop, minilm.embed), sleep=lambda _seconds: None
    )


def case(text: str, *earlier: Message, subject: str = "", sender: str | None = EMAIL) -> Case:
    message = Message(id="m1", ticket_id="t1", direction="inbound", at=now(), author=NAME, sender=sender, text=text)
    ticket = Ticket(id="t1", subject=subject, version=len(earlier) + 1)
    return Case(ticket=ticket, messages=(*earlier, message), message=message)


def wrote(id_: str, text: str, direction: str = "inbound") -> Message:
    return Message.model_validate(
        {
            "id": id_,
            "ticket_id": "t1",
            "direction": direction,
            "at": now(),
            "text": text,
            "ai_handled": direction != "inbound",
        }
    )


class Broken:
    """A model that fails with what the script says, then hands over to a real one."""

    def __init__(self, model: object, *failures: ModelFailure) -> None:
        self.name, self._model, self._failures, self.calls = "cheap", model, list(failures), 0

    def classify(self, text: str, *, details: str = "", timeout: float) -> tuple[Classification, Attempt]:
        self.calls += 1
        if self._failures:
            raise self._failures.pop(0)
        return self._model.classify(text, details=details, timeout=timeout)  # type: ignore[attr-defined]

    def draft(self, case: Case, *, timeout: float) -> tuple[Reply, Attempt]:
        return self._model.draft(case, timeout=timeout)  # type: ignore[attr-defined]


def with_failures(services: Services, *failures: ModelFailure) -> tuple[Services, Broken]:
    name = services.rules.jobs["classification"].models["default"]
    broken = Broken(services.models[name], *failures)
    return replace(services, models={**services.models, name: broken}), broken


def test_a_question_about_an_own_order_is_answered_from_the_record(services: Services) -> None:
    ending = handle_case(case(f"Where is my order {ORDER}?"), services)
    assert ending.how == "send"
    assert ORDER in (ending.proposal.customer_reply or "")
    assert ending.proposal.ticket.customer.identity == "verified"
    assert ending.proposal.route.reason
    assert {attempt.step for attempt in ending.attempts} == {"classification", "lookup", "drafting"}


def test_the_same_question_of_a_stranger_reveals_nothing(services: Services) -> None:
    ending = handle_case(case(f"Where is my order {ORDER}?", sender="stranger@example.net"), services)
    assert ending.how in ("ask", "review")
    assert ending.proposal.actions == ()
    assert EMAIL not in ending.proposal.model_dump_json(exclude={"ticket"})


def test_an_account_change_stops_with_what_two_models_propose(services: Services) -> None:
    ending = handle_case(case("Please change the e-mail of my account to mia.new@example.com"), services)
    assert ending.how == "review"
    assert [action.kind for action in ending.proposal.actions] == ["change_email"]
    assert "account_email" in {reason.code for reason in ending.gate.reasons}
    assert all(action.idempotency_key and action.action_id.startswith("m1") for action in ending.proposal.actions)
    (other,) = ending.proposal.alternatives
    assert other.model != ending.proposal.route.model


def test_who_names_an_order_that_is_not_theirs_is_told_so_by_a_person_and_asked_once(services: Services) -> None:
    text = "Where is my order HF-99999?"
    ending = handle_case(case(text, sender=NEWCOMER), services)
    assert ending.failure is not None
    assert ending.failure.code == "order_not_found"
    assert "HF-99999" in (ending.proposal.customer_reply or "")
    assert ending.how == "review", "message and records contradict: a person sends the question"
    asked = wrote("m0", services.rules.messages["missing_order_id"].customer, "outbound")
    again = handle_case(case(text, asked, sender=NEWCOMER), services)
    assert again.proposal.customer_reply is None, "two questions for the same thing are one too many"
    unknown = handle_case(case(text, sender=None), services)
    assert unknown.failure is None or unknown.failure.code != "order_not_found", "what we do not know we do not say"


@pytest.mark.parametrize(
    ("text", "subject"),
    [("Thanks, that solved it", ""), ("I am away until Monday.", "Automatic reply: your order")],
)
def test_what_wants_no_answer_closes_the_ticket(services: Services, text: str, subject: str) -> None:
    ending = handle_case(case(text, subject=subject), services)
    assert ending.how == "close"
    assert ending.why
    assert ending.proposal.customer_reply is None


def test_a_temporary_failure_is_tried_again_and_each_try_is_a_row(services: Services) -> None:
    kept: list[Attempt] = []
    busy = ModelFailure("busy", "429", phase="answer", status=429, retry_after=1.0)
    some, model = with_failures(services, busy, busy)
    ending = handle_case(
        case(f"Where is my order {ORDER}?"), replace(some, record=lambda _ticket, rows: kept.extend(rows))
    )
    assert ending.how == "send"
    assert model.calls == 3
    assert [(row.number, row.outcome, row.code) for row in kept] == [
        (1, "temporary", "model_busy"),
        (2, "temporary", "model_busy"),
    ]
    assert [row.number for row in ending.proposal.route.attempts if row.step == "classification"][:3] == [1, 2, 3]
    assert not {row.at for row in kept} & {row.at for row in ending.attempts}, "a row would be written twice"


def test_a_permanent_failure_goes_to_a_person_at_once_with_both_texts(services: Services) -> None:
    some, model = with_failures(services, ModelFailure("unfit", "no JSON", phase="answer"))
    ending = handle_case(case(f"Where is my order {ORDER}?"), some)
    assert ending.how == "review"
    assert model.calls == 1
    assert ending.proposal.route.name == "fallback"
    assert ending.failure is not None
    assert ending.failure.code == "model_answer_unfit"
    assert ending.failure.customer_text != ending.failure.internal_note


def test_a_model_that_is_switched_off_is_not_called_and_the_ticket_waits(services: Services) -> None:
    some, model = with_failures(services)
    name = services.rules.jobs["classification"].models["default"]
    off = Switch(kind="model", name=name, on=False, why="it loops")
    ending = handle_case(case(f"Where is my order {ORDER}?"), replace(some, switches=lambda: (off,)))
    assert ending.how == "hold"
    assert model.calls == 0
    assert ending.proposal.route.model == name, "the store holds it by the switch that the route names"
    to_review = off.model_copy(update={"waiting": "review"})
    assert handle_case(case("Where is it?"), replace(some, switches=lambda: (to_review,))).how == "review"


class Forger:
    """Drafts what it likes, and brings a source that says so."""

    name = "cheap"

    def __init__(self, model: object) -> None:
        self._model = model

    def classify(self, text: str, *, details: str = "", timeout: float) -> tuple[Classification, Attempt]:
        return self._model.classify(text, details=details, timeout=timeout)  # type: ignore[attr-defined]

    def draft(self, case: Case, *, timeout: float) -> tuple[Reply, Attempt]:
        lie = "Your account has been closed as you asked."
        source = Evidence(id="policy.md#closing", kind="record", title="Account", quote=lie)
        claim = Claim(text=f"Thank you for your message, {lie.lower()}", kind="courtesy", evidence_ids=(source.id,))
        return Reply(model=self.name, sentences=(claim,), evidence=(source,)), Attempt(step="draft", model=self.name)


def test_a_model_cannot_bring_its_own_proof(services: Services) -> None:
    forging = {name: Forger(model) for name, model in services.models.items()}
    ending = handle_case(case(f"Where is my order {ORDER}?"), replace(services, models=forging))
    assert ending.how == "review"
    assert ending.failure is not None
    assert ending.failure.code == "model_answer_unfit"
    assert "policy.md#closing was not looked up" in ending.proposal.route.attempts[-1].detail


def test_a_new_ticket_takes_the_way_that_was_chosen_when_its_route_was_switched_off(services: Services) -> None:
    text = f"Where is my order {ORDER}?"
    meant = handle_case(case(text), services).proposal.route.name
    assert meant == "routine"
    off = Switch(kind="route", name=meant, on=False, why="it loops", waiting="route:messy")
    assert handle_case(case(text), replace(services, switches=lambda: (off,))).proposal.route.name == "messy"
    closed = off.model_copy(update={"waiting": "route:fallback"})
    moved = handle_case(case(text), replace(services, switches=lambda: (closed,)))
    assert moved.proposal.route.name == "fallback"
    assert "switched off" in moved.proposal.route.reason


def test_a_switch_thrown_between_two_tries_stops_the_second(services: Services) -> None:
    thrown: list[Switch] = []
    some, model = with_failures(services, ModelFailure("gone", "refused", phase="connect"))
    name = services.rules.jobs["classification"].models["default"]
    some = replace(
        some,
        switches=lambda: tuple(thrown),
        sleep=lambda _seconds: thrown.append(Switch(kind="model", name=name, on=False, why="down")),
    )
    assert handle_case(case(f"Where is my order {ORDER}?"), some).how == "hold"
    assert model.calls == 1


def test_a_source_that_is_down_goes_to_a_person(services: Services) -> None:
    class Down:
        def look_up(self, _case: Case, _clues: Clues, _intents: object) -> Facts:
            raise OSError("no such file")

    ending = handle_case(case(f"Where is my order {ORDER}?"), replace(services, lookup=Down()))
    assert ending.how == "review"
    assert ending.failure is not None
    assert ending.failure.code == "records_down"


def test_a_mistake_of_ours_goes_to_a_person_and_is_not_lost(services: Services) -> None:
    def explode(_ticket: str) -> list[tuple[Message, Proposal]]:
        raise AssertionError("a mistake")

    ending = end(case(f"Where is my order {ORDER}?"), replace(services, ai_replies=explode))
    assert ending.how == "review"
    assert ending.gate.reasons


def test_who_did_not_understand_is_linked_and_not_answered_by_itself_again(services: Services) -> None:
    first = handle_case(case(f"Where is my order {ORDER}?"), services).proposal
    reply = wrote("r1", first.customer_reply or "", "outbound")
    linked: list[RepeatContact] = []
    again = case(f"I don't understand this. Where is my order {ORDER}?", reply)
    ending = handle_case(
        again, replace(services, ai_replies=lambda _ticket: [(reply, first)], link_repeat=linked.append)
    )
    assert [(each.reply_id, each.confusion) for each in linked] == [("r1", True)]
    assert ending.how == "review"
    assert "repeat_contact" in {reason.code for reason in ending.gate.reasons}


def test_the_proposal_says_how_far_it_has_read(services: Services) -> None:
    ending = handle_case(case(f"Where is my order {ORDER}?", wrote("m0", "Hello")), services)
    assert ending.proposal.watermark.last_customer_message_id == "m1"
    assert ending.proposal.watermark.ticket_version == 2
    assert ending.proposal.rules_version == services.rules.version
