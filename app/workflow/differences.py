"""Where two models' actions differ, field by field, after both were normalised: what an agent picks left or right from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.contract import Action, Json

NONE = "—"
"""Stands where one side has no such action or field."""


@dataclass(frozen=True)
class Difference:
    """One field in which two proposals differ, as a person reads it. `field` is `action` when one side lacks it whole."""

    action_kind: str
    field: str
    left: str
    right: str


def differences(a: Sequence[Action], b: Sequence[Action]) -> tuple[Difference, ...]:
    """Every difference of kind, target, amount and argument; empty when both want the same, in whatever order."""
    if len(a) == len(b) and all(map(_same, a, b)):
        return ()  # as two models of one shop mostly are
    found: list[Difference] = []
    rest = list(b)
    unmatched = []
    for left in a:
        right = _partner(left, rest)
        if right is None:
            unmatched.append(left)
            continue
        rest.remove(right)
        found += [] if _same(left, right) else _fields(left, right)
    for left in unmatched:
        found.append(Difference(left.kind, "action", _named(left), NONE))
    for right in rest:
        found.append(Difference(right.kind, "action", NONE, _named(right)))
    return tuple(found)


def _partner(left: Action, among: Sequence[Action]) -> Action | None:
    """The action of the same kind, best the one that is equal, then the one with the same target."""
    for right in among:
        if _same(left, right):
            return right
    same_kind = [right for right in among if _word(right.kind) == _word(left.kind)]
    for right in same_kind:
        if not _fields(left, right):
            return right
    for right in same_kind:
        if _word(right.target) == _word(left.target):
            return right
    return same_kind[0] if same_kind else None


def _same(left: Action, right: Action) -> bool:
    """Whether they want the same in the same words."""
    return (left.kind, left.target, left.amount) == (right.kind, right.target, right.amount) and repr(
        left.args
    ) == repr(right.args)


def _fields(left: Action, right: Action) -> list[Difference]:
    found = []
    if _word(left.target) != _word(right.target):
        found.append(Difference(left.kind, "target", left.target or NONE, right.target or NONE))
    if left.amount != right.amount:
        found.append(Difference(left.kind, "amount", _shown(left.amount), _shown(right.amount)))
    one, other = _paired(left.args), _paired(right.args)
    for name in [*one, *(name for name in other if name not in one)]:
        if name == "amount" and left.amount != right.amount:
            continue  # said above, as money
        if one.get(name) != other.get(name):
            found.append(Difference(left.kind, name, _shown(left.args.get(name)), _shown(right.args.get(name))))
    return found


def _paired(args: dict[str, Json]) -> dict[str, Json]:
    """Arguments as compared: words without case and spaces, lists without order; what belongs together stays together.

    `items` and `new_items` of the same length are pairs: their order counts only as a pairing.
    """
    plain = {name: _normal(value) for name, value in args.items() if value is not None}
    items, new = plain.get("items"), plain.get("new_items")
    if isinstance(items, tuple) and isinstance(new, tuple) and len(items) == len(new):
        pairs = sorted(zip(items, new, strict=True), key=repr)
        plain["items"] = tuple(item for item, _ in pairs)
        plain["new_items"] = tuple(item for _, item in pairs)
        return plain
    return {name: _sorted(value) for name, value in plain.items()}


def _normal(value: Json) -> Json:
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, bool):
        return ("bool", value)  # True is not the number 1
    if isinstance(value, list | tuple):
        return tuple(_normal(item) for item in value)
    if isinstance(value, dict):
        return tuple(sorted(((key, _normal(item)) for key, item in value.items() if item is not None), key=repr))
    return value


def _sorted(value: Json) -> Json:
    return tuple(sorted(value, key=repr)) if isinstance(value, tuple) and value[:1] != ("bool",) else value


def _word(text: str) -> str:
    return " ".join(text.casefold().split()).lstrip("#")


def _named(action: Action) -> str:
    return action.description or f"{action.kind} {action.target}".strip()


def _shown(value: Json) -> str:
    if value is None or value == "":
        return NONE
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items())
    return str(value)
