"""Agent Inbox interrupts: `{action_request, config, description}`, alone or in a list, answered with a list of responses.

Shapes of `langgraph.prebuilt.interrupt`: accept, edit, response and ignore. Values keep their types in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.server.integrations.asked import Answer, Asked, Call, Misread, table, text
from store.contract import Approve, Edit, Json, Reject, Respond, Verdict

SHAPE = "agent inbox"
_ALLOWS: dict[str, Answer] = {
    "allow_accept": "approve",
    "allow_edit": "edit",
    "allow_ignore": "reject",
    "allow_respond": "respond",
}


def read(request: Json) -> Asked:
    """The calls of one interrupt or of a list of them. Raises `Misread`."""
    rows = request if isinstance(request, list) else [request]
    if not rows:
        raise Misread("request: at least one interrupt is wanted")
    return Asked(shape=SHAPE, calls=tuple(_call(each, at) for at, each in enumerate(rows)))


def answer(request: Json, asked: Asked, verdicts: Sequence[Verdict]) -> Json:
    """A response for each interrupt, in their order."""
    given = {verdict.action_id: verdict for verdict in verdicts}
    return [_response(call, given[f"c{number}"]) for number, call in enumerate(asked.calls, 1)]


def _call(given: object, at: int) -> Call:
    body = table(given, f"request.{at}")
    action = table(body.get("action_request"), f"request.{at}.action_request")
    config = table(body.get("config") or {}, f"request.{at}.config")
    allows = tuple(answer for name, answer in _ALLOWS.items() if config.get(name, True) is True)
    if not allows:
        raise Misread(f"request.{at}.config: nothing is allowed, so nobody could answer")
    return Call(
        name=text(action.get("action"), f"request.{at}.action_request.action"),
        args=table(action.get("args") or {}, f"request.{at}.action_request.args"),
        description=str(body.get("description") or ""),
        allowed=allows,
    )


def _response(call: Call, verdict: Verdict) -> Json:
    match verdict:
        case Approve():
            return {"type": "accept", "args": {"action": call.name, "args": call.args}}
        case Edit(args=args):
            return {"type": "edit", "args": {"action": call.name, "args": args}}
        case Reject(message=message) if message and "respond" in call.allowed:
            return {"type": "response", "args": message}
        case Reject():
            return {"type": "ignore", "args": None}
        case Respond(message=message):
            return {"type": "response", "args": message}
