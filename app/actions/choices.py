"""What each argument of an action may be: a JSON Schema whose choices come from the records of the verified customer.

Beside an `enum` stand our own words, each a table by choice: `x-title` (how it reads), `x-minor` (its money, in minor
units), `x-read` (the record's values when it was read, for preconditions and diffs), `x-product` (which product an item
is a variant of), `x-count` (how many of it there are), `x-balance` (what a gift card holds, in minor units).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from config.rules import ActionEntry, ArgEntry
from store.case import Facts
from store.contract import Json, Money

Values = Mapping[str, Any]
ADDRESS = ("address1", "address2", "city", "state", "zip", "country")
MONEY_BACK = ("items_total_refund", "arg:amount")


@dataclass(frozen=True)
class Known:
    """The records of one look-up by kind and id, as plain values. Empty for a customer who is not verified."""

    customer: Values
    orders: dict[str, Values]
    products: dict[str, Values]
    invoices: dict[str, Values]
    plans: dict[str, Values]

    @property
    def methods(self) -> dict[str, Values]:
        """The customer's payment methods by id."""
        return {method["id"]: method for method in self.customer.get("payment_methods") or ()}

    @property
    def currency(self) -> str | None:
        """The currency of the newest order or invoice that names one."""
        rows = [*self.orders.values(), *self.invoices.values()]
        return next((row["currency"] for row in rows if row.get("currency")), None)

    def order(self, said: Json) -> str | None:
        """The id of the order meant by what was said: case, a leading # and spaces do not matter."""
        return next((each for each in self.orders if bare(each) == bare(str(said))), None)


def known(facts: Facts | None) -> Known:
    """The records that look-up found, sorted by kind. Orders and invoices of anybody else are left out."""
    kinds: dict[str, dict[str, Values]] = {}
    for record in facts.records if facts and facts.customer.identity == "verified" else ():
        kinds.setdefault(record.kind, {})[record.id] = {"id": record.id, **record.values}
    owner = facts.customer.id if facts else None
    customer = kinds.get("customer", {}).get(owner or "", {})

    def own(kind: str) -> dict[str, Values]:
        return {key: row for key, row in kinds.get(kind, {}).items() if row.get("customer_id") == owner}

    return Known(customer, own("order"), kinds.get("product", {}), own("invoice"), kinds.get("plan", {}))


def bare(identifier: str) -> str:
    """An id without what people leave out or add: a leading #, spaces, case."""
    return identifier.strip().lstrip("#").strip().casefold()


def schema(entry: ActionEntry, args: Mapping[str, Json], shop: Known) -> dict[str, Json]:
    """The JSON Schema of the arguments. `args` only says which order is meant; other orders are choices only where no
    other argument hangs on the order."""
    order = next((shop.order(args.get(name)) for name, arg in entry.args.items() if arg.type == "order"), None)
    bound = any(arg.type in ("items", "variants", "money", "shipment") for arg in entry.args.values()) or any(
        arg.type == "payment_method" and allowed(entry, arg) != "any" for arg in entry.args.values()
    )
    orders = [order] if bound and order else list(shop.orders)
    properties: dict[str, Json] = {}
    for name, arg in entry.args.items():
        properties[name] = {"title": arg.title or name.replace("_", " "), **_field(entry, arg, order, orders, shop)}
    money = shop.orders.get(order or "", {}).get("currency") or shop.currency
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name, arg in entry.args.items() if arg.required],
        "additionalProperties": False,
        "x-currency": money,
        "x-customer": {"id": shop.customer.get("id"), "name": shop.customer.get("name"), "read": _plain(shop.customer)},
    }


def allowed(entry: ActionEntry, arg: ArgEntry) -> str:
    """Which payment methods an argument may name: `paid`, `paid_or_gift_card`, `other` or `any`."""
    return arg.methods or ("paid" if entry.amount in MONEY_BACK else "any")


def payers(order: Values) -> list[str]:
    """The payment methods that paid an order, first payment first."""
    paid = [each["payment_method_id"] for each in order.get("payments") or () if each.get("kind") == "payment"]
    return list(dict.fromkeys(method for method in paid if method))


def refundable(order: Values, method: str | None = None) -> int:
    """Minor units paid for an order (by one method) and not yet given back."""
    rows = [row for row in order.get("payments") or () if method is None or row.get("payment_method_id") == method]
    return sum(row["amount"] if row.get("kind") == "payment" else -row["amount"] for row in rows)


def selectable(entry: ActionEntry, arg: ArgEntry, order: Values | None, shop: Known) -> list[str]:
    """The payment methods an argument may name for that order, those that paid first."""
    paid = payers(order) if order else []
    rule = allowed(entry, arg)
    own = [*(each for each in paid if each in shop.methods), *(each for each in shop.methods if each not in paid)]
    if rule == "any" or (order is None and rule == "other"):
        return own
    if rule == "other":
        return [each for each in own if each not in paid]
    gift = [each for each in own if shop.methods[each].get("kind") == "gift_card" and rule == "paid_or_gift_card"]
    return list(dict.fromkeys([*paid, *gift]))


# ── how a record reads ───────────────────────────────────────────────────────


def item_title(item: Values) -> str:
    """ "Tea Kettle (glass, 2 liters)"; a variant has no name of its own."""
    options = ", ".join(str(value) for value in (item.get("options") or {}).values())
    return f"{item.get('name', '')} ({options})".strip() if options else str(item.get("name") or item["item_id"])


def method_title(method: Values) -> str:
    """ "card ••9212 (mastercard)", "PayPal", "gift card"."""
    kind = str(method.get("kind") or "payment method")
    if kind == "credit_card":
        brand = f" ({method['brand']})" if method.get("brand") else ""
        return f"card ••{method.get('last_four') or '????'}{brand}"
    return {"paypal": "PayPal", "gift_card": "gift card", "invoice": "invoice"}.get(kind, kind.replace("_", " "))


def address_line(address: Values | None) -> str:
    """ "1 Main St, Suite 2, Denver, CO 80279, USA"."""
    given = {name: str((address or {}).get(name) or "") for name in ADDRESS}
    area = f"{given['state']} {given['zip']}".strip()
    parts = (given["address1"], given["address2"], given["city"], area, given["country"])
    return ", ".join(part for part in parts if part)


def order_title(order: Values) -> str:
    """ "#W1 · pending · $12.00 · Grill, Tea Kettle"."""
    total = str(Money(minor=order["total"], currency=order["currency"])) if order.get("currency") else ""
    names = ", ".join(str(item.get("name", "")) for item in order.get("items") or ())
    return " · ".join(part for part in (str(order["id"]), str(order.get("status", "")), total, names) if part)


# ── one field ────────────────────────────────────────────────────────────────


def _field(entry: ActionEntry, arg: ArgEntry, order: str | None, orders: list[str], shop: Known) -> dict[str, Json]:
    row = shop.orders.get(order or "")
    match arg.type:
        case "order":
            return _choice(
                orders,
                title={key: order_title(shop.orders[key]) for key in orders},
                minor={key: shop.orders[key].get("total", 0) for key in orders},
                read={key: _order_read(shop.orders[key], shop) for key in orders},
            )
        case "items" | "variants":
            items = list(row.get("items") or ()) if row else []
            choices = items if arg.type == "items" else _variants(items, shop)
            count = dict(Counter(item["item_id"] for item in items)) if arg.type == "items" else {}
            return {"type": "array", "minItems": 1, "items": _of_items(choices, count)}
        case "payment_method":
            methods = {each: shop.methods.get(each, {}) for each in selectable(entry, arg, row, shop)}
            balances = {key: each["balance"] for key, each in methods.items() if each.get("balance") is not None}
            titles = {key: method_title(each) for key, each in methods.items()}
            return _choice(list(methods), title=titles, balance=balances)
        case "shipment":
            sent = [each for key in orders for each in shop.orders[key].get("shipments") or ()]
            return _choice([each["tracking_id"] for each in sent])
        case "invoice":
            return _choice(
                list(shop.invoices), minor={key: bill.get("amount", 0) for key, bill in shop.invoices.items()}
            )
    return _typed(arg, row, shop)


def _typed(arg: ArgEntry, order: Values | None, shop: Known) -> dict[str, Json]:
    match arg.type:
        case "money":
            return _money(refundable(order) if order else None, shop)
        case "address":
            lines = {name: {"type": "string", "maxLength": 120} for name in ADDRESS}
            needed = [name for name in ADDRESS if name != "address2"]
            return {"type": "object", "properties": lines, "required": needed, "additionalProperties": False}
        case "email":
            return {"type": "string", "maxLength": 254, "pattern": r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$"}
    named = _titles(arg, shop)
    return {"type": "string", "minLength": 1, "maxLength": 2000} if named is None else _choice(list(named), title=named)


def _titles(arg: ArgEntry, shop: Known) -> dict[str, str] | None:
    """The choices of an argument that is no order's, with how each reads; None for one that is typed freely."""
    if arg.type == "customer":
        return {shop.customer["id"]: shop.customer.get("name") or shop.customer["id"]} if shop.customer else {}
    if arg.type == "plan" and shop.plans:
        return {
            key: str(row.get("name") or key) for key, row in shop.plans.items() if key in (arg.choices or shop.plans)
        }
    if arg.type in ("choice", "plan", "role") and arg.choices:
        return dict(zip(arg.choices, arg.choices, strict=True))
    return None


def _choice(choices: list[str], **tables: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "type": "string",
        "enum": list(dict.fromkeys(choices)),
        **{f"x-{name}": dict(table) for name, table in tables.items() if table},
    }


def _of_items(choices: Iterable[Values], count: Mapping[str, int]) -> dict[str, Json]:
    rows = {row["item_id"]: row for row in choices}
    return _choice(
        list(rows),
        title={key: item_title(row) for key, row in rows.items()},
        minor={key: row.get("price", 0) for key, row in rows.items()},
        product={key: str(row.get("product_id", "")) for key, row in rows.items()},
        count=count,
    )


def _variants(items: Iterable[Values], shop: Known) -> list[Values]:
    """What an order's items can become: available variants of their products; an item itself stays a choice."""
    rows: list[Values] = []
    for item in items:
        product = shop.products.get(str(item.get("product_id")), {})
        for variant in product.get("variants") or ():
            if variant.get("available") or variant["item_id"] == item["item_id"]:
                rows.append({**variant, "name": product.get("name", ""), "product_id": item.get("product_id")})
        rows.append(item)
    return rows


def _money(most: int | None, shop: Known) -> dict[str, Json]:
    minor: dict[str, Json] = {"type": "integer", "minimum": 1} | ({"maximum": most} if most is not None else {})
    currency: dict[str, Json] = {"type": "string"} | ({"const": shop.currency} if shop.currency else {})
    return {
        "type": "object",
        "properties": {"minor": minor, "currency": currency},
        "required": ["minor", "currency"],
        "additionalProperties": False,
    }


def _order_read(order: Values, shop: Known) -> dict[str, Json]:
    first = next((shop.methods[each] for each in payers(order) if each in shop.methods), None)
    return _plain(order) | {
        "address": {name: (order.get("address") or {}).get(name) or "" for name in ADDRESS},
        "payment_method": method_title(first) if first else "",
        "paid_by": list(payers(order)),
        "refunded": refundable(order)
        and sum(p["amount"] for p in order.get("payments") or () if p["kind"] == "refund"),
    }


def _plain(row: Values) -> dict[str, Json]:
    """The simple values of a record; lists and tables are left out but for the address."""
    simple = {key: value for key, value in row.items() if value is None or isinstance(value, str | int | float | bool)}
    address = row.get("address")
    return simple | ({"address": {name: address.get(name) or "" for name in ADDRESS}} if address else {})
