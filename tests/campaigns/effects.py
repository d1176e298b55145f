"""What the shop, the outbox and the peers saw, beside what the store says of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from store.contract import Action
from store.driver import driver
from tests.workflow.peer import Peer
from tests.workflow.shopfloor import Shopfloor

sqlite3 = driver()


@dataclass
class Found:
    """How many actions: ran at the peer without keys and shown neither as done nor as unknown; ran there more than once;
    happened elsewhere otherwise than the store says."""

    unkeyed_unsaid: int = 0
    unkeyed_twice: int = 0
    keyed_wrong: int = 0


def compared(floor: Shopfloor, keyed: Peer, unkeyed: Peer) -> Found:
    """Every action of the store against what happened; and what happened and no action of the store asked for."""
    states: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    for kind, state, action in floor.ask("SELECT kind, state, action FROM executions"):
        key = Action.model_validate_json(str(action)).idempotency_key
        states.setdefault(key, []).append(str(state))
        kinds[key] = str(kind)
    with sqlite3.connect(floor.where.shop) as shop:
        applied = Counter(str(row[0]) for row in shop.execute("SELECT key FROM applied"))
    found = Found()
    for key, kind in kinds.items():
        done, unknown = "done" in states[key], "unknown" in states[key]
        if kind == "change_email":
            happened = unkeyed.ran[key]
            found.unkeyed_twice += happened > 1
            found.unkeyed_unsaid += bool(happened and not (done or unknown))
            found.keyed_wrong += bool(done and not happened)
        elif kind == "cancel_order":
            happened = keyed.ran[key]
            found.keyed_wrong += happened > 1 or (bool(happened) is not done and not unknown)
        elif kind != "send_reply":
            found.keyed_wrong += applied[key] != int(done)
    strange = (set(keyed.ran) | set(unkeyed.ran) | set(applied)) - set(kinds)
    replies = sum(state == "done" for key, kind in kinds.items() if kind == "send_reply" for state in states[key])
    mails = len(list(floor.where.outbox.glob("*.eml")))
    found.keyed_wrong += len(strange) + abs(mails - replies)
    return found
