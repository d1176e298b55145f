"""Sentences that answer from what was looked up: how an order stands, where a parcel is, what the policy says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.actions.choices import Known, Values, item_title, refundable
from app.models.clauses import clauses
from app.models.port import Matcher
from app.models.proposing import Proposed
from config.rules import Rules
from store.case import Case, Facts
from store.contract import Json, Money

_STATUS = ("order_status", "where_is_my_order", "refund_status", "missing_item", "undo_cancellation")
_POLICY = ("policy_question", "product_question", "discount_request", "password_reset")
_NOT_IN_PASSAGES = ("bug_report", "thanks")
"""What no passage answers: a fault is looked into, thanks are taken."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
QUOTE_AT_MOST = 3
"""Sentences of one passage that a reply quotes."""


class Said(NamedTuple):
    """A sentence and the ids of the evidence it stands in: "order/#W1", "customer", a passage's own id."""

    text: str
    evidence_ids: tuple[str, ...]


def records(case: Case, proposed: Proposed, shop: Known, rules: Rules) -> list[Said]:
    """How the orders stand that the customer asks about, with their parcels and refunds."""
    intents = {intent.name for intent in case.classification.intents} if case.classification else set()
    if not intents & set(_STATUS) or not shop.orders:
        return []
    named = [key for each in (case.facts or Facts()).clues.order_ids if (key := shop.order(each))]
    acted = {str(action.args.get("order")) for action in proposed.actions}
    orders = list(dict.fromkeys(named)) or ([next(iter(shop.orders))] if len(shop.orders) == 1 else [])
    found: list[Said] = []
    for key in orders:
        if key in acted and not intents & {"where_is_my_order", "refund_status"}:
            continue
        order = shop.orders[key]
        found.append(Said(f"Order {key} is {spoken(order.get('status'))}.", (f"order/{key}",)))
        if intents & {"where_is_my_order", "missing_item", "order_status"}:
            found += _parcels(key, order)
        if "refund_status" in intents:
            found += _refunds(key, order)
    return found


def _parcels(key: str, order: Values) -> list[Said]:
    found = []
    for parcel in order.get("shipments") or ():
        carrier = f" with {parcel['carrier']}" if parcel.get("carrier") else ""
        status = f"; its status is {spoken(parcel['status'])}" if parcel.get("status") else ""
        found.append(Said(f"The tracking number{carrier} is {parcel['tracking_id']}{status}.", (f"order/{key}",)))
    return found


def _refunds(key: str, order: Values) -> list[Said]:
    rows = [row for row in order.get("payments") or () if row.get("kind") == "refund"]
    currency = order.get("currency")
    return [
        Said(
            f"Our records show a refund of {Money(minor=row['amount'], currency=currency)} for order {key}.",
            (f"order/{key}",),
        )
        for row in rows
        if currency
    ]


def asks_policy(case: Case) -> bool:
    """Whether a passage belongs into the answer although records answer too."""
    found = case.classification
    return found is not None and any(intent.name in _POLICY for intent in found.intents)


def passages(case: Case, facts: Facts, matcher: Matcher, *, about: str = "") -> list[Said]:
    """The sentences of the passage that fits best. Nothing when look-up trusted none. `about`: what to look for, else the
    customer's own words, without pasted logs and greetings."""
    named = case.classification.intents[:1] if case.classification else ()
    if not about and any(intent.name in _NOT_IN_PASSAGES for intent in named):
        return []
    policy = [each for each in facts.passages if each.kind == "passage"] or list(facts.passages)
    if not policy:
        return []
    question = about or " ".join(clauses(case.message.text)) or case.message.text
    # Look-up brings the passages by meaning, the best first; another question ranks them anew.
    scores = matcher.similar(question, [f"{each.title}. {each.quote}" for each in policy[:4]]) if about else []
    best = policy[max(range(len(scores)), key=scores.__getitem__)] if scores else policy[0]
    sentences = [part.strip() for part in _SENTENCE.split(" ".join(best.quote.split())) if part.strip()]
    return [Said(sentence, (best.id,)) for sentence in _nearest(question, sentences, matcher)]


def _nearest(question: str, sentences: list[str], matcher: Matcher) -> list[str]:
    """So many sentences in a row as are quoted, those that come nearest to the question."""
    if len(sentences) <= QUOTE_AT_MOST:
        return sentences
    scores = matcher.similar(question, sentences)
    starts = range(len(sentences) - QUOTE_AT_MOST + 1)
    best = max(starts, key=lambda at: (sum(scores[at : at + QUOTE_AT_MOST]), -at))
    return sentences[best : best + QUOTE_AT_MOST]


def spoken(value: Json) -> str:
    """A status as it is read aloud: "in_transit" is "in transit"."""
    return str(value or "unknown").replace("_", " ")


def quoted(values: Mapping[str, Any]) -> str:
    """A record as lines of "field: value"; amounts with their currency, lists one row a line."""
    currency = values.get("currency")
    lines = []
    for key, value in values.items():
        if key == "items":
            lines += [
                f"item: {item_title(row)}, {_money(row.get('price'), currency)}, {row.get('item_id')}" for row in value
            ]
        elif key == "payments":
            lines += [
                f"{row.get('kind')}: {_money(row.get('amount'), currency)}, {row.get('payment_method_id')}"
                + (f", {row['at']}" if row.get("at") else "")
                for row in value
            ]
        elif key in ("total", "amount", "shipping", "price") and isinstance(value, int):
            lines.append(f"{key}: {_money(value, currency)}")
        elif isinstance(value, dict):
            lines.append(f"{key}: {', '.join(str(each) for each in value.values() if each)}")
        elif isinstance(value, list):
            lines += [
                f"{key}: {', '.join(f'{k} {v}' for k, v in row.items() if v)}"
                if isinstance(row, dict)
                else f"{key}: {row}"
                for row in value
            ]
        elif value not in (None, ""):
            lines.append(f"{key}: {spoken(value) if key == 'status' else value}")
    if values.get("payments") and currency:
        lines.append(f"paid and not refunded: {_money(refundable(values), currency)}")
    return "\n".join(lines)


def _money(minor: Json, currency: Json) -> str:
    return str(Money(minor=minor, currency=currency)) if isinstance(minor, int) and currency else str(minor or "")
