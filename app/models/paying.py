"""Finds the payment method and the amount that a customer means: named, by kind ("PayPal", "the card ending 9212"), or the
method that paid."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.actions.choices import Known, Values, payers
from store.contract import Json

_ORIGINAL = re.compile(
    r"\b(?:original(?:ly)?|same) (?:payment|method|card|account|way)|\boriginal payment|\bway i paid|\bpaid with", re.I
)
_KINDS = {
    "paypal": re.compile(r"\bpay ?pal\b", re.I),
    "gift_card": re.compile(r"\bgift ?cards?\b|\bGC\b", re.I),
    "credit_card": re.compile(r"\b(?:credit|debit|bank) ?cards?\b|\bvisa\b|\bmaster ?card\b|\b(?:my|the) card\b", re.I),
}
_LAST_FOUR = re.compile(
    r"\b(?:ending|ends|last (?:four|4)(?: digits)?)(?: in| with| on| of)?:? *(?:••|\*+|x+)?(\d{4})\b|(?:••|\*{2,})(\d{4})\b",
    re.I,
)
_NEITHER = re.compile(r"\b(?:not|n['’]t|never|no longer|instead of|rather than|except|cannot)\b[\w ]{0,25}$", re.I)
_FIGURE = re.compile(
    r"(?:[$€£]|\b(?:USD|EUR|GBP)\s?)\s?(\d[\d.,]*\d|\d)|(?<![\w#.,-])(\d[\d.,]*\d|\d)\s?(?:[$€£]|(?:USD|EUR|GBP|euros?|dollars?|bucks|pounds)\b)",
    re.I,
)
_TWICE = re.compile(r"\b(?:twice|two times|2x|double|duplicate|second charge|again|two charges)\b", re.I)


def method(
    allowed: Sequence[str], order: Values | None, texts: Sequence[str], shop: Known, moved: str | None
) -> tuple[Json, str]:
    """The method the wish names, else one that the rest of the ticket names, else the one that paid, else the only one.

    `moved`: the method that this ticket moves the order to. `allowed`: what the rules let be chosen for this order; another
    one is not taken. Why there is none: `not_allowed`, `not_on_file`, `several`.
    """
    said = False
    for text in texts:
        ids, why = _said(text, order, shop)
        if why:
            return None, why
        usable = [each for each in ids if each in allowed]
        if usable:
            return usable[0], ""
        said = said or bool(ids)
        if ids and text is texts[0]:
            return None, "not_allowed"
    if said:
        return None, "not_allowed"
    own = payers(order or {})
    paid = [each for each in (moved, *own) if each in allowed]
    if paid or len(allowed) == 1:
        return (paid or allowed)[0], ""
    return None, "several" if allowed else "not_on_file"


def _said(text: str, order: Values | None, shop: Known) -> tuple[list[str], str]:
    """Ids of the methods a text names, in order; why it cannot be told which."""
    found: list[tuple[int, str]] = []
    for match in re.finditer(r"\b(?:credit_card|debit_card|paypal|gift_card|card|pm)_[A-Za-z0-9]*\d\w*\b", text):
        if match[0] not in shop.methods:
            return [], "not_on_file"
        found.append((match.start(), match[0]))
    if found:
        return [each for _, each in sorted(found)], ""
    for match in _LAST_FOUR.finditer(text):
        own = [key for key, row in shop.methods.items() if str(row.get("last_four")) == (match[1] or match[2])]
        if not own:
            return [], "not_on_file"
        found.append((match.start(), own[0]))
    original = _ORIGINAL.search(text)
    if original and order and payers(order):
        found.append((original.start(), payers(order)[0]))
    for kind, pattern in _KINDS.items():
        hit = pattern.search(text)
        if hit is None or _NEITHER.search(text[: hit.start()]) or found:
            continue
        own = [key for key, row in shop.methods.items() if row.get("kind") == kind]
        brand = re.search(r"\b(visa|master ?card|amex)\b", hit[0], re.I)
        own = [
            key
            for key in own
            if not brand or str(shop.methods[key].get("brand")).casefold() == brand[1].casefold().replace(" ", "")
        ]
        paid = [key for key in own if order and key in payers(order)]
        if len(own) > 1 and not paid:
            return [], "several"
        found += [(hit.start(), key) for key in (paid or own)[:1]]
    return [each for _, each in sorted(found)], ""


def amount(text: str, texts: Sequence[str], order: Values | None, shop: Known) -> tuple[Json, str]:
    """The amount in minor units: a charge the records show twice, else the one amount that the wish names."""
    currency = (order or {}).get("currency") or shop.currency
    if not currency:
        return None, ""
    twice = _charged_twice(order) if order else None
    if twice and any(_TWICE.search(each) for each in texts):
        return {"minor": twice, "currency": currency}, ""
    for each in (text, *texts):
        figures = {_minor(match[1] or match[2]) for match in _FIGURE.finditer(each)}
        if len(figures) == 1:
            return {"minor": figures.pop(), "currency": currency}, ""
        if figures:
            return None, "several"
    return None, ""


def _charged_twice(order: Values) -> int | None:
    """The amount of a payment that stands twice for the same method and was not given back."""
    rows = [
        (row.get("payment_method_id"), row["amount"])
        for row in order.get("payments") or ()
        if row.get("kind") == "payment"
    ]
    back = [row["amount"] for row in order.get("payments") or () if row.get("kind") == "refund"]
    double = [amount for method, amount in rows if rows.count((method, amount)) > 1 and amount not in back]
    return int(double[0]) if double else None


def _minor(figure: str) -> int:
    """ "1,234.50", "1.234,50", "120" in minor units: the last separator with two digits behind it is the decimal one."""
    match = re.fullmatch(r"([\d.,]*?)(?:[.,](\d{1,2}))?", figure)
    whole, cents = (match[1], match[2]) if match else (figure, None)
    return int(re.sub(r"\D", "", whole) or 0) * 100 + int((cents or "0").ljust(2, "0"))
