"""One value of the rules changed by its path, as a lead would say it: `review.refund_over_limit.amount_over.EUR=100`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from config.load import nearest
from config.rules import Rules

TABLES = {
    "review": "reviews",
    "trigger": "triggers",
    "route": "routes",
    "action": "actions",
    "job": "jobs",
    "model": "models",
    "message": "messages",
    "intent": "intents",
    "windows": "windows",
}
"""The first word of a path, and the part of the rules it means."""


class BadSetting(ValueError):
    """A setting that does not fit the rules; says which word is wrong and the nearest right one."""


def changed(rules: Rules, settings: Sequence[str]) -> Rules:
    """The rules with these values; `review.NAME=off` and `trigger.NAME=off` take a rule away. Raises `BadSetting`."""
    for setting in settings:
        rules = _set(rules, setting)
    return rules


def _set(rules: Rules, setting: str) -> Rules:
    path, sign, value = setting.partition("=")
    words = path.strip().split(".")
    if words[:2] in (["routes", "trigger"], ["routes", "route"], ["actions", "action"]):
        words = words[1:]
    if not sign or len(words) < 2:
        raise BadSetting(f"{setting}: write it as review.refund_over_limit.amount_over.EUR=100")
    if words[0] not in TABLES:
        raise BadSetting(f"{setting}: {words[0]} is no part of the rules{nearest(words[0], list(TABLES))}")
    part = TABLES[words[0]]
    old = getattr(rules, part)
    try:
        if part == "windows":
            new: Any = _entry(old, words[1:], value, setting)
        elif isinstance(old, tuple):
            new = tuple(each for each in (_of(each, words, value, setting) for each in old) if each is not None)
            _known(words[1], [each.name for each in old], setting)
        else:
            _known(words[1], list(old), setting)
            new = {**old, words[1]: _entry(old[words[1]], words[2:], value, setting)}
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise BadSetting(f"{setting}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error
    return rules.model_copy(update={part: new, "version": f"{rules.version}+"})


def _known(name: str, names: list[str], setting: str) -> None:
    if name not in names:
        raise BadSetting(f"{setting}: there is no {name}{nearest(name, names)}")


def _of(entry: Any, words: Sequence[str], value: str, setting: str) -> Any:
    """The entry changed where it is meant; None when it is switched off."""
    if entry.name != words[1]:
        return entry
    if len(words) == 2 and value.strip() == "off":
        return None
    return _entry(entry, words[2:], value, setting)


def _entry(entry: BaseModel, words: Sequence[str], value: str, setting: str) -> Any:
    if not words:
        raise BadSetting(f"{setting}: say which of its values is meant")
    data = entry.model_dump(by_alias=True, exclude_unset=True)
    fields = _fields(entry)
    keys = list(words)
    if keys[0] not in fields:
        conditions = _fields(getattr(entry, "if_", None))
        if keys[0] not in conditions:
            raise BadSetting(f"{setting}: there is no {keys[0]} here{nearest(keys[0], sorted(fields | conditions))}")
        keys.insert(0, "if")
    place = data
    for key in keys[:-1]:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise BadSetting(f"{setting}: {key} is one value, not a table")
    place[keys[-1]] = _value(value.strip())
    return type(entry).model_validate(data)


def _fields(entry: BaseModel | None) -> set[str]:
    """What may be written in a table, by the names that the files use."""
    return {field.alias or name for name, field in type(entry).model_fields.items()} if entry is not None else set()


def _value(text: str) -> Any:
    """As TOML reads it; a bare word is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
