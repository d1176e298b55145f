"""A real HTTP server on a real socket that answers model requests as it is told: well, or in every bad way."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Script:
    """What the server does next, one entry a request; the last is kept. And what it was asked."""

    answers: list[Any] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""
    done: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def chat(text: str | None, *, reason: str = "stop", **message: Any) -> dict[str, Any]:
    """A Chat Completions answer."""
    said = {"role": "assistant", "content": text, **message}
    return {
        "choices": [{"index": 0, "finish_reason": reason, "message": said}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200},
    }


def messages(text: str, *, reason: str = "end_turn") -> dict[str, Any]:
    """An Anthropic Messages answer."""
    return {
        "content": [{"type": "text", "text": text}],
        "stop_reason": reason,
        "usage": {"input_tokens": 700, "cache_read_input_tokens": 300, "output_tokens": 50},
    }


@contextmanager
def server() -> Iterator[Script]:
    """Runs until the block ends; hanging answers are let go then."""
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            script.asked.append(json.loads(body))
            script.headers.append({name.lower(): value for name, value in self.headers.items()})
            script.paths.append(self.path)
            answer = script.next()
            answer(self) if callable(answer) else reply(self, answer)

        def log_message(self, *_: Any) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            return

    running = Quiet(("127.0.0.1", 0), Handler)
    running.script = script  # type: ignore[attr-defined]
    script.url = f"http://127.0.0.1:{running.server_port}/v1"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.done.set()
        running.shutdown()
        running.server_close()


def reply(handler: Any, value: Any, status: int = 200, **headers: str) -> None:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(data)))
    for name, each in headers.items():
        handler.send_header(name.replace("_", "-"), each)
    handler.end_headers()
    handler.wfile.write(data)


def status(code: int, value: Any = None, **headers: str) -> Any:
    """An error status with a JSON body."""
    return lambda handler: reply(handler, value or {"error": {"message": "no"}}, code, **headers)


def hang(handler: Any) -> None:
    """Takes the request and says nothing."""
    handler.server.script.done.wait(30)


def reset_at_once(handler: Any) -> None:
    """Takes the request and resets the connection."""
    _reset(handler)


def reset_in_the_middle(handler: Any) -> None:
    """Promises a long answer, sends a part, resets the connection."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"message"')
    handler.wfile.flush()
    time.sleep(0.05)  # so that the first part is read before the reset throws it away
    _reset(handler)


def closes_in_the_middle(handler: Any) -> None:
    """Sends less than it promised and closes politely."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def drip(handler: Any) -> None:
    """One byte every 50 ms, for ever: each comes well within any read timeout."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.script.done.wait(0.05):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def flood(handler: Any) -> None:
    """An answer without end."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.server.script.done.is_set():
        handler.wfile.write(b" " * 65536)


def _reset(handler: Any) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())  # close() alone would wait for the handler's own files
