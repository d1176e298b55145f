"""Where the ticket and the record disagree: states, payments, amounts. Only sentences that state a fact count, and the
doubtful ones are left alone: a false alarm costs an agent more than it saves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.sources.mapping import minor
from store.case import Record
from store.contract import Money

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NOT_A_FACT = re.compile(
    r"\?|\b(if|unless|whether|when|once|until|should|would|could|can|may|might|want|wish|like to|please|will)\b"
    r"|\b(wait(ing)?|expect\w*)\b",
    re.IGNORECASE,
)
_NOT_HERE = re.compile(
    r"\b(not|never|n[o']t|hasn['’]?t|haven['’]?t|didn['’]?t|isn['’]?t|nothing)\b[^.]{0,30}"
    r"\b(arriv\w+|receiv\w+|deliver\w+|here|come|turned up)\b"
    r"|\bno (parcel|package|delivery)\b",
    re.IGNORECASE,
)
_HERE = re.compile(
    r"\b(was|were|been|got|is|it['’]?s|already) (already )?delivered\b"
    r"|\b(it|they|order|parcel|package|everything) (has |have )?arrived\b"
    r"|\bI (have |just |already )*(received|got) (it|them|the (order|parcel|package))\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(not|never|no|nothing|none|without)\b|n['’]t\b", re.IGNORECASE)
_CANCELLED = re.compile(
    r"\b(I|we|you) (have |had |already )*cancell?ed\b|\b(was|is|has been|been) (already )?cancell?ed\b", re.IGNORECASE
)
_TWICE = re.compile(
    r"\b(charged|billed|debited|paid|payed|deducted|taken)\b[^.]{0,40}\b(twice|two times|double|2x|2 times)\b"
    r"|\b(double|duplicate|two)[ -](charge[ds]?|payments?|billed|debits?)\b|\btwice\b[^.]{0,20}\b(charged|billed|debited)\b",
    re.IGNORECASE,
)
_PAID = re.compile(
    r"\b(?:charged|billed|debited|paid|deducted)\b[^.!?\n€$£]{0,30}?(?:[€$£]\s?(\d[\d,]*(?:[.,]\d{2})?)"
    r"|(\d[\d,]*(?:[.,]\d{2})?)\s?(?:€|\$|£|EUR|USD|GBP|euros?|dollars?|pounds?)\b)",
    re.IGNORECASE,
)


def contradictions(text: str, orders: Sequence[Record], named: Sequence[str]) -> tuple[str, ...]:
    """One plain sentence for each thing the ticket states and the record denies.

    `orders` are the verified customer's, `named` the ids of those the ticket names. A statement that could be about several
    orders is held against a record only when every one of them denies it.
    """
    about = [order for order in orders if order.id in named] or list(orders)
    if not about:
        return ()
    found: dict[str, None] = {}
    for sentence in _SENTENCE.split(text):
        here = [order for order in about if _names(sentence, order.id)] or about
        for line in _sentence(sentence, here):
            found[line] = None
    return tuple(found)


def _sentence(sentence: str, about: list[Record]) -> Iterator[str]:
    which = _which(about)
    status = _status(about)
    if _TWICE.search(sentence) and all(_times_charged(order) < 2 for order in about) and not _NEGATED.search(sentence):
        yield f"the ticket says charged twice, {which} shows one payment"
    if _NOT_A_FACT.search(sentence):
        return
    if _NOT_HERE.search(sentence):
        if status == {"delivered"} and all(_all_delivered(order) for order in about):
            yield f"the ticket says not received, {which} is delivered"
    elif (
        _HERE.search(sentence)
        and not _NEGATED.search(sentence)
        and status <= {"pending", "processed", "cancelled"}
        and len(status) == 1
    ):
        yield f"the ticket says delivered, {which} is {next(iter(status))}"
    if _CANCELLED.search(sentence) and not _NEGATED.search(sentence) and "cancelled" not in status and len(status) == 1:
        yield f"the ticket says cancelled, {which} is {next(iter(status))}"
    if len(about) == 1 and (amount := _stated(sentence)) is not None and amount not in _amounts(about[0]):
        currency = str(about[0].values.get("currency", "EUR"))
        yield f"the ticket says {Money(minor=amount, currency=currency)} was paid, {which} shows no such payment"


def _which(about: list[Record]) -> str:
    return f"order {about[0].id}" if len(about) == 1 else f"each of {len(about)} orders"


def _names(sentence: str, order_id: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(order_id.lstrip('#'))}(?!\w)", sentence, re.IGNORECASE) is not None


def _status(orders: list[Record]) -> set[str]:
    return {str(order.values.get("status", "")).split(" ")[0] for order in orders}


def _all_delivered(order: Record) -> bool:
    """No parcel of it is known to be still on its way."""
    return all(shipment.get("status") in (None, "delivered") for shipment in order.values.get("shipments") or ())


def _times_charged(order: Record) -> int:
    return sum(payment.get("kind") == "payment" for payment in order.values.get("payments") or ())


def _stated(sentence: str) -> int | None:
    """The one amount the sentence says was paid, in minor units."""
    hits = _PAID.findall(sentence)
    if len(hits) != 1:
        return None
    digits = hits[0][0] or hits[0][1]
    if re.search(r",\d{2}\Z", digits):  # 1.234,50 and 12,50 as written on the continent
        digits = digits.replace(".", "").replace(",", ".")
    try:
        return minor(digits.replace(",", ""))
    except ValueError:
        return None


def _amounts(order: Record) -> set[int]:
    """Every amount that a customer could rightly name for the order."""
    values = order.values
    payments = [int(payment.get("amount", 0)) for payment in values.get("payments") or ()]
    prices = [int(item.get("price", 0)) for item in values.get("items") or ()]
    charged = [int(p.get("amount", 0)) for p in values.get("payments") or () if p.get("kind") == "payment"]
    known = {
        *payments,
        *prices,
        sum(charged),
        sum(prices),
        int(values.get("total") or 0),
        int(values.get("shipping") or 0),
    }
    return known | {amount // 100 * 100 for amount in known}  # "I paid 119 euros" for 119.80
