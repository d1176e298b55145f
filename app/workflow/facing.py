"""Reads again the facts of what somebody has before them, so that a case that went stale says so before it is decided."""

from __future__ import annotations

from collections.abc import Mapping

from app.actions import actions
from app.connectors.port import Connector
from app.workflow.carry_out import connector_for
from config.rules import Rules
from store.contract import Action, ChangedFact
from store.work import Work


def read_again(work: Work, connectors: Mapping[str, Connector], rules: Rules) -> None:
    """Each claimed case whose facts are no longer young. One that its source does not tell now keeps its last reading.

    Raises what the store raises; a source that fails is no fact.
    """
    for case in work.facing():
        try:
            changed = tuple(fact for action in case.actions for fact in _changed(action, connectors, rules))
        except (OSError, LookupError, ValueError):
            continue
        work.reread(case.review_id, case.fingerprint, changed if case.actions else None)


def _changed(action: Action, connectors: Mapping[str, Connector], rules: Rules) -> list[ChangedFact]:
    read = connectors[connector_for(action, rules)].read
    return [ChangedFact(**need.model_dump(), actual=actual) for need, actual in actions.differing(action, read)]
