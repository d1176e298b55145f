"""What was asked and did not answer, and how far it got: an error before anything was sent is harmless, one after it may
have acted."""

from __future__ import annotations

from typing import Literal

Phase = Literal["connect", "send", "wait", "read", "answer"]
"""connect (nothing was sent), send, wait (no answer came), read (it broke off), answer (it came and does not fit)."""


class Unanswered(Exception):
    """No usable answer. `status` is the HTTP status, `retry_after` seconds."""

    def __init__(
        self, code: str, text: str, *, phase: Phase, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(text)
        self.code = code
        self.phase = phase
        self.status = status
        self.retry_after = retry_after
