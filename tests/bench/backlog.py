"""A long queue made by the database itself: so many tickets, each with a message to handle and a review to decide."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import text

from store.contract import Gate, GateReason, Proposal, Route, Ticket, Watermark, fingerprint, now
from store.engine import Database
from store.postgres import Postgres
from store.tables import micros

_TABLES = """
INSERT INTO tickets (id, channel, thread, subject, customer_name, identity, how, state, version, newest_message_id, created_at)
SELECT 'T' || i, 'email', 'T' || i, {nothing}, '', 'unknown', '', 'in_review', 1, 'M' || i, :at + i FROM s;
INSERT INTO messages (id, ticket_id, direction, at, author, text, hidden, sent, ai_handled)
SELECT 'M' || i, 'T' || i, 'inbound', :at + i, {nothing}, {nothing}, 0, '{{}}', false FROM s;
INSERT INTO work (id, ticket_id, message_id, round, details, state)
SELECT 'M' || i, 'T' || i, 'M' || i, 1, {nothing}, 'waiting' FROM s;
INSERT INTO proposals (request_id, ticket_id, created_at, how, body, sent)
SELECT 'P' || i, 'T' || i, :at + i, 'review', replace(CAST(:body AS text), '4711', CAST(i AS text)), '{{}}' FROM s;
INSERT INTO reviews (id, request_id, ticket_id, gate, fingerprint, state, created_at, due_at, on_expiry, subject, reason,
                     sentence, reasons, route, model, prompt, risk, amount, hidden, fence)
SELECT 'r' || i, 'P' || i, 'T' || i, :gate, 'f', 'open', :at + i, :at + i + 14400000000, 'hold', '', 'over_limit',
       'over the limit', '["over_limit"]', 'messy', 'strong', 'draft', 'high', i % 90000, 0, 0 FROM s
"""
GATE = Gate(reasons=(GateReason(code="over_limit", text="over the limit"),), risk="high")


def fill(database: Database | Postgres, cases: int) -> None:
    """Adds the cases, without journal, search or engine: what a claim reads and writes is all there."""
    lite = isinstance(database, Database)
    numbers = (
        "WITH RECURSIVE s(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM s WHERE i < :n) "
        if lite
        else "WITH s(i) AS (SELECT generate_series(1, :n)) "
    )
    values: dict[str, Any] = {"n": cases, "at": micros(now()) - 4 * cases, "body": _proposal(4711).model_dump_json()}
    with database.engine.connect() as pooled:
        connection = pooled.execution_options(lastclick_write=True)
        with connection.begin():
            kept = []
            if lite:  # counted once at the end instead of a million times
                sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'reviews'"
                kept = connection.execute(text(sql)).all()
                for name, _ in kept:
                    connection.execute(text(f"DROP TRIGGER {name}"))
            else:
                connection.execute(text("ALTER TABLE reviews DISABLE TRIGGER USER"))
            for one in _TABLES.format(nothing="x''" if lite else "''::bytea").split(";\n"):
                into, select = one.strip().split("SELECT", 1)
                statement = f"{into} {numbers} SELECT {select}" if not lite else f"{numbers} {into} SELECT {select}"
                used = {k: v for k, v in (values | {"gate": GATE.model_dump_json()}).items() if f":{k}" in statement}
                connection.execute(text(statement.replace('["over', '["over')), used)
            counts = "review_counts" if lite else "review_counts_folded"
            connection.execute(
                text(f"INSERT INTO {counts} SELECT state, reason, route, '', risk, count(*) FROM reviews GROUP BY 1, 2, 3, 5")
            )
            for _, sql in kept:
                connection.exec_driver_sql(sql)
            if not lite:
                connection.execute(text("ALTER TABLE reviews ENABLE TRIGGER USER"))
    if not lite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def fingerprinted(number: int) -> str:
    """What the review of a case would be shown with."""
    return fingerprint(_proposal(number), GATE)


def _proposal(number: int) -> Proposal:
    at = now().replace(year=2026, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return Proposal(
        request_id=f"P{number}",
        created_at=at,
        ticket=Ticket(id=f"T{number}", subject="", created_at=at),
        watermark=Watermark(last_customer_message_id=f"M{number}", ticket_version=1),
        route=Route(name="messy", model="strong", prompt="draft", code="otherwise", reason="one intent"),
        customer_reply="We look at it.",
    )


def digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
