"""LangChain's human in the loop: one request of several calls, one of a single call, and the older and camel-case words.

Shapes of langchain 1.x (`agents/middleware/human_in_the_loop.py`): batched `{action_requests, review_configs}` answered with
`{decisions}` by position; per call `{type: tool_approval, …}` answered with one decision. Before 1.0 arguments were called
`arguments`; the JavaScript package writes camel case. An answer keeps the words that its request used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.server.integrations.asked import EVERY, Answer, Asked, Call, Misread, allowed, table, text
from store.contract import Approve, Edit, Json, Reject, Respond, Verdict

BATCHED, PER_CALL = "langchain", "langchain per call"
_KNOWN: dict[str, Answer] = {name: name for name in EVERY}


def read(request: Json) -> Asked:
    """The calls of a request. Raises `Misread`."""
    body = table(request, "request")
    if body.get("type") == "tool_approval":
        call = Call(
            name=text(body.get("name"), "name"),
            args=table(body.get("args"), "args"),
            description=str(body.get("description") or ""),
            id=str(body.get("tool_call_id") or ""),
            allowed=_from_schema(body.get("response_schema")),
        )
        return Asked(shape=PER_CALL, calls=(call,))
    requests = body.get("action_requests", body.get("actionRequests"))
    if not isinstance(requests, list) or not requests:
        raise Misread("action_requests: at least one call is wanted")
    configs = _configs(body.get("review_configs", body.get("reviewConfigs")))
    return Asked(shape=BATCHED, calls=tuple(_call(each, at, configs) for at, each in enumerate(requests)))


def answer(request: Json, asked: Asked, verdicts: Sequence[Verdict]) -> Json:
    """What the waiting graph is resumed with. `verdicts`: one for each call, in any order."""
    body = table(request, "request")
    given = {verdict.action_id: verdict for verdict in verdicts}
    words = _Words(body)
    told = [words.decision(call, given[f"c{number}"]) for number, call in enumerate(asked.calls, 1)]
    return told[0] if asked.shape == PER_CALL else {"decisions": told}


class _Words:
    """The words that the request itself used."""

    def __init__(self, body: dict[str, Any]) -> None:
        camel = "actionRequests" in body
        first = next(iter(body.get("action_requests") or body.get("actionRequests") or [body]))
        self._edited = "editedAction" if camel else "edited_action"
        self._args = "arguments" if "arguments" in first else "args"

    def decision(self, call: Call, verdict: Verdict) -> Json:
        match verdict:
            case Approve():
                return {"type": "approve"}
            case Edit(args=args):
                return {"type": "edit", self._edited: {"name": call.name, self._args: args}}
            case Reject(message=message, code=code):
                return {"type": "reject", "message": message or code.replace("_", " ")}
            case Respond(message=message):
                return {"type": "respond", "message": message}


def _configs(given: object) -> dict[str, dict[str, Any]]:
    if given is None:
        return {}
    if not isinstance(given, list):
        raise Misread("review_configs: a list is wanted")
    configs = [table(each, f"review_configs.{at}") for at, each in enumerate(given)]
    return {str(each.get("action_name", each.get("actionName", ""))): each for each in configs}


def _call(given: object, at: int, configs: dict[str, dict[str, Any]]) -> Call:
    where = f"action_requests.{at}"
    body = table(given, where)
    name = text(body.get("name", body.get("action")), f"{where}.name")
    config = configs.get(name, {})
    decisions = config.get("allowed_decisions", config.get("allowedDecisions"))
    return Call(
        name=name,
        args=table(body.get("args", body.get("arguments", {})), f"{where}.args"),
        description=str(body.get("description") or ""),
        allowed=allowed(decisions, _KNOWN, f"{where}: allowed_decisions"),
        args_schema=config.get("args_schema", config.get("argsSchema")) or {},
    )


def _from_schema(schema: object) -> tuple[Answer, ...]:
    """The decisions that a call's own answer schema lists; all when it came without one."""
    if not isinstance(schema, dict):
        return EVERY
    found = [name for name in EVERY if f"'const': '{name}'" in repr(schema) or f"['{name}']" in repr(schema)]
    return tuple(found) or EVERY
