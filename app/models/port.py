"""What a model is to the workflow: something that classifies a text, and something that drafts and proposes."""

from __future__ import annotations

from typing import Literal, Protocol

from store.case import Case, Classification, Reply
from store.contract import Attempt


class ModelFailure(Exception):
    """A model call that did not answer. `phase` keeps how far it got, since an error while reading may have acted.

    phase: connect (nothing was sent), send, wait (request sent, no answer), read (answer broke off), answer (it came and
    does not fit). `status` is the HTTP status, `retry_after` seconds; `attempt` is the row to keep.
    """

    def __init__(
        self,
        code: str,
        text: str,
        *,
        phase: Literal["connect", "send", "wait", "read", "answer"],
        status: int | None = None,
        retry_after: float | None = None,
        attempt: Attempt | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.phase = phase
        self.status = status
        self.retry_after = retry_after
        self.attempt = attempt


class Matcher(Protocol):
    """How one embedded model compares texts: the cheap one by words and character n-grams, the strong one by meaning."""

    def similar(self, text: str, options: list[str]) -> list[float]:
        """0..1 for each option: how well it fits the text."""
        ...

    def intents(self, text: str) -> Classification:
        """The intents of one clause."""
        ...


class Model(Protocol):
    """One entry of models.toml. Every method makes at most one request, never retries by itself, and returns what it
    cost as an `Attempt`. Raises `ModelFailure`."""

    name: str

    def classify(self, text: str, *, details: str = "", timeout: float) -> tuple[Classification, Attempt]: ...

    def draft(self, case: Case, *, timeout: float) -> tuple[Reply, Attempt]: ...
