"""Drafts a reply from templates: record values, quoted passages and what the proposed actions do. No invented facts.

Every sentence of substance names the evidence it stands in, so that PROVE can check it. A template draft, and labelled so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from app.actions import effects
from app.actions.choices import Known, known, order_title
from app.models import answering
from app.models.answering import Said
from app.models.port import Matcher
from app.models.proposing import Proposed, propose
from config.rules import Rules
from store.case import Case, Facts, Reply
from store.contract import Claim, Evidence, GateReason

LABEL = "Template draft: quoted records and passages, no free writing."
ASKED = {
    "order": "the order number",
    "items": "which items you mean",
    "variants": "which version you would like instead",
    "payment_method": "which saved payment method to use",
    "address": "the full address: street, city, state, zip and country",
    "email": "the new e-mail address",
    "money": "the exact amount",
    "shipment": "the tracking number",
    "invoice": "the invoice number",
    "plan": "the plan you would like",
    "role": "the role you would like",
}
"""What a customer is asked for, by the type of the argument that is missing."""


def draft(case: Case, rules: Rules, matcher: Matcher, *, model: str) -> Reply:
    """The reply, the actions, the internal note and what is missing. Facts only of a verified customer; passages for all."""
    facts = case.facts or Facts()
    shop = known(facts)
    proposed = propose(case, rules, matcher, model=model)
    said = [*_deeds(proposed, rules), *answering.records(case, proposed, shop, rules), *_unmet(proposed, shop, rules)]
    if proposed.unmet:
        said += answering.passages(case, facts, matcher, about=_instead(proposed, shop))
    elif not said or answering.asks_policy(case):
        said += answering.passages(case, facts, matcher)
    missing = _asked(proposed, rules)
    question = [Claim(text=f"Could you tell us {missing[0]}?", kind="question")] if missing else []
    if not said and not question:
        said = []
    name = str(shop.customer.get("first_name") or "").strip()
    evidence = {each.id: each for each in (*_evidence(said, facts, shop), *facts.passages)}
    used = {key for each in said for key in each.evidence_ids}
    return Reply(
        model=model,
        prompt="template",
        sentences=(
            Claim(text=f"Hi {name}," if name else "Hello,", kind="courtesy"),
            *(Claim(text=each.text, kind="claim", evidence_ids=each.evidence_ids) for each in said),
            *question,
            Claim(text="Kind regards", kind="courtesy"),
        )
        if said or question
        else (),
        actions=proposed.actions,
        evidence=tuple(each for key, each in evidence.items() if key in used),
        internal_note=_note(proposed, facts, missing, model),
        missing=missing if not proposed.actions else (),
        stops=_stops(proposed),
    )


def _deeds(proposed: Proposed, rules: Rules) -> list[Said]:
    """What each action does, in the customer sentence of actions.toml."""
    found = []
    for action in proposed.actions:
        entry = rules.actions[action.kind]
        words = effects.slots(entry, action.args, action.args_schema)
        keys = [
            f"{arg.type}/{action.args[name]}"
            for name, arg in entry.args.items()
            if arg.type in ("order", "invoice") and name in action.args
        ]
        found.append(Said(effects.filled(entry.customer, words), (*keys, "customer")))
    return found


def _unmet(proposed: Proposed, shop: Known, rules: Rules) -> list[Said]:
    """For a wish that the records forbid: how the record stands. What follows from it a person decides."""
    found = []
    for each in proposed.unmet:
        order = str(each.args.get("order") or "")
        if order in shop.orders:
            status = answering.spoken(shop.orders[order].get("status"))
            found.append(Said(f"Order {order} is {status}.", (f"order/{order}",)))
    return list(dict.fromkeys(found))


def _instead(proposed: Proposed, shop: Known) -> str:
    """What to look for in the policy when a wish cannot be met: the wish, and how its order stands."""
    each = proposed.unmet[0]
    status = answering.spoken(shop.orders.get(str(each.args.get("order")), {}).get("status"))
    return f"{each.kind.replace('_', ' ')} that is already {status}: what can be done instead"


def _stops(proposed: Proposed) -> tuple[GateReason, ...]:
    """A wish that came to nothing is never answered by a reply that goes out by itself."""
    found = []
    for each in proposed.unmet:
        what, allowed = each.kind.replace("_", " "), " or ".join(map(str, each.need.is_))
        target = str(each.args.get("order") or "the account")
        text = f"Asked for and not possible: {what} of {target}; {each.need.field} must be {allowed}"
        found.append(GateReason(code=each.need.otherwise, text=text, limit=allowed))
    for kind in dict.fromkeys(proposed.partial):
        found.append(
            GateReason(code="wish_not_met", text=f"Asked for, and not possible as it stands: {kind.replace('_', ' ')}")
        )
    if proposed.unplaced and not found:
        what = ", ".join(kind.replace("_", " ") for kind in proposed.wanted)
        found.append(GateReason(code="wish_not_met", text=f"Asked for, and nothing could be proposed: {what}"))
    return tuple(dict.fromkeys(found))


def _asked(proposed: Proposed, rules: Rules) -> tuple[str, ...]:
    types = {name: arg.type for entry in rules.actions.values() for name, arg in entry.args.items()}
    titles = {name: arg.title for entry in rules.actions.values() for name, arg in entry.args.items()}
    return tuple(
        dict.fromkeys(
            ASKED.get(types.get(name, ""), f"the {(titles.get(name) or name).lower()}") for name in proposed.missing
        )
    )


def _evidence(said: Sequence[Said], facts: Facts, shop: Known) -> list[Evidence]:
    """The records that the sentences name, quoted."""
    read = {(record.kind, record.id): record for record in facts.records}
    found = []
    for key in dict.fromkeys(key for each in said for key in each.evidence_ids):
        kind, _, record_id = key.partition("/")
        record = read.get((kind, record_id or (facts.customer.id or "")))
        if record is None:
            continue
        found.append(
            Evidence(
                id=key,
                kind="record",
                title=order_title(shop.orders[record_id]) if kind == "order" else f"{kind} {record.id}",
                quote=answering.quoted(record.values),
                uri=record.uri,
                read_at=record.read_at if record.read_at else datetime.now(UTC),
                version=record.version or None,
            )
        )
    return found


def _note(proposed: Proposed, facts: Facts, missing: Sequence[str], model: str) -> str:
    """What the colleague cannot see elsewhere comes first; the proposed actions and the customer stand above the note."""
    lines: list[str] = []
    for each in proposed.unmet:
        allowed = " or ".join(map(str, each.need.is_))
        lines.append(
            f"Asked and not proposed: {each.kind.replace('_', ' ')} {each.args.get('order') or ''}: "
            f"{each.need.record} {each.need.field} must be {allowed}."
        )
    lines += [f"Not found: {note}." for note in proposed.notes]
    if missing:
        lines.append(f"Missing: {', '.join(missing)}.")
    lines += [f"Proposed: {action.description}." for action in proposed.actions]
    who = facts.customer
    lines.append(f"Customer: {who.name or 'unknown'}, identity {who.identity}{f' ({who.how})' if who.how else ''}.")
    lines.append(LABEL)
    return "\n".join(lines)
