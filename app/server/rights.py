"""The one table of who may call what. A route that has no row is refused to everybody, and the server does not start."""

from __future__ import annotations

from collections.abc import Iterable

from store.roles import DECIDING, SWITCHING, Role

ANYONE: frozenset[Role] = frozenset()
"""No token is asked for."""

EVERYBODY: frozenset[Role] = frozenset({"agent", "oncall", "lead", "producer", "worker", "auditor"})
READING: frozenset[Role] = frozenset({"agent", "oncall", "lead", "auditor"})
WATCHING: frozenset[Role] = READING | {"worker"}
FILING: frozenset[Role] = frozenset({"producer"})
LEADING: frozenset[Role] = frozenset({"lead"})

RIGHTS: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/v1/health"): ANYONE,
    ("POST", "/v1/enrolments"): ANYONE,
    ("GET", "/v1/me"): EVERYBODY,
    ("POST", "/v1/withdrawals"): EVERYBODY,
    # reviews
    ("GET", "/v1/reviews"): READING,
    ("GET", "/v1/counts"): READING,
    ("POST", "/v1/search"): READING,
    ("GET", "/v1/reviews/{review_id}"): READING,
    ("POST", "/v1/reviews/{review_id}/gate"): DECIDING,
    ("PUT", "/v1/reviews/{review_id}/draft"): DECIDING,
    ("POST", "/v1/claims"): DECIDING,
    ("POST", "/v1/claims/renew"): DECIDING,
    ("POST", "/v1/claims/release"): DECIDING,
    # decisions
    ("POST", "/v1/decisions"): DECIDING,
    ("POST", "/v1/decisions/{decision_id}/undo"): DECIDING,
    # tickets
    ("GET", "/v1/tickets/{ticket_id}"): READING,
    ("GET", "/v1/tickets/{ticket_id}/history"): READING,
    ("POST", "/v1/tickets/{ticket_id}/notes"): DECIDING,
    # what comes in: a producer files, and reads its own
    ("POST", "/v1/messages"): FILING,
    ("POST", "/v1/proposals"): FILING,
    ("GET", "/v1/proposals/{review_id}"): READING | FILING,
    ("GET", "/v1/proposals/{review_id}/answer"): READING | FILING,
    ("POST", "/v1/integrations/{shape}"): FILING,
    # live
    ("GET", "/v1/switches"): WATCHING,
    ("POST", "/v1/switches"): SWITCHING,
    ("POST", "/v1/switches/preview"): SWITCHING,
    ("GET", "/v1/counters"): WATCHING,
    ("GET", "/v1/past"): READING,
    ("GET", "/v1/stats"): READING,
    ("GET", "/v1/stats/cases"): READING,
    ("GET", "/v1/operations"): READING,
    ("GET", "/v1/spot-checks"): DECIDING,
    ("POST", "/v1/spot-checks/grade"): DECIDING,
    ("GET", "/v1/planted"): LEADING | {"auditor"},
    ("POST", "/v1/planted"): LEADING,
    ("POST", "/v1/planted/withdraw"): LEADING,
    ("GET", "/v1/prompts"): WATCHING,
    ("GET", "/v1/events"): WATCHING | FILING,
    ("GET", "/v1/events/head"): WATCHING | FILING,
    ("GET", "/v1/presence"): READING,
    ("POST", "/v1/presence"): READING,
    # people
    ("GET", "/v1/users"): frozenset({"lead", "auditor"}),
    ("POST", "/v1/users"): LEADING,
    ("POST", "/v1/users/{name}/code"): LEADING,
    ("POST", "/v1/users/{name}/revoke"): LEADING,
    ("GET", "/v1/tokens"): EVERYBODY,
    ("POST", "/v1/tokens/rotate"): EVERYBODY,
    ("POST", "/v1/tokens/{token_id}/revoke"): EVERYBODY,
}
"""Where own and others' differ (proposals, events, tokens), the route itself looks at whose it is."""


def missing(routes: Iterable[tuple[str, str]]) -> list[str]:
    """Routes without a row, and rows without a route."""
    there = set(routes)
    return sorted(f"{method} {path}" for method, path in there ^ RIGHTS.keys())
