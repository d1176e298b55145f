"""The conditions of review rules: each says where it holds in a proposal, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from app.workflow.differences import differences
from app.workflow.letters import runs
from app.workflow.proof import leaks_in
from config.rules import Rules
from store.contract import Action, Money, Proposal

Hit: TypeAlias = dict[str, str]
"""Slots of a reason; `limit` and `actual` are also shown as such."""

OURS = "lastclick"


class Absent(Exception):
    """A condition asks for a field that the proposal does not have."""


class Looked:
    """What every condition reads. What several ask for is looked for once."""

    def __init__(self, proposal: Proposal, rules: Rules, refunded_today: Mapping[str, int]) -> None:
        self.proposal, self.rules, self.refunded_today = proposal, rules, refunded_today
        self.leaked = leaks_in(proposal, rules)
        self.problems = problems(proposal)
        self._quoted = [each.quote for each in proposal.evidence if each.kind == "message"]
        self.silent = proposal.message is None and not self._quoted
        """Nobody knows what the customer wrote."""
        self.one_model = all(each.model == proposal.route.model for each in proposal.alternatives)
        """No model other than the route's own proposed anything."""

    def said(self) -> tuple[str, ...]:
        """All that is said: by the customer, and by the reply. Raises `Absent`."""
        if self.silent:
            raise Absent("the customer's message")
        proposal = self.proposal
        return (proposal.ticket.subject, proposal.message or "", *self._quoted, proposal.customer_reply or "")


OfAction: TypeAlias = "Callable[[Any, Action, Looked], list[Hit]]"
OfProposal: TypeAlias = "Callable[[Any, Looked], list[Hit]]"


def spoken(kind: str) -> str:
    """An action kind as a sentence begins with it: "Change email"."""
    return kind.replace("_", " ").capitalize()


def uncovered(proposal: Proposal) -> str:
    """What the reply says beyond its claims: text that nobody proved."""
    rest = proposal.customer_reply or ""
    if rest == "\n\n".join([claim.text for claim in proposal.claims]):
        return ""
    for claim in proposal.claims:
        before, found, after = rest.partition(claim.text)
        rest = before + after if found else rest
    return " ".join(rest.split())


def problems(proposal: Proposal) -> list[str]:
    """What of the reply does not stand in its sources, each once."""
    found = dict.fromkeys(claim.problem for claim in proposal.claims if claim.problem)
    if rest := uncovered(proposal):
        found[f"claim not proved: {rest[:80]}"] = None
    return list(found)


# ── conditions of one action ─────────────────────────────────────────────────


def _kind(wanted: str | tuple[str, ...], action: Action, _: Looked) -> list[Hit]:
    return [{}] if action.kind == wanted or (not isinstance(wanted, str) and action.kind in wanted) else []


def _amount_over(limits: Mapping[str, int], action: Action, looked: Looked) -> list[Hit]:
    amount = _amount(action, looked)
    if amount is None:
        return []
    return _over(abs(amount.minor), amount.currency, limits)


def _per_day_over(limits: Mapping[str, int], action: Action, looked: Looked) -> list[Hit]:
    """All of today: what was refunded, and what this proposal would add."""
    amount = _amount(action, looked)
    if amount is None:
        return []
    same = [each.amount for each in looked.proposal.actions if _pays_out(each, looked) and each.amount]
    adds = sum(abs(each.minor) for each in same if each.currency == amount.currency)
    return _over(looked.refunded_today.get(amount.currency, 0) + adds, amount.currency, limits)


def _pays_out(action: Action, looked: Looked) -> bool:
    entry = looked.rules.actions.get(action.kind)
    return entry is None or entry.amount in {"arg:amount", "items_total_refund"} or action.kind == "cancel_order"


def _amount(action: Action, looked: Looked) -> Money | None:
    entry = looked.rules.actions.get(action.kind)
    if action.amount is None and (entry is None or entry.amount != "none"):
        raise Absent(f"the amount of {spoken(action.kind).lower()}")
    return action.amount


def _over(minor: int, currency: str, limits: Mapping[str, int]) -> list[Hit]:
    """`limits`: minor units by currency."""
    limit = limits.get(currency)
    if limit is not None and minor <= limit:
        return []
    amount = str(Money(minor=minor, currency=currency))
    if limit is None:
        return [{"amount": amount, "limit": f"{currency} 0.00 (no limit is set for {currency})", "actual": amount}]
    return [{"amount": amount, "limit": str(Money(minor=limit, currency=currency)), "actual": amount}]


def _risk(wanted: str, action: Action, looked: Looked) -> list[Hit]:
    entry = looked.rules.actions.get(action.kind)
    return [{"risk": wanted}] if (entry.risk if entry else "high") == wanted else []


def _irreversible(wanted: bool, action: Action, looked: Looked) -> list[Hit]:
    entry = looked.rules.actions.get(action.kind)
    return [{}] if (entry is None or not entry.reversible) is wanted else []


def _policy_exception(wanted: bool, action: Action, looked: Looked) -> list[Hit]:
    """A required fact that was read and is not what the rule asks for, or was not read at all."""
    entry = looked.rules.actions.get(action.kind)
    found = []
    for need in entry.require if entry else ():
        read = [p for p in action.preconditions if (p.record, p.field) == (need.record, need.field)]
        wrong = [str(p.expected) for p in read if p.expected not in need.is_] if read else ["not read"]
        for actual in wrong:
            allowed = " or ".join(map(str, need.is_))
            found.append({"field": f"{need.record} {need.field}", "limit": allowed, "actual": actual})
    if wanted:
        return found
    return [] if found else [{}]


def _other_method(wanted: bool, action: Action, looked: Looked) -> list[Hit]:
    """The payment method of the action against the ones that paid, both as the shop's records name them."""
    entry = looked.rules.actions.get(action.kind)
    arg = next((name for name, each in entry.args.items() if each.type == "payment_method"), None) if entry else None
    order = next((name for name, each in entry.args.items() if each.type == "order"), None) if entry else None
    if entry is not None and arg is None:
        return [] if wanted else [{}]
    properties = action.args_schema.get("properties", {})
    method = action.args.get(arg or "payment_method")
    read = properties.get(order or "order", {}).get("x-read", {}).get(action.args.get(order or "order"), {})
    title = properties.get(arg or "payment_method", {}).get("x-title", {}).get(method, method)
    paid = read.get("paid_by") or [read.get("payment_method")]
    if not any(paid):
        raise Absent("the payment method that paid")
    other = method not in paid and title not in paid
    return [{"method": str(title), "limit": ", ".join(map(str, paid)), "actual": str(title)}] if other is wanted else []


def _one_model_only(wanted: bool, action: Action, looked: Looked) -> list[Hit]:
    entry = looked.rules.actions.get(action.kind)
    alone = (entry is None or entry.must_be_right) and looked.one_model
    return [{}] if alone is wanted else []


OF_ACTION: Mapping[str, OfAction] = {
    "action": _kind,
    "risk": _risk,
    "irreversible": _irreversible,
    "one_model_only": _one_model_only,
    "amount_over": _amount_over,
    "per_day_over": _per_day_over,
    "policy_exception": _policy_exception,
    "other_payment_method": _other_method,
}


# ── conditions of the whole proposal ─────────────────────────────────────────


def _words(wanted: tuple[str, ...], looked: Looked) -> list[Hit]:
    matches = word_pattern(wanted).finditer("\n".join(looked.said()))
    found = dict.fromkeys(" ".join(each[0].casefold().split()) for each in matches)
    return [{"words": ", ".join(found), "actual": ", ".join(found)}] if found else []


def _identity(wanted: tuple[str, ...], looked: Looked) -> list[Hit]:
    """Holds only where the proposal touches an account: a policy may be told to anybody."""
    proposal = looked.proposal
    customer = proposal.ticket.customer
    touches = proposal.actions or any(each.kind in {"record", "external"} for each in proposal.evidence)
    if customer.identity not in wanted or not touches:
        return []
    return [{"identity": customer.identity, "how": customer.how, "actual": customer.identity}]


def _disagree(wanted: bool, looked: Looked) -> list[Hit]:
    proposal = looked.proposal
    found = [
        {"field": f"{spoken(each.action_kind)}: {each.field}", "left": each.left, "right": each.right}
        for other in proposal.alternatives
        for each in differences(proposal.actions, other.actions)
    ]
    if wanted:
        return found
    return [] if found else [{}]


def _unproven(wanted: bool, looked: Looked) -> list[Hit]:
    found = [{"claim": problem, "actual": problem} for problem in looked.problems]
    if wanted:
        return found
    return [] if found else [{}]


def _leak(wanted: bool, looked: Looked) -> list[Hit]:
    found = looked.leaked
    if wanted:
        return [{"leak": ", ".join(found), "actual": ", ".join(found)}] if found else []
    return [] if found else [{}]


def _hidden(wanted: bool, looked: Looked) -> list[Hit]:
    count = looked.proposal.hidden
    return [{"count": str(count), "actual": str(count)}] if (count > 0) is wanted else []


def _failure(wanted: bool, looked: Looked) -> list[Hit]:
    failed = looked.proposal.failure
    if (failed is not None) is not wanted:
        return []
    return [{"step": failed.step, "failure": failed.code.replace("_", " ")}] if failed else [{}]


def _external(wanted: bool, looked: Looked) -> list[Hit]:
    system = looked.proposal.source.system
    return [{"system": system}] if (system != OURS) is wanted else []


def _intent(wanted: tuple[str, ...], looked: Looked) -> list[Hit]:
    found = [name for name in looked.proposal.intents if name in wanted]
    return [{"intent": ", ".join(name.replace("_", " ") for name in found)}] if found else []


def _trigger(wanted: tuple[str, ...], looked: Looked) -> list[Hit]:
    fired = [each for each in looked.proposal.route.triggers if each.code in wanted]
    return [{"trigger": "; ".join(each.reason for each in fired)}] if fired else []


OF_PROPOSAL: Mapping[str, OfProposal] = {
    "external": _external,
    "hidden_characters": _hidden,
    "failure": _failure,
    "intent": _intent,
    "trigger": _trigger,
    "identity": _identity,
    "words": _words,
    "models_disagree": _disagree,
    "unproven_claim": _unproven,
    "leak": _leak,
}


@lru_cache(maxsize=64)
def word_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Whole words with their inflections, in any case: "sue" finds sues, sued, suing, never issue or pursue."""
    return re.compile(rf"(?<![\w]){'(?:' + '|'.join(map(_inflected, words)) + ')'}(?![\w])", re.IGNORECASE)


@lru_cache(maxsize=64)
def openings(words: tuple[str, ...]) -> frozenset[str]:
    """Runs of letters, one of which stands in every match. Empty when a match may hold none."""
    firsts = [(first,) if rest else _forms(first) for first, *rest in map(str.split, words)]
    found = [runs(form) for forms in firsts for form in forms]
    return frozenset().union(*found) if all(found) else frozenset()


def _forms(word: str) -> tuple[str, ...]:
    """A word and its inflections, as `_inflected` spells them."""
    if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou":
        return tuple(word[:-1] + each for each in ("y", "ies", "ied", "ying"))
    if word.endswith("e"):
        return tuple(word[:-1] + each for each in ("e", "es", "ed", "er", "ers", "ing"))
    return tuple(word + each for each in ("s", "es", "ed", "er", "ers", "ing", ""))


def _inflected(word: str) -> str:
    *first, last = word.split()
    ending = f"(?:{'|'.join(map(re.escape, _forms(last)))})"
    return r"[\s\-]+".join([*map(re.escape, first), ending]) + r"(?:['’]s)?"
