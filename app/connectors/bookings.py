"""What each kind of action does to the shop's records. A booking that does not add up is refused, and nothing is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from app.sources import shop_file
from config.rules import ActionEntry, ArgType
from store.contract import Action, Money, now

Values = dict[str, Any]


class Refusal(Exception):
    """It does not run. `code` is one of messages.toml."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Order:
    """What was ordered to be done: the approved action with its arguments by their type."""

    def __init__(self, action: Action, entry: ActionEntry) -> None:
        self.action = action
        self.mark = action.idempotency_key[:12]
        self._names = {arg.type: name for name, arg in reversed(entry.args.items())}

    def get(self, kind: ArgType) -> Any:
        """The argument of that type, or None."""
        return self.action.args.get(self._names.get(kind, ""))

    def text(self, kind: ArgType) -> str:
        """The argument of that type; refuses when it is no text."""
        value = self.get(kind)
        if not isinstance(value, str) or not value:
            raise Refusal("connector_refused", f"{kind} is missing")
        return value


class Books:
    """The records an action touches, read under the write lock and written back once. Only those of `customer_id`."""

    def __init__(self, connection: sqlite3.Connection, customer_id: str | None) -> None:
        self._connection = connection
        self._customer_id = customer_id
        self._open: dict[tuple[str, str], Values] = {}

    def find(self, kind: str, record_id: str) -> Values:
        """The record's values, open for changes; empty when there is none."""
        if (kind, record_id) not in self._open:
            record = shop_file.get(self._connection, kind, record_id)
            if record is None:
                return {}
            self._open[kind, record_id] = dict(record.values)
        return self._open[kind, record_id]

    def own(self, kind: str, record_id: str) -> Values:
        """A record that must be there and must be the customer's."""
        values = self.find(kind, record_id)
        owner = values.get("id" if kind == "customer" else "customer_id")
        if not values or (self._customer_id is not None and owner != self._customer_id):
            raise Refusal("connector_refused", f"{kind} {record_id} is not a record of this customer")
        return values

    def owner(self, values: Values) -> Values:
        """The customer an order or invoice belongs to."""
        return self.own("customer", str(values.get("customer_id")))

    def keep(self) -> None:
        """Write every opened record back."""
        for (kind, _), values in self._open.items():
            shop_file.put(self._connection, kind, values)


# ── money ────────────────────────────────────────────────────────────────────


def _refund(books: Books, what: Order) -> str:
    order = books.own("order", what.text("order"))
    amount = _money(what, order)
    if amount > _left(order):
        raise Refusal("connector_refused", f"{_words(amount, order)} is more than what is still paid for {order['id']}")
    return _pay_back(books, order, what.text("payment_method"), amount, what.mark)


def _cancel(books: Books, what: Order) -> str:
    order = books.own("order", what.text("order"))
    if str(order.get("status")) == "cancelled":
        raise Refusal("connector_refused", f"order {order['id']} is cancelled already")
    order["status"] = "cancelled"
    order["cancel_reason"] = what.get("choice") or ""
    for number, (method, paid) in enumerate(_paid_by(order).items(), 1):
        if paid > 0:
            _pay_back(books, order, method, paid, f"{what.mark}_{number}")
    return f"cancel_{what.mark}"


def _return(books: Books, what: Order) -> str:
    order = books.own("order", what.text("order"))
    items = _items(order, what)
    amount = sum(int(item.get("price", 0)) for item in items)
    if what.action.amount is not None and what.action.amount.minor != amount:
        raise Refusal("connector_refused", f"the items of {order['id']} come to {_words(amount, order)} now")
    _method(books, order, what.text("payment_method"))
    order["status"] = "return requested"
    order["return"] = {
        "id": f"return_{what.mark}",
        "item_ids": what.get("items"),
        "amount": amount,
        "payment_method_id": what.text("payment_method"),
        "at": now().isoformat(),
    }
    return str(order["return"]["id"])


def _exchange(books: Books, what: Order) -> str:
    order = books.own("order", what.text("order"))
    swaps = _swaps(books, order, what)
    difference = _difference(order, swaps, what)
    _method(books, order, what.get("payment_method"))
    order["status"] = "exchange requested"
    order["exchange"] = {
        "id": f"exchange_{what.mark}",
        "item_ids": what.get("items"),
        "new_item_ids": what.get("variants"),
        "price_difference": difference,
        "payment_method_id": what.get("payment_method"),
        "at": now().isoformat(),
    }
    return str(order["exchange"]["id"])


def _change_items(books: Books, what: Order) -> str:
    order = books.own("order", what.text("order"))
    if order.get("items_changed"):
        raise Refusal("connector_refused", f"the items of order {order['id']} were changed before")
    swaps = _swaps(books, order, what)
    difference = _difference(order, swaps, what)
    for old, new in swaps:
        old |= {"item_id": new["item_id"], "price": new["price"], "options": new.get("options") or {}}
    order["total"] = int(order.get("total") or 0) + difference
    order["items_changed"] = True
    if difference > 0:
        _charge(books, order, what.text("payment_method"), difference, what.mark)
    elif difference < 0:
        _pay_back(books, order, what.text("payment_method"), -difference, what.mark)
    return f"change_{what.mark}"


def _change_payment(books: Books, what: Order) -> str:
    order = books.own("order", what.text("order"))
    new = what.text("payment_method")
    paid = {method: amount for method, amount in _paid_by(order).items() if amount > 0}
    if new in paid:
        raise Refusal("connector_refused", f"order {order['id']} is paid with that method already")
    _charge(books, order, new, sum(paid.values()), what.mark)
    for number, (method, amount) in enumerate(paid.items(), 1):
        _pay_back(books, order, method, amount, f"{what.mark}_{number}")
    return f"payment_{what.mark}"


def _credit(books: Books, what: Order) -> str:
    customer = books.own("customer", what.text("customer"))
    amount = _money(what, {})
    credit = {
        "id": f"credit_{what.mark}",
        "amount": amount,
        "currency": what.action.amount and what.action.amount.currency,
    }
    customer.setdefault("credits", []).append({**credit, "reason": what.get("text") or "", "at": now().isoformat()})
    return str(credit["id"])


# ── orders, accounts, papers ─────────────────────────────────────────────────


def _order_address(books: Books, what: Order) -> str:
    books.own("order", what.text("order"))["address"] = _address(what)
    return f"address_{what.mark}"


def _customer_address(books: Books, what: Order) -> str:
    customer = books.own("customer", what.text("customer"))
    customer["address"] = _address(what)
    customer["zip"] = customer["address"].get("zip", "")
    return f"address_{what.mark}"


def _account(field: str, kind: ArgType | None = None, fixed: str = "") -> Callable[[Books, Order], str]:
    def effect(books: Books, what: Order) -> str:
        books.own("customer", what.text("customer"))[field] = what.text(kind) if kind else fixed
        return f"{field}_{what.mark}"

    return effect


def _trace(books: Books, what: Order) -> str:
    order = books.own("order", what.text("order"))
    wanted = what.text("shipment")
    for shipment in order.get("shipments") or ():
        if shipment.get("tracking_id") == wanted:
            shipment["trace"] = {"id": f"trace_{what.mark}", "opened_at": now().isoformat()}
            return str(shipment["trace"]["id"])
    raise Refusal("connector_refused", f"order {order['id']} has no shipment {wanted}")


def _resend_invoice(books: Books, what: Order) -> str:
    invoice = books.own("invoice", what.text("invoice"))
    invoice.setdefault("sent_again", []).append({"to": books.owner(invoice).get("email", ""), "at": now().isoformat()})
    return f"invoice_{what.mark}"


EFFECTS: Mapping[str, Callable[[Books, Order], str]] = {
    "refund": _refund,
    "cancel_order": _cancel,
    "return_items": _return,
    "exchange_items": _exchange,
    "change_items": _change_items,
    "change_order_address": _order_address,
    "change_payment": _change_payment,
    "change_address": _customer_address,
    "change_email": _account("email", "email"),
    "change_plan": _account("plan", "plan"),
    "change_role": _account("role", "role"),
    "close_account": _account("status", fixed="closed"),
    "unlock_account": _account("status", fixed="active"),
    "trace_shipment": _trace,
    "resend_invoice": _resend_invoice,
    "apply_credit": _credit,
}
"""Kind to its effect; each returns the id under which the shop knows it, and raises `Refusal`."""


# ── the parts ────────────────────────────────────────────────────────────────


def _money(what: Order, order: Values) -> int:
    """The approved amount in minor units: positive, and in the order's currency."""
    amount: Money | None = what.action.amount
    if amount is None or amount.minor <= 0:
        raise Refusal("connector_refused", "the amount is missing or not above zero")
    if order and amount.currency != order.get("currency", amount.currency):
        raise Refusal(
            "connector_refused", f"order {order['id']} was paid in {order['currency']}, not {amount.currency}"
        )
    return amount.minor


def _paid_by(order: Values) -> dict[str, int]:
    """What each payment method still has paid for the order, in minor units."""
    paid: dict[str, int] = {}
    for payment in order.get("payments") or ():
        sign = 1 if payment.get("kind") == "payment" else -1
        method = str(payment.get("payment_method_id"))
        paid[method] = paid.get(method, 0) + sign * int(payment.get("amount", 0))
    return paid


def _left(order: Values) -> int:
    return sum(_paid_by(order).values())


def _method(books: Books, order: Values, method_id: Any) -> Values:
    """A saved method of the customer, or one that paid for the order and was removed since (then without a record)."""
    saved = books.owner(order).get("payment_methods") or []
    for index, method in enumerate(saved):
        if method.get("id") == method_id:
            saved[index] = dict(method)
            found: Values = saved[index]
            return found
    if method_id in _paid_by(order):
        return {"id": method_id}
    raise Refusal("connector_refused", "the payment method is not on file")


def _pay_back(books: Books, order: Values, method_id: str, amount: int, mark: str) -> str:
    method = _method(books, order, method_id)
    if method.get("kind") == "gift_card" and method.get("balance") is not None:
        method["balance"] = int(method["balance"]) + amount
    return _book(order, "refund", method_id, amount, f"refund_{mark}")


def _charge(books: Books, order: Values, method_id: str, amount: int, mark: str) -> str:
    method = _method(books, order, method_id)
    if method.get("kind") == "gift_card":
        if int(method.get("balance") or 0) < amount:
            raise Refusal("connector_refused", "the gift card holds less than what is to be paid")
        method["balance"] = int(method["balance"]) - amount
    return _book(order, "payment", method_id, amount, f"pay_{mark}")


def _book(order: Values, kind: str, method_id: str, amount: int, booking: str) -> str:
    row = {"id": booking, "kind": kind, "amount": amount, "payment_method_id": method_id, "at": now().isoformat()}
    order["payments"] = [*(order.get("payments") or ()), row]
    return booking


def _items(order: Values, what: Order) -> list[Values]:
    """The order's lines named, each at most as often as it stands there."""
    lines = list(order.get("items") or ())
    found = []
    for wanted in what.get("items") or ():
        line = next((line for line in lines if line.get("item_id") == wanted), None)
        if line is None:
            raise Refusal("connector_refused", f"order {order['id']} has no item {wanted}, or not that often")
        lines.remove(line)
        found.append(line)
    if not found:
        raise Refusal("connector_refused", "no items are named")
    return found


def _swaps(books: Books, order: Values, what: Order) -> list[tuple[Values, Values]]:
    """Each line with the variant that takes its place: of the same product, and available."""
    old, new = _items(order, what), list(what.get("variants") or ())
    if len(old) != len(new):
        raise Refusal("connector_refused", f"{len(new)} new items for {len(old)}")
    swaps = []
    for line, wanted in zip(old, new, strict=True):
        product = books.find("product", str(line.get("product_id")))
        variant = next((one for one in product.get("variants") or () if one.get("item_id") == wanted), None)
        if variant is None or not (variant.get("available") or wanted == line.get("item_id")):
            raise Refusal("connector_refused", f"{line.get('name')}: {wanted} is not available")
        swaps.append((line, variant))
    return swaps


def _difference(order: Values, swaps: list[tuple[Values, Values]], what: Order) -> int:
    """What the customer pays more (negative: gets back), in minor units; it must be what was approved."""
    difference = sum(int(new.get("price", 0)) - int(old.get("price", 0)) for old, new in swaps)
    if what.action.amount is not None and what.action.amount.minor != difference:
        raise Refusal("connector_refused", f"the price difference of {order['id']} is {_words(difference, order)} now")
    return difference


def _address(what: Order) -> Values:
    address = what.get("address")
    if not isinstance(address, dict) or not address:
        raise Refusal("connector_refused", "address is missing")
    return dict(address)


def _words(amount: int, order: Values) -> str:
    return str(Money(minor=amount, currency=str(order.get("currency", "EUR"))))
