"""Actions that their sender carries out: approving them is all there is to do here, the decision goes back to who asked."""

from __future__ import annotations

from app.connectors.port import Result
from store.contract import Execution, Json


class Sender:
    """Nothing is sent by this connector: a webhook or the sender's own question brings the decision back."""

    def perform(self, execution: Execution) -> Result:
        """Done, under the sender's own id of the call."""
        return Result(state="done", external_id=execution.action.target, detail="returned to the sender")

    def outcome(self, execution: Execution) -> Result:
        """As nothing ran here, the same."""
        return self.perform(execution)

    def read(self, record: str, record_id: str, field: str) -> Json:
        """What the sender's systems hold is not known here."""
        return None
