"""Who is asking: the first identity rule of sources.toml that any customer record satisfies decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.sources.port import Shelf
from config.sources import IdentityRule
from store.case import Clues
from store.contract import Customer

VALUES_AT_MOST = 20
"""Values of one field that are tried: a list of guesses pasted into a ticket is not worked through."""


def identify(rules: Sequence[IdentityRule], clues: Clues, sender: str | None, author: str, shelf: Shelf) -> Customer:
    """`verified`, `weak` or `unknown`, how, and the record's id and name where exactly one record fits.

    Two records that fit one rule leave nobody verified: then the identity is weak and has no id.
    """
    supplied = _supplied(clues, sender, author)
    for rule in rules:
        found = _holders(rule, supplied, shelf)
        if not found:
            continue
        if len(found) > 1:
            return Customer(identity="weak", how=f"{len(found)} customers match {' + '.join(rule.match)}")
        customer_id = next(iter(found))
        record = shelf.get("customer", customer_id)
        if record is not None:
            # A weak match names the record for the agent; the name on it is not the asker's until they are verified.
            name = str(record.values.get("name", "")) if rule.level == "verified" else author
            return Customer(id=customer_id, name=name, identity=rule.level, how=rule.how)
    return Customer(name=author, identity="unknown", how="nothing supplied matches a customer record")


def _supplied(clues: Clues, sender: str | None, author: str) -> Mapping[str, tuple[str, ...]]:
    return {
        "sender": (sender,) if sender else (),
        "email": clues.emails,
        "name": (*clues.names, *([author] if author else [])),
        "zip": clues.zips,
        "phone": clues.phones,
        "order": clues.order_ids,
        "customer_id": clues.customer_ids,
    }


def _holders(rule: IdentityRule, supplied: Mapping[str, tuple[str, ...]], shelf: Shelf) -> set[str]:
    """Customers that hold a supplied value in every field of the rule."""
    found: set[str] | None = None
    for name in rule.match:
        field = "email" if name == "sender" else name
        values = supplied[name][:VALUES_AT_MOST]
        held: set[str] = set().union(*(shelf.holders(field, value) for value in values)) if values else set()
        found = held if found is None else found & held
        if not found:
            return set()
    return found or set()
