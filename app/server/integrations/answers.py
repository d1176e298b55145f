"""The answer that a filer waits for, made from what a person decided: in its own words where it came in such."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from app.server.integrations import agent_inbox, humanlayer, langchain
from store.contract import Json, Proposal, Verdict

_verdicts: TypeAdapter[tuple[Verdict, ...]] = TypeAdapter(tuple[Verdict, ...])


SHAPES: dict[str, Any] = {"langchain": langchain, "agent-inbox": agent_inbox, "humanlayer": humanlayer}
"""By the word in the address that takes such requests."""
_BY_ANSWER = {
    langchain.BATCHED: langchain,
    langchain.PER_CALL: langchain,
    agent_inbox.SHAPE: agent_inbox,
    humanlayer.SHAPE: humanlayer,
}


def own_state(proposal: Proposal) -> Json:
    """What the filer wants back untouched."""
    state = proposal.source.state
    return state["state"] if _wrapped(state) else state


def answer(proposal: Proposal, decision: dict[str, Any]) -> Json:
    """The filer's own answer; None where it filed a plain proposal, or where the decision was to hand over or snooze."""
    state = proposal.source.state
    if not _wrapped(state) or not decision.get("verdicts"):
        return None
    shape, request = _BY_ANSWER[state["shape"]], state["request"]
    made: Json = shape.answer(request, shape.read(request), _verdicts.validate_python(decision["verdicts"]))
    return made


def _wrapped(state: Json) -> bool:
    return isinstance(state, dict) and state.keys() == {"shape", "request", "state"} and state["shape"] in _BY_ANSWER
