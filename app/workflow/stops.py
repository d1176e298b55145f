"""The conditions of review rules: each says where it holds in a proposal, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from app.workflow.differences import differences
from app.workflow.letters import runs
from app.workflow.proof import leaks_in
from config.rules import ReviewEntry, Rules
from store.contract import Action, Money, Proposal

Hit: TypeAlias = dict[str, str]
"""Slots of a reason; `limit` and `actual` are also shown as such."""

OURS = "lastclick"


class Absent(Exception):
    """A condition asks for a field that the proposal does not have."""


@dataclass(frozen=True)
class Looked:
    """What every condition reads."""

    proposal: Proposal
    rules: Rules
    refunded_today: Mapping[str, int]

    @cached_property
    def said(self) -> str:
        """All that is said: by the customer, and by the reply. Raises `Absent`."""
        proposal = self.proposal
        quoted = [each.quote for each in proposal.evidence if each.kind == "message"]
        if proposal.message is None and not quoted:
            raise Absent("the customer's message")
        return "\n".join((proposal.ticket.subject, proposal.message or "", *quoted, proposal.customer_reply or ""))

    @cached_property
    def runs(self) -> frozenset[str]:
        """The runs of letters and digits of `said`."""
        return runs(self.said)


OfAction: TypeAlias = "Callable[[Any, Action, Looked], list[Hit]]"
OfProposal: TypeAlias = "Callable[[Any, Looked], list[Hit]]"


@dataclass(frozen=True)
class Plan:
    """One review rule, taken apart once: its set conditions, of an action and of the whole proposal, with what each wants.

    `kinds`: of the actions that it speaks of; None where it names none.
    """

    entry: ReviewEntry
    kinds: frozenset[str] | None
    of_action: tuple[tuple[OfAction, Any], ...]
    of_proposal: tuple[tuple[OfProposal, Any], ...]


_kept: list[tuple[object, tuple[Plan, ...]]] = []


def plans(rules: Rules, kinds: frozenset[str]) -> list[Plan]:
    """The review rules in use that may stop a proposal with actions of these kinds, taken apart once for all proposals."""
    if not _kept or _kept[0][0] is not rules.reviews:
        _kept[:] = [(rules.reviews, tuple(map(_plan, rules.reviews)))]
    return [
        plan
        for plan in _kept[0][1]
        if not plan.of_action or (kinds if plan.kinds is None else not plan.kinds.isdisjoint(kinds))
    ]


def hits(plan: Plan, looked: Looked) -> list[Hit]:
    """Every place where all set conditions hold; empty when the rule does not apply. Raises `Absent`."""
    found: list[Hit] = [{}]
    for condition, wanted in plan.of_proposal:
        here = condition(wanted, looked)
        if not here:
            return here
        found = _and(found, here)
    if not plan.of_action:
        return found
    return [hit for action in looked.proposal.actions for hit in _of_action(plan.of_action, action, looked, found)]


def spoken(kind: str) -> str:
    """An action kind as a sentence begins with it: "Change email"."""
    return kind.replace("_", " ").capitalize()


def uncovered(proposal: Proposal) -> str:
    """What the reply says beyond its claims: text that nobody proved."""
    rest = proposal.customer_reply or ""
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
    kinds = (if_.action,) if isinstance(if_.action, str) else if_.action
    return Plan(
        entry,
        None if kinds is None else frozenset(kinds),
        tuple((holds, getattr(if_, name)) for name, holds in _OF_ACTION.items() if name in set_),  # the cheapest first
        tuple((holds, getattr(if_, name)) for name, holds in _OF_PROPOSAL.items() if name in set_),
    )


# ── conditions of one action ─────────────────────────────────────────────────


def _kind(wanted: str | tuple[str, ...], action: Action, _: Looked) -> list[Hit]:
    return [{}] if action.kind == wanted or (not isinstance(wanted, str) and action.kind in wanted) else []


def _amount_over(limits: Mapping[str, Decimal], action: Action, looked: Looked) -> list[Hit]:
    amount = _amount(action, looked)
    if amount is None:
        return []
    return _over(abs(amount.minor), amount.currency, limits)


def _per_day_over(limits: Mapping[str, Decimal], action: Action, looked: Looked) -> list[Hit]:
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


def _over(minor: int, currency: str, limits: Mapping[str, Decimal]) -> list[Hit]:
    amount = str(Money(minor=minor, currency=currency))
    if currency not in limits:
        return [{"amount": amount, "limit": f"{currency} 0.00 (no limit is set for {currency})", "actual": amount}]
    limit = int(limits[currency] * 100)
    if minor <= limit:
        return []
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
    others = any(each.model != looked.proposal.route.model for each in looked.proposal.alternatives)
    alone = (entry is None or entry.must_be_right) and not others
    return [{}] if alone is wanted else []


_OF_ACTION: Mapping[str, OfAction] = {
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
    openings = _openings(wanted)
    if openings and openings.isdisjoint(looked.runs):
        return []
    matches = word_pattern(wanted).finditer(looked.said)
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
    found = [{"claim": problem, "actual": problem} for problem in problems(looked.proposal)]
    if wanted:
        return found
    return [] if found else [{}]


def _leak(wanted: bool, looked: Looked) -> list[Hit]:
    found = leaks_in(looked.proposal, looked.rules)
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


_OF_PROPOSAL: Mapping[str, OfProposal] = {
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
def _openings(words: tuple[str, ...]) -> frozenset[str]:
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
