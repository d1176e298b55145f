"""A field of a proposed action, named and given another value in words: `amount 20.00`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.desk import form
from store.contract import REPLY, Action, Review

Args = dict[str, Any]


def edited(review: Review, kept: Mapping[str, Args], name: str, value: str) -> tuple[str, Args, str]:
    """The action's id, its new arguments, and what changed in words. Raises `form.BadValue` with what would fit."""
    for action, field in _fields(review, kept):
        if name.casefold() in {field.name.casefold(), field.path[0].casefold(), field.title.casefold()}:
            before = kept.get(action.action_id, action.args)
            made = form.values([field], {field.name: _given(field, value)}, before)
            changed = form.differences(before, made, [field])
            said = [f"{title}: {old}, now {new}." for title, old, new in changed]
            return action.action_id, made, " ".join(said) or f"{field.title} is that already."
    names = dict.fromkeys(field.path[0] for _, field in _fields(review, kept))
    raise form.BadValue(name, f"There is no field “{name}”. Fields: {', '.join([*names, REPLY])}.")


def _fields(review: Review, kept: Mapping[str, Args]) -> Iterator[tuple[Action, form.Field]]:
    for action in review.proposal.actions:
        for field in form.fields(action.args_schema, kept.get(action.action_id, action.args)):
            yield action, field


def _given(field: form.Field, value: str) -> Any:
    """What a widget would hold: the choice itself for a choice, the words for the rest."""
    if not field.choices:
        return value
    chosen = {str(each).casefold(): each for _, each in field.choices}
    chosen |= {title.casefold(): each for title, each in field.choices}
    if value.casefold() not in chosen:
        titles = ", ".join(title for title, _ in field.choices)
        raise form.BadValue(field.name, f"{field.title} is one of: {titles}.")
    return [chosen[value.casefold()]] if field.kind == "choices" else chosen[value.casefold()]
