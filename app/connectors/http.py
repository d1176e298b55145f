"""Any peer over HTTP: one request with the idempotency key, the body filled with JSON values, the outcome asked by key."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from app import peers
from app.connectors.port import Result
from app.sources.mapping import at_path
from config.rules import ConnectorEntry
from store.contract import Execution, Json, now

KEY_IS_GOOD_FOR = timedelta(hours=23)
"""Peers forget keys (Stripe after 24 h). Past this a second send could run twice."""
CLOCK_MAY_DIFFER = timedelta(minutes=10)

DONE = frozenset({"done", "succeeded", "success", "completed", "complete", "paid", "ok"})
FAILED = frozenset({"failed", "rejected", "refused", "cancelled", "canceled", "declined", "error"})

_SLOT = re.compile(r"\{([a-z_][a-z_0-9.]*)\}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")


class HttpConnector:
    """`read` gives the current value of a precondition's field: the peer's own records are not known here."""

    def __init__(self, name: str, entry: ConnectorEntry, read: Callable[[str, str, str], Json]) -> None:
        if not entry.url:
            raise ValueError(f"connector {name} has no url")
        self._name = name
        self._entry = entry
        self._url = entry.url
        self._read = read

    def perform(self, execution: Execution) -> Result:
        """done on 2xx with an id or an empty answer; failed when it was refused or nothing was sent; else unknown."""
        if self._entry.key_header and _forgotten(execution):
            if execution.attempt > 1:
                return _unknown("the key is older than the peer keeps it")
            return Result(state="failed", code="key_too_old", detail=f"{self._name} may have forgotten the key")
        try:
            values = _values(execution)
            body = json.dumps(fill(self._entry.body, values), allow_nan=False).encode() if self._entry.body else None
            answer = self._ask(self._entry.method, self._url, execution, values, body)
        except peers.PeerFailure as failure:
            return _from_phase(failure)
        except (LookupError, ValueError) as error:
            return Result(state="failed", code="connector_refused", detail=f"{self._name}: {error}")
        return self._answered(answer)

    def outcome(self, execution: Execution) -> Result:
        """Ask the outcome URL; missing when the peer does not know the key. A peer that cannot be asked: unknown."""
        if not self._entry.outcome_url:
            return _unknown(f"{self._name} cannot be asked how it ended")
        try:
            answer = self._ask("GET", self._entry.outcome_url, execution, _values(execution), None)
            if answer.status == 404:
                return Result(state="missing")
            if answer.status == 200:
                return self._told(answer.json())
        except (peers.PeerFailure, LookupError, ValueError) as error:
            return _unknown(f"{self._name}: {error}")
        return _unknown(f"{self._name} answered {answer.status} when asked by key")

    def read(self, record: str, record_id: str, field: str) -> Json:
        return self._read(record, record_id, field)

    def _ask(
        self, method: str, template: str, execution: Execution, values: Mapping[str, Json], body: bytes | None
    ) -> peers.Answer:
        key = execution.action.idempotency_key
        if not key or not _HEADER_VALUE.fullmatch(key):
            raise ValueError("the idempotency key is missing or no header value")
        headers = dict(self._entry.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._entry.secret_env:
            secret = os.environ.get(self._entry.secret_env, "")
            if not secret:
                raise ValueError(f"{self._entry.secret_env} is not set")
            headers["Authorization"] = f"Bearer {secret}"
        if self._entry.key_header:
            headers[self._entry.key_header] = key
        slots = {name: str(value) for name, value in values.items() if isinstance(value, str | int)}
        return peers.ask(
            method,
            peers.filled(template, slots),
            headers=headers,
            body=body,
            timeout=self._entry.timeout_seconds,
            private=self._entry.private,
        )

    def _told(self, told: Any) -> Result:
        state = str(at_path(told, self._entry.state_field)).casefold()
        if state in DONE:
            return Result(state="done", external_id=_id(told, self._entry.id_field))
        if state in FAILED:
            return Result(state="failed", code="connector_refused", detail=f"{self._name} says {state}")
        return _unknown(f"{self._name} says neither done nor failed")

    def _answered(self, answer: peers.Answer) -> Result:
        detail = f"{self._name} answered {answer.status}"
        if answer.status in (200, 201, 204):
            if not answer.body.strip():
                return Result(state="done")
            try:
                return Result(state="done", external_id=_id(answer.json(), self._entry.id_field))
            except peers.PeerFailure:
                return _unknown(f"{detail} with something that is no JSON")
        if answer.status in (429, 503):
            return Result(state="failed", code="connector_unreachable", detail=detail, retry_after=answer.retry_after)
        if answer.status in (408, 409, 425) or answer.status >= 500 or answer.status == 202:
            return _unknown(detail)  # begun, going on, or broken in the middle: it may have run
        return Result(state="failed", code="connector_refused", detail=detail)


def fill(template: Any, values: Mapping[str, Json]) -> Any:
    """The template with its slots filled as JSON values: a slot that is the whole string keeps the value's type, one inside
    a text becomes text. Nothing a value holds can leave its place. Raises KeyError for a slot nobody can fill.
    """
    if isinstance(template, dict):
        return {key: fill(inner, values) for key, inner in template.items()}
    if isinstance(template, list | tuple):
        return [fill(inner, values) for inner in template]
    if not isinstance(template, str):
        return template
    if whole := _SLOT.fullmatch(template):
        return _slot(whole[1], values)
    return _SLOT.sub(lambda slot: str(_slot(slot[1], values)), template)


def _slot(name: str, values: Mapping[str, Json]) -> Json:
    if name not in values:
        raise KeyError(f"no value for {{{name}}}")
    return values[name]


def _values(execution: Execution) -> dict[str, Json]:
    """What a template may name: every argument, amount.minor, .currency and .major, target, kind, key, ticket."""
    action = execution.action
    values = {
        **action.args,
        "target": action.target,
        "kind": action.kind,
        "key": action.idempotency_key,
        "ticket": execution.ticket_id,
    }
    if action.amount is not None:
        whole, cents = divmod(abs(action.amount.minor), 100)
        values |= {
            "amount.minor": action.amount.minor,
            "amount.currency": action.amount.currency,
            "amount.major": f"{'-' if action.amount.minor < 0 else ''}{whole}.{cents:02d}",
        }
    return values


def _forgotten(execution: Execution) -> bool:
    """Whether the peer may know the key no more. A clock that went back says nothing about how old it is."""
    again = execution.attempt > 1 or execution.sent_before
    age = now() - (execution.key_since or execution.due_at)
    return again and not -CLOCK_MAY_DIFFER <= age <= KEY_IS_GOOD_FOR


def _from_phase(failure: peers.PeerFailure) -> Result:
    if failure.code in ("bad_url", "address_refused"):
        return Result(state="failed", code="connector_refused", detail=str(failure))
    if failure.phase == "connect":
        return Result(state="failed", code="connector_unreachable", detail=str(failure))
    return _unknown(str(failure))


def _unknown(detail: str) -> Result:
    return Result(state="unknown", code="connector_timeout", detail=detail)


def _id(told: Any, path: str) -> str | None:
    found = at_path(told, path)
    return str(found)[:200] if isinstance(found, str | int) and not isinstance(found, bool) else None
