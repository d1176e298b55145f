"""Which past cases would have taken another way under other rules, from recorded proposals: no model is called. Pure.

A rule that was not changed stopped what it stopped then; only changed rules are judged anew, so that limits a day and the
drafter's own reasons stay as they were recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.workflow.gate import gate
from config.rules import Rules, TriggerEntry
from store.contract import Proposal
from store.live import Past

OVERRIDES = frozenset({"edit", "reject", "respond", "retry"})
ALWAYS = frozenset({"risky_action", "unproven_identity"})
"""Reasons of the gate itself, which it finds again."""
TOLD = 50
"""Cases listed one by one."""


@dataclass(frozen=True)
class Case:
    """One past case that would have gone another way. `people` is what was made of it then; amounts in minor units."""

    ticket_id: str
    subject: str
    was: str
    would: str
    by_then: tuple[str, ...]
    by_now: tuple[str, ...]
    people: tuple[str, ...]
    effect: str
    amount: int = 0
    currency: str = ""

    @property
    def overridden(self) -> bool:
        """People changed it, so it was not right as proposed."""
        return bool(OVERRIDES & set(self.people))


@dataclass
class WhatIf:
    """All of it. `eased`: how often a changed rule stops no more, and `still`: which other rules stop those all the same."""

    cases: int = 0
    reviews_then: int = 0
    reviews_now: int = 0
    unseen: list[Case] = field(default_factory=list)
    stopped: list[Case] = field(default_factory=list)
    rerouted: list[Case] = field(default_factory=list)
    eased: Counter[str] = field(default_factory=Counter)
    still: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    """Changed triggers and limits a day that cannot be judged from what is recorded, and how many cases that concerns."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "cases": self.cases,
            "reviews_then": self.reviews_then,
            "reviews_now": self.reviews_now,
            "reviews_saved": self.reviews_then - self.reviews_now,
            "out_unseen": len(self.unseen),
            "out_unseen_that_people_changed": sum(each.overridden for each in self.unseen),
            "newly_stopped": len(self.stopped),
            "rerouted": len(self.rerouted),
            "rule_stops_no_more": dict(self.eased),
            "still_stopped_by": dict(self.still),
            "cannot_be_told": dict(self.unknown),
            "unseen": [vars(each) for each in self.unseen[:TOLD]],
        }


def what_if(past: Iterable[Past], before: Rules, after: Rules) -> WhatIf:
    """Judge every past case under both sets of rules. `unseen` comes worst first: what people changed, then by amount."""
    changed = _changed(before, after)
    a_day = {each.name for each in after.reviews if each.if_.per_day_over is not None and each not in before.reviews}
    found = WhatIf()
    for each in past:
        found.cases += 1
        _reroute(each, before, after, found)
        stopped = each.how in ("review", "hold")
        found.reviews_then += stopped
        kept = [reason.code for reason in each.gate.reasons if reason.code not in changed | ALWAYS]
        anew = [reason.code for reason in gate(each.proposal, after, {}).reasons]
        now = tuple(dict.fromkeys([*kept, *anew]))
        stops = bool(now) or each.proposal.source.system != "lastclick" or each.proposal.failure is not None
        found.reviews_now += stops if stopped or each.how == "send" else 0
        _count(each, now, changed, found)
        for name in a_day & {reason.code for reason in each.gate.reasons}:
            found.unknown[name] += 1
        if stopped and not stops:
            found.unseen.append(_case(each, "stopped", "would have gone out unseen", now))
        elif each.how == "send" and stops:
            found.stopped.append(_case(each, "sent", "would have stopped", now))
    found.unseen.sort(key=lambda case: (not case.overridden, -case.amount))
    found.stopped.sort(key=lambda case: -case.amount)
    return found


def _changed(before: Rules, after: Rules) -> set[str]:
    """Names of review rules that may judge otherwise. A limit a day is left out: what was refunded then is not recorded."""
    one, two = ({each.name: each for each in rules.reviews} for rules in (before, after))
    names = {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}
    if before.actions != after.actions:
        names |= {
            each.name
            for each in after.reviews
            if {"risk", "irreversible", "one_model_only"} & each.if_.model_fields_set
        }
    return {name for name in names if name not in two or two[name].if_.per_day_over is None}


def _count(each: Past, now: tuple[str, ...], changed: set[str], found: WhatIf) -> None:
    eased = {reason.code for reason in each.gate.reasons} & changed - set(now)
    for code in eased:
        found.eased[code] += 1
    if eased:
        for code in now:
            found.still[code] += 1


def _case(each: Past, was: str, would: str, now: tuple[str, ...]) -> Case:
    proposal = each.proposal
    amounts = [action.amount for action in proposal.actions if action.amount is not None]
    largest = max(amounts, key=lambda money: abs(money.minor), default=None)
    effect = "; ".join(action.description or action.kind for action in proposal.actions) or "a reply"
    return Case(
        ticket_id=proposal.ticket.id,
        subject=proposal.ticket.subject,
        was=was,
        would=would,
        by_then=tuple(dict.fromkeys(reason.code for reason in each.gate.reasons)),
        by_now=now,
        people=each.verdicts,
        effect=effect,
        amount=abs(largest.minor) if largest else 0,
        currency=largest.currency if largest else "",
    )


# ── the way ──────────────────────────────────────────────────────────────────


def _reroute(each: Past, before: Rules, after: Rules, found: WhatIf) -> None:
    """The first trigger that fits, where unchanged triggers fire as recorded and changed ones are judged anew."""
    if before.triggers == after.triggers:
        return
    known = {trigger.name: trigger for trigger in before.triggers}
    fired = {trigger.code for trigger in each.proposal.route.triggers}
    for trigger in after.triggers:
        fits = trigger.name in fired if known.get(trigger.name) == trigger else _fits(trigger, each.proposal)
        if fits is None:
            found.unknown[trigger.name] += 1
            return
        if fits:
            if trigger.route != each.proposal.route.name:
                then, now = each.proposal.route, trigger.route
                would = f"would have gone {now}: {trigger.name.replace('_', ' ')}"
                found.rerouted.append(_case(each, f"{then.name}: {then.reason}", would, ()))
            return


def _fits(trigger: TriggerEntry, proposal: Proposal) -> bool | None:
    """Whether a changed trigger fires on what is recorded; None when that does not say."""
    name, wanted = next((name, value) for name, value in trigger.if_ if value is not None)
    if name == "confidence_below" and proposal.confidence is not None:
        return bool(proposal.confidence < wanted)
    if name == "intents_at_least":
        return bool(len(proposal.intents) >= wanted)
    if name == "longer_than" and proposal.message is not None:
        return bool(len(proposal.message) > wanted)
    return True if name == "otherwise" else None


# ── told ─────────────────────────────────────────────────────────────────────


def told(found: WhatIf, changes: Sequence[str]) -> Iterator[str]:
    """Lines for a terminal."""
    yield f"{found.cases} past cases, with {', '.join(changes)}"
    yield f"{found.reviews_then - found.reviews_now:>6}  reviews saved ({found.reviews_then} then, {found.reviews_now} now)"
    overridden = sum(case.overridden for case in found.unseen)
    yield f"{len(found.unseen):>6}  would have gone out unseen, {overridden} of them changed by people"
    yield f"{len(found.stopped):>6}  that went out would have stopped"
    if found.rerouted:
        yield f"{len(found.rerouted):>6}  would have taken another way; what its model would have drafted is not recorded"
    for name, count in found.eased.most_common():
        yield f"{count:>6}  are stopped by {name} no more"
    for name, count in found.still.most_common(5):
        yield f"        {count} of these are stopped by {name} all the same"
    for name, count in found.unknown.most_common():
        yield f"{count:>6}  cannot be told: {name} reads what is not recorded (`lastclick replay` can)"
    yield from _listed("Would have gone out unseen, worst first", found.unseen)
    yield from _listed("Would have stopped", found.stopped)
    yield from _listed("Would have taken another way", found.rerouted)


def _listed(title: str, cases: Sequence[Case]) -> Iterator[str]:
    if not cases:
        return
    yield ""
    yield title
    for case in cases[:TOLD]:
        people = f" · people: {', '.join(dict.fromkeys(case.people))}" if case.people else ""
        yield f"  {'⚠' if case.overridden else ' '} {case.ticket_id}  {case.effect} · {case.was} → {case.would}{people}"
    if len(cases) > TOLD:
        yield f"  … {len(cases) - TOLD} more; --json has the numbers"
