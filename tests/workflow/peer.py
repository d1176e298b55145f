"""A payment peer as a real HTTP server in a thread, which can be told to fail in the ways that peers fail."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from config.rules import ConnectorEntry


class Peer:
    """`effects` counts what ran by key (or, where it takes no keys, in all). `script` holds one mood for each request:

    ok; slow (it ran, the answer takes half a second); dies_before (nothing ran, the connection breaks); dies_after (it ran,
    the connection breaks); dies_during (it ran, the answer breaks off in the middle); busy (503, nothing ran); refuses
    (422). Without a script: what `mood` says, which is ok. `ran` counts effects by the body's `reference`, and `open` how
    many requests are being answered.
    """

    def __init__(self, *, keyed: bool = True, tells: bool = True) -> None:
        self.effects: Counter[str] = Counter()
        self.requests = 0
        self.script: list[str] = []
        self.mood: Callable[[], str] = lambda: "ok"
        self.ran: Counter[str] = Counter()
        self.open = 0
        self.keyed, self.tells = keyed, tells
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def entry(self, **more: Any) -> ConnectorEntry:
        return ConnectorEntry(
            kind="http",
            url=f"{self.url}/refunds",
            body={"order": "{target}", "kind": "{kind}"},
            key_header="Idempotency-Key" if self.keyed else None,
            outcome_url=f"{self.url}/refunds/{{key}}" if self.tells else None,
            private=True,
            timeout_seconds=5.0,
            **more,
        )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _ran(self, key: str, reference: str) -> None:
        with self._lock:
            if not self.keyed or key not in self.effects:
                self.effects[key] += 1
                self.ran[reference] += 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
                with peer._lock:
                    peer.requests += 1
                    peer.open += 1
                    mood = peer.script.pop(0) if peer.script else peer.mood()
                try:
                    self._moody(mood, str(body.get("reference", "")))
                finally:
                    with peer._lock:
                        peer.open -= 1

            def _moody(self, mood: str, reference: str) -> None:
                key = self.headers.get("Idempotency-Key", "no key")
                if mood in ("ok", "slow", "dies_after", "dies_during"):
                    peer._ran(key, reference)
                if mood == "slow":
                    time.sleep(0.5)
                if mood == "dies_during":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{")
                    self.wfile.flush()
                if mood.startswith("dies"):
                    self.connection.close()
                    return
                status = {"ok": 200, "slow": 200, "busy": 503, "refuses": 422}[mood]
                self._answer(status, {"id": f"re_{key[:6]}"})

            def do_GET(self) -> None:
                if not peer.tells:
                    self._answer(503, {})
                    return
                key = self.path.rsplit("/", 1)[-1]
                known = key in peer.effects
                self._answer(200 if known else 404, {"state": "done", "id": f"re_{key[:6]}"} if known else {})

            def _answer(self, status: int, body: dict[str, str]) -> None:
                sent = json.dumps(body).encode()
                self.send_response(status)
                if status == 503:
                    self.send_header("Retry-After", "0")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: object) -> None:
                return

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (OSError, ValueError):
                    self.close_connection = True

        return Handler
