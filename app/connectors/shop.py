"""The shop's own records as a peer: an action, its bookings and its idempotency row are one transaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from app.connectors.bookings import EFFECTS, Books, Order, Refusal
from app.connectors.port import Result
from app.sources import shop_file
from app.sources.mapping import at_path
from app.sources.port import SourceFailure
from app.sources.shelves import FileShelf, Shelves
from config.rules import Rules
from store.contract import Action, Execution, Json, deed_hash, now

UNREADABLE: tuple[type[Exception], ...] = (*shop_file.Errors, SourceFailure)


class Shop:
    """Carries actions out on the shop file. The same key and bytes run once; the same key with other bytes never runs."""

    def __init__(self, rules: Rules, path: Path) -> None:
        self._rules = rules
        self._path = path

    def perform(self, execution: Execution) -> Result:
        """Preconditions are read and the change is made under the same write lock."""
        action = execution.action
        try:
            with shop_file.writing(self._path) as connection:
                known = _known(connection, action)
                if known is not None:
                    return known
                result = self._applied(connection, action)
                connection.execute(
                    "INSERT INTO applied VALUES (?, ?, ?, ?)",
                    (action.idempotency_key, deed_hash(action), result.model_dump_json(), now().isoformat()),
                )
                return result
        except Refusal as refusal:
            return Result(state="failed", code=refusal.code, detail=str(refusal))
        except shop_file.Errors as error:
            return self._after(error, execution)

    def outcome(self, execution: Execution) -> Result:
        """How the key ended; `missing` when it never ran here."""
        try:
            with shop_file.reading(self._path) as connection:
                return _known(connection, execution.action) or Result(state="missing")
        except shop_file.Errors as error:
            return Result(state="unknown", code="connector_timeout", detail=f"the shop file cannot be read: {error}")

    def read(self, record: str, record_id: str, field: str) -> Json:
        """A field of a record as it is now; None when the record or the field is not there. Raises OSError."""
        try:
            with shop_file.reading(self._path) as connection:
                shelves = Shelves(self._rules.sources.records, FileShelf(connection, self._path))
                found = shelves.get(record, record_id)
                return at_path(found.values, field) if found else None
        except UNREADABLE as error:
            raise OSError(f"{record} {record_id} cannot be read: {error}") from error

    def _applied(self, connection: sqlite3.Connection, action: Action) -> Result:
        entry = self._rules.actions.get(action.kind)
        effect = EFFECTS.get(action.kind)
        if entry is None or effect is None:
            raise Refusal("connector_refused", f"the shop has no action {action.kind}")
        if not action.idempotency_key:
            raise Refusal("connector_refused", "the action has no idempotency key")
        books = Books(connection, customer_id=(action.args_schema.get("x-customer") or {}).get("id"))
        for need in action.preconditions:
            current = books.find(need.record, need.record_id)
            if at_path(current, need.field) != need.expected:
                raise Refusal("stale_facts", f"{need.record} {need.record_id} {need.field}")
        external_id = effect(books, Order(action, entry))
        books.keep()
        return Result(state="done", external_id=external_id)

    def _after(self, error: Exception, execution: Execution) -> Result:
        """The transaction failed: the idempotency row says whether it was before or after its commit."""
        known = self.outcome(execution)
        if known.state == "missing":
            return Result(state="failed", code="connector_unreachable", detail=f"the shop file: {error}")
        return known


def _known(connection: sqlite3.Connection, action: Action) -> Result | None:
    row = connection.execute("SELECT digest, result FROM applied WHERE key = ?", (action.idempotency_key,)).fetchone()
    if row is None:
        return None
    if row["digest"] != deed_hash(action):
        return Result(state="failed", code="connector_refused", detail="the key was used for another action")
    return Result.model_validate_json(row["result"])
