"""Counts wishes: intents that another one already says, near synonyms and mere tone are not counted beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from config.rules import IntentEntry
    from store.case import Classification, Intent

OWN = 0.6
"""From this probability on a near synonym is a wish of its own: two really different sentences say the two."""


def wanted(found: Classification, intents: Mapping[str, IntentEntry]) -> Classification:
    """The same classification with each wish counted once, by `implies`, `like` and `aside` of intents.toml."""
    kept: list[Intent] = []
    for each in found.intents:
        if _implied(each, found.intents, intents):
            continue
        if each.p < OWN and any(_alike(each.name, other.name, intents) for other in kept):
            continue
        kept.append(each)
    wishes = tuple([each for each in kept if not _aside(each.name, intents)] or kept[:1])
    return found.model_copy(update={"intents": wishes, "confidence": _confidence(found, wishes, intents)})


def _confidence(found: Classification, wishes: Sequence[Intent], intents: Mapping[str, IntentEntry]) -> float:
    """How sure it is that the first wish or one of its kin is meant: which of two synonyms it is matters little."""
    if not wishes:
        return found.confidence
    first, doubt = wishes[0], 1 - max(found.confidence, wishes[0].p)
    for other in (*found.intents, *found.grey):
        if other.name != first.name and _kin(first.name, other.name, intents):
            doubt *= 1 - other.p
    return round(1 - doubt, 4)


def _kin(one: str, other: str, intents: Mapping[str, IntentEntry]) -> bool:
    return other in _implies(one, intents) or one in _implies(other, intents) or _alike(one, other, intents)


def _implied(one: Intent, all_: tuple[Intent, ...], intents: Mapping[str, IntentEntry]) -> bool:
    """Whether another intent says this one too. Of two that imply each other the likelier one stays."""
    for other in all_:
        if other.name != one.name and one.name in _implies(other.name, intents):
            mutual = other.name in _implies(one.name, intents)
            if not mutual or all_.index(other) < all_.index(one):
                return True
    return False


def _implies(name: str, intents: Mapping[str, IntentEntry]) -> tuple[str, ...]:
    return intents[name].implies if name in intents else ()


def _alike(one: str, other: str, intents: Mapping[str, IntentEntry]) -> bool:
    return any(a in intents and b in intents[a].like for a, b in ((one, other), (other, one)))


def _aside(name: str, intents: Mapping[str, IntentEntry]) -> bool:
    return name in intents and intents[name].aside
