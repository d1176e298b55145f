"""What the store asks of the rules: the gate, the meaning of an edit, the texts of a failure."""

from __future__ import annotations

from collections.abc import Mapping

from app.actions.actions import rebuild
from app.workflow.failures import failure
from app.workflow.gate import gate
from app.workflow.proof import prove_text
from config.rules import Rules
from store.contract import Action, Failure, Gate, Json, Proposal


class RulesJudge:
    """`store.judge.Judge` made from the rules. Pure; handed to the store when it is opened."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.rules_version = rules.version
        self.windows = rules.windows

    def gate(self, proposal: Proposal, refunded_today: Mapping[str, int]) -> Gate:
        """Which review rules stop it. The reply is proved anew: a person, or somebody outside, may have changed it, or
        the action that it speaks of."""
        if reply := proposal.customer_reply:
            proposal = proposal.model_copy(update={"claims": prove_text(reply, proposal, self._rules)})
        return gate(proposal, self._rules, refunded_today)

    def edited(self, action: Action, args: dict[str, Json]) -> Action:
        """The action with other arguments, everything made anew. Raises `store.queue.Invalid` naming the field."""
        return rebuild(action, args, self._rules)

    def instead(self, kind: str, name: str) -> str:
        """The route that stands in: the route's own `instead`, or that of the route whose model or prompt it is."""
        for route, entry in self._rules.routes.items():
            if (kind, name) in (("route", route), ("model", entry.model)) and entry.instead:
                return entry.instead
        return ""

    def failure(self, code: str, step: str, **slots: str) -> Failure:
        """The two texts and the next step of messages.toml for a code."""
        return failure(code, step, self._rules, **slots)
