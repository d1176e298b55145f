"""Finds what a lead cannot have meant: unknown names, rules that can never fire, missing slots, messages in the wrong tone.

What `load` refuses comes first; the rest is only looked at in files that load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config import tone
from config.firing import never_fires
from config.load import Problem, RulesError, files, line_of, load, nearest, prompt_files
from config.rules import ActionEntry, ReviewEntry, Rules, TriggerEntry

__all__ = ["Problem", "check"]

SOURCES = ("record", "passage", "message", "external")
"""Kinds of evidence a job may trust (`store.contract.Evidence.kind`)."""

_TRIGGER_SLOTS: dict[str, frozenset[str]] = {
    "switch_off": frozenset({"switch"}),
    "step_failed": frozenset({"step", "failure"}),
    "confidence_below": frozenset({"confidence", "limit"}),
    "missing": frozenset({"missing"}),
    "identity": frozenset({"identity"}),
    "intents_at_least": frozenset({"intents"}),
    "contradiction": frozenset({"contradiction"}),
    "longer_than": frozenset({"length", "limit"}),
    "systems_at_least": frozenset({"systems"}),
    "otherwise": frozenset({"intents"}),
}
PROMPT_SLOTS = {
    "classification": frozenset({"intents", "ticket", "details"}),
    "drafting": frozenset({"actions", "ticket", "details", "evidence"}),
}
"""What a prompt can be filled with; its name begins with the job's."""
_OF_ACTION = frozenset({"action", "description", "target"})
_REVIEW_SLOTS: dict[str, frozenset[str]] = {
    "action": _OF_ACTION,
    "risk": _OF_ACTION | {"risk"},
    "irreversible": _OF_ACTION,
    "one_model_only": _OF_ACTION,
    "amount_over": _OF_ACTION | {"amount", "limit", "actual"},
    "per_day_over": _OF_ACTION | {"amount", "limit", "actual"},
    "policy_exception": _OF_ACTION | {"field", "limit", "actual"},
    "other_payment_method": _OF_ACTION | {"method", "limit", "actual"},
    "words": frozenset({"words"}),
    "identity": frozenset({"identity", "how"}),
    "models_disagree": frozenset({"field", "left", "right"}),
    "unproven_claim": frozenset({"claim"}),
    "leak": frozenset({"leak"}),
    "hidden_characters": frozenset({"count"}),
    "failure": frozenset({"step", "failure"}),
    "external": frozenset({"system"}),
    "intent": frozenset({"intent"}),
    "trigger": frozenset({"trigger"}),
}


def check(folders: Sequence[Path] = ()) -> list[Problem]:
    """Every problem, in the order of files and lines; empty when the rules say what a lead means."""
    try:
        rules = load(folders)
    except RulesError as error:
        return error.problems
    found = Found(files(folders))
    for part in (_jobs, _models, _routes, _reviews, _messages, _actions, _intents):
        part(rules, found)
    _prompts(rules, found, folders)
    return sorted(found.problems)


@dataclass
class Found:
    """Problems as they are found, each with the line of its key."""

    paths: dict[str, Path]
    problems: list[Problem] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)

    def say(self, file: str, where: Sequence[str | int], text: str) -> None:
        """One problem at a key of a file."""
        if file not in self._texts:
            self._texts[file] = self.paths[file].read_text("utf-8")
        line = line_of(self._texts[file], where)
        self.problems.append(Problem(str(self.paths[file]), line, ".".join(map(str, where)), text))

    def unknown(self, file: str, where: Sequence[str | int], what: str, name: str, known: Iterable[str]) -> None:
        """A problem when the name is not among those known, with the nearest right one."""
        names = list(known)
        if name not in names:
            self.say(file, where, f'there is no {what} "{name}"{nearest(name, names)}')


def _jobs(rules: Rules, found: Found) -> None:
    for name, job in rules.jobs.items():
        if not job.owner.strip():
            found.say("jobs", (name, "owner"), "nobody owns this job")
        for source in job.sources:
            found.unknown("jobs", (name, "sources"), "source", source, SOURCES)
        for route, model in job.models.items():
            if route != "default":
                found.unknown("jobs", (name, "models"), "route", route, rules.routes)
            found.unknown("jobs", (name, "models"), "model", model, rules.models)
        for route in rules.routes:
            if route not in job.models and "default" not in job.models:
                found.say("jobs", (name, "models"), f'no model for the route "{route}" and no default')
        if job.deadline_seconds <= 0:
            found.say("jobs", (name, "deadline_seconds"), "no time at all: at least a second")


def _models(rules: Rules, found: Found) -> None:
    for name, model in rules.models.items():
        needed = ("which",) if model.kind == "embedded" else ("base_url", "model")
        for key in needed:
            if getattr(model, key) is None:
                found.say("models", (name, "kind"), f'a model of kind "{model.kind}" needs "{key}"')


def _routes(rules: Rules, found: Found) -> None:
    for name, route in rules.routes.items():
        found.unknown("routes", ("route", name, "model"), "model", route.model, rules.models)
        if route.not_chosen:
            found.unknown("routes", ("route", name, "not_chosen"), "model", route.not_chosen, rules.models)
        if route.instead is not None:
            found.unknown("routes", ("route", name, "instead"), "route", route.instead, rules.routes)
            if route.instead == name:
                found.say("routes", ("route", name, "instead"), "a route cannot stand in for itself")
        drafting = rules.jobs["drafting"].models
        if (drafts := drafting.get(name, drafting.get("default", route.model))) != route.model:
            found.say("routes", ("route", name, "model"), f'jobs.toml drafts on this route with "{drafts}"')
    _names("routes", "trigger", rules.triggers, found)
    for at, trigger in enumerate(rules.triggers):
        where = ("trigger", at)
        found.unknown("routes", (*where, "route"), "route", trigger.route, rules.routes)
        if trigger.message is not None:
            found.unknown("routes", (*where, "message"), "message", trigger.message, rules.messages)
        elif trigger.then in {"ask", "retry"}:
            found.say("routes", where, f'then = "{trigger.then}" needs a message: what the customer is asked')
        condition = next(iter(trigger.if_.model_fields_set))
        _slots(("routes", (*where, "reason")), trigger.reason, _TRIGGER_SLOTS.get(condition, frozenset()), found)
    for at, why in never_fires(rules):
        found.say("routes", ("trigger", at), f"can never fire: {why}")
    if not any(trigger.if_.otherwise for trigger in rules.triggers):
        found.say("routes", ("trigger",), "no trigger with otherwise = true: a clear ticket would have no way")


def _reviews(rules: Rules, found: Found) -> None:
    _names("review", "review", rules.reviews, found)
    for at, review in enumerate(rules.reviews):
        where, if_ = ("review", at), review.if_
        kinds = (if_.action,) if isinstance(if_.action, str) else if_.action or ()
        for kind in kinds:
            found.unknown("review", (*where, "if", "action"), "action", kind, rules.actions)
        for intent in if_.intent or ():
            found.unknown("review", (*where, "if", "intent"), "intent", intent, rules.intents)
        for name in if_.trigger or ():
            found.unknown("review", (*where, "if", "trigger"), "trigger", name, [each.name for each in rules.triggers])
        known = frozenset().union(*(_REVIEW_SLOTS.get(name, frozenset()) for name in if_.model_fields_set))
        _slots(("review", (*where, "reason")), review.reason, known, found)
        _slots(("review", (*where, "short")), review.short, known, found)
        for why in _contradictions(review, [rules.actions[kind] for kind in kinds if kind in rules.actions]):
            found.say("review", (*where, "if"), f"can never fire: {why}")


def _contradictions(review: ReviewEntry, entries: list[ActionEntry]) -> Iterator[str]:
    if_ = review.if_
    for name in ("action", "words", "identity", "intent", "trigger", "amount_over", "per_day_over"):
        value = getattr(if_, name)
        if value is not None and not value:
            yield f'"{name}" is empty'
    if not entries:
        return
    if (if_.amount_over or if_.per_day_over) and all(entry.amount == "none" for entry in entries):
        yield "this action has no amount"
    if if_.policy_exception and not any(entry.require for entry in entries):
        yield "this action requires nothing, so nothing can be an exception"
    if if_.other_payment_method and not any(
        arg.type == "payment_method" for entry in entries for arg in entry.args.values()
    ):
        yield "this action names no payment method"
    if if_.risk is not None and all(entry.risk != if_.risk for entry in entries):
        yield f"this action is never of {if_.risk} risk"
    if if_.irreversible is not None and all(entry.reversible is if_.irreversible for entry in entries):
        yield "this action is always reversible" if if_.irreversible else "this action is never reversible"
    if if_.one_model_only and not any(entry.must_be_right for entry in entries):
        yield "this action is not marked must_be_right"
    if if_.one_model_only and if_.models_disagree:
        yield "one model alone cannot disagree"


def _messages(rules: Rules, found: Found) -> None:
    for code, message in rules.messages.items():
        for where, text in tone.complaints(message):
            found.say("messages", (code, where), text)
        for where in ("customer", "internal"):
            _slots(("messages", (code, where)), getattr(message, where), tone.SLOTS, found)


def _actions(rules: Rules, found: Found) -> None:
    for kind, action in rules.actions.items():
        where = ("action", kind)
        found.unknown("actions", (*where, "connector"), "connector", action.connector, rules.connectors)
        for at, need in enumerate(action.require):
            found.unknown("actions", (*where, "require", at), "message", need.otherwise, rules.messages)
            found.unknown("actions", (*where, "require", at), "record", need.record, rules.sources.records)
        if action.amount == "arg:amount" and getattr(action.args.get("amount"), "type", "") != "money":
            found.say("actions", (*where, "amount"), 'needs an argument "amount" of type "money"')
        types = {arg.type for arg in action.args.values()}
        if types & {"items", "shipment"} and "order" not in types:
            found.say("actions", (*where, "args"), 'items and shipments need an argument of type "order"')
        if "variants" in types and "items" not in types:
            found.say("actions", (*where, "args"), 'variants need an argument of type "items"')
        records = {f"{arg.type}." for arg in action.args.values()} | {"customer."}
        known = frozenset(action.args) | {"amount", "target", "customer"}
        for key in ("description", "customer", "target"):
            _slots(("actions", (*where, key)), getattr(action, key), known, found, records=frozenset(records))
    for name, connector in rules.connectors.items():
        if connector.kind == "http" and connector.url is None:
            found.say("actions", ("connector", name), 'a connector of kind "http" needs "url"')


def _intents(rules: Rules, found: Found) -> None:
    asked = {need for trigger in rules.triggers for need in trigger.if_.missing or ()}
    asked |= {"identity"} if any(trigger.if_.identity for trigger in rules.triggers) else set()
    for name, intent in rules.intents.items():
        if not intent.examples:
            found.say("intents", (name, "examples"), "no example: write at least five")
        for kind in intent.actions:
            found.unknown("intents", (name, "actions"), "action", kind, rules.actions)
        for other in intent.implies:
            found.unknown("intents", (name, "implies"), "intent", other, rules.intents)
        for other in intent.like:
            found.unknown("intents", (name, "like"), "intent", other, rules.intents)
        for need in intent.needs:
            if need not in asked and "any" not in asked:
                found.say("intents", (name, "needs"), f'no trigger of routes.toml asks for "{need}" when it is missing')


def _prompts(rules: Rules, found: Found, folders: Sequence[Path]) -> None:
    for name, job in rules.jobs.items():
        if job.prompt is not None:
            found.unknown("jobs", (name, "prompt"), "prompt", job.prompt, rules.prompts)
        if job.trial is not None:
            found.unknown("jobs", (name, "trial"), "prompt", job.trial.prompt, rules.prompts)
            if name != "drafting":
                found.say("jobs", (name, "trial"), "only drafting can try another prompt on a share of the tickets")
            elif job.trial.prompt == (job.prompt or "drafting"):
                found.say("jobs", (name, "trial"), "this is the prompt that every other ticket gets too")
    for prompt, path in prompt_files(folders).items():
        kind = "classification" if prompt.startswith("classification") else "drafting"
        template = rules.prompts[prompt]
        for slot in tone.slots_of(template):
            if slot not in PROMPT_SLOTS[kind]:
                line = 1 + template[: template.index(f"{{{slot}}}")].count("\n")
                said = nearest(slot, sorted(PROMPT_SLOTS[kind]))
                found.problems.append(Problem(str(path), line, slot, f"{{{slot}}} cannot be filled{said}"))


def _names(file: str, table: str, entries: Sequence[TriggerEntry | ReviewEntry], found: Found) -> None:
    seen: set[str] = set()
    for at, entry in enumerate(entries):
        if entry.name in seen:
            found.say(file, (table, at, "name"), f'the name "{entry.name}" stands twice')
        seen.add(entry.name)


def _slots(
    where: tuple[str, Sequence[str | int]],
    text: str,
    known: frozenset[str],
    found: Found,
    *,
    records: frozenset[str] = frozenset(),
) -> None:
    """Slots of a text that nothing will fill. `where`: the file and the key of the text."""
    for slot in tone.slots_of(text):
        if slot not in known and not any(slot.startswith(record) for record in records):
            said = nearest(slot, sorted(known)) if known else "; no slot is known here"
            found.say(where[0], where[1], f"{{{slot}}} cannot be filled{said}")
