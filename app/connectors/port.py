"""What a connector is: it carries out one action at a peer, once, and can be asked how that ended."""

from __future__ import annotations

from typing import Literal, Protocol

from store.contract import Execution, Json, Value


class Result(Value):
    """done: it ran (external_id names it). failed: it did not and will not. unknown: it may have. missing: the peer has
    never seen the key."""

    state: Literal["done", "failed", "unknown", "missing"]
    external_id: str | None = None
    code: str = ""
    detail: str = ""
    retry_after: float | None = None
    data: Json = None


class Connector(Protocol):
    """Both methods return a Result for everything that can go wrong at the peer."""

    def perform(self, execution: Execution) -> Result:
        """Send the action with its idempotency key. The same key and the same bytes run once."""
        ...

    def outcome(self, execution: Execution) -> Result:
        """Ask the peer by key how it ended."""
        ...

    def read(self, record: str, record_id: str, field: str) -> Json:
        """The current value of a precondition's field."""
        ...
