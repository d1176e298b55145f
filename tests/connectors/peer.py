"""A real HTTP server that answers as it is told, and misbehaves in the ways peers do."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Peer:
    """`behave` says how the next requests are answered; what came is in `seen`; keys that ran are in `ran`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.behave = "ok"
        self.status = 200
        self.headers: dict[str, str] = {}
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.ran: dict[str, bytes] = {}
        self.rows: Any = []
        self.let_go = threading.Event()


@contextmanager
def peer() -> Iterator[Peer]:
    """The server on a free port of this machine, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.peer = Peer(server.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.peer  # type: ignore[attr-defined]
    finally:
        server.peer.let_go.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self._handle()

    def do_GET(self) -> None:
        self._handle()

    def _handle(self) -> None:
        peer: Peer = self.server.peer  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        peer.seen.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
        if self.command == "GET":
            self._tell(peer)
            return
        if peer.behave not in ("hang before", "reset before", "refuse"):
            peer.ran.setdefault(self.headers.get("Idempotency-Key", ""), body)
        match peer.behave:
            case "hang before" | "hang after":
                peer.let_go.wait(10)
            case "reset before" | "reset after":
                self._reset()
            case "refuse":
                self._say(peer.status, {"error": "no"}, peer.headers)
            case "half an answer":
                self.send_response(200)
                self.send_header("Content-Length", "500")
                self.end_headers()
                self.wfile.write(b'{"id": ')
                self._reset()
            case "not json":
                self._say(200, "<html>thank you</html>")
            case _:
                self._say(peer.status, {"id": f"r-{len(peer.ran)}"}, peer.headers)

    def _tell(self, peer: Peer) -> None:
        key = self.path.rpartition("/")[2]
        if "/rows" in self.path:
            return self._say(peer.status, peer.rows)
        if key in peer.ran:
            return self._say(200, {"id": "r-1", "state": "succeeded" if peer.behave != "slow" else "processing"})
        return self._say(404, {"error": "unknown key"})

    def _say(self, status: int, answer: object, headers: dict[str, str] | None = None) -> None:
        content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        """Close with RST, as a crashed peer does."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
