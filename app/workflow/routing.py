"""Which way a ticket goes: plain triggers from top to bottom, the first that fits decides, all that fit are kept.

The sentence is made of the case's own facts, so that a person understands it in five seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from app.workflow.slots import filled
from config.rules import IntentEntry, RouteEntry, Rules, TriggerEntry, TriggerIf
from store.case import Case, Classification, Clues, Facts, Routing
from store.contract import Route, Trigger

FALLBACK = "fallback"
MISSING_FIELD = "missing_field"
"""Code of the way a ticket takes when a trigger asks for something the case does not have."""
CLASSIFY = "classification"
"""The step whose attempts say whether the message was read again with the tighter prompt."""

Then = Literal["go_on", "ask", "retry", "review"]
Off = frozenset[tuple[str, str]]


class Fits(NamedTuple):
    """A condition that holds, with what its sentence says."""

    slots: Mapping[str, str] = MappingProxyType({})
    missing: tuple[str, ...] = ()


class Absent(Exception):
    """A condition asks for a field that the case does not have."""


def route(case: Case, rules: Rules, off: Off) -> Routing:
    """The way, the model chosen and not chosen, why, and what to do next.

    `off`: what is switched off, as (kind, name). A route that is off gives way to its `instead`. A trigger whose field is
    missing on the case sends it to the fallback and names the field: nothing passes because nobody knew.
    """
    fired: list[tuple[TriggerEntry, Fits]] = []
    absent: Absent | None = None
    looked = _Looked(case, rules)
    for trigger, holds, wanted in _plans(rules):
        if absent and not fired:
            break
        if holds is _otherwise and fired:
            continue
        try:
            if fits := holds(wanted, looked):
                fired.append((trigger, fits))
        except Absent as problem:
            absent = absent or problem
    if not fired:
        return _cannot_tell(str(absent or "a trigger that fits"), case, rules)
    trigger, fits = fired[0]
    reasons = tuple([(each.name, filled(each.reason, why.slots)) for each, why in fired])
    then, message = _next(trigger, case, rules)
    meant = _routing(_way(trigger.route, rules), reasons, then, message, fits.missing)
    switch = _switch(trigger.route, rules, off)
    return meant if switch is None else _switched(meant, switch, rules, off)


def retried(case: Case) -> bool:
    """Whether the message was already read again: with the tighter prompt of a route, or with a person's details."""
    if case.details:
        return True
    read = [attempt for attempt in case.attempts if attempt.step == CLASSIFY and attempt.outcome == "ok"]
    models = [attempt.model for attempt in read]
    return any(attempt.route for attempt in read) or len(models) > len(set(models))


def asked(case: Case, code: str, rules: Rules) -> bool:
    """Whether the customer was already asked this, in an answer of ours that came before the message."""
    message = rules.messages.get(code)
    if message is None:
        return False
    question = _as_sent(message.customer)
    return any(m.direction == "outbound" and m.at <= case.message.at and question.search(m.text) for m in case.messages)


def needs(case: Case, rules: Rules) -> tuple[str, ...]:
    """What the intents of the case need and look-up did not find, each once. Raises `Absent`."""
    found = _facts(case)
    wanted = dict.fromkeys([need for entry in _entries(case, rules) for need in entry.needs])
    return tuple([need for need in wanted if not _known(need, found)])


# ── the conditions ───────────────────────────────────────────────────────────


class _Looked:
    """What every condition reads."""

    def __init__(self, case: Case, rules: Rules) -> None:
        self.case, self.rules = case, rules
        self._absent: tuple[str, ...] | None = None

    @property
    def absent(self) -> tuple[str, ...]:
        """`needs`, looked for once for all triggers that ask."""
        if self._absent is None:
            self._absent = needs(self.case, self.rules)
        return self._absent


_Condition = Callable[[Any, _Looked], Fits | None]
_Plan = tuple[TriggerEntry, _Condition, Any]
_kept: list[tuple[object, tuple[_Plan, ...]]] = []


def _plans(rules: Rules) -> tuple[_Plan, ...]:
    """The triggers in use with their one condition and what it wants; made once for them. Switches are looked at when the
    way is known."""
    if not _kept or _kept[0][0] is not rules.triggers:
        made = tuple((each, *_condition(each.if_)) for each in rules.triggers if not each.if_.switch_off)
        _kept[:] = [(rules.triggers, made)]
    return _kept[0][1]


def _condition(if_: TriggerIf) -> tuple[_Condition, Any]:
    return next((_CONDITIONS[name], value) for name, value in if_ if value is not None)


def _step_failed(wanted: bool, looked: _Looked) -> Fits | None:
    failure = looked.case.failure
    if (failure is not None) is not wanted:
        return None
    if failure is None:
        return Fits()
    return Fits({"step": failure.step, "failure": failure.code.replace("_", " ")})


def _confidence(floor: float, looked: _Looked) -> Fits | None:
    found = _classification(looked.case).confidence
    return Fits({"confidence": f"{found:.2f}", "limit": f"{floor:.2f}"}) if found < floor else None


def _out_of_scope(wanted: bool, looked: _Looked) -> Fits | None:
    return Fits() if _classification(looked.case).out_of_scope is wanted else None


def _missing(wanted: tuple[str, ...], looked: _Looked) -> Fits | None:
    absent = looked.absent
    hit = absent if "any" in wanted else tuple(need for need in absent if need in wanted)
    return Fits({"missing": _listed(hit)}, absent) if hit else None


def _identity(wanted: tuple[str, ...], looked: _Looked) -> Fits | None:
    absent = looked.absent
    level = _facts(looked.case).customer.identity
    return Fits({"identity": level}, absent) if level in wanted and "identity" in absent else None


def _intents(least: int, looked: _Looked) -> Fits | None:
    found = _classification(looked.case).intents
    return Fits({"intents": _listed(intent.name for intent in found)}) if len(found) >= least else None


def _contradiction(wanted: bool, looked: _Looked) -> Fits | None:
    found = _facts(looked.case).contradictions
    return Fits({"contradiction": "; ".join(found)}) if bool(found) is wanted else None


def _long(limit: int, looked: _Looked) -> Fits | None:
    length = len(looked.case.message.text)
    return Fits({"length": f"{length:,}", "limit": f"{limit:,}"}) if length > limit else None


def _systems(least: int, looked: _Looked) -> Fits | None:
    found = _facts(looked.case).systems
    return Fits({"systems": _listed(found)}) if len(found) >= least else None


def _disagree(wanted: bool, looked: _Looked) -> Fits | None:
    # None means that only one model could answer: no disagreement, and must-be-right actions stop at the gate.
    return Fits() if (_classification(looked.case).agree is False) is wanted else None


def _otherwise(wanted: bool, looked: _Looked) -> Fits | None:
    found = looked.case.classification
    names = [intent.name for intent in found.intents] if found else []
    return Fits({"intents": _listed(names) or "nothing to do"}) if wanted else None


_CONDITIONS: Mapping[str, _Condition] = {
    "step_failed": _step_failed,
    "confidence_below": _confidence,
    "out_of_scope": _out_of_scope,
    "missing": _missing,
    "identity": _identity,
    "intents_at_least": _intents,
    "contradiction": _contradiction,
    "longer_than": _long,
    "systems_at_least": _systems,
    "models_disagree": _disagree,
    "otherwise": _otherwise,
}


def _classification(case: Case) -> Classification:
    if case.classification is None:
        raise Absent("classification")
    return case.classification


def _facts(case: Case) -> Facts:
    if case.facts is None:
        raise Absent("facts")
    return case.facts


def _entries(case: Case, rules: Rules) -> list[IntentEntry]:
    found = []
    for intent in _classification(case).intents:
        if (entry := rules.intents.get(intent.name)) is None:
            raise Absent(f"the intent {intent.name}")
        found.append(entry)
    return found


_CLUES: dict[str, list[str]] = {}
"""The fields of clues by what they are clues of: order_ids, names."""
for _name in Clues.model_fields:
    _CLUES.setdefault(_name.removesuffix("_ids") if _name.endswith("_ids") else _name.removesuffix("s"), []).append(
        _name
    )


def _known(need: str, facts: Facts) -> bool:
    """Whether a need of an intent is met. An order that was named counts as named: look-up says whether it exists."""
    verified = facts.customer.identity == "verified"
    if need == "identity":
        return verified
    if need in {record.kind for record in facts.records}:
        return True
    if verified and need in {"order", "invoice"}:
        return False
    return any(getattr(facts.clues, name) for name in _CLUES.get(need, ()))


# ── switches, retries, questions ─────────────────────────────────────────────


def _switch(name: str, rules: Rules, off: Off) -> str | None:
    """The switch that closes a way, in words: its route, its model or its prompt."""
    entry = rules.routes.get(name)
    if not off or entry is None:
        return None
    prompt = rules.jobs["drafting"].prompt or ""
    for kind, each in (("route", name), ("model", entry.model), ("prompt", prompt)):
        if (kind, each) in off:
            return f"{kind} {each}"
    return None


def _switched(meant: Routing, switch: str, rules: Rules, off: Off) -> Routing:
    """The route's `instead`, and its `instead`, until one is open; a person when none is."""
    entry = next((each for each in rules.triggers if each.if_.switch_off), None)
    code = entry.name if entry else "switch_off"
    reason = filled(entry.reason if entry else "{switch} is switched off", {"switch": switch})
    fired = (Trigger(code=code, reason=reason), *meant.route.triggers)
    seen, name = {meant.route.name}, rules.routes[meant.route.name].instead
    while name and name not in seen and name in rules.routes:
        if _switch(name, rules, off) is None:
            return meant.model_copy(update={"route": _route(_way(name, rules), fired)})
        seen.add(name)
        name = rules.routes[name].instead
    return Routing(
        route=_route(_way(entry.route if entry else FALLBACK, rules), fired),
        then="review",
        message=entry.message if entry else "switched_off",
        missing=meant.missing,
    )


def _next(trigger: TriggerEntry, case: Case, rules: Rules) -> tuple[Then, str | None]:
    """What to do: a retry is done once, then the message's own next step; a question is asked once, then a person."""
    then, message = trigger.then, trigger.message
    if then == "retry" and retried(case):
        entry = rules.messages.get(message or "")
        then = "ask" if entry is not None and entry.next == "ask_customer" else "review"
    if then == "ask" and message and asked(case, message, rules):
        then = "review"
    return then, message or (case.failure.code if case.failure and then != "go_on" else None)


def _cannot_tell(what: str, case: Case, rules: Rules) -> Routing:
    reason = f"cannot tell the way: {what} is missing"
    return _routing(_way(FALLBACK, rules), ((MISSING_FIELD, reason),), "review", "field_missing", (what,))


# ── words ────────────────────────────────────────────────────────────────────


_Way = tuple[str, str, str, str]
"""A route's name, its model and the one not chosen, and the prompt."""


def _way(name: str, rules: Rules) -> _Way:
    entry = rules.routes.get(name) or _NO_ENTRY
    return name, entry.model, entry.not_chosen, rules.jobs["drafting"].prompt or ""


_NO_ENTRY = RouteEntry(model="", sentence="")


@lru_cache(maxsize=1024)
def _routing(
    way: _Way, fired: tuple[tuple[str, str], ...], then: Then, message: str | None, missing: tuple[str, ...]
) -> Routing:
    """Few ways are gone by many tickets: the same way for the same reasons is made once. `fired`: codes and reasons."""
    triggers = tuple(Trigger(code=code, reason=reason) for code, reason in fired)
    return Routing(route=_route(way, triggers), then=then, message=message, missing=missing)


def _route(way: _Way, fired: tuple[Trigger, ...]) -> Route:
    """The way for the first of what fired."""
    name, model, other, prompt = way
    return Route(
        name=name,
        model=model,
        model_not_chosen=other,
        prompt=prompt,
        code=fired[0].code,
        reason=fired[0].reason,
        triggers=fired,
    )


def _listed(names: Any) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


@lru_cache(maxsize=256)
def _as_sent(template: str) -> re.Pattern[str]:
    """A message as it may have been sent: slots filled with anything."""
    return re.compile(
        r"\s+".join(".{1,80}?".join(map(re.escape, re.split(r"\{\w+\}", word))) for word in template.split())
    )
