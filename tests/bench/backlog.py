"""A long queue made by the database itself: so many tickets, each with a message to handle and a review to decide."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from store.contract import Gate, GateReason, Proposal, Route, Ticket, Watermark, now
from store.engine import Database
from store.postgres import Postgres
from store.tables import micros

_TABLES = {
    "tickets (id, channel, thread, subject, customer_name, identity, how, state, version, newest_message_id, created_at)": (
        "'T' || i, 'email', 'T' || i, {nothing}, '', 'unknown', '', 'in_review', 1, 'M' || i, :at + i"
    ),
    "messages (id, ticket_id, direction, at, author, text, hidden, sent, ai_handled)": (
        "'M' || i, 'T' || i, 'inbound', :at + i, {nothing}, {nothing}, 0, '{{}}', false"
    ),
    "work (id, ticket_id, message_id, round, details, state)": "'M' || i, 'T' || i, 'M' || i, 1, {nothing}, 'waiting'",
    "proposals (request_id, ticket_id, created_at, how, body, sent)": (
        "'P' || i, 'T' || i, :at + i, 'review', replace(CAST(:body AS text), '4711', CAST(i AS text)), '{{}}'"
    ),
    "reviews (id, request_id, ticket_id, gate, fingerprint, state, created_at, due_at, on_expiry, subject, reason, "
    "sentence, reasons, route, model, prompt, risk, amount, hidden, fence)": (
        "'r' || i, 'P' || i, 'T' || i, CAST(:gate AS text), 'f', 'open', :at + i, :at + i + 14400000000, 'hold', '', "
        "'over_limit', 'over the limit', '[]', 'messy', 'strong', 'draft', 'high', i % 90000, 0, 0"
    ),
}
_COUNTED = "SELECT state, reason, route, '', risk, count(*) FROM reviews GROUP BY state, reason, route, risk"
GATE = Gate(reasons=(GateReason(code="over_limit", text="over the limit"),), risk="high")


def fill(database: Database | Postgres, cases: int) -> None:
    """Adds the cases, without journal and search: what a claim reads and writes is all there."""
    lite = isinstance(database, Database)
    with database.engine.connect() as pooled:
        connection = pooled.execution_options(lastclick_write=True)
        with connection.begin():
            kept = _without_triggers(connection, lite)
            _rows(connection, cases, lite)
            connection.execute(text(f"INSERT INTO review_counts{'' if lite else '_folded'} {_COUNTED}"))
            for sql in kept:
                connection.exec_driver_sql(sql)
    if not lite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _without_triggers(connection: Connection, lite: bool) -> list[str]:
    """Counted once at the end instead of at each row; returns what makes the triggers again."""
    if not lite:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        return []
    kept = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'reviews'")
    )
    found = kept.all()
    for name, _ in found:
        connection.execute(text(f"DROP TRIGGER {name}"))
    return [sql for _, sql in found]


def _rows(connection: Connection, cases: int, lite: bool) -> None:
    every = "WITH RECURSIVE s(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM s WHERE i < :n)"
    numbers = every if lite else "WITH s(i) AS (SELECT generate_series(1, :n))"
    values: dict[str, Any] = {
        "n": cases,
        "at": micros(now()) - 4 * cases,
        "body": proposal(4711).model_dump_json(),
        "gate": GATE.model_dump_json(),
    }
    for into, columns in _TABLES.items():
        shown = columns.format(nothing="x''" if lite else "''::bytea")
        statement = f"{numbers} INSERT INTO {into} SELECT {shown} FROM s"
        connection.execute(text(statement), {name: one for name, one in values.items() if f":{name}" in statement})


def proposal(number: int) -> Proposal:
    """What stands in the review of a case."""
    at = now().replace(microsecond=0)
    return Proposal(
        request_id=f"P{number}",
        created_at=at,
        ticket=Ticket(id=f"T{number}", subject="", created_at=at),
        watermark=Watermark(last_customer_message_id=f"M{number}", ticket_version=1),
        route=Route(name="messy", model="strong", prompt="draft", code="otherwise", reason="one intent"),
        customer_reply="We look at it.",
    )
