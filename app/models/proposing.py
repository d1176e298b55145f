"""The embedded proposer: from a ticket's clauses and the customer's records to typed actions, and what is missing for them.

What the ticket says only chooses among the customer's own records; what cannot be found is missing, never guessed. Two
matchers read the same words differently, so that their proposals can be compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from app.actions.actions import broken, build, missing
from app.actions.choices import known
from app.models import filling
from app.models.port import Matcher
from app.models.targets import named_things
from app.models.wishes import wishes
from config.rules import Requirement, Rules
from store.case import Case, Facts
from store.contract import Action, Json
from store.queue import Invalid

_CHANGE = re.compile(r"\b(?:chang\w+|modif\w+|switch\w*|updat\w+|mov\w+|pay (?:for )?(?:my |the )?order)\b", re.I)
_ACCOUNT = re.compile(r"\b(?:default|account|profile|user|update my|on file)\b", re.I)


@dataclass
class Draft:
    """An action being put together."""

    kind: str
    args: dict[str, Json]
    text: str
    p: float
    why: dict[str, str] = field(default_factory=dict)
    """For an argument that is missing, why: `unavailable`, `several`, `not_on_file`."""


@dataclass(frozen=True)
class Unmet:
    """A wish that the records forbid: which kind, on what, and the required fact that does not hold."""

    kind: str
    args: dict[str, Json]
    need: Requirement


@dataclass(frozen=True)
class Proposed:
    """What came of a ticket's wishes. `missing` names arguments ("order", "new_items"); `reasons` says why, by name."""

    actions: tuple[Action, ...] = ()
    missing: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)
    unmet: tuple[Unmet, ...] = ()
    unplaced: bool = False
    """An action is asked for, and nothing came of it: no action, nothing missing that the customer could tell."""
    wanted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    """Kinds that take whole orders, asked for a part of one."""


def propose(case: Case, rules: Rules, matcher: Matcher, *, model: str) -> Proposed:
    """The actions that the newest message asks for, on records of the verified customer. Without records: what is wanted."""
    facts = case.facts or Facts()
    shop = known(facts)
    text = "\n\n".join(part for part in (case.message.text, case.details) if part)
    read = wishes(text, shop, rules, matcher)
    if not any(wish.kinds for wish in read):
        earlier = [each.text for each in case.messages if each.direction == "inbound" and each.id != case.message.id]
        read = [*(wish for each in earlier for wish in wishes(each, shop, rules, matcher)), *read]
    asked = tuple(dict.fromkeys(wish.kinds[0] for wish in read if wish.kinds))
    if not shop.customer:
        return Proposed(wanted=asked)
    drafts, unmet = _drafts(filling.Context(shop, rules, matcher, model, read), facts)
    return _finished(_merged(drafts, rules), unmet, asked, case, rules)


def _drafts(context: filling.Context, facts: Facts) -> tuple[list[Draft], list[Unmet]]:
    read, rules = context.read, context.rules
    drafts: list[Draft] = []
    unmet: list[Unmet] = []
    named = list(dict.fromkeys(order for wish in read for order in wish.orders))
    context.in_mind = named if len(named) == 1 else []
    for at, wish in enumerate(read):
        context.in_mind = list(wish.orders) or context.in_mind
        last = drafts[-1:]
        if wish.fallback and last and not _lacks(last[0], rules):
            continue
        made: list[Draft] = []
        for p, kinds in wish.intents:
            done, refused = _first_fit(kinds, p, at, context, facts)
            made += done
            unmet += refused if not done else []
        if wish.fallback and made and last and not any(_lacks(each, rules) for each in made):
            drafts.remove(last[0])  # what could not be done is replaced by what the customer wants then
        drafts += _one_way(made, rules)
        context.things = named_things(wish.text, context.shop) or context.things
    drafts = [each for each in drafts if not _only_says_how(each, drafts, rules)]
    done_orders = {draft.args.get("order") for draft in drafts}
    return drafts, [each for each in unmet if each.args.get("order") not in done_orders]


def _first_fit(
    kinds: tuple[str, ...], p: float, at: int, context: filling.Context, facts: Facts
) -> tuple[list[Draft], list[Unmet]]:
    """Drafts of the first kind whose required facts hold; for the others which fact does not."""
    unmet: list[Unmet] = []
    rules, text = context.rules, context.read[at].text
    partly: list[Draft] = []
    spoken_of = context.in_mind
    for kind in kinds:
        context.in_mind = spoken_of  # what another kind would have been about is not what was spoken of
        made = [Draft(kind, each.args, text, p, each.why) for each in filling.fill(kind, at, context)]
        needs = {id(each): broken(kind, each.args, facts, rules) for each in made}
        fit = [each for each in made if not needs[id(each)]]
        if fit and not any(_lacks(each, rules) for each in fit):
            return fit, []
        partly = partly or fit
        unmet += [Unmet(each.kind, each.args, need) for each in made for need in needs[id(each)]]
    return partly, [] if partly else unmet


def _one_way(made: list[Draft], rules: Rules) -> list[Draft]:
    """Of two kinds for the same items ("exchange or return it") one: what is complete, else what the clause says first."""

    def about(draft: Draft) -> set[tuple[str, str]]:
        items = next((name for name, arg in rules.actions[draft.kind].args.items() if arg.type == "items"), "")
        return {(str(draft.args.get("order")), str(each)) for each in draft.args.get(items) or ()}

    def rank(draft: Draft) -> tuple[bool, int]:
        said = re.search(rf"\b{re.escape(draft.kind.split('_')[0])}", draft.text, re.I)
        return _lacks(draft, rules), said.start() if said else len(draft.text)

    kept: list[Draft] = []
    for draft in sorted(made, key=rank):
        if not any(about(draft) & about(each) for each in kept if each.kind != draft.kind):
            kept.append(draft)
    return [draft for draft in made if any(draft is each for each in kept)]


def _only_says_how(draft: Draft, drafts: list[Draft], rules: Rules) -> bool:
    """Whether a clause only says how another wish is to be paid, or repeats the address of another wish."""
    types = {name: arg.type for name, arg in rules.actions[draft.kind].args.items()}
    others = [each for each in drafts if each.kind != draft.kind]
    if set(types.values()) == {"order", "payment_method"} and not _CHANGE.search(draft.text):
        return any("payment_method" in {arg.type for arg in rules.actions[each.kind].args.values()} for each in others)
    if "customer" in types.values() and not _ACCOUNT.search(draft.text):
        place = draft.args.get(next((name for name, kind in types.items() if kind == "address"), ""))
        return place is not None and any(place in each.args.values() for each in others)
    return False


def _lacks(draft: Draft, rules: Rules) -> bool:
    return bool(draft.why) or bool(missing(draft.kind, draft.args, rules))


def _merged(drafts: list[Draft], rules: Rules) -> list[Draft]:
    """One action for one kind on one order: items of several clauses come together, a later word about the rest wins."""
    merged: list[Draft] = []
    for draft in drafts:
        entry = rules.actions[draft.kind]
        items = next((name for name, arg in entry.args.items() if arg.type == "items"), None)
        keys = [name for name, arg in entry.args.items() if arg.type in ("order", "customer", "invoice", "shipment")]
        twin = next(
            (
                each
                for each in merged
                if each.kind == draft.kind and all(each.args.get(k) == draft.args.get(k) for k in keys)
            ),
            None,
        )
        if twin is None:
            merged.append(draft)
            continue
        _join(twin, draft, items, next((name for name, arg in entry.args.items() if arg.type == "variants"), None))
    return merged


def _join(twin: Draft, draft: Draft, items: str | None, variants: str | None) -> None:
    for name, value in draft.args.items():
        if name not in (items, variants) and name not in twin.args:
            twin.args[name] = value
    twin.why |= {name: why for name, why in draft.why.items() if name not in (items, variants)}
    if items is None:
        return
    had, more = list(twin.args.get(items) or ()), list(draft.args.get(items) or ())
    new_had, new_more = list(twin.args.get(variants or "") or ()), list(draft.args.get(variants or "") or ())
    for place, item in enumerate(more):
        if item in had and not (
            variants and place < len(new_more) and new_more[place] not in new_had and more.count(item) > 1
        ):
            if variants and place < len(new_more) and had.index(item) < len(new_had):
                new_had[had.index(item)] = new_more[place]
            continue
        had.append(item)
        if place < len(new_more):
            new_had.append(new_more[place])
    twin.args[items] = had
    if variants:
        twin.args[variants] = new_had
        twin.why |= {name: why for name, why in draft.why.items() if name == variants}


def _finished(drafts: list[Draft], unmet: list[Unmet], asked: tuple[str, ...], case: Case, rules: Rules) -> Proposed:
    facts = case.facts or Facts()
    actions: list[Action] = []
    lacking: dict[str, str] = {}
    notes: list[str] = []
    partial: list[str] = []
    stem = re.sub(r"\W+", "", case.message.id)[-24:] or "ticket"
    for draft in drafts:
        absent = missing(draft.kind, draft.args, rules)
        if "delivered" in draft.why.values():
            partial.append(draft.kind)
            notes.append(f"{_title(draft.kind)}: every parcel of {draft.args.get('order')} is delivered by its record")
            continue
        if "part_of_order" in draft.why.values():
            partial.append(draft.kind)
            notes.append(f"{_title(draft.kind)}: takes a whole order, “{draft.text[:80]}” names a part of one")
            continue
        if absent:
            if not _only_a_guess(draft, drafts, rules):
                lacking |= {name: draft.why.get(name, "") for name in absent}
            notes.append(f"{_title(draft.kind)}: {', '.join(absent)} not found in “{draft.text[:80]}”")
            continue
        dropped = {name: why for name, why in draft.why.items() if name in draft.args}
        if dropped:
            lacking |= dropped
            notes.append(f"{_title(draft.kind)}: part of “{draft.text[:80]}” was not found")
        try:
            actions.append(build(draft.kind, draft.args, facts, rules, f"{stem}-{len(actions) + 1}"))
        except Invalid as refusal:
            name = str(refusal).split(":")[0].split(".")[0]
            lacking[name] = "not_possible"
            notes.append(f"{_title(draft.kind)}: {refusal}")
    if not drafts and not unmet:
        lacking |= _nothing_found(asked, rules)
    unplaced = bool(asked) and not actions and not lacking
    partial = [kind for kind in partial if not any(action.kind == kind for action in actions)]
    return Proposed(
        tuple(actions), tuple(lacking), lacking, tuple(unmet), unplaced, asked, tuple(notes), tuple(partial)
    )


def _only_a_guess(draft: Draft, drafts: list[Draft], rules: Rules) -> bool:
    """Whether nothing was found for a wish while others are complete: the clause tells about those and asks nothing."""
    records = [
        name for name, arg in rules.actions[draft.kind].args.items() if arg.type in ("order", "items", "invoice")
    ]
    found = any(draft.args.get(name) for name in records) or not records
    named = re.search(rf"\b{re.escape(draft.kind.split('_')[0])}", draft.text, re.I)
    return not found and not named and any(not _lacks(each, rules) for each in drafts)


def _nothing_found(asked: tuple[str, ...], rules: Rules) -> dict[str, str]:
    """Actions are wanted and no order or item was found for any of them: the first missing thing of each."""
    found: dict[str, Any] = {}
    for kind in asked:
        absent = missing(kind, {}, rules) if kind in rules.actions else ()
        found |= dict.fromkeys(absent[:1], "")
    return found


def _title(kind: str) -> str:
    return kind.replace("_", " ").capitalize()
