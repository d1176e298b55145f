"""Fills a queue with many reviews fast, with journal, roll-ups and search as if they had come in one by one.

python -m tests.seed PATH 100000
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session

from store import journal
from store.contract import (
    Action,
    Evidence,
    Gate,
    GateReason,
    Money,
    Proposal,
    Route,
    Ticket,
    Watermark,
    action_hash,
    canonical,
    fingerprint,
    now,
)
from store.engine import Database, open_database
from store.tables import MessageRow, ProposalRow, ReviewActionRow, ReviewRow, TicketRow, WorkRow, table

BATCH = 5_000
_TALK = """
charged twice order refund parcel late broken address change invoice account locked cancel plan payment card
return exchange size colour missing wrong delivery tracking password discount subscription email receipt gift
"""
WORDS = _TALK.split()
RARE = tuple(f"name{n}" for n in range(20_000))
TEAMS = ("billing", "shipping", "security", "lead", "ana", "bo")
MIXED = {"open": 0.6, "decided": 0.3, "snoozed": 0.04, "held": 0.03, "superseded": 0.03}
"""A queue that has run for a while: most waits, much is decided, some sleeps or is held."""

REASONS = ("refund_over_limit", "email_change", "models_disagree", "unproven_claim", "account_closure")
ROUTES = ("routine", "messy", "fallback")


@dataclass(frozen=True)
class Kind:
    """When the first ticket came, and which share of the reviews is in which state; a mixed queue has teams and risks."""

    start: datetime
    states: Mapping[str, float]

    @property
    def mixed(self) -> bool:
        return len(self.states) > 1


def fill(
    database: Database,
    reviews: int,
    *,
    states: Mapping[str, float] | None = None,
    seed: int = 7,
    until: datetime | None = None,
) -> None:
    """Adds so many tickets with one message and one review each: all open, or in the given shares. The newest came now,
    or at `until`."""
    chance = random.Random(seed)
    kind = Kind((until or now()) - timedelta(seconds=2 * reviews), states or {"open": 1.0})
    for first in range(0, reviews, BATCH):
        with database.writing() as session:
            _batch(session, range(first, min(first + BATCH, reviews)), chance, kind)


def _batch(session: Session, numbers: range, chance: random.Random, how: Kind) -> None:
    rows: dict[type, list[dict[str, Any]]] = {
        one: [] for one in (TicketRow, MessageRow, WorkRow, ProposalRow, ReviewRow, ReviewActionRow)
    }
    found: list[dict[str, str]] = []
    for n in numbers:
        made = _one(n, chance, how)
        for kind, row in made.items():
            rows[kind].append(row)
        found.append({"t": f"T{n}", "words": f"T{n} {made[TicketRow]['subject']} {made[MessageRow]['text']}"})
    for kind, many in rows.items():
        session.execute(insert(table(kind)), many)
    session.execute(text("INSERT INTO search_tickets (ticket_id) VALUES (:t)"), found)
    session.execute(
        text("INSERT INTO search (rowid, words) SELECT id, :words FROM search_tickets WHERE ticket_id = :t"), found
    )
    for n, review in zip(numbers, rows[ReviewRow], strict=True):
        journal.append(session, "review.opened", review["id"], ticket=f"T{n}", shown=review["fingerprint"])


def _one(n: int, chance: random.Random, how: Kind) -> dict[type, dict[str, Any]]:
    at = how.start + timedelta(seconds=n * 2)
    state = chance.choices(list(how.states), list(how.states.values()))[0]
    rare = RARE[int(len(RARE) * chance.random() ** 3)]
    words = " ".join(chance.choices(WORDS, k=12)) + f" {rare} W{1_000_000 + n}"
    subject = " ".join(chance.choices(WORDS, k=4))
    amount = Money(minor=chance.randrange(5_001, 90_000), currency="EUR")
    reason, route = chance.choice(REASONS), chance.choice(ROUTES)
    ticket = Ticket(id=f"T{n}", subject=subject, state="in_review", created_at=at)
    action = Action(action_id="a1", kind="refund", args={"minor": amount.minor}, amount=amount, target=f"W{n}")
    item = Proposal(
        request_id=f"M{n}",
        created_at=at,
        ticket=ticket,
        watermark=Watermark(last_customer_message_id=f"M{n}", ticket_version=1),
        route=Route(name=route, model="strong", prompt="draft", code="otherwise", reason="one intent"),
        actions=(action,),
        customer_reply=f"We look at {words[:80]}.",
        evidence=(Evidence(id="e1", kind="record", title="order", quote=words, read_at=at),),
    )
    gate = Gate(reasons=(GateReason(code=reason, text=f"{amount}: {reason}"),), risk="high")
    review_id = "r" + hashlib.sha256(item.request_id.encode()).hexdigest()[:16]
    return {
        TicketRow: _ticket(ticket, at),
        MessageRow: {
            "id": f"M{n}",
            "ticket_id": ticket.id,
            "direction": "inbound",
            "at": at,
            "author": "Seed",
            "text": words,
            "hidden": 0,
            "sent": "",
            "ai_handled": False,
        },
        WorkRow: {
            "id": f"M{n}",
            "ticket_id": ticket.id,
            "message_id": f"M{n}",
            "round": 1,
            "details": "",
            "state": "done",
        },
        ProposalRow: {
            "request_id": item.request_id,
            "ticket_id": ticket.id,
            "created_at": at,
            "how": "review",
            "body": item.model_dump_json(),
            "sent": canonical({"hash": action_hash(action)}).decode(),
        },
        ReviewRow: {
            "id": review_id,
            "request_id": item.request_id,
            "ticket_id": ticket.id,
            "work_id": f"M{n}",
            "gate": gate.model_dump_json(),
            "fingerprint": fingerprint(item, gate),
            "state": state,
            "created_at": at,
            "due_at": at + timedelta(hours=4),
            "on_expiry": "hold",
            "snoozed_until": at + timedelta(days=3650) if state == "snoozed" else None,
            "held_by": "route:messy" if state == "held" else None,
            "assignee": chance.choice(TEAMS) if how.mixed and chance.random() < 0.2 else None,
            "subject": subject,
            "reason": reason,
            "sentence": gate.reasons[0].text,
            "reasons": json.dumps([reason]),
            "route": route,
            "model": "strong",
            "prompt": "draft",
            "risk": chance.choice(("low", "high")) if how.mixed else "high",
            "amount": amount.minor,
            "currency": "EUR",
            "hidden": 0,
            "fence": 0,
        },
        ReviewActionRow: {"review_id": review_id, "kind": "refund"},
    }


def _ticket(ticket: Ticket, at: datetime) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "channel": "email",
        "thread": ticket.id,
        "subject": ticket.subject,
        "sender": f"{ticket.id.lower()}@example.com",
        "customer_name": "",
        "identity": "unknown",
        "how": "",
        "state": "in_review",
        "version": 1,
        "newest_message_id": "M" + ticket.id[1:],
        "created_at": at,
    }


if __name__ == "__main__":
    fill(open_database(Path(sys.argv[1])), int(sys.argv[2]), states=MIXED)
