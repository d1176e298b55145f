"""What a model is to the workflow: something that classifies a text, and something that drafts and proposes."""

from __future__ import annotations

from typing import Protocol

from app.unanswered import Phase, Unanswered
from store.case import Case, Classification, Reply
from store.contract import Attempt


class ModelFailure(Unanswered):
    """A model call that did not answer; `attempt` is the row to keep."""

    def __init__(
        self,
        code: str,
        text: str,
        *,
        phase: Phase,
        status: int | None = None,
        retry_after: float | None = None,
        attempt: Attempt | None = None,
    ) -> None:
        super().__init__(code, text, phase=phase, status=status, retry_after=retry_after)
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
