"""The two embedded models of models.toml: `cheap` reads by words, `strong` by meaning; neither needs a key or a network."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

from app.models import hashed, kept, minilm
from app.models.fitting import NothingToFit, fit
from app.models.port import ModelFailure
from app.models.wanted import wanted
from store.contract import Attempt

if TYPE_CHECKING:
    from pathlib import Path

    from app.models.pair import Pair, Which
    from app.models.scoring import Report
    from config.rules import Rules
    from store.case import Case, Classification, Reply

REVIEWED = "reviewed.jsonl"
"""In the user's model folder: one {"text": …, "intent": …} a line, from tickets that people reviewed."""


class Fitted:
    """The pair for one set of rules, fitted or read from the folder when it is first needed; shared by both models."""

    def __init__(self, rules: Rules, folder: Path) -> None:
        self._rules, self._folder = rules, folder
        self._lock = threading.Lock()
        self._pair: Pair | None = None

    def pair(self) -> Pair:
        """The fitted pair. Takes seconds when the examples are new. Raises `NothingToFit`."""
        with self._lock:
            if self._pair is None:
                self._pair = self._kept() or self._fitted()[0]
            return self._pair

    def fit(self) -> Report:
        """Fit anew, keep it, and say how good it is."""
        with self._lock:
            self._pair, found = self._fitted()
            return found

    def _kept(self) -> Pair | None:
        name = self._key()
        return kept.load(self._folder, name) or kept.load(kept.BUILT_IN, name)

    def _fitted(self) -> tuple[Pair, Report]:
        pair, found = fit(self.examples(), reviewed(self._folder))
        kept.save(self._folder, self._key(), pair)
        return pair, found

    def _key(self) -> str:
        return kept.key(self.examples(), reviewed(self._folder), minilm.available() is None)

    def examples(self) -> dict[str, tuple[str, ...]]:
        """What the lead wrote in intents.toml."""
        return {name: entry.examples for name, entry in self._rules.intents.items() if entry.examples}


def reviewed(folder: Path) -> list[tuple[str, str]]:
    """The reviewed tickets of the folder; a line that is no such ticket is left out."""
    try:
        lines = (folder / REVIEWED).read_text(encoding="utf-8").split("\n")  # a text may hold U+2028
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            row = json.loads(line)
            found.append((str(row["text"]), str(row["intent"])))
        except (ValueError, KeyError, TypeError):
            continue
    return found


class Embedded:
    """One of the pair as a `Model` and as a `Matcher`. `strong` reads with both halves and says whether they agree; where
    it cannot load, the cheap half answers alone and says so in `Classification.model`."""

    def __init__(self, name: str, which: Which, rules: Rules, fitted: Fitted) -> None:
        self.name, self.which = name, which
        self._rules, self._fitted = rules, fitted

    def classify(self, text: str, *, details: str = "", timeout: float) -> tuple[Classification, Attempt]:
        """All intents of a ticket. Takes milliseconds, so `timeout` is not needed. Raises `ModelFailure`."""
        begun = time.perf_counter()
        try:
            found = self._fitted.pair().classify(f"{text}\n\n{details}" if details else text, self.which)
        except NothingToFit as error:
            raise ModelFailure(
                "no_intents", str(error), phase="connect", attempt=self._attempt("classify", begun)
            ) from error
        return wanted(found, self._rules.intents), self._attempt("classify", begun, found.model)

    def draft(self, case: Case, *, timeout: float) -> tuple[Reply, Attempt]:
        """Quoted sentences and record values in the shop's templates, and the actions that the words ask for."""
        from app.models.drafting import draft

        begun = time.perf_counter()
        try:
            reply = draft(case, self._rules, self, model=self._speaks())
        except NothingToFit as error:
            raise ModelFailure(
                "no_intents", str(error), phase="connect", attempt=self._attempt("draft", begun)
            ) from error
        return reply, self._attempt("draft", begun)

    def similar(self, text: str, options: list[str]) -> list[float]:
        """0..1 for each option: by words for `cheap`, by meaning for `strong` where it loads."""
        if self.which == "strong" and minilm.available() is None:
            return minilm.similarities(text, options)
        return hashed.similarities(text, options)

    def intents(self, text: str) -> Classification:
        """All that one clause may mean, near synonyms too."""
        return self._fitted.pair().meanings(text, self.which)

    def both(self, text: str) -> Classification:
        """What both halves say together, with whether they agree."""
        return self._fitted.pair().both(text)

    def _speaks(self) -> str:
        """Whose draft this is: without its own half `strong` is the cheap model, and says so."""
        return self.name if self.which == "cheap" or minilm.available() is None else "cheap"

    def _attempt(self, step: str, begun: float, model: str = "") -> Attempt:
        said = model if model and model != "cheap+strong" else ""
        return Attempt(step=step, model=self.name, ms=(time.perf_counter() - begun) * 1000, detail=said)
