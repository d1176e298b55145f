"""Fills a queue with many reviews fast, with journal, roll-ups and search as if they had come in one by one.

python -m tests.seed PATH 100000
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session

from store import counting, journal
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
REASONS = ("refund_over_limit", "email_change", "models_disagree", "unproven_claim", "account_closure")
ROUTES = ("routine", "messy", "fallback")


def fill(database: Database, reviews: int, *, open_share: float = 1.0, seed: int = 7) -> None:
    """Adds so many tickets with one message and one review each; the share that is not open was superseded."""
    chance = random.Random(seed)
    start = now() - timedelta(days=30)
    for first in range(0, reviews, BATCH):
        with database.writing() as session:
            _batch(session, range(first, min(first + BATCH, reviews)), chance, (start, open_share))


def _batch(session: Session, numbers: range, chance: random.Random, how: tuple[datetime, float]) -> None:
    rows: dict[type, list[dict[str, Any]]] = {
        one: [] for one in (TicketRow, MessageRow, WorkRow, ProposalRow, ReviewRow, ReviewActionRow)
    }
    found: list[dict[str, str]] = []
    waiting: Counter[tuple[str, str]] = Counter()
    for n in numbers:
        made = _one(n, chance, *how)
        for kind, row in made.items():
            rows[kind].append(row)
        review = made[ReviewRow]
        waiting[review["state"], review["reason"]] += 1
        found.append({"t": f"T{n}", "words": f"T{n} {made[TicketRow]['subject']} {made[MessageRow]['text']}"})
    for kind, many in rows.items():
        session.execute(insert(table(kind)), many)
    session.execute(text("INSERT INTO search_tickets (ticket_id) VALUES (:t)"), found)
    session.execute(
        text("INSERT INTO search (rowid, words) SELECT id, :words FROM search_tickets WHERE ticket_id = :t"), found
    )
    for (state, reason), count in waiting.items():
        counting.waiting(session, state, reason, count)
    for n, review in zip(numbers, rows[ReviewRow], strict=True):
        journal.append(session, "review.opened", review["id"], ticket=f"T{n}", shown=review["fingerprint"])


def _one(n: int, chance: random.Random, start: datetime, open_share: float) -> dict[type, dict[str, Any]]:
    at = start + timedelta(seconds=n * 2)
    words = " ".join(chance.choices(WORDS, k=24)) + f" W{1_000_000 + n}"
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
            "state": "open" if chance.random() < open_share else "superseded",
            "created_at": at,
            "due_at": at + timedelta(hours=4),
            "on_expiry": "hold",
            "subject": subject,
            "reason": reason,
            "sentence": gate.reasons[0].text,
            "reasons": json.dumps([reason]),
            "route": route,
            "model": "strong",
            "prompt": "draft",
            "risk": "high",
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
    fill(open_database(Path(sys.argv[1])), int(sys.argv[2]))
