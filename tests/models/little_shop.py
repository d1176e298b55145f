"""A shop of one customer for tests: three orders, two products, three payment methods; and the fitted embedded pair."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from app.models.embedded import Embedded
from app.models.registry import models
from config.load import load
from config.rules import Rules
from store.case import Case, Facts, Record
from store.contract import Customer, Message, Ticket

AT = datetime(2026, 1, 1, tzinfo=UTC)
HOME = {"address1": "1 Elm St", "address2": "", "city": "Denver", "state": "CO", "zip": "80279", "country": "USA"}
KETTLES: list[dict[str, Any]] = [
    {"item_id": "k1", "options": {"material": "glass", "capacity": "2 liters"}, "available": True, "price": 4000},
    {"item_id": "k2", "options": {"material": "ceramic", "capacity": "2 liters"}, "available": True, "price": 5500},
    {"item_id": "k3", "options": {"material": "steel", "capacity": "1 liter"}, "available": False, "price": 3000},
]
LAMPS: list[dict[str, Any]] = [{"item_id": "l1", "options": {"color": "black"}, "available": True, "price": 2000}]


def record(kind: str, **values: Any) -> Record:
    return Record(kind=kind, id=values["id"], values=values, read_at=AT)


def order(id: str, status: str, items: list[tuple[str, str]], **more: Any) -> Record:
    prices = {row["item_id"]: row for row in (*KETTLES, *LAMPS)}
    rows = [{**prices[item], "product_id": product, "name": product.title()} for item, product in items]
    total = sum(row["price"] for row in rows)
    paid = [{"kind": "payment", "amount": total, "payment_method_id": more.pop("paid", "card_1")}]
    base = {"customer_id": "mia", "currency": "USD", "address": HOME, "payments": paid, "shipments": []}
    return record("order", id=id, status=status, items=rows, total=total, **{**base, **more})


FACTS = Facts(
    customer=Customer(id="mia", name="Mia Garcia", identity="verified"),
    records=(
        record(
            "customer",
            id="mia",
            name="Mia Garcia",
            email="mia@example.com",
            address=HOME,
            status="active",
            payment_methods=[
                {"id": "card_1", "kind": "credit_card", "brand": "visa", "last_four": "9212"},
                {"id": "pal_1", "kind": "paypal"},
                {"id": "gift_1", "kind": "gift_card", "balance": 1000},
            ],
        ),
        order("#W1", "delivered", [("k1", "kettle"), ("l1", "lamp"), ("k1", "kettle")]),
        order("#W2", "pending", [("k1", "kettle")]),
        order("#W3", "pending", [("l1", "lamp")], paid="pal_1"),
        order("#W9", "pending", [("l1", "lamp")], customer_id="someone_else"),
        record("product", id="kettle", name="Kettle", variants=KETTLES),
        record("product", id="lamp", name="Lamp", variants=LAMPS),
    ),
)


@cache
def little_rules() -> Rules:
    """The default rules, with order ids as the little shop writes them."""
    shop = load()
    records = dict(shop.sources.records)
    records["order"] = records["order"].model_copy(update={"id_pattern": r"#W\d+"})
    return shop.model_copy(update={"sources": shop.sources.model_copy(update={"records": records})})


@cache
def matcher(name: str) -> Embedded:
    """`cheap` or `strong`, fitted once for the test run."""
    found = _pair()[name]
    assert isinstance(found, Embedded)
    return found


@cache
def _pair() -> dict[str, Any]:
    return dict(models(little_rules(), Path(tempfile.mkdtemp(prefix="lastclick-test-"))))


def case(text: str, facts: Facts = FACTS, *earlier: str) -> Case:
    """A ticket whose newest message is `text`, classified, with these facts."""
    rows = [
        Message(id=f"m{at}", ticket_id="t1", direction="inbound", at=AT, text=each)
        for at, each in enumerate((*earlier, text), 1)
    ]
    return Case(
        ticket=Ticket(id="t1"),
        messages=tuple(rows),
        message=rows[-1],
        facts=facts,
        classification=matcher("strong").intents(text),
    )
