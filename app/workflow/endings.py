"""Where the workflow leaves a ticket, and the proposal that says what was found, done and why. Every exit is made here."""

from __future__ import annotations

from typing import Literal

from app.workflow import proof
from app.workflow.gate import gate
from app.workflow.services import Services
from store.case import Case, Ending
from store.contract import Claim, Failure, Gate, GateReason, Proposal, Route, Watermark
from store.live import Switch

How = Literal["send", "ask", "review", "hold", "close"]

_NOT_ROUTED = Route(name="fallback", model="", code="step_failed", reason="a step failed before routing")


def answered(case: Case, services: Services, more: tuple[GateReason, ...] = ()) -> Ending:
    """The drafted answer: out by itself when nothing stops it, else before a person. `more` are the way's own reasons."""
    made = proposal(case, services)
    stopped = _gated(made, services, more)
    return _ending("review" if stopped.reasons else "send", case, made, stopped, why=_reason(case))


def asked(case: Case, failure: Failure, services: Services, more: tuple[GateReason, ...] = ()) -> Ending:
    """One question to the customer, unless the message itself is a person's (a threat, hidden characters, confusion)."""
    question = proposal(case, services, text=failure.customer_text).model_copy(update={"failure": failure})
    # The question is the failure's own answer, so the failure must not stop it a second time.
    stopped = _gated(question.model_copy(update={"failure": None}), services, more)
    return _ending("review" if stopped.reasons else "ask", case, question, stopped, failure=failure, why=_reason(case))


def reviewed(case: Case, failure: Failure | None, services: Services) -> Ending:
    """Before a person, always with at least one reason: a rule's, else the failure's, else the route's."""
    made = proposal(case, services).model_copy(update={"failure": failure})
    stopped = _gated(made, services)
    if not stopped.reasons:
        code, text = (failure.code, failure.internal_note) if failure else (_code(case), _reason(case))
        stopped = Gate(reasons=(GateReason(code=code, text=text),))
    return _ending("review", case, made, stopped, failure=failure, why=_reason(case))


def held(case: Case, failure: Failure, switch: Switch, services: Services) -> Ending:
    """Waits until a switch is thrown back: nothing is sent and nobody is asked. The route names what is switched off."""
    route = (case.route or _NOT_ROUTED).model_copy(
        update={{"route": "name", "model": "model", "prompt": "prompt"}.get(switch.kind, "name"): switch.name}
    )
    case = case.model_copy(update={"route": route, "reply": None})
    made = proposal(case, services).model_copy(update={"failure": failure})
    return _ending("hold", case, made, Gate(), failure=failure, why=_reason(case))


def closed(case: Case, why: str, services: Services) -> Ending:
    """Nothing to do: no reply, no action."""
    route = case.route or Route(name="routine", model="", code="no_answer_wanted", reason=why)
    return _ending("close", case, proposal(case.model_copy(update={"route": route}), services), Gate(), why=why)


def proposal(case: Case, services: Services, text: str | None = None) -> Proposal:
    """Everything known about the case as one value. `text` is a question of ours instead of the draft."""
    facts, found, reply = case.facts, case.classification, case.reply if text is None else None
    inbound = [message for message in case.messages if message.direction == "inbound"]
    route = case.route or _NOT_ROUTED
    drafted_by = {"prompt": reply.prompt, "prompt_version": reply.prompt_version} if reply and reply.prompt else {}
    words = text if text is not None else (reply.text() if reply else "")
    return Proposal(
        request_id=case.message.id,
        ticket=case.ticket.model_copy(update={"customer": facts.customer}) if facts else case.ticket,
        watermark=Watermark(
            last_customer_message_id=inbound[-1].id if inbound else None, ticket_version=case.ticket.version
        ),
        intents=tuple(intent.name for intent in found.intents) if found else (),
        confidence=found.confidence if found else None,
        route=route.model_copy(
            update={"attempts": case.attempts, "cost_micros": sum(each.cost_micros for each in case.attempts)}
            | drafted_by
        ),
        actions=reply.actions if reply else (),
        customer_reply=words or None,
        message=_unanswered(case),
        internal_note=reply.internal_note if reply else "",
        evidence=reply.evidence if reply else (),
        claims=reply.sentences if reply else ((Claim(text=text, kind="question"),) if text else ()),
        alternatives=case.alternatives if reply else (),
        hidden=sum(message.hidden for message in inbound),
        rules_version=services.rules.version,
    )


def proved(case: Case, services: Services) -> Case:
    """The case with each sentence of its reply checked against the evidence. The gate itself looks for leaks."""
    if case.reply is None:
        return case
    claims = proof.prove(case.reply, case, services.rules)
    return case.model_copy(update={"reply": case.reply.model_copy(update={"sentences": claims})})


def _unanswered(case: Case) -> str:
    """What the customer wrote since our last answer, up to the message that is handled."""
    texts: list[str] = []
    for message in case.messages:
        texts = [] if message.direction == "outbound" else [*texts, message.text]
        if message.id == case.message.id:
            break
    return "\n\n".join(texts) or case.message.text


def _gated(made: Proposal, services: Services, more: tuple[GateReason, ...] = ()) -> Gate:
    customer = made.ticket.customer.id if made.actions else None
    found = gate(made, services.rules, services.refunded_today(customer) if customer else {})
    return found.model_copy(update={"reasons": (*more, *found.reasons)}) if more else found


def _ending(how: How, case: Case, made: Proposal, stopped: Gate, *, why: str, failure: Failure | None = None) -> Ending:
    return Ending(
        how=how,
        proposal=made,
        gate=stopped,
        customer=made.ticket.customer,
        failure=failure,
        intents=case.classification.intents if case.classification else (),
        why=why,
        # Failed attempts are rows already; the good ones become rows with the ending.
        attempts=tuple(attempt for attempt in case.attempts if attempt.outcome == "ok"),
    )


def _reason(case: Case) -> str:
    return (case.route or _NOT_ROUTED).reason


def _code(case: Case) -> str:
    return (case.route or _NOT_ROUTED).code
