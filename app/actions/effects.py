"""What an action means in words and numbers: its amount, its description, its target and what it changes.

Everything is made from the arguments and from the schema that the records gave (`choices.py`), so that an edited action
is described by the same code as a proposed one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.actions.choices import ADDRESS, address_line
from config.rules import ActionEntry
from store.contract import Action, FieldDiff, Json, Money, Precondition

Args = Mapping[str, Json]
Schema = Mapping[str, Any]
_SLOT = re.compile(r"\{([a-z_.0-9]+)\}")


def amount(entry: ActionEntry, args: Args, schema: Schema) -> Money | None:
    """The money an action moves, in minor units. A price difference is negative when the customer gets money back."""
    if entry.amount == "none":
        return None
    if entry.amount == "arg:amount":
        given = args.get("amount")
        return Money(**given) if isinstance(given, dict) else None
    currency = schema.get("x-currency")
    if not currency:
        return None
    sums = {kind: _sum(entry, args, schema, kind) for kind in ("order", "items", "variants")}
    minor = {"order_total": sums["order"], "price_difference": sums["variants"] - sums["items"]}
    return Money(minor=minor.get(entry.amount, sums["items"]), currency=currency)


def slots(entry: ActionEntry, args: Args, schema: Schema) -> dict[str, str]:
    """What the slots of a text may name: every argument as a person reads it, `amount`, `customer` and values of the
    record an argument names ("order.status")."""
    words = _given(entry, args, schema, amount(entry, args, schema))
    customer = schema.get("x-customer") or {}
    for name, arg in entry.args.items():
        table = node(schema, name).get("x-read", {})
        for key, value in table.get(args.get(name) if isinstance(args.get(name), str) else "", {}).items():
            words[f"{arg.type}.{key}"] = address_line(value) if isinstance(value, dict) else str(value)
    for key, value in (customer.get("read") or {}).items():
        words[f"customer.{key}"] = address_line(value) if isinstance(value, dict) else str(value)
    return words


def _given(entry: ActionEntry, args: Args, schema: Schema, money: Money | None) -> dict[str, str]:
    words = {name: _words(entry, name, args, schema) for name in entry.args}
    customer = schema.get("x-customer") or {}
    words["customer"] = words.get("customer") or str(customer.get("name") or "")
    if money:
        words["amount"] = _money_words(entry, money)
    return words


def filled(template: str, words: Mapping[str, str]) -> str:
    """The template with its slots filled. A slot nobody can fill stays visible in its braces."""
    return _SLOT.sub(lambda slot: words.get(slot[1], slot[0]), template)


def told(entry: ActionEntry, action: Action) -> str:
    """How the customer is told of it."""
    if "." in entry.customer.removesuffix("."):
        return filled(entry.customer, slots(entry, action.args, action.args_schema))
    words = _given(entry, action.args, action.args_schema, action.amount)
    return filled(entry.customer, words)


def target(entry: ActionEntry, args: Args, schema: Schema) -> str:
    """Which record the action changes: the entry's own template, else its order, invoice or shipment, else the customer."""
    own = _SLOT.fullmatch(entry.target)
    if own and isinstance(args.get(own[1]), str):
        return str(args[own[1]])
    if own is None and "{" in entry.target:
        return filled(entry.target, slots(entry, args, schema))
    for kind in ("order", "invoice", "shipment"):
        name = next((name for name, arg in entry.args.items() if arg.type == kind), None)
        if name and isinstance(args.get(name), str):
            return str(args[name])
    return str((schema.get("x-customer") or {}).get("id") or "")


def preconditions(entry: ActionEntry, args: Args, schema: Schema) -> tuple[Precondition, ...]:
    """The required facts as they were read: each must still be so when the action runs."""
    found = []
    for need in entry.require:
        record_id, read = record(entry, need.record, args, schema)
        if record_id:
            found.append(
                Precondition(record=need.record, record_id=record_id, field=need.field, expected=read.get(need.field))
            )
    return tuple(found)


def record(entry: ActionEntry, kind: str, args: Args, schema: Schema) -> tuple[str, Mapping[str, Json]]:
    """Id and read values of the record of that kind which the arguments name."""
    if kind == "customer":
        customer = schema.get("x-customer") or {}
        return str(customer.get("id") or ""), customer.get("read") or {}
    name = next((name for name, arg in entry.args.items() if arg.type == kind), None)
    chosen = args.get(name) if name else None
    if name is None or not isinstance(chosen, str):
        return "", {}
    return chosen, node(schema, name).get("x-read", {}).get(chosen, {})


def diff(kind: str, entry: ActionEntry, args: Args, schema: Schema) -> tuple[FieldDiff, ...]:
    """What the action changes in the records, field by field; for a kind of a team's own, what it is given."""
    order, read = record(entry, "order", args, schema)
    customer = (schema.get("x-customer") or {}).get("read") or {}
    words = slots(entry, args, schema)
    address = next((args[name] for name, arg in entry.args.items() if arg.type == "address" and name in args), None)
    status = {
        "cancel_order": "cancelled",
        "return_items": "return requested",
        "exchange_items": "exchange requested",
    }
    found: list[FieldDiff] = []
    if kind in status and order:
        found.append(FieldDiff(field="order.status", before=read.get("status"), after=status[kind]))
    if kind in ("exchange_items", "change_items"):
        found += _item_diff(entry, args, schema)
    if kind == "change_order_address" and address:
        found += _address_diff("order.address", read.get("address"), address)
    if kind == "change_address" and address:
        found += _address_diff("customer.address", customer.get("address"), address)
    if kind == "change_payment":
        after = words.get(_name(entry, "payment_method"), "")
        found.append(FieldDiff(field="order.payment_method", before=read.get("payment_method"), after=after))
    money = amount(entry, args, schema)
    if kind == "refund" and money:
        had = money.model_copy(update={"minor": read.get("refunded") or 0})
        gets = money.model_copy(update={"minor": had.minor + money.minor})
        found.append(FieldDiff(field="order.refunded", before=had.model_dump(), after=gets.model_dump()))
    found += _account_diff(kind, entry, args, customer)
    return tuple(found) or tuple(FieldDiff(field=name, before=None, after=value) for name, value in args.items())


def node(schema: Schema, name: str) -> Mapping[str, Any]:
    """The part of the schema that holds an argument's choices: its own, or for a list that of its items."""
    own: Mapping[str, Any] = schema.get("properties", {}).get(name, {})
    return own.get("items", own) if own.get("type") == "array" else own


def choices_of(schema: Schema, name: str) -> list[str]:
    """The values an argument may take, in the records' order; empty for one that is typed freely."""
    return list(node(schema, name).get("enum") or ())


def _account_diff(kind: str, entry: ActionEntry, args: Args, read: Mapping[str, Json]) -> list[FieldDiff]:
    fixed = {"close_account": "closed", "unlock_account": "active"}
    if kind in fixed:
        return [FieldDiff(field="customer.status", before=read.get("status"), after=fixed[kind])]
    field = {"change_email": "email", "change_plan": "plan", "change_role": "role"}.get(kind)
    name = _name(entry, field) if field else ""
    return (
        [FieldDiff(field=f"customer.{field}", before=read.get(field or ""), after=args[name])] if name in args else []
    )


def _item_diff(entry: ActionEntry, args: Args, schema: Schema) -> list[FieldDiff]:
    old, new = _name(entry, "items"), _name(entry, "variants")
    before, after = node(schema, old).get("x-title", {}), node(schema, new).get("x-title", {})
    pairs = zip(args.get(old) or (), args.get(new) or (), strict=False)
    return [
        FieldDiff(field=f"item {had}", before=before.get(had, had), after=after.get(gets, gets)) for had, gets in pairs
    ]


def _address_diff(field: str, before: Mapping[str, Json] | None, after: Mapping[str, Json]) -> list[FieldDiff]:
    had = before or {}
    changed = [name for name in ADDRESS if (had.get(name) or "") != (after.get(name) or "")]
    return [FieldDiff(field=f"{field}.{name}", before=had.get(name), after=after.get(name) or "") for name in changed]


def _name(entry: ActionEntry, kind: str | None) -> str:
    return next((name for name, arg in entry.args.items() if kind in (arg.type, name)), "")


def _sum(entry: ActionEntry, args: Args, schema: Schema, kind: str) -> int:
    name = _name(entry, kind)
    value = args.get(name)
    minor = node(schema, name).get("x-minor", {})
    return sum(minor.get(each, 0) for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))


def _words(entry: ActionEntry, name: str, args: Args, schema: Schema) -> str:
    value, kind = args.get(name), entry.args[name].type
    titles = node(schema, name).get("x-title", {})
    if value is None:
        return "(not given)"
    if kind in ("items", "variants") and isinstance(value, list):
        return ", ".join(str(titles.get(each, each)) for each in value)
    if kind in ("payment_method", "customer", "plan"):
        return str(titles.get(value, value))
    if isinstance(value, dict):
        return str(Money(**value)) if kind == "money" else address_line(value)
    return str(value)


def _money_words(entry: ActionEntry, money: Money) -> str:
    if entry.amount != "price_difference":
        return str(money)
    if money.minor == 0:
        return "no price difference"
    size = str(Money(minor=abs(money.minor), currency=money.currency))
    return f"{size} to pay" if money.minor > 0 else f"{size} back"
