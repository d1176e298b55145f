"""What a source of records must be able to answer, and how it says that it did not."""

from __future__ import annotations

from typing import Protocol

from store.case import Record


class SourceFailure(Exception):
    """A source did not answer. `phase` and `status` as in `app.models.port.ModelFailure`; `code` is one of messages.toml."""

    def __init__(
        self,
        code: str,
        text: str,
        *,
        phase: str = "connect",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.phase = phase
        self.status = status
        self.retry_after = retry_after


class Shelf(Protocol):
    """Reads records. Raises `SourceFailure`."""

    def holders(self, field: str, value: str) -> set[str]:
        """Ids of the customers whose record holds that value of email, name, zip, phone, order or customer_id."""
        ...

    def get(self, kind: str, record_id: str) -> Record | None: ...

    def owned(self, kind: str, customer_id: str) -> list[Record]: ...

    def all_of(self, kind: str) -> list[Record]: ...
