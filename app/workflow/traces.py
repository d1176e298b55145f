"""OpenTelemetry spans of a ticket's way, off unless switched on: one trace a ticket, whoever works on it and whenever.

The ids are made from the ticket's own, so that a restart, another worker and a person's approval in between stay in one
trace, and a span that is told twice after a crash is the same span. Names follow the GenAI semantic conventions
(open-telemetry/semantic-conventions-genai). No words of a customer or a model, no names and no amounts are ever told.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from app.extras import NotInstalled
from config.rules import ModelEntry
from store.contract import Attempt, Execution

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

    from store.case import Case, Ending

SEND_SECONDS = 1.0
"""How long spans wait in this process; a kill loses no more than that."""
CLOSE_SECONDS = 2.0
Told = dict[str, str | int | float | bool]


class Traces(Protocol):
    """What a worker tells of its work."""

    def attempted(self, ticket_id: str, work_id: str, attempt: Attempt) -> None:
        """One try of one step, which has just ended."""

    def handled(self, work_id: str, case: Case, ending: Ending, began: int) -> None:
        """One message came to its ending. `began`: nanoseconds of the system's clock."""

    def carried_out(self, execution: Execution, state: str, code: str, began: int) -> None:
        """One approved action ended."""

    def close(self) -> None:
        """Sends what still waits."""


class Off:
    """Tells nothing, and loads nothing."""

    def attempted(self, ticket_id: str, work_id: str, attempt: Attempt) -> None: ...
    def handled(self, work_id: str, case: Case, ending: Ending, began: int) -> None: ...
    def carried_out(self, execution: Execution, state: str, code: str, began: int) -> None: ...
    def close(self) -> None: ...


def opened(models: Mapping[str, ModelEntry]) -> Traces:
    """Spans over OTLP/HTTP, where OpenTelemetry's own variables say (OTEL_EXPORTER_OTLP_ENDPOINT and the rest of them)."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise NotInstalled("Traces need OpenTelemetry: pip install 'lastclick[traces]'") from None
    return Spans(OTLPSpanExporter(), models)


class Spans:
    """Spans through an exporter. Nothing of the work ever waits for it: what cannot be sent is dropped."""

    def __init__(self, exporter: SpanExporter, models: Mapping[str, ModelEntry]) -> None:
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from app import __version__
        from app.workflow.span_ids import SpanIds

        self._models = models
        self._ids = SpanIds()
        own = Resource({SERVICE_NAME: "lastclick", SERVICE_VERSION: __version__})
        self._provider = TracerProvider(
            id_generator=self._ids, resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=SEND_SECONDS * 1000))
        self._tracer = self._provider.get_tracer("lastclick", __version__)

    def attempted(self, ticket_id: str, work_id: str, attempt: Attempt) -> None:
        ended = time.time_ns()
        entry = self._models.get(attempt.model)
        remote = entry is not None and entry.kind != "embedded"
        operation = ("chat" if remote else attempt.step) if attempt.model else "retrieval"
        model = (entry.model if entry else None) or attempt.model
        told: Told = {"gen_ai.operation.name": operation, "lastclick.job": attempt.step}
        told |= {"lastclick.attempt": attempt.number, "gen_ai.conversation.id": ticket_id}
        if attempt.model:
            told |= {
                "gen_ai.request.model": model,
                "gen_ai.provider.name": entry.kind if entry and remote else "lastclick",
            }
        if remote and entry is not None:
            told |= _address(entry) | {
                "gen_ai.usage.input_tokens": attempt.tokens_in,
                "gen_ai.usage.output_tokens": attempt.tokens_out,
                "gen_ai.request.max_tokens": entry.max_tokens,
                "gen_ai.request.temperature": entry.temperature,
                "lastclick.cost_micros": attempt.cost_micros,
            }
        if attempt.prompt:
            told |= {"gen_ai.prompt.name": attempt.prompt, "lastclick.prompt.version": attempt.prompt_version}
        if attempt.route:
            told["lastclick.route"] = attempt.route
        span = self._span(
            f"{operation} {model}".strip(),
            ticket_id,
            _number("handle", work_id),
            ended - int(attempt.ms * 1e6),
            told,
            client=remote,
        )
        _ended(span, ended, "" if attempt.outcome == "ok" else attempt.code or attempt.outcome)

    def handled(self, work_id: str, case: Case, ending: Ending, began: int) -> None:
        ticket, ended = case.ticket.id, time.time_ns()
        route = ending.proposal.route
        told: Told = {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": "handle",
            "gen_ai.conversation.id": ticket,
            "lastclick.ending": ending.how,
            "lastclick.route": route.name,
            "lastclick.route.code": route.code,
        }
        root = _number("ticket", ticket)
        if len([message for message in case.messages if message.direction == "inbound"]) == 1:
            # The trace's first span, told once: with the ending of the message that opened the ticket.
            about: Told = {"gen_ai.conversation.id": ticket, "lastclick.channel": case.ticket.channel}
            first = self._span("ticket", ticket, None, int(case.message.at.timestamp() * 1e9), about, number=root)
            _ended(first, ended, "")
        span = self._span("invoke_workflow handle", ticket, root, began, told, number=_number("handle", work_id))
        _ended(span, ended, "")

    def carried_out(self, execution: Execution, state: str, code: str, began: int) -> None:
        told: Told = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": execution.action.kind,
            "gen_ai.tool.call.id": execution.id,
            "gen_ai.conversation.id": execution.ticket_id,
            "lastclick.attempt": execution.attempt,
            "lastclick.state": state,
            "lastclick.decided_by_a_person": execution.decision_id is not None,
        }
        root, own = _number("ticket", execution.ticket_id), _number("carry_out", f"{execution.id} {execution.attempt}")
        span = self._span(f"execute_tool {execution.action.kind}", execution.ticket_id, root, began, told, number=own)
        _ended(span, time.time_ns(), "" if state == "done" else code or state)

    def close(self) -> None:
        closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)  # a dead receiver holds no worker up

    def _span(
        self,
        name: str,
        ticket_id: str,
        parent: int | None,
        began: int,
        told: Told,
        *,
        number: int | None = None,
        client: bool = False,
    ) -> Span:
        from opentelemetry.context import Context
        from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context

        trace = trace_of(ticket_id)
        above = Context()
        if parent is not None:
            known = SpanContext(trace, parent, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            above = set_span_in_context(NonRecordingSpan(known), above)
        self._ids.wanted(trace, number)
        return self._tracer.start_span(
            name, above, SpanKind.CLIENT if client else SpanKind.INTERNAL, attributes=told, start_time=began
        )


def trace_of(ticket_id: str) -> int:
    """The trace's number, which is the ticket's wherever it is worked on."""
    return int.from_bytes(hashlib.sha256(f"lastclick trace {ticket_id}".encode()).digest()[:16]) or 1


def _number(what: str, name: str) -> int:
    """The number of a span that is the same span however often it is told."""
    return int.from_bytes(hashlib.sha256(f"lastclick {what} {name}".encode()).digest()[:8]) or 1


def _ended(span: Span, at: int, error: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    if error:
        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))
    span.end(at)


def _address(entry: ModelEntry) -> Told:
    parts = urlsplit(entry.base_url or "")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return {"server.address": parts.hostname or "", **({"server.port": port} if port else {})}
