"""What a source of records must be able to answer, and how it says that it did not."""

from __future__ import annotations

from typing import Protocol

from app.unanswered import Unanswered
from store.case import Record


class SourceFailure(Unanswered):
    """A source did not answer; `code` is one of messages.toml."""


class Shelf(Protocol):
    """Reads records. Raises `SourceFailure`."""

    def holders(self, field: str, value: str) -> set[str]:
        """Ids of the customers whose record holds that value of email, name, zip, phone, order or customer_id."""
        ...

    def get(self, kind: str, record_id: str) -> Record | None: ...

    def owned(self, kind: str, customer_id: str) -> list[Record]: ...

    def all_of(self, kind: str) -> list[Record]: ...
