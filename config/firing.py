"""Triggers of routes.toml that can never fire: behind one that always does, or behind one that always fires first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from config.rules import Rules, TriggerIf


def never_fires(rules: Rules) -> Iterator[tuple[int, str]]:
    """Index and reason of each trigger that no ticket can reach."""
    earlier: list[tuple[str, TriggerIf]] = []
    closed: str | None = None
    for at, trigger in enumerate(rules.triggers):
        name, wanted = _condition(trigger.if_)
        if closed is not None:
            yield at, f'"{closed}" above it fits every ticket'
        elif why := _impossible(name, wanted):
            yield at, why
        else:
            for above, if_ in earlier:
                if _covers(_condition(if_), (name, wanted)):
                    yield at, f'"{above}" above it fits whenever this one does'
                    break
        if closed is None and _always(name, wanted):
            closed = trigger.name
        earlier.append((trigger.name, trigger.if_))


def _condition(if_: TriggerIf) -> tuple[str, Any]:
    return next((name, value) for name, value in if_ if value is not None)


def _always(name: str, wanted: Any) -> bool:
    match name:
        case "otherwise":
            return wanted is True
        case "confidence_below":
            return bool(wanted > 1)
        case "intents_at_least" | "systems_at_least":
            return bool(wanted <= 0)
        case "longer_than":
            return bool(wanted < 0)
    return False


def _impossible(name: str, wanted: Any) -> str | None:
    if name == "confidence_below" and wanted <= 0:
        return "no confidence is below 0"
    if name in {"otherwise", "switch_off"} and wanted is False:
        return f"{name} = false fits no ticket"
    if name in {"missing", "identity"} and not wanted:
        return f'"{name}" is empty'
    return None


def _covers(above: tuple[str, Any], below: tuple[str, Any]) -> bool:
    """Whether every ticket that fits `below` fits `above` too."""
    (name, first), (other, second) = above, below
    if {name, other} == {"missing", "identity"}:
        return name == "missing" and bool({"any", "identity"} & set(first))
    if name != other:
        return False
    if name in {"missing", "identity"}:
        return "any" in first or set(second) <= set(first)
    if name == "confidence_below":
        return bool(first >= second)
    if name in {"intents_at_least", "systems_at_least", "longer_than"}:
        return bool(first <= second)
    return bool(first == second)
