"""Conditions of triggers and review rules in a lead's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from config.rules import FailureMessage, ReviewIf, TriggerEntry, TriggerIf

NEXT = {
    "retry": "try again",
    "ask_customer": "ask the customer once, then a person",
    "review": "a person",
    "send": "send it",
    "hold": "wait",
}
"""The one next step of a message, in words."""


def condition_of_trigger(if_: TriggerIf) -> str:
    """When the trigger fires."""
    name, value = next((name, value) for name, value in if_ if value is not None)
    return _TRIGGER[name](value)


def condition_of_review(if_: ReviewIf) -> str:
    """When the rule stops a proposal: all its conditions."""
    return " and ".join(_REVIEW[name](value) for name, value in if_ if value is not None)


def what_then(entry: TriggerEntry, message: FailureMessage | None) -> str:
    """What happens after the trigger chose the way."""
    match entry.then:
        case "ask":
            return "ask the customer once, then a person"
        case "retry":
            after = NEXT[message.next] if message else "a person"
            return f"read once more, then {after}"
        case "review":
            return "a person"
    return "draft, prove, gate"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


def _yes_no(yes: str, no: str) -> Callable[[Any], str]:
    return lambda value: yes if value else no


def _amounts(value: Mapping[str, Any]) -> str:
    if len(set(value.values())) == 1:
        return f"{next(iter(value.values()))} {'/'.join(value)}"
    return " or ".join(f"{amount} {currency}" for currency, amount in value.items())


_TRIGGER: Mapping[str, Callable[[Any], str]] = {
    "switch_off": _yes_no("the route, its model or its prompt is switched off", "no switch is off"),
    "step_failed": _yes_no("a step failed", "no step failed"),
    "confidence_below": lambda value: f"confidence below {value:.2f}",
    "out_of_scope": _yes_no("nothing we know how to answer", "something we know how to answer"),
    "missing": lambda value: "something an intent needs is missing" if "any" in value else f"missing: {_listed(value)}",
    "intents_at_least": lambda value: f"{value} or more wishes",
    "contradiction": _yes_no("message and records contradict", "nothing contradicts"),
    "longer_than": lambda value: f"longer than {value:,} characters",
    "systems_at_least": lambda value: f"{value} or more systems",
    "models_disagree": _yes_no("the two models read it differently", "the two models agree"),
    "identity": lambda value: f"identity {' or '.join(value)}, and it is needed",
    "otherwise": _yes_no("nothing above fits", "never"),
}
_REVIEW: Mapping[str, Callable[[Any], str]] = {
    "action": lambda value: _listed([value] if isinstance(value, str) else value),
    "amount_over": lambda value: f"over {_amounts(value)}",
    "per_day_over": lambda value: f"over {_amounts(value)} a customer a day",
    "risk": lambda value: f"{value} risk",
    "policy_exception": _yes_no("outside the policy", "inside the policy"),
    "words": lambda value: (
        f"the message says {', '.join(repr(word) for word in value[:4])}{', …' if len(value) > 4 else ''}"
    ),
    "identity": lambda value: f"identity {' or '.join(value)}",
    "models_disagree": _yes_no("two models disagree", "two models agree"),
    "unproven_claim": _yes_no("a sentence without a source", "every sentence has a source"),
    "hidden_characters": _yes_no("hidden characters", "no hidden characters"),
    "one_model_only": _yes_no("must be right, and only one model proposed it", "two models proposed it"),
    "failure": _yes_no("a step failed", "no step failed"),
    "irreversible": _yes_no("cannot be taken back", "can be taken back"),
    "external": _yes_no("filed from outside", "made by the workflow"),
    "leak": _yes_no("the reply shows what is not the customer's", "no leak"),
    "intent": lambda value: f"the wish is {_listed(value)}",
    "trigger": lambda value: f"the trigger {_listed(value)} fired",
    "other_payment_method": _yes_no("money not back to what paid", "money back to what paid"),
}
