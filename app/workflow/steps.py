"""The way of a ticket, from a message to its ending, as plain functions over values: no engine, no store.

classify, look up, ROUTE, draft, PROVE, GATE. Whatever fails on the way leads to one question to the customer or to a person.
"""

from __future__ import annotations

import time
from dataclasses import replace

from app.actions import actions
from app.models import answering, prompts
from app.models.extraction import extract
from app.models.port import ModelFailure
from app.workflow import closing, endings, failures, repeats, thrown, trials
from app.workflow.routing import asked
from app.workflow.routing import route as routed
from app.workflow.services import Services
from app.workflow.tries import Step, Tried, first_of, tried
from config.rules import JobName
from store.case import Case, Classification, Ending, Facts, Reply, Routing
from store.contract import Action, Alternative, Attempt, Failure, GateReason, Trigger, Value
from store.live import RepeatContact
from store.queue import Invalid


def handle_case(case: Case, services: Services) -> Ending:
    """Where this message leads. Never raises for what a model or a source does; every ending has route and reason."""
    if why := closing.machine(case):
        return endings.closed(case, why, services)
    case = _classified(case, services)
    if case.failure is None and (why := closing.no_answer_wanted(case)):
        return endings.closed(case, why, services)
    repeat = _repeat(case, services)
    case = _looked_up(case, services) if case.failure is None else case
    case, routing = _routed(case, services)
    if (then := _then(case, routing, services)) == "retry":
        case, routing = _routed(_classified_again(case, routing, services), services)
        then = _then(case, routing, services, again=True)
    again = _not_again(repeat)
    if then == "ask" and (clear := _clear_by_record(case, routing, services)) is not None:
        case, then = clear, "go_on"
    if then != "go_on":
        return _stopped(case, routing, then, services, again)
    case = case if case.reply is not None else _drafted(case, services)
    if case.failure is not None or (case.reply is not None and case.reply.missing):
        return _after_draft(case, services, again)
    if case.reply is None or not (case.reply.actions or case.reply.text()):
        return _nothing_to_say(case, services)
    return endings.answered(endings.proved(case, services), services, (*again, *_stops(case.reply, services)))


# ── classify ─────────────────────────────────────────────────────────────────


class Classified(Value):
    """What the classification step leaves behind."""

    classification: Classification | None = None
    attempts: tuple[Attempt, ...] = ()
    failure: Failure | None = None


class LookedUp(Value):
    """What the look-up step leaves behind."""

    facts: Facts | None = None
    attempts: tuple[Attempt, ...] = ()
    failure: Failure | None = None


class Drafted(Value):
    """What the drafting step leaves behind: the routed model's draft, and the other model's where two must agree."""

    reply: Reply | None = None
    other: Reply | None = None
    attempts: tuple[Attempt, ...] = ()
    failure: Failure | None = None


def _classified(case: Case, services: Services) -> Case:
    """By the job's own model; the embedded `strong` one is the pair, and says whether its two halves agree."""

    def make() -> Classified:
        name = services.rules.jobs["classification"].models["default"]
        first = _classify(case, _text(case), name, services)
        inbound = sum(message.direction == "inbound" for message in case.messages)
        if inbound < 2 or first.value is None or first.value.intents:
            return _kept(first)
        # A follow-up says little by itself ("it is W123"): read it with what the customer wrote before.
        return _kept(first_of(_classify(case, _whole_text(case), name, services), first))

    done = services.step("classify", Classified, make)
    return _with(case, done.attempts, done.failure, classification=done.classification)


def _classified_again(case: Case, routing: Routing, services: Services) -> Case:
    """Once more, by the stronger model of the route, over everything the customer wrote."""

    def make() -> Classified:
        name = services.rules.jobs["classification"].models.get(routing.route.name, routing.route.model)
        return _kept(_classify(case, _whole_text(case), name, services))

    done = services.step("classify again", Classified, make)
    if done.classification is None:
        return _with(case, done.attempts, done.failure)
    return _with(case, done.attempts, None, classification=done.classification)


def _classify(case: Case, text: str, name: str, services: Services) -> Tried[Classification]:
    step = _step("classification", name, case, services)

    def call(left: float) -> tuple[Classification, Attempt]:
        return services.models[name].classify(text, details=case.details, timeout=_limit(name, left, services))

    return tried(step, call, services)


def _kept(result: Tried[Classification]) -> Classified:
    return Classified(classification=result.value, attempts=result.attempts, failure=result.failure)


def _text(case: Case) -> str:
    """What is classified: the message, with the ticket's subject where it opens the ticket."""
    return f"{case.ticket.subject}\n{case.message.text}".strip() if _opens(case) else case.message.text


def _opens(case: Case) -> bool:
    return bool(case.messages) and case.messages[0].id == case.message.id


def _whole_text(case: Case) -> str:
    texts = [message.text for message in case.messages if message.direction == "inbound"]
    return "\n".join([case.ticket.subject, *texts]).strip()


# ── look up ──────────────────────────────────────────────────────────────────


def _looked_up(case: Case, services: Services) -> Case:
    def make() -> LookedUp:
        clues = extract(_whole_text(case), services.rules)
        wanted = [intent.name for intent in case.classification.intents] if case.classification else []

        def call(_left: float) -> tuple[Facts, Attempt]:
            begun = time.perf_counter()
            facts = services.lookup.look_up(case, clues, wanted)
            return facts, Attempt(step="lookup", ms=(time.perf_counter() - begun) * 1000)

        result = tried(_step("lookup", "", case, services), call, services)
        return LookedUp(facts=result.value, attempts=result.attempts, failure=result.failure)

    done = services.step("look up", LookedUp, make)
    return _with(case, done.attempts, done.failure, facts=done.facts)


def _repeat(case: Case, services: Services) -> RepeatContact | None:
    """Link this message to the automatic reply that it comes back on, if there is one."""
    wanted = tuple(intent.name for intent in case.classification.intents) if case.classification else ()
    replies = services.ai_replies(case.ticket.id)
    subject = case.ticket.subject if _opens(case) else ""
    days = services.rules.windows.repeat_days
    found = repeats.link(case.message, wanted, replies, days, subject) if replies else None
    if found is not None:
        services.link_repeat(found)
    return found


def _stops(reply: Reply, services: Services) -> tuple[GateReason, ...]:
    """What the draft itself stops for. A wish that the records forbid asks for an exception, which has a rule of its own."""
    rule = next((each for each in services.rules.reviews if each.if_.policy_exception), None)
    forbidden = {need.otherwise for entry in services.rules.actions.values() for need in entry.require}
    if rule is None:
        return reply.stops
    return tuple(
        stop.model_copy(update={"code": rule.name, "to": rule.to, "short": stop.code.replace("_", " ")})
        if stop.code in forbidden
        else stop
        for stop in reply.stops
    )


def _not_again(repeat: RepeatContact | None) -> tuple[GateReason, ...]:
    """Who did not understand the first automatic answer is not sent a second one unread."""
    if repeat is None or not repeat.confusion:
        return ()
    return (GateReason(code="repeat_contact", text="The customer did not understand our automatic reply"),)


# ── route ────────────────────────────────────────────────────────────────────


def _routed(case: Case, services: Services) -> tuple[Case, Routing]:
    off = services.off()
    routing = routed(case, thrown.rules(services), off)
    job, model = services.rules.jobs["drafting"], routing.route.model
    drafted_by = _prompt("drafting", trials.prompt(job, case.ticket.id, off), model, services)
    return case.model_copy(update={"route": routing.route.model_copy(update={"prompt": drafted_by})}), routing


def _then(case: Case, routing: Routing, services: Services, *, again: bool = False) -> str:
    """What is done next: what ROUTE says, a retry once; and a failure that has a question for the customer asks it once."""
    failure = _told(case, routing, services)
    if failure is None or routing.then in ("go_on", "ask"):
        return routing.then
    if routing.then == "retry" and not again:
        return "retry"
    if routing.then == "review" and case.failure is None:
        return "review"
    told = {failure.code, routing.message or failure.code}
    once = failure.next_step == "ask_customer" and not any(asked(case, code, services.rules) for code in told)
    return "ask" if once else "review"


def _told(case: Case, routing: Routing, services: Services) -> Failure | None:
    """The message of messages.toml that this routing leads to, with what is known in its slots."""
    if case.failure is not None and routing.message in (None, case.failure.code):
        return case.failure
    if routing.message is None:
        return case.failure
    code = "order_not_found" if _named_another(case, routing) else routing.message
    return failures.failure(code, "routing", services.rules, **_slots(case, routing, services))


def _named_another(case: Case, routing: Routing) -> bool:
    """Whether the order that is missing was named, and is not theirs. To somebody we do not know we do not say so."""
    facts = case.facts
    known = facts is not None and facts.customer.identity == "verified"
    return known and routing.missing == ("order",) and bool(facts and facts.clues.order_ids)


def _slots(case: Case, routing: Routing, services: Services) -> dict[str, str]:
    facts, found = case.facts, case.classification
    return {
        "attempts": str(len(case.attempts)),
        "confidence": f"{found.confidence:.2f}" if found else "unknown",
        "missing": ", ".join(routing.missing) or "a detail",
        "how": (facts.customer.how if facts else "") or "nothing matched",
        "identity": facts.customer.identity if facts else "unknown",
        "order": next(iter(facts.clues.order_ids), "") if facts else "",
        "contradiction": "; ".join(facts.contradictions) if facts else "",
        "switch": routing.route.reason.removesuffix(" is switched off"),
        "field": ", ".join(routing.missing) or "a field",
        "model": routing.route.model,
        "step": case.failure.step if case.failure else "routing",
        "status": case.failure.code if case.failure else "",
    }


def _stopped(case: Case, routing: Routing, then: str, services: Services, more: tuple[GateReason, ...] = ()) -> Ending:
    """The case ends before a draft: a question, a person, or a wait for a switch. `more` keep a question from going out."""
    failure = _told(case, routing, services)
    if (
        failure is not None
        and failure.code == "switched_off"
        and (switch := thrown.holding(failure, services)) is not None
    ):
        return endings.held(case, failure, switch, services)
    if then == "ask" and failure is not None:
        return endings.asked(case, failure, services, more)
    return endings.reviewed(case, failure, services)


def _clear_by_record(case: Case, routing: Routing, services: Services) -> Case | None:
    """A wish that the classifier is not sure of and the records make clear: the drafted case, when every action of the draft
    stops at a person anyway and nothing is missing. Who is not verified has no records, so is asked."""
    if routing.message != "unclear_request" or case.facts is None or case.facts.customer.identity != "verified":
        return None
    drafted = _drafted(case, services)
    reply, kinds = drafted.reply, services.rules.actions
    if drafted.failure is not None or reply is None or reply.missing or not reply.actions:
        return None
    return drafted if all(kinds[action.kind].risk == "high" for action in reply.actions) else None


# ── draft ────────────────────────────────────────────────────────────────────


def _drafted(case: Case, services: Services) -> Case:
    """The routed model's draft; where an action must be right, the other model drafts too and both are kept."""

    def make() -> Drafted:
        assert case.route is not None
        first = _draft(case, case.route.model, services)
        if first.value is None:
            return Drafted(attempts=first.attempts, failure=first.failure)
        other = case.route.model_not_chosen
        if not other or other not in services.models or not _must_be_right(case, first.value, services):
            return Drafted(reply=first.value, attempts=first.attempts)
        second = _draft(case, other, services)
        # Where the strong half cannot load, both names are one model: its agreement with itself proves nothing.
        different = second.value if second.value is not None and second.value.model != first.value.model else None
        return Drafted(reply=first.value, other=different, attempts=(*first.attempts, *second.attempts))

    done = services.step("draft", Drafted, make)
    case = _with(case, done.attempts, done.failure, reply=done.reply)
    if done.other is None:
        return case
    other = done.other
    return case.model_copy(
        update={"alternatives": (Alternative(model=other.model, actions=other.actions, reply=other.text()),)}
    )


def _draft(case: Case, name: str, services: Services) -> Tried[Reply]:
    def call(left: float) -> tuple[Reply, Attempt]:
        reply, attempt = services.models[name].draft(case, timeout=_limit(name, left, services))
        if (strange := _never_read(reply, case)) is not None:
            detail = f"the source {strange} was not looked up"
            row = attempt.model_copy(update={"detail": detail})
            raise ModelFailure("model_answer_unfit", detail, phase="answer", attempt=row)
        try:
            made = tuple(_built(action, place, case, services) for place, action in enumerate(reply.actions, 1))
        except Invalid as refused:
            row = attempt.model_copy(update={"detail": str(refused)})
            raise ModelFailure("model_answer_unfit", str(refused), phase="answer", attempt=row) from refused
        return reply.model_copy(update={"actions": made}), attempt

    prompt = case.route.prompt if case.route else ""
    return tried(replace(_step("drafting", name, case, services), prompt=prompt), call, services)


def _never_read(reply: Reply, case: Case) -> str | None:
    """The first source of a draft that says what look-up did not find: a model must not bring its own proof."""
    facts = case.facts or Facts()
    read = {(each.kind, each.quote) for each in (*facts.passages, *facts.conversations)}
    read |= {("record", answering.quoted(record.values)) for record in facts.records}
    strange = [each for each in reply.evidence if (each.kind, each.quote) not in read]
    if not strange:
        return None
    shown = {(each.kind, each.quote) for each in prompts.evidence_of(case)}  # as an endpoint is shown the records
    return next((each.id for each in strange if (each.kind, each.quote) not in shown), None)


def _built(action: Action, place: int, case: Case, services: Services) -> Action:
    """A proposed action made anew from typed records: nothing of its meaning is the model's."""
    facts = case.facts or Facts()
    # The id carries the message's, so that the idempotency key of one ticket can never be that of another.
    return actions.build(action.kind, actions.given(action), facts, services.rules, f"{case.message.id}.{place}")


def _must_be_right(case: Case, reply: Reply, services: Services) -> bool:
    kinds = {action.kind for action in reply.actions}
    for intent in case.classification.intents if case.classification else ():
        entry = services.rules.intents.get(intent.name)
        kinds.update(entry.actions if entry else ())
    return any(services.rules.actions[kind].must_be_right for kind in kinds if kind in services.rules.actions)


def _after_draft(case: Case, services: Services, more: tuple[GateReason, ...]) -> Ending:
    """The draft failed, or says what it misses: the failure's way, or one question for the missing detail."""
    missing = case.reply.missing if case.reply is not None else ()
    if case.failure is None and case.reply is not None and case.reply.actions:
        stops = (*more, *_stops(case.reply, services))
        return endings.answered(endings.proved(case, services), services, stops)
    if case.failure is not None:
        case, routing = _routed(case, services)
        return _stopped(case, routing, _then(case, routing, services, again=True), services, more)
    assert case.route is not None
    reason = f"missing: {', '.join(missing).replace('_', ' ')}"
    trigger = Trigger(code="missing_data", reason=reason)
    route = case.route.model_copy(
        update={"code": trigger.code, "reason": reason, "triggers": (trigger, *case.route.triggers)}
    )
    routing = Routing(route=route, then="ask", message="missing_detail", missing=missing)
    then = "review" if asked(case, "missing_detail", services.rules) else "ask"
    return _stopped(case.model_copy(update={"route": route}), routing, then, services, more)


def _nothing_to_say(case: Case, services: Services) -> Ending:
    """No record and no passage answers it, and nothing is to be done: a person does."""
    failure = failures.failure("no_passage", "drafting", services.rules, attempts=str(len(case.attempts)))
    return endings.reviewed(case, failure, services)


# ── small ────────────────────────────────────────────────────────────────────


def _step(job: JobName, model: str, case: Case, services: Services) -> Step:
    return Step(
        name=job,
        ticket_id=case.ticket.id,
        deadline_seconds=services.rules.jobs[job].deadline_seconds,
        model=model,
        prompt=_prompt(job, services.rules.jobs[job].prompt or "", model, services),
        route=case.route.name if case.route else "",
    )


def _prompt(job: JobName, named: str, model: str, services: Services) -> str:
    """The prompt that an endpoint is given for a job; an embedded model has none."""
    entry = services.rules.models.get(model)
    return "" if entry is None or entry.kind == "embedded" else named or job


def _limit(name: str, left: float, services: Services) -> float:
    entry = services.rules.models.get(name)
    return max(0.001, min(left, entry.timeout_seconds if entry else left))


def _with(case: Case, attempts: tuple[Attempt, ...], failure: Failure | None, **found: object) -> Case:
    return case.model_copy(update={"attempts": (*case.attempts, *attempts), "failure": failure, **found})
