"""Which review rules stop a proposal, and who may let it go. Without a reason it may go out by itself.

Risk stops even where no rule names it: an action of high risk, an unknown one, one for an unproven customer, an unproven
claim, a leak and a failure never go out by themselves, not even with an empty review.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from app.workflow.plans import Plan, hits, plans
from app.workflow.slots import filled
from app.workflow.stops import Absent, Looked, spoken
from config.rules import ReviewEntry, Rules
from store.contract import Gate, GateReason, Proposal

_NO_CENTS = re.compile(r"(?<=\d)\.00\b")


def gate(proposal: Proposal, rules: Rules, refunded_today: Mapping[str, int]) -> Gate:
    """All reasons, each with limit and actual in words, in the order of review.toml, the general ones last.

    `refunded_today`: minor units by currency, already refunded to this customer. A rule that cannot be judged because a
    field is missing stops and names the field.
    """
    looked = Looked(proposal, rules, refunded_today)
    reasons: dict[tuple[str, str], GateReason] = {}
    stopped: list[ReviewEntry] = []
    for plan in plans(looked):
        if found := _reasons(plan, looked):
            reasons.update({(reason.code, reason.text): reason for reason in found})
            stopped.append(plan.entry)
    for reason in _always(looked, named=bool(reasons)):
        reasons[reason.code, reason.text] = reason
    if not reasons:
        return Gate()
    risky = any(_risk(action.kind, rules) == "high" for action in proposal.actions)
    beyond_rules = not stopped
    two = [entry for entry in stopped if entry.needs == "two"]
    return Gate(
        reasons=tuple(sorted(reasons.values(), key=lambda reason: reason.general)),
        risk="high" if risky or beyond_rules or any(entry.risk == "high" for entry in stopped) else "low",
        needs="two" if two else "one",
        role=next((entry.role for entry in (*two, *stopped) if entry.role), None),
    )


def _reasons(plan: Plan, looked: Looked) -> list[GateReason]:
    entry = plan.entry
    try:
        found = hits(plan, looked)
    except Absent as missing:
        text = f"{spoken(entry.name)} cannot be judged: {missing} is missing"
        return [GateReason(code=entry.name, text=text, actual="missing", to=entry.to)]
    return [
        _reason(
            code=entry.name,
            text=filled(entry.reason, hit),
            limit=hit.get("limit"),
            actual=hit.get("actual"),
            to=entry.to,
            short=_without_cents(filled(entry.short, hit)),
            general=entry.general,
        )
        for hit in found
    ]


@lru_cache(maxsize=1024)
def _reason(
    *, code: str, text: str, limit: str | None, actual: str | None, to: str | None, short: str, general: bool
) -> GateReason:
    """Many reasons come back with other tickets, word for word: each is made once."""
    return GateReason(code=code, text=text, limit=limit, actual=actual, to=to, short=short, general=general)


def _always(looked: Looked, *, named: bool) -> Iterator[GateReason]:
    """What stops without any rule. An unknown action is always said; the rest only where no rule said anything."""
    proposal, rules = looked.proposal, looked.rules
    for action in proposal.actions:
        if action.kind not in rules.actions:
            yield GateReason(code="unknown_action", text=f"No rule knows the action {action.kind}", actual=action.kind)
    if named:
        return
    for action in proposal.actions:
        if _risk(action.kind, rules) == "high" and action.kind in rules.actions:
            yield GateReason(code="risky_action", text=f"{spoken(action.kind)} is of high risk", actual="high")
    customer = proposal.ticket.customer
    if proposal.actions and customer.identity != "verified":
        text = f"Identity is {customer.identity}, and the proposal changes an account"
        yield GateReason(code="unproven_identity", text=text, actual=customer.identity)
    for problem in looked.problems:
        yield GateReason(code="unproven_claim", text=problem, actual=problem)
    if looked.leaked:
        yield GateReason(code="leak", text=f"The reply shows what is not the customer's: {', '.join(looked.leaked)}")
    if proposal.failure is not None:
        yield GateReason(code="failure", text=f"{proposal.failure.step} failed: {proposal.failure.code}")


def _risk(kind: str, rules: Rules) -> str:
    entry = rules.actions.get(kind)
    return entry.risk if entry else "high"


def _without_cents(short: str) -> str:
    return _NO_CENTS.sub("", short) if ".00" in short else short
