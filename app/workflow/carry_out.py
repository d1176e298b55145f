"""The durable way of one approved action: sent once with its key, and where a crash leaves doubt the peer is asked first."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.actions import actions
from app.connectors.port import Connector, Result
from app.workflow import failures, retries
from app.workflow.engine import Engine, Stopping
from app.workflow.handle import patiently
from app.workflow.traces import Off, Traces
from config.rules import Rules
from store.contract import RETURNED, Action, Attempt, Execution, Failure
from store.work import Work

log = logging.getLogger("lastclick.worker")

SEND_REPLY = "send_reply"
OUTBOX = "outbox"
SENDER = "sender"
FRESH_SECONDS = 0.5
"""How old what was read of the switches may be when it is sent."""
LOOKS = 10


@dataclass(frozen=True)
class CarryingOut:
    """What `carry_out` works with in this process. `may_dispatch` is false while the worker cannot prove it is alive."""

    engine: Engine
    work: Work
    rules: Rules
    connectors: Mapping[str, Connector]
    incarnation: str
    may_dispatch: Callable[[], bool]
    jitter: Callable[[], float]
    tried: set[str] = field(default_factory=set)
    traces: Traces = field(default_factory=Off)


def carry_out(execution: dict[str, Any], incarnation: str, out: CarryingOut) -> dict[str, Any]:
    """Perform a dispatched execution and record how it ended: done, failed, or unknown, which puts it before a person.

    `incarnation` names the process run that dispatched it. Any other run, and a second try of this one, finds out from
    the peer by key what happened before it sends anything.
    """
    approved, began = Execution.model_validate(execution), time.time_ns()
    kept = out.engine.once("perform", lambda: _performed(approved, incarnation, out).model_dump(mode="json"))
    result = Result.model_validate(kept)
    failure = None if result.state == "done" else _failure(result, approved, out)
    state = result.state if result.state in ("done", "failed") else "unknown"
    patiently(lambda: out.work.settle(approved.id, state, external_id=result.external_id, failure=failure), out.engine)
    out.traces.carried_out(approved, state, result.code, began)
    return {"state": state, "code": result.code}


def _performed(execution: Execution, incarnation: str, out: CarryingOut) -> Result:
    name = connector_of(execution, out.rules)
    connector = out.connectors[name]
    keyed = honours_keys(name, out.rules)
    # A second dispatch, another process run or a second try of this one: it may have been sent before.
    fresh = execution.attempt <= 1 and incarnation == out.incarnation and execution.id not in out.tried
    out.tried.add(execution.id)
    if not fresh:
        if (known := _asked(execution, connector, keyed)) is not None:
            return known
        execution = execution.model_copy(update={"attempt": max(2, execution.attempt)})
    elif execution.sent_before and (known := _ended_before(execution, connector, keyed)) is not None:
        return known
    begun, sent = time.monotonic(), 0
    deadline = out.rules.jobs["action"].deadline_seconds
    while True:
        sent += 1
        result = _sent(execution, connector, out)
        if result.state == "unknown":
            # Asked once: a peer that does know may say done or failed; only one that honours keys may be sent it again.
            known = _asked(execution, connector, keyed)
            if known is not None or sent > 1:
                return known or result
            continue
        if result.state == "done" or not _nothing_was_sent(result, out.rules):
            return result
        wait = retries.next_try(
            sent,
            "temporary",
            is_action=True,
            left=deadline - (time.monotonic() - begun),
            retry_after=result.retry_after,
            jitter=out.jitter(),
        )
        _record(execution, result, sent, out)
        if wait is None:
            return result.model_copy(update={"detail": f"{result.detail} ({sent} attempts)".strip()})
        _wait(wait, out.engine)


def _sent(execution: Execution, connector: Connector, out: CarryingOut) -> Result:
    """Send it once, after what may have changed since dispatch was looked at again. A process that slept after its look at
    the switches looks again: one may have been thrown meanwhile."""
    for _ in range(LOOKS):
        while not out.may_dispatch():
            if out.engine.stopping():
                raise Stopping
            time.sleep(0.1)
        try:
            unmet = actions.unmet(execution.action, connector.read)
        except (OSError, LookupError, ValueError) as error:
            return Result(state="failed", code="connector_unreachable", detail=str(error))
        looked = time.monotonic()
        off = {(switch.kind, switch.name) for switch in patiently(out.work.switches, out.engine) if not switch.on}
        if ("action", execution.action.kind) in off:
            return Result(state="failed", code="switched_off", detail=f"action {execution.action.kind}")
        if unmet:
            first = unmet[0]
            return Result(state="failed", code="stale_facts", detail=f"{first.record} {first.record_id} {first.field}")
        if time.monotonic() - looked <= FRESH_SECONDS:
            return connector.perform(execution)
    return Result(state="failed", code="connector_unreachable", detail="the switches take too long to read")


def _asked(execution: Execution, connector: Connector, keyed: bool) -> Result | None:
    """What the peer says about the key; None when it may be sent (again)."""
    result = connector.outcome(execution)
    if result.state in ("done", "failed"):
        return result
    if result.state == "missing" and keyed:
        return None
    return Result(
        state="unknown", code="connector_timeout", detail=result.detail or "the peer cannot tell how it ended"
    )


def _ended_before(execution: Execution, connector: Connector, keyed: bool) -> Result | None:
    """A person let it go again while nobody knew how it ended: what the peer knows by now goes before. Where it knows
    nothing, or that it failed and takes no keys, the person's word sends it."""
    result = connector.outcome(execution)
    return result if result.state == "done" or (result.state == "failed" and keyed) else None


def connector_of(execution: Execution, rules: Rules) -> str:
    """The connector that carries an execution out."""
    return connector_for(execution.action, rules)


def connector_for(action: Action, rules: Rules) -> str:
    """The connector that carries this kind out; replies go to the outbox."""
    if action.kind == SEND_REPLY:
        return OUTBOX
    if action.args_schema.get(RETURNED):
        return SENDER
    entry = rules.actions.get(action.kind)
    return entry.connector if entry else OUTBOX


def honours_keys(name: str, rules: Rules) -> bool:
    """Whether the same key twice runs once there. An HTTP peer does so only when it is told the key."""
    if name == SENDER:
        return True
    entry = rules.connectors.get(name)
    return entry is not None and (entry.kind != "http" or entry.key_header is not None)


def _nothing_was_sent(result: Result, rules: Rules) -> bool:
    entry = rules.messages.get(result.code)
    return result.state == "failed" and entry is not None and entry.class_ == "temporary"


def _failure(result: Result, execution: Execution, out: CarryingOut) -> Failure:
    code = result.code or ("connector_timeout" if result.state != "failed" else "connector_refused")
    if execution.action.kind == SEND_REPLY and result.state == "failed" and code != "switched_off":
        code = "undelivered_reply"
    parts = result.detail.split() if code == "stale_facts" else []
    return failures.failure(
        code,
        "action",
        out.rules,
        action=execution.action.description or execution.action.kind,
        connector=connector_of(execution, out.rules),
        status=result.detail[:60] or result.code,
        attempts="1",
        switch=f"action {execution.action.kind}",
        record=" ".join(parts[:2]),
        field=parts[2] if len(parts) > 2 else "",
        **_stale(execution, out) if parts else {},
    )


def _stale(execution: Execution, out: CarryingOut) -> dict[str, str]:
    connector = out.connectors[connector_of(execution, out.rules)]
    need, actual = next(actions.differing(execution.action, connector.read), (None, None))
    return {} if need is None else {"actual": str(actual), "expected": str(need.expected)}


def _record(execution: Execution, result: Result, number: int, out: CarryingOut) -> None:
    row = Attempt(step="action", number=number, outcome="temporary", code=result.code, detail=result.detail)
    patiently(lambda: out.work.record(execution.ticket_id, (row,)), out.engine)


def _wait(seconds: float, engine: Engine) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if engine.stopping():
            raise Stopping
        time.sleep(min(left, 0.2))
