"""Look-up: who is asking, which records and passages bear on the ticket, and where the ticket and the records disagree."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.sources import conversations, knowledge, shop_file
from app.sources.contradictions import contradictions
from app.sources.identity import identify
from app.sources.knowledge import Embed
from app.sources.port import SourceFailure
from app.sources.shelves import FileShelf, Shelves
from config.rules import Rules
from store.case import Case, Clues, Facts, Record
from store.contract import Customer, Evidence

ORDERS_AT_MOST = 12
PASSAGES_AT_MOST = 5
QUERY_AT_MOST = 1000


class Lookup:
    """Reads the shop file at `shop_path` (see `records.open_shop`) and the HTTP sources of the rules.

    `embed` turns texts into rows of floats; without it passages are found by their words.
    """

    def __init__(self, rules: Rules, shop_path: Path, embed: Embed | None = None) -> None:
        self._rules = rules
        self._path = shop_path
        self._embed = embed

    def look_up(self, case: Case, clues: Clues, intents: Sequence[str]) -> Facts:
        """Everything the later steps may know. Records are there only for a verified customer. Raises `SourceFailure`."""
        try:
            with shop_file.reading(self._path) as connection:
                return self._facts(connection, case, clues, intents)
        except shop_file.Errors as error:
            raise SourceFailure("records_down", f"the shop file cannot be read: {error}", phase="connect") from error

    def _facts(self, connection: sqlite3.Connection, case: Case, clues: Clues, intents: Sequence[str]) -> Facts:
        sources = self._rules.sources
        shelves = Shelves(sources.records, FileShelf(connection, self._path))
        customer = identify(sources.identity, clues, case.message.sender, case.message.author, shelves)
        said = _own_words(case.message.text)
        records: list[Record] = []
        disagreements: list[str] = []
        before: list[Record] = []
        if customer.identity == "verified" and customer.id:
            records, named, strange = self._records(shelves, customer.id, clues)
            orders = [record for record in records if record.kind == "order"]
            disagreements += [f"order {order_id} is not among this customer's orders" for order_id in strange]
            disagreements += contradictions(said, orders, named) if named or not strange else ()
            disagreements += _other_sender(customer, case.message.sender, records)
            before = shelves.owned("conversation", customer.id) if "conversation" in sources.records else []
        return Facts(
            customer=customer,
            clues=clues,
            records=tuple(records),
            passages=self._passages(connection, f"{case.ticket.subject}. {said}", intents),
            conversations=conversations.earlier(case.messages, case.message, before),
            contradictions=tuple(disagreements),
            systems=self._systems(intents),
        )

    def _records(self, shelves: Shelves, customer_id: str, clues: Clues) -> tuple[list[Record], list[str], list[str]]:
        """The customer's records and the catalogue entries of what they bought; named orders that are theirs; those not.

        An order of somebody else and one that does not exist look the same from here: neither is read.
        """
        kinds = self._rules.sources.records
        profile = shelves.get("customer", customer_id)
        orders = shelves.owned("order", customer_id) if "order" in kinds else []
        by_key = {shop_file.key("order", order.id): order for order in orders}
        by_tracking = {
            shop_file.key("order", str(shipment.get("tracking_id"))): order
            for order in orders
            for shipment in order.values.get("shipments") or ()
        }
        named = [by_key[key] for wanted in clues.order_ids if (key := shop_file.key("order", wanted)) in by_key]
        named += [
            by_tracking[key] for wanted in clues.tracking_ids if (key := shop_file.key("order", wanted)) in by_tracking
        ]
        strange = [wanted for wanted in clues.order_ids if shop_file.key("order", wanted) not in by_key]
        newest = sorted(orders, key=lambda order: str(order.values.get("placed_at", "")), reverse=True)
        kept = list({order.id: order for order in (*named, *newest)}.values())[: max(ORDERS_AT_MOST, len(named))]
        invoices = shelves.owned("invoice", customer_id) if "invoice" in kinds else []
        plans = shelves.all_of("plan") if "plan" in kinds else []
        products = _products(shelves, kept) if "product" in kinds else []
        records = [*([profile] if profile else []), *kept, *invoices, *plans, *products]
        return records, list(dict.fromkeys(order.id for order in named)), strange

    def _passages(self, connection: sqlite3.Connection, text: str, intents: Sequence[str]) -> tuple[Evidence, ...]:
        """Policy passages by meaning (by words without a model), then products the text names."""
        text = text[:QUERY_AT_MOST]
        if self._embed is not None:
            queries = [text, *(intent.replace("_", " ") for intent in intents)]
            found = knowledge.by_meaning(
                connection, self._embed, queries, self._rules.sources.passage_floor, PASSAGES_AT_MOST
            )
        else:
            found = knowledge.by_words(connection, " ".join([text, *intents]).replace("_", " "), PASSAGES_AT_MOST)
        public = [kind for kind, source in self._rules.sources.records.items() if source.public]
        return (*found, *(entry for kind in public for entry in knowledge.catalogue(connection, kind, text)))

    def _systems(self, intents: Iterable[str]) -> tuple[str, ...]:
        named = (
            system for name in intents if name in self._rules.intents for system in self._rules.intents[name].systems
        )
        return tuple(dict.fromkeys(named))


def _products(shelves: Shelves, orders: Sequence[Record]) -> list[Record]:
    ids = dict.fromkeys(str(item.get("product_id")) for order in orders for item in order.values.get("items") or ())
    return [product for product_id in ids if (product := shelves.get("product", product_id))]


def _other_sender(customer: Customer, sender: str | None, records: Sequence[Record]) -> list[str]:
    """A proven address that is not the account's: right for a lost mailbox, and the first sign of a stolen account."""
    profile = next((record for record in records if record.kind == "customer"), None)
    if sender is None or profile is None:
        return []
    on_file = str(profile.values.get("email", ""))
    same = shop_file.key("email", on_file) == shop_file.key("email", sender)
    return [] if same else ["the message came from an address that is not on file"]


def _own_words(text: str) -> str:
    """The message without the lines quoted from earlier mail."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(">"))
