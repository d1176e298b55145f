"""A model behind an address: at most one request a call, an answer that is always checked, and a row that tells its cost."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.models import anthropic, keys, openai_compatible, prompts
from app.models.placeholders import Placeholders
from app.models.port import ModelFailure
from app.models.prices import cost_micros
from app.models.prompts import Prompt
from app.models.said import Unusable
from app.models.structured import (
    ClassificationAnswer,
    DraftAnswer,
    Unfit,
    classification_schema,
    draft_schema,
    read_classification,
    read_draft,
)
from app.models.wire import Broken, post
from store.case import Case, Classification, Intent, Reply
from store.contract import Action, Attempt, Claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.models.said import Rung, Said
    from config.rules import ModelEntry, Rules

SURE, GREY = 0.5, 0.2
"""A language model's own confidence: an intent counts from the first on and is a doubt from the second on."""
RESERVED = ("out_of_scope", "no_request")
_SPEAKS: dict[str, Any] = {"openai": openai_compatible, "anthropic": anthropic}


@dataclass(frozen=True)
class _Asked:
    """One request's prompt and schema, and how its answer is read."""

    step: str
    prompt: Prompt
    schema: dict[str, Any]
    hidden: Placeholders
    read: Callable[[str], ClassificationAnswer | DraftAnswer]


class Endpoint:
    """A `Model` over Chat Completions or Messages. It remembers the highest rung of the ladder that its server can do."""

    def __init__(self, name: str, entry: ModelEntry, rules: Rules) -> None:
        self.name = name
        self._entry, self._rules = entry, rules
        self._names = tuple(sorted(each for each in rules.intents if each not in RESERVED))
        self._versions: dict[str, str] = {}
        self._lock = threading.Lock()
        self._rung = 0

    @property
    def rung(self) -> Rung:
        """The way in which the next call asks for its structured answer."""
        return self._entry.structured[self._rung]

    def classify(self, text: str, *, details: str = "", timeout: float) -> tuple[Classification, Attempt]:
        """All intents the model names. Raises `ModelFailure` with the attempt's row."""
        names = self._names
        schema = classification_schema(names)
        hidden = Placeholders()
        slots = {
            "intents": "\n".join(f"- {name}" for name in names),
            "ticket": self._hide(hidden, prompts.data(text[-prompts.MOST_TICKET :])),
            "details": self._hide(hidden, prompts.details_text(details)),
        }
        name = self._rules.jobs["classification"].prompt or "classification"
        made = self._prompt(name, again=bool(details), slots=slots)
        asked = _Asked("classify", made, schema, hidden, lambda said: read_classification(said, names))
        answer, attempt = self._ask(asked, timeout)
        assert isinstance(answer, ClassificationAnswer)
        return _classification(answer, self.name), attempt

    def draft(self, case: Case, *, timeout: float) -> tuple[Reply, Attempt]:
        """A reply and raw actions (kind and arguments only). Raises `ModelFailure` with the attempt's row."""
        kinds = self._kinds(case)
        evidence = prompts.evidence_of(case)
        schema = draft_schema(kinds, self._rules)
        hidden = Placeholders()
        slots = {
            "actions": prompts.actions_text(kinds, self._rules),
            "ticket": self._hide(hidden, prompts.ticket_text(case)),
            "details": self._hide(hidden, prompts.details_text(case.details)),
            "evidence": self._hide(hidden, prompts.evidence_text(evidence)),
        }
        again = case.details or any(a.step == "drafting" and a.outcome != "ok" for a in case.attempts)
        name = (case.route.prompt if case.route else "") or "drafting"
        made = self._prompt(name, again=bool(again), slots=slots)
        ids = frozenset(each.id for each in evidence)
        asked = _Asked("draft", made, schema, hidden, lambda said: read_draft(said, kinds, ids))
        answer, attempt = self._ask(asked, timeout)
        assert isinstance(answer, DraftAnswer)
        named = {name for sentence in answer.sentences for name in sentence.evidence_ids}
        reply = Reply(
            model=self.name,
            prompt=made.name,
            prompt_version=made.version,
            sentences=tuple(
                Claim(text=each.text, kind=each.kind, evidence_ids=tuple(each.evidence_ids))
                for each in answer.sentences
            ),
            actions=tuple(
                Action(
                    action_id=f"a{place}",
                    kind=each.kind,
                    args={name: value for name, value in each.args.items() if value is not None},
                )
                for place, each in enumerate(answer.actions, 1)
            ),
            evidence=tuple(each for each in evidence if each.id in named or each.kind == "record"),
            internal_note=answer.internal_note,
            missing=tuple(answer.missing),
        )
        return reply, attempt

    def versions(self) -> dict[str, str]:
        """Prompt name to version, for every prompt that this endpoint may be given."""
        return {name: self._version(name) for name in self._rules.prompts}

    def _prompt(self, name: str, *, again: bool, slots: dict[str, str]) -> Prompt:
        """The prompt of that name; the second time its stricter one, where there is one."""
        name = f"{name}_again" if again and f"{name}_again" in self._rules.prompts else name
        return Prompt(name, prompts.filled(self._rules.prompts[name], slots), self._version(name))

    def _version(self, name: str) -> str:
        if name not in self._versions:
            every = tuple(sorted(self._rules.actions))
            named = name.startswith("classification")
            schema = classification_schema(self._names) if named else draft_schema(every, self._rules)
            self._versions[name] = prompts.version(self._rules.prompts[name], self._entry, schema)
        return self._versions[name]

    def _kinds(self, case: Case) -> tuple[str, ...]:
        """The action kinds that the ticket's intents can lead to; all of them when nothing is known of it."""
        found = case.classification
        names = [intent.name for intent in (*found.intents, *found.grey)] if found else []
        entries = [self._rules.intents[name] for name in names if name in self._rules.intents]
        kinds = {kind for entry in entries for kind in entry.actions} if entries else set(self._rules.actions)
        return tuple(sorted(kinds & set(self._rules.actions)))

    def _hide(self, hidden: Placeholders, text: str) -> str:
        return hidden.hide(text) if self._entry.remote else text

    def _ask(self, asked: _Asked, timeout: float) -> tuple[ClassificationAnswer | DraftAnswer, Attempt]:
        """One request, one checked answer."""
        speaks = _SPEAKS[self._entry.kind]
        with self._lock:
            place = self._rung
        rung = self._entry.structured[place]
        begun = time.perf_counter()
        said: Said | None = None
        try:
            call = speaks.request(
                self._entry, self._key(), rung, asked.prompt.text, name=asked.step, schema=asked.schema
            )
            said = speaks.read(post(call, min(timeout, self._entry.timeout_seconds)), rung)
            answer = asked.read(said.text)
        except Unfit as error:
            self._fall(place)  # the server ignored the schema, so this rung holds nothing
            row = self._row(asked, rung, begun, said)
            raise ModelFailure("answer_unfit", str(error), phase="answer", attempt=row) from None
        except Broken as error:
            raise self._failure(error, asked, place, begun) from None
        shown = type(answer).model_validate(asked.hidden.show(answer.model_dump()))
        return shown, self._row(asked, rung, begun, said)

    def _failure(self, error: Broken, asked: _Asked, place: int, begun: float) -> ModelFailure:
        """The failure for the workflow. A rung that the server refuses is left, and that request did nothing: the next
        attempt, a row of its own, asks one rung lower."""
        rung = self._entry.structured[place]
        row = self._row(asked, rung, begun, error if isinstance(error, Unusable) else None, error)
        if _refuses_rung(error, rung) and self._fall(place):
            text = f"The server cannot answer by {rung}; the next attempt asks by {self.rung}."
            row = row.model_copy(update={"detail": text})
            return ModelFailure("rung_refused", text, phase="connect", attempt=row)
        return ModelFailure(
            error.code, str(error), phase=error.phase, status=error.status, retry_after=error.retry_after, attempt=row
        )

    def _fall(self, place: int) -> bool:
        """Ask one rung lower from now on; False at the lowest. Two calls that fail at the same rung fall once."""
        with self._lock:
            if place + 1 >= len(self._entry.structured):
                return False
            self._rung = max(self._rung, place + 1)
            return True

    def _key(self) -> str | None:
        try:
            return keys.key(self._entry)
        except keys.NoKey as missing:
            raise Broken("key_missing", str(missing), "answer") from None

    def _row(
        self, asked: _Asked, rung: Rung, begun: float, said: Said | Unusable | None, error: Broken | None = None
    ) -> Attempt:
        tokens_in, tokens_out = (said.tokens_in, said.tokens_out) if said else (0, 0)
        return Attempt(
            step=asked.step,
            model=self.name,
            prompt=asked.prompt.name,
            prompt_version=asked.prompt.version,
            ms=(time.perf_counter() - begun) * 1000,
            outcome="ok" if said and error is None else "permanent",
            code=error.code if error else "",
            detail=str(error) if error else f"by {rung}",
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost_micros=cost_micros(self._entry, tokens_in, tokens_out),
        )


def _classification(answer: ClassificationAnswer, model: str) -> Classification:
    best: dict[str, float] = {}
    for intent in answer.intents:
        best[intent.name] = max(best.get(intent.name, 0.0), intent.confidence)
    ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
    outside = answer.out_of_scope or not ranked
    return Classification(
        intents=tuple(Intent(name=name, p=p) for name, p in ranked if p >= SURE and not outside),
        grey=tuple(Intent(name=name, p=p) for name, p in ranked if GREY <= p < SURE or (outside and p >= GREY)),
        confidence=ranked[0][1] if ranked else 0.0,
        out_of_scope=outside,
        model=model,
    )


def _refuses_rung(error: Broken, rung: Rung) -> bool:
    """Whether the server says that it does not know this way of asking."""
    signs = {
        "json_schema": ("response_format", "json_schema", "output_config", "structured output", "schema", "grammar"),
        "tool": ("tool", "function"),
        "prompt": (),
    }
    words = error.said.casefold()
    return error.status in (400, 404, 415, 422, 501) and any(sign in words for sign in signs[rung])
