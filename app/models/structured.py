"""The answers a language model must give: their schemas for the request, and the check of what came back."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import ActionEntry, ArgEntry, Rules

T = TypeVar("T", bound=BaseModel)
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Short = Annotated[str, Field(max_length=200)]


class Answer(BaseModel):
    """Strict about types, so that "0.9" or an extra key is an answer that does not fit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NamedIntent(Answer):
    name: Short
    confidence: Share


class ClassificationAnswer(Answer):
    intents: Annotated[list[NamedIntent], Field(max_length=12)]
    out_of_scope: bool


class Sentence(Answer):
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    kind: Literal["courtesy", "question", "claim"]
    evidence_ids: Annotated[list[Short], Field(max_length=12)]


class ProposedAction(Answer):
    kind: Short
    args: dict[str, Any]


class DraftAnswer(Answer):
    sentences: Annotated[list[Sentence], Field(max_length=40)]
    actions: Annotated[list[ProposedAction], Field(max_length=12)]
    missing: Annotated[list[Short], Field(max_length=8)]
    internal_note: Annotated[str, Field(max_length=2000)]


class Unfit(ValueError):
    """What came is not the answer that was asked for; the text says where, without the answer's own words."""


def classification_schema(names: tuple[str, ...]) -> dict[str, Any]:
    """JSON Schema of a classification over these intents; every field required, as strict modes want it."""
    entry = _object({"name": {"type": "string", "enum": list(names)}, "confidence": {"type": "number"}})
    return _object({"intents": _list(entry, 6), "out_of_scope": {"type": "boolean"}})


def draft_schema(kinds: tuple[str, ...], rules: Rules) -> dict[str, Any]:
    """JSON Schema of a draft that may propose these kinds of action."""
    text = {"type": "string"}
    sentence = _object(
        {
            "text": text,
            "kind": {"type": "string", "enum": ["courtesy", "question", "claim"]},
            "evidence_ids": _list(text, 6),
        }
    )
    shapes = [_action(kind, rules.actions[kind]) for kind in kinds]
    actions = _list({"anyOf": shapes} if shapes else text, 6)
    return _object(
        {
            "sentences": _list(sentence, 16),
            "actions": actions,
            "missing": _list(text, 4),
            "internal_note": text,
        }
    )


def read_classification(text: str, names: tuple[str, ...]) -> ClassificationAnswer:
    """Raises `Unfit` for anything but the asked-for shape and the given names."""
    answer = _read(ClassificationAnswer, text)
    _all_known("intent", [intent.name for intent in answer.intents], names)
    return answer


def read_draft(text: str, kinds: tuple[str, ...], evidence: frozenset[str]) -> DraftAnswer:
    """Raises `Unfit` for another shape, an action that was not offered, or evidence that was not given."""
    answer = _read(DraftAnswer, text)
    _all_known("action", [action.kind for action in answer.actions], kinds)
    for sentence in answer.sentences:
        _all_known("evidence", sentence.evidence_ids, tuple(evidence))
    return answer


def _all_known(what: str, given: list[str], known: tuple[str, ...]) -> None:
    strange = [name for name in given if name not in known]
    if strange:
        raise Unfit(f"The answer names {what} that was not offered ({len(strange)} of {len(given)}).")


def _read(shape: type[T], text: str) -> T:
    try:
        return shape.model_validate(_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise Unfit(f"The answer does not fit at {place[:80]}: {first['msg'][:120]}.") from None


def _json(text: str) -> Any:
    """The JSON value of a text, also inside a code fence or between words."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise Unfit("The answer holds no JSON object.")
    try:
        return json.loads(text[start : end + 1], parse_constant=_no_constant, object_pairs_hook=_no_twice)
    except (ValueError, RecursionError) as error:
        raise Unfit("The answer is not valid JSON.") from error


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _action(kind: str, entry: ActionEntry) -> dict[str, Any]:
    args = {name: _arg(arg) for name, arg in entry.args.items()}
    return _object({"kind": {"type": "string", "enum": [kind]}, "args": _object(args)})


def _arg(arg: ArgEntry) -> dict[str, Any]:
    text = {"type": "string"}
    shape: dict[str, Any]
    if arg.type in ("items", "variants"):
        shape = {"type": "array", "items": text}
    elif arg.type == "address":
        shape = _object(dict.fromkeys(("address1", "address2", "city", "state", "zip", "country"), text))
    elif arg.type == "money":
        shape = _object({"minor": {"type": "integer"}, "currency": text})
    elif arg.type == "choice":
        shape = {"type": "string", "enum": list(arg.choices)}
    else:
        shape = text
    return shape if arg.required else {"anyOf": [shape, {"type": "null"}]}


def _list(items: dict[str, Any], most: int) -> dict[str, Any]:
    """A bounded list: a small model under a grammar would fill an endless one up to the token limit."""
    return {"type": "array", "items": items, "maxItems": most}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
