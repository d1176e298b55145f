"""HumanLayer function calls: `{run_id, call_id, spec: {fn, kwargs, reject_options}}`, answered with the call and its status.

Their answer knows approved or not, with a comment: a call cannot be edited there, so an edit is not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.server.integrations.asked import Asked, Call, table, text
from store.contract import Approve, Json, Reject, Respond, Verdict, now

SHAPE = "humanlayer"


def read(request: Json) -> Asked:
    """The one call. Raises `Misread`."""
    body = table(request, "request")
    spec = table(body.get("spec"), "spec")
    call = Call(
        name=text(spec.get("fn"), "spec.fn"),
        args=table(spec.get("kwargs") or {}, "spec.kwargs"),
        description=_options(spec),
        id=str(body.get("call_id") or ""),
        allowed=("approve", "reject", "respond"),
    )
    return Asked(shape=SHAPE, calls=(call,))


def answer(request: Json, asked: Asked, verdicts: Sequence[Verdict], at: datetime | None = None) -> Json:
    """The call with its status."""
    body = table(request, "request")
    verdict = verdicts[0]
    requested = (body.get("status") or {}).get("requested_at") if isinstance(body.get("status"), dict) else None
    moment = (at or now()).isoformat()
    status: dict[str, Json] = {"requested_at": requested or moment, "responded_at": moment}
    match verdict:
        case Approve():
            status |= {"approved": True, "comment": None}
        case Reject(message=message, code=code):
            status |= {"approved": False, "comment": message or code.replace("_", " ")}
        case Respond(message=message):
            status |= {"approved": False, "comment": message}
    return {**body, "status": status}


def _options(spec: dict[str, Json]) -> str:
    """What the sender offers as reasons to reject."""
    options = spec.get("reject_options")
    if not isinstance(options, list):
        return ""
    names = [str(each.get("title") or each.get("name")) for each in options if isinstance(each, dict)]
    return f"The sender offers to reject it as: {', '.join(names)}" if names else ""
