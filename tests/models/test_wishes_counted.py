"""What is wanted in real tickets, against what the default intents find: one wish is one intent, two are two."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.arrivals import day
from config.load import SHOP, load
from tests.models.little_shop import matcher

WISHES = {
    "policy-returns": "policy_question",
    "charged-twice": "duplicate_charge",
    "where-sleeping-mat": "where_is_my_order|order_status",
    "cancel-jonas": "cancel_order",
    "no-id": "where_is_my_order|order_status",
    "invoice-copy": "invoice_copy",
    "two-things": "invoice_copy+return_items",
    "email-change": "change_email",
    "thanks-elif": "thanks",
    "injection-refund": "order_status",
    "trace-tom": "where_is_my_order",
    "small-refund-1": "refund_request|damaged_item|missing_item",
    "locked": "locked_account",
    "contradiction-jonas": "return_items",
    "screenshot": "bug_report|",
    "somebody-elses": "order_status",
    "plan-change": "change_plan|change_plan+product_question|change_plan+policy_question",
    "legal": "legal_threat+damaged_item|legal_threat+refund_request|legal_threat",
    "help": "",
    "anna-which": "return_items",
    "exchange-priya": "exchange_items",
    "address-felix": "change_order_address",
    "terminal": "order_status|order_status+bug_report|where_is_my_order|where_is_my_order+bug_report",
    "bidi": "refund_request|damaged_item",
    "markup": "where_is_my_order|order_status",
    "german": "",
    "ooo": "out_of_office",
    "price-match": "discount_request",
    "close-account": "close_account",
    "pasted-log": "bug_report",
    "maria-which": "where_is_my_order|order_status",
    "weak-name-order": "cancel_order",
    "name-zip": "where_is_my_order|order_status",
    "anger": "damaged_item|refund_request|damaged_item+complaint|refund_request+complaint|return_items",
    "trace-ingrid": "missing_item|where_is_my_order",
    "not-received": "where_is_my_order|missing_item",
    "not-twice": "duplicate_charge",
    "role-change": "change_role",
    "small-refund-2": "damaged_item|refund_request",
    "small-refund-3": "damaged_item|refund_request",
    "gift-card": "policy_question",
    "change-items": "change_items",
    "injection-email": "return_items|policy_question",
    "long": "invoice_copy+change_role|invoice_copy+change_role+order_status",
    "html": "order_status|where_is_my_order",
    "quoted": "policy_question",
    "warranty": "policy_question|policy_question+damaged_item|damaged_item",
    "return-annaB": "return_items",
    "spam-offer": "",
    "weather": "",
    "human": "speak_to_human",
    "password": "password_reset",
    "refund-limit-under": "refund_request|damaged_item",
    "change-payment": "change_payment",
    "already-shipped": "cancel_order",
    "gdpr": "data_request",
    "fraud": "refund_request|legal_threat|duplicate_charge",
    "opening": "policy_question",
    "product": "product_question",
    "wrong-sender": "change_email",
    "contract": "discount_request|change_plan",
    "shipping-us": "policy_question",
    "rtl": "",
    "other-method": "refund_request",
    "csv-formula": "order_status",
    "stale": "order_status",
    "gone-quiet": "",
    "change-order-2": "change_order_address",
    "charged-twice-2": "refund_status",
    "policy-returns-2": "policy_question|",
    "no-id-2": "",
    "anna-which-2": "",
    "trace-tom-2": "where_is_my_order|",
    "newcomer": "where_is_my_order|order_status",
    "no-invoice": "invoice_copy",
    "campsite": "cancel_order",
    "where-sleeping-mat-2": "thanks",
    "gift-card-2": "policy_question",
    "help-2": "where_is_my_order|order_status",
}
"""Message of the sample day to the readings a person would accept, by | ; the intents of a reading by + ."""
WRITES = {
    "cancel_pending_order": "cancel_order",
    "return_delivered_order_items": "return_items",
    "exchange_delivered_order_items": "exchange_items",
    "modify_pending_order_items": "change_items",
    "modify_pending_order_address": "change_order_address",
    "modify_pending_order_payment": "change_payment",
    "modify_user_address": "change_address",
}
"""The gold actions of the public retail tickets, as intents."""

Row = tuple[str, list[frozenset[str]]]


def of_the_day() -> list[Row]:
    rows = []
    for arrival in day(SHOP / "tickets.jsonl"):
        name = arrival.message.message_id.split("@")[0]
        readings = [frozenset(filter(None, each.split("+"))) for each in WISHES[name].split("|")]
        subject = "" if arrival.message.subject.startswith("Re:") else f"{arrival.message.subject}\n"
        rows.append((subject + arrival.message.text, readings))
    return rows


def of_retail(file: Path) -> list[Row]:
    rows = []
    for line in file.read_text(encoding="utf-8").splitlines():
        ticket = json.loads(line)
        wanted = frozenset(WRITES[each["name"]] for each in ticket["expected_actions"] if each["name"] in WRITES)
        if wanted and ticket["single_shot"]:
            rows.append((ticket["customer_text"], [wanted]))
    return rows


def measured(rows: list[Row], only: frozenset[str] | None = None) -> dict[str, float]:
    """micro-F1, the share of exact sets, and of the tickets with one wish the share that count as one."""
    hits = said = wanted = exact = single = called = 0
    for text, readings in rows:
        found = {each.name for each in matcher("strong").classify(text, timeout=9)[0].intents}
        found &= only or found
        gold = max(readings, key=lambda each: len(each & found) - len(each ^ found))
        hits, said, wanted, exact = (
            hits + len(gold & found),
            said + len(found),
            wanted + len(gold),
            exact + (found == gold),
        )
        if max(map(len, readings)) == 1:
            single, called = single + 1, called + (len(found) <= 1)
    return {"f1": 2 * hits / (said + wanted), "exact": exact / len(rows), "single": called / single}


def test_every_message_of_the_day_has_its_wishes() -> None:
    names = {arrival.message.message_id.split("@")[0] for arrival in day(SHOP / "tickets.jsonl")}
    assert names <= set(WISHES)
    intents = set(load().intents)
    assert all(set(each.replace("|", "+").split("+")) - {""} <= intents for each in WISHES.values())


def test_the_days_tickets_mean_what_they_say() -> None:
    found = measured(of_the_day())
    assert found["single"] >= 0.9, found
    assert found["f1"] >= 0.9, found
    assert found["exact"] >= 0.85, found


@pytest.mark.data
@pytest.mark.parametrize(("file", "f1", "single"), [("tickets", 0.75, 0.75), ("tickets_v1_synthetic", 0.9, 0.95)])
def test_public_retail_tickets_mean_what_was_done(file: str, f1: float, single: float) -> None:
    """The default intents were not written for that shop. What was done is not all that was asked, so F1 has a ceiling."""
    folder = os.environ.get("LASTCLICK_DATA")
    if not folder:
        why = "needs the folder named by LASTCLICK_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    found = measured(of_retail(Path(folder) / "retail" / f"{file}.jsonl")[:150], frozenset(WRITES.values()))
    assert found["f1"] >= f1, found
    assert found["single"] >= single, found
