"""Full-text search over subjects, messages, replies and ids, newest first. The SQLite side: one FTS5 document a ticket."""

from __future__ import annotations

import json
import re

from sqlalchemy import text
from sqlmodel import Session

from store import plain, reading
from store.live import Page, Row
from store.queue import Invalid
from store.tables import TicketRow

CAP = 64_000
"""Characters of a ticket that can be found; of a longer one, its newest."""

_BEGINNING = 2
"""Letters from which the last word may be a beginning: two to four are indexed as such, one matches everything."""

_WORD = re.compile(r"\S*\w\S*")
_FIND = text(
    "SELECT search.rowid AS id, search_tickets.ticket_id FROM search "
    "JOIN search_tickets ON search_tickets.id = search.rowid "
    "WHERE search MATCH :words AND search.rowid < :before ORDER BY search.rowid DESC LIMIT :limit"
)

_PROPOSED = text(
    "SELECT reviews.id, proposals.body FROM reviews JOIN proposals ON proposals.request_id = reviews.request_id "
    "WHERE reviews.ticket_id = :t ORDER BY reviews.n DESC LIMIT 5"
)


def find(session: Session, words: str, after: str | None, limit: int) -> Page:
    """Tickets that hold all the words (the last one may be a beginning of two letters), the most recently touched first.

    A ticket that never stopped for a person has a row without a review id.
    """
    asked = _query(words)
    if not asked:
        return Page(rows=())
    before = 2**62 if after is None else _number(after)
    found = session.execute(_FIND, {"words": asked, "before": before, "limit": limit + 1}).all()
    shown = found[:limit]
    known = reading.lines(session, [row.ticket_id for row in shown])
    rows = tuple(known.get(row.ticket_id) or _bare(session, row.ticket_id) for row in shown)
    return Page(rows=rows, next=str(shown[-1].id) if len(found) > limit else None)


def index(session: Session, ticket: TicketRow) -> None:
    """Puts the ticket's words into the index anew, as the newest."""
    session.flush()
    old = session.execute(text("SELECT id FROM search_tickets WHERE ticket_id = :t"), {"t": ticket.id}).scalar()
    if old is not None:
        session.execute(text("DELETE FROM search WHERE rowid = :id"), {"id": old})
        session.execute(text("DELETE FROM search_tickets WHERE id = :id"), {"id": old})
    session.execute(text("INSERT INTO search_tickets (ticket_id) VALUES (:t)"), {"t": ticket.id})
    session.execute(
        text("INSERT INTO search (rowid, words) SELECT id, :words FROM search_tickets WHERE ticket_id = :t"),
        {"words": _words(session, ticket), "t": ticket.id},
    )


def _words(session: Session, ticket: TicketRow) -> str:
    said = [message.text for message in reading.messages(session, ticket.id)]
    ids = [ticket.id, plain.line(ticket.subject), ticket.customer_name, ticket.customer_id or "", ticket.sender or ""]
    proposed: list[str] = []
    for row in session.execute(_PROPOSED, {"t": ticket.id}):
        body = json.loads(row.body)
        proposed += [row.id, body["customer_reply"] or "", *(action["target"] for action in body["actions"])]
    return "\n".join([*ids, *proposed, "\n".join(said)[-CAP:]])


def _query(words: str) -> str:
    """Every word as a phrase of its own, so that nothing a person types is FTS5 syntax."""
    parts = ['"' + word.replace('"', '""') + '"' for word in _WORD.findall(plain.line(words))[:16]]
    if parts and words[-1:].isalnum() and len(parts[-1]) >= _BEGINNING + 2:
        parts[-1] += "*"
    return " ".join(parts)


def _number(after: str) -> int:
    if not after.isdecimal() or len(after) > 18:
        raise Invalid("This page marker belongs to another list. Start the list again.")
    return int(after)


def _bare(session: Session, ticket_id: str) -> Row:
    ticket = reading.ticket_row(session, ticket_id)
    return Row(
        review_id="",
        ticket_id=ticket.id,
        subject=ticket.subject,
        reason=ticket.state.replace("_", " "),
        route=ticket.route or "",
        risk="low",
        state="decided",
        created_at=ticket.created_at,
    )
