"""The roles, and who may let what go: an agent up to an amount, a lead above it, nobody who is not on the team. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from store.contract import Action, Line, Money, Time, Value

Role = Literal["agent", "oncall", "lead", "producer", "worker", "auditor"]

DECIDING: frozenset[Role] = frozenset({"agent", "oncall", "lead"})
SWITCHING: frozenset[Role] = frozenset({"oncall", "lead"})


class User(Value):
    """Somebody, or some program, with one role. `limits`: what they let go alone, one amount a currency."""

    name: Line
    role: Role
    limits: tuple[Money, ...] = ()
    created_at: Time
    created_by: Line = ""
    revoked_at: Time | None = None


class Token(Value):
    """What is known of a token: never the token itself."""

    id: Line
    user: Line
    created_at: Time
    expires_at: Time
    revoked_at: Time | None = None


class Bearer(Value):
    """Who asks, by which token."""

    user: User
    token_id: Line
    expires_at: Time


def may_not_decide(name: str, user: User | None) -> str | None:
    """Why this person decides nothing, in a sentence; None when they may."""
    if user is None or user.revoked_at is not None:
        return f"{name} is not on the team (any more). Whoever runs the queue can add them: lastclick user add."
    if user.role not in DECIDING:
        return f"{name} is {_a(user.role)}, who decides nothing."
    return None


def over_limit(user: User, actions: Iterable[Action]) -> str | None:
    """Why these actions are more than this person lets go alone, in a sentence; None when they are not.

    A lead has no limit, nor has who was given none. With limits, a currency without one has the limit nothing.
    """
    if user.role == "lead" or not user.limits:
        return None
    limits = {limit.currency: limit for limit in user.limits}
    for total in totals(actions):
        limit = limits.get(total.currency, Money(minor=0, currency=total.currency))
        if total.minor > limit.minor:
            return f"{total} is over {user.name}'s limit of {limit}. Hand it to a lead."
    return None


def totals(actions: Iterable[Action]) -> tuple[Money, ...]:
    """What the actions move together, one amount a currency."""
    found: dict[str, int] = {}
    for action in actions:
        if action.amount is not None:
            found[action.amount.currency] = found.get(action.amount.currency, 0) + abs(action.amount.minor)
    return tuple(Money(minor=minor, currency=currency) for currency, minor in found.items())


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"
