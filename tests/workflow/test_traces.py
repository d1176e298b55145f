"""One trace a ticket: over the kill of a worker, a person's approval and another worker, and without anybody's words."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.workflow.traces import Spans, trace_of
from config.rules import ModelEntry
from store.contract import Attempt
from tests.workflow.shopfloor import Shopfloor

TRACED = """
import sys
from app.cli import main
sys.exit(main(["worker", "--traces", "--home", sys.argv[1]]))
"""


class Receiver(ThreadingHTTPServer):
    """What takes spans over OTLP/HTTP, in this process; `spans`: each with its attributes as they came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.bodies: list[bytes] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def spans(self) -> list[tuple[Any, dict[str, Any]]]:
        found = []
        for body in tuple(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += [(span, {a.key: _value(a.value) for a in span.attributes}) for span in scope.spans]
        return found


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def _value(value: Any) -> Any:
    return getattr(value, str(value.WhichOneof("value")))


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{made.server_port}")
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def floor(tmp_path: Path, fitted: Path) -> Iterator[Shopfloor]:
    made = Shopfloor(tmp_path / "home", fitted)
    yield made
    made.end()


def test_a_ticket_is_one_trace_over_a_kill_an_approval_and_another_worker(floor: Shopfloor, receiver: Receiver) -> None:
    floor.file(1, start=9)  # a cancellation, which stops at a person
    first = floor.start(TRACED)
    floor.wait_until(lambda: floor.ask("SELECT 1 FROM journal WHERE kind = 'proposal.review'"), 60)
    floor.wait_until(lambda: any(span.name == "ticket" for span, _ in receiver.spans()), 20)
    floor.kill(first)
    assert floor.approve_all() == 1
    floor.start(TRACED)
    floor.wait_until(lambda: any(span.name.startswith("execute_tool send_reply") for span, _ in receiver.spans()), 60)
    ticket = str(floor.ask("SELECT id FROM tickets")[0][0])
    spans = receiver.spans()
    assert {int.from_bytes(span.trace_id) for span, _ in spans} == {trace_of(ticket)}
    by_name = {span.name: (span, told) for span, told in spans}
    root = by_name["ticket"][0]
    handled, told = by_name["invoke_workflow handle"]
    assert not root.parent_span_id
    assert handled.parent_span_id == root.span_id
    assert told["lastclick.ending"] == "review"
    calls = [(span, told) for span, told in spans if "gen_ai.request.model" in told]
    assert calls
    assert {span.parent_span_id for span, _ in calls} == {handled.span_id}
    deeds = [(span, told) for span, told in spans if told.get("gen_ai.operation.name") == "execute_tool"]
    assert {told["lastclick.state"] for _, told in deeds} == {"done"}
    assert {told["lastclick.decided_by_a_person"] for _, told in deeds} == {True}
    assert {span.parent_span_id for span, _ in deeds} == {root.span_id}
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano for span, _ in spans)
    message = floor.ask("SELECT text, author, sender FROM messages")[0]
    for words in (*map(str, message), "HF-"):
        assert not [body for body in receiver.bodies if words.encode() in body], f"{words} was told"


def test_a_model_call_bears_the_names_of_the_conventions_and_no_words() -> None:
    sent = InMemorySpanExporter()
    entry = ModelEntry(kind="openai", base_url="https://models.example/v1", model="gpt-x", key_env="KEY")
    traces = Spans(sent, {"strong_remote": entry})
    good = {"step": "drafting", "model": "strong_remote", "tokens_in": 812, "tokens_out": 96, "ms": 1200.0}
    traces.attempted("4183", "m1", Attempt(**good, prompt="drafting", prompt_version="v7", detail="by json_schema"))
    traces.attempted("4183", "m1", Attempt(**good, number=2, outcome="temporary", code="model_busy", detail="secret"))
    traces.close()
    first, second = sent.get_finished_spans()
    assert (first.name, first.kind.name) == ("chat gpt-x", "CLIENT")
    assert dict(first.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.request.temperature": 0.0,
        "gen_ai.usage.input_tokens": 812,
        "gen_ai.usage.output_tokens": 96,
        "gen_ai.conversation.id": "4183",
        "gen_ai.prompt.name": "drafting",
        "server.address": "models.example",
        "server.port": 443,
        "lastclick.job": "drafting",
        "lastclick.attempt": 1,
        "lastclick.prompt.version": "v7",
        "lastclick.cost_micros": 0,
    }
    assert first.end_time - first.start_time == 1_200_000_000
    assert second.attributes["error.type"] == "model_busy"
    assert second.status.status_code.name == "ERROR"
    assert first.context.trace_id == second.context.trace_id == trace_of("4183")


def test_a_receiver_that_is_dead_holds_no_work_up(floor: Shopfloor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    floor.file(1)
    worker = floor.start(TRACED)
    floor.wait_until(lambda: floor.idle() and floor.events() > 1, 60)
    worker.terminate()
    assert worker.wait(20) == 0


def test_nothing_of_it_is_loaded_while_it_is_off() -> None:
    asked = "import sys, app.workflow.worker, app.commands.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert not [name for name in loaded.stdout.split() if name.startswith("opentelemetry.exporter")]
