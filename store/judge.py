"""What the store asks of the rules without knowing them: the gate, the meaning of an edit, the texts of a failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from config.rules import Windows
from store.contract import Action, Failure, Gate, Json, Proposal


class Judge(Protocol):
    """Pure. Handed to the store when it is opened; `app.workflow.judge` makes it from the rules."""

    rules_version: str
    windows: Windows

    def gate(self, proposal: Proposal, refunded_today: Mapping[str, int]) -> Gate:
        """Which review rules stop it. `refunded_today`: minor units by currency, already refunded to this customer."""
        ...

    def edited(self, action: Action, args: dict[str, Json]) -> Action:
        """The action with other arguments: amount, target, description and diff made anew.

        Raises `store.queue.Invalid` naming the field when the arguments do not fit the schema.
        """
        ...

    def instead(self, kind: str, name: str) -> str:
        """The route that tickets take while this is switched off; empty: none stands in for it."""
        ...

    def failure(self, code: str, step: str, **slots: str) -> Failure:
        """The two texts and the next step of messages.toml for a code."""
        ...
