"""Review rules taken apart once for all proposals, and where they hold in one.

A rule is looked at only where the proposal shows a sign of it: an action of its kind, an intent, a word. What a sign stands
for is judged by the conditions themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.workflow.letters import runs
from app.workflow.stops import OF_ACTION, OF_PROPOSAL, OURS, Hit, Looked, OfAction, OfProposal, openings, spoken
from config.rules import ReviewEntry
from store.contract import Action

_ACTS, _ONE_MODEL, _SILENT = "an action", "an action of one model", "no message"
"""Signs of what is there whatever its name. A sign that is no word has a space, which no word has."""


@dataclass(frozen=True)
class Plan:
    """One review rule: its set conditions, of an action and of the whole proposal, with what each wants.

    `signs`: what a proposal shows where the rule may hold, one of these at least; None: it is always looked at.
    """

    entry: ReviewEntry
    signs: frozenset[str] | None
    of_action: tuple[tuple[OfAction, Any], ...]
    of_proposal: tuple[tuple[OfProposal, Any], ...]


_kept: list[tuple[object, tuple[Plan, ...]]] = []


def plans(looked: Looked) -> list[Plan]:
    """The review rules in use of which the proposal shows a sign, taken apart once for all proposals."""
    reviews = looked.rules.reviews
    if not _kept or _kept[0][0] is not reviews:
        _kept[:] = [(reviews, tuple(map(_plan, reviews)))]
    shown = _shown(looked)
    return [plan for plan in _kept[0][1] if plan.signs is None or not plan.signs.isdisjoint(shown)]


def hits(plan: Plan, looked: Looked) -> list[Hit]:
    """Every place where all set conditions hold; empty when the rule does not apply. Raises `stops.Absent`."""
    found: list[Hit] = [{}]
    for condition, wanted in plan.of_proposal:
        here = condition(wanted, looked)
        if not here:
            return here
        found = _and(found, here)
    if not plan.of_action:
        return found
    return [hit for action in looked.proposal.actions for hit in _of_action(plan.of_action, action, looked, found)]


def _of_action(
    conditions: Iterable[tuple[OfAction, Any]], action: Action, looked: Looked, found: list[Hit]
) -> list[Hit]:
    held = []
    for condition, wanted in conditions:
        here = condition(wanted, action, looked)
        if not here:
            return here
        held.append(here)
    found = _and(found, [{"action": spoken(action.kind), "description": action.description, "target": action.target}])
    for each in held:
        found = _and(found, each)
    return found


def _and(left: list[Hit], right: list[Hit]) -> list[Hit]:
    return [{**one, **other} for one in left for other in right]


def _plan(entry: ReviewEntry) -> Plan:
    if_, set_ = entry.if_, entry.if_.model_fields_set
    of_action = tuple((holds, _wanted(getattr(if_, name))) for name, holds in OF_ACTION.items() if name in set_)
    of_proposal = tuple((holds, getattr(if_, name)) for name, holds in OF_PROPOSAL.items() if name in set_)
    return Plan(entry, _signs(entry), of_action, of_proposal)  # conditions stand there with the cheapest first


def _wanted(given: Any) -> Any:
    """Amounts by currency in minor units, as money is; anything else as it was written."""
    return {name: int(each * 100) for name, each in given.items()} if isinstance(given, Mapping) else given


def _signs(entry: ReviewEntry) -> frozenset[str] | None:
    """Those of the first condition that offers any; of actions alone where one of the conditions speaks of an action."""
    if_, set_ = entry.if_, entry.if_.model_fields_set
    if not set_.isdisjoint(OF_ACTION):
        if if_.action is not None:
            return _SIGNS["action"](if_.action)
        return frozenset({_ONE_MODEL if if_.one_model_only else _ACTS})
    offered = [_SIGNS[name](getattr(if_, name)) for name in _SIGNS if name in set_]
    return next((each for each in offered if each), None)


# ── signs ────────────────────────────────────────────────────────────────────


def _shown(looked: Looked) -> set[str]:
    """The signs of a proposal: every word that is said, and what else its conditions ask for first."""
    proposal = looked.proposal
    shown = {f"identity {proposal.ticket.customer.identity}"}
    if looked.silent:
        shown.add(_SILENT)
    else:
        shown.update(*map(runs, looked.said()))
    if proposal.actions:
        shown.update((_ACTS, _ONE_MODEL) if looked.one_model else (_ACTS,))
        shown.update([f"action {action.kind}" for action in proposal.actions])
    shown.update([f"intent {name}" for name in proposal.intents])
    shown.update([f"trigger {each.code}" for each in proposal.route.triggers])
    has = (
        proposal.source.system != OURS,
        proposal.hidden > 0,
        proposal.failure is not None,
        proposal.alternatives,
        looked.problems,
        looked.leaked,
    )
    shown.update([f"has {name}" for name, there in zip(_MARKS, has, strict=True) if there])
    return shown


_MARKS = ("external", "hidden_characters", "failure", "models_disagree", "unproven_claim", "leak")
"""Conditions that ask for something that is there or not, in the order in which `_shown` looks. One that asks for its
absence has no sign."""


def _named(what: str) -> Callable[[Any], frozenset[str]]:
    return lambda wanted: frozenset(f"{what} {each}" for each in ((wanted,) if isinstance(wanted, str) else wanted))


def _marked(name: str) -> Callable[[Any], frozenset[str]]:
    return lambda wanted: frozenset({f"has {name}"} if wanted else ())


def _spoken(wanted: tuple[str, ...]) -> frozenset[str]:
    """Without the message a rule of words cannot be judged, and says so."""
    found = openings(wanted)
    return found | {_SILENT} if found else found


_SIGNS: Mapping[str, Callable[[Any], frozenset[str]]] = {
    "action": _named("action"),
    "intent": _named("intent"),
    "trigger": _named("trigger"),
    "identity": _named("identity"),
    "words": _spoken,
    **{name: _marked(name) for name in _MARKS},
}
"""The signs that a condition offers for what it wants; none where it may hold without any."""
