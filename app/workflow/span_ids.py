"""Span and trace numbers that are given instead of drawn, for OpenTelemetry's SDK. Loaded only when traces are on."""

from __future__ import annotations

import threading

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator


class SpanIds(RandomIdGenerator):
    """The next span that this thread starts has the numbers that were wanted; any other is drawn."""

    def __init__(self) -> None:
        self._next = threading.local()

    def wanted(self, trace: int, span: int | None) -> None:
        self._next.trace, self._next.span = trace, span

    def generate_trace_id(self) -> int:
        trace: int | None = getattr(self._next, "trace", None)
        return trace or super().generate_trace_id()

    def generate_span_id(self) -> int:
        span: int | None = getattr(self._next, "span", None)
        self._next.span = None
        return span or super().generate_span_id()
