"""How a proposal is made plainly wrong, for a planted case: one thing of it, told nowhere but in its sources. Pure.

A planted case is a copy of what people approved, with one fault. Sources and the customer's own words stay as they were,
so who compares them with the proposal finds it. What the gate said stays too: nothing points at the fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from store.contract import Action, Claim, Evidence, Gate, Json, Money, Proposal, Value, canonical

FaultKind = Literal["amount", "order", "claim", "value"]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

_UNSOURCED = (
    "The money is back on your account within 24 hours.",
    "You can return anything else from this order for 90 days.",
    "We have also put a voucher of 20.00 on your account.",
)
_SHORTEST = 4
"""Letters of a value that is told by the customer: anything shorter stands in a text by chance."""


class Fault(Value):
    """What is wrong, as it can be looked for in what a person lets go. `wrong`: minor units, or the words."""

    kind: FaultKind
    action_id: str = ""
    wrong: str


@dataclass(frozen=True)
class Spoilt:
    """The proposal with its fault, the gate that goes with it, and what is wrong in one sentence."""

    proposal: Proposal
    gate: Gate
    fault: Fault
    said: str


def spoil(kind: FaultKind, right: Proposal, gate: Gate, others: Sequence[Proposal], draw: int) -> Spoilt | None:
    """The proposal with one fault of this kind; None when it offers no place for one. `draw` chooses among several."""
    if kind == "amount":
        return _amount(right, gate)
    if kind == "order":
        return _order(right, gate, others)
    return _claim(right, gate, draw) if kind == "claim" else _value(right, gate)


def stands(fault: Fault, let_go: Proposal) -> bool:
    """Whether the fault is still in what a person lets go."""
    if fault.kind == "claim":
        return fault.wrong in (let_go.customer_reply or "")
    action = next((one for one in let_go.actions if one.action_id == fault.action_id), None)
    if action is None:
        return False
    if fault.kind == "amount":
        return action.amount is not None and str(action.amount.minor) == fault.wrong
    return fault.wrong in canonical(action.args).decode()


# ── the kinds ────────────────────────────────────────────────────────────────


def _amount(right: Proposal, gate: Gate) -> Spoilt | None:
    """An amount that is not the source's: the first two digits change places, or it is twice as much."""
    action = next((one for one in right.actions if one.amount and one.amount.minor > 0), None)
    if action is None or action.amount is None:
        return None
    old = action.amount
    digits = str(old.minor)
    swapped = int(digits[1] + digits[0] + digits[2:]) if len(digits) > 1 else 0
    new = Money(minor=swapped if swapped > old.minor else 2 * old.minor, currency=old.currency)
    said = f"{action.description or action.kind}: the sources say {old}, the proposal {new}."
    change = _in_text(_told(old, new))
    found = _rewritten(right, gate, lambda value: _reckoned(value, old, new, change))
    return Spoilt(*found, Fault(kind="amount", action_id=action.action_id, wrong=str(new.minor)), said)


def _order(right: Proposal, gate: Gate, others: Sequence[Proposal]) -> Spoilt | None:
    """Another customer's order, with that order among the sources: it names whose it is."""
    place = _record(right)
    if place is None:
        return None
    action, mine = place
    family, _, old = mine.id.partition("/")
    for other in others:
        if other.ticket.customer.id in (None, right.ticket.customer.id):
            continue
        theirs = next((one for one in other.evidence if one.kind == "record" and one.id.startswith(f"{family}/")), None)
        if theirs is None or right.ticket.customer.id in theirs.quote.split():
            continue
        new = theirs.id.partition("/")[2]
        proposal, gate = _rewritten(right, gate, _in_text([(old, new)]))
        evidence = tuple(_read_then(theirs, mine) if one.id == mine.id else one for one in right.evidence)
        said = f"{action.description or action.kind}: {family} {new} is another customer's; this one wrote of {old}."
        fault = Fault(kind="order", action_id=action.action_id, wrong=new)
        return Spoilt(proposal.model_copy(update={"evidence": evidence}), gate, fault, said)
    return None


def _claim(right: Proposal, gate: Gate, draw: int) -> Spoilt | None:
    """A promise that no source carries, with the mark of one that does not say it."""
    if not right.customer_reply or not right.evidence:
        return None
    sentence = _UNSOURCED[draw % len(_UNSOURCED)]
    parts = right.customer_reply.split("\n\n")
    body = max(0, len(parts) - 2)
    before = "\n\n".join(parts[: body + 1])
    parts[body] = f"{parts[body]} {sentence}"
    made = Claim(text=sentence, kind="claim", evidence_ids=(right.evidence[0].id,))
    first = sum(0 <= right.customer_reply.find(one.text) < len(before) for one in right.claims)
    claims = (*right.claims[:first], made, *right.claims[first:])
    proposal = right.model_copy(update={"customer_reply": "\n\n".join(parts), "claims": claims})
    return Spoilt(proposal, gate, Fault(kind="claim", wrong=sentence), f"No source says: {sentence}")


def _value(right: Proposal, gate: Gate) -> Spoilt | None:
    """A value that is not the one the customer gave: an e-mail address at another host, a number with another digit."""
    text = right.message or ""
    for action in right.actions:
        known = {one.id.partition("/")[2] for one in right.evidence if one.kind == "record"}
        for old in _leaves(action.args):
            new = _other(old)
            if len(old) < _SHORTEST or old in known or old not in text or new == old:
                continue
            found = _rewritten(right, gate, _in_text([(old, new)]))
            said = f"{action.description or action.kind}: the customer wrote {old}, the proposal says {new}."
            return Spoilt(*found, Fault(kind="value", action_id=action.action_id, wrong=new), said)
    return None


# ── rewriting ────────────────────────────────────────────────────────────────

_PROPOSED = ("actions", "customer_reply", "internal_note", "claims", "alternatives")
"""What is the proposal's; the sources and the customer's words are not touched."""


def _rewritten(right: Proposal, gate: Gate, change: Callable[[Json], Json]) -> tuple[Proposal, Gate]:
    told = right.model_dump(mode="json")
    spoilt = told | {name: _walk(told[name], change) for name in _PROPOSED}
    return Proposal.model_validate(spoilt), Gate.model_validate(_walk(gate.model_dump(mode="json"), change))


def _walk(value: Json, change: Callable[[Json], Json], field: str = "") -> Json:
    """Every leaf through `change`; what an action may be edited to (its schema) stays."""
    if field in ("args_schema", "action_id"):
        return value
    if isinstance(value, dict):
        changed = change(value)
        return {key: _walk(one, change, key) for key, one in changed.items()} if isinstance(changed, dict) else changed
    if isinstance(value, list):
        return [_walk(one, change) for one in value]
    return change(value)


def _in_text(pairs: Sequence[tuple[str, str]]) -> Callable[[Json], Json]:
    """Exchanges words in texts, never inside a longer word or number."""

    def change(value: Json) -> Json:
        if isinstance(value, str):
            for old, new in pairs:
                value = new.join(re.split(rf"(?<![\w.]){re.escape(old)}(?![\w]|[.,]\d)", value))
        return value

    return change


def _told(old: Money, new: Money) -> list[tuple[str, str]]:
    """An amount as it is written: `€69.00`, and in lists `€69`."""
    return [(str(old), str(new)), *([(str(old)[:-3], str(new))] if old.minor % 100 == 0 else [])]


def _reckoned(value: Json, old: Money, new: Money, words: Callable[[Json], Json]) -> Json:
    """The amount in typed fields, and in texts."""
    if isinstance(value, dict):
        return value | ({"minor": new.minor} if value.get("minor") == old.minor else {})
    return words(value)


def _record(right: Proposal) -> tuple[Action, Evidence] | None:
    """An action, and the record among the sources that its arguments name."""
    for action in right.actions:
        named = set(_leaves(action.args))
        for one in right.evidence:
            if one.kind == "record" and one.id.partition("/")[2] in named:
                return action, one
    return None


def _read_then(theirs: Evidence, mine: Evidence) -> Evidence:
    return theirs.model_copy(update={"read_at": mine.read_at})


def _leaves(value: Json) -> list[str]:
    if isinstance(value, dict):
        return [one for each in value.values() for one in _leaves(each)]
    if isinstance(value, list):
        return [one for each in value for one in _leaves(each)]
    return [value] if isinstance(value, str) else []


def _other(value: str) -> str:
    name, at, host = value.partition("@")
    if at and "." in host:
        first, _, rest = host.partition(".")
        return f"{name}@{first}-mail.{rest}"
    return re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), value)


def alike(old: str, taken: Callable[[str], bool], drawn: Callable[[int], int]) -> str:
    """An id of the same look that nobody has: a number a little lower in the place of its last one, or a few letters more.

    Far from the others it would stand out in the list; a higher one may be a customer's to come.
    """
    numbers = list(re.finditer(r"\d{3,}", old))
    for turn in range(20):
        if numbers:
            last = numbers[-1]
            lower = int(last[0]) - 1 - drawn(max(1, min(32 << turn, int(last[0]))))
            found = f"{old[: last.start()]}{max(0, lower):0{len(last[0])}}{old[last.end() :]}"
        else:
            name, at, rest = old.partition("@")
            found = f"{name}-{drawn(9000) + 1000}{at}{rest}"
        if not taken(found):
            return found
    return f"{old}-{drawn(10**9)}"


def moved(value: Any, old: str, new: str) -> Any:
    """A value with another id in the place of one, wherever it stands as such."""
    return json.loads(json.dumps(value).replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]))
