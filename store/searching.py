"""Full-text search over subjects, messages, replies and ids, newest first: one document a ticket.

SQLite's FTS5 and PostgreSQL's tsvector are asked the same: they hold the same words, cut by the same rule.
"""

from __future__ import annotations

import json
import re
import unicodedata

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

_FIND_IN_POSTGRES = text(
    "SELECT id, ticket_id FROM search WHERE words @@ CAST(:words AS tsquery) AND id < :before ORDER BY id DESC LIMIT :limit"
)
_INDEX = text(
    "INSERT INTO search (ticket_id, words) VALUES (:t, CAST(:words AS tsvector)) "
    "ON CONFLICT (ticket_id) DO UPDATE SET words = excluded.words, id = excluded.id"
)
_PIECE = re.compile(r"[^\W_]+")
_LONGEST = 200
"""Characters of one word that count; PostgreSQL takes 2,046 bytes."""
_PLACES, _PLACES_EACH = 16_383, 255
"""How far PostgreSQL counts places in a document, and how many of one word it keeps."""

_PROPOSED = text(
    "SELECT reviews.id, proposals.body FROM reviews JOIN proposals ON proposals.request_id = reviews.request_id "
    "WHERE reviews.ticket_id = :t ORDER BY reviews.n DESC LIMIT 5"
)


def find(session: Session, words: str, after: str | None, limit: int) -> Page:
    """Tickets that hold all the words (the last one may be a beginning of two letters), the most recently touched first.

    A ticket that never stopped for a person has a row without a review id.
    """
    lite = _is_sqlite(session)
    asked = _query(words) if lite else _query_of_postgres(words)
    if not asked:
        return Page(rows=())
    before = 2**62 if after is None else _number(after)
    statement = _FIND if lite else _FIND_IN_POSTGRES
    found = session.execute(statement, {"words": asked, "before": before, "limit": limit + 1}).all()
    shown = found[:limit]
    known = reading.lines(session, [row.ticket_id for row in shown])
    rows = tuple(known.get(row.ticket_id) or _bare(session, row.ticket_id) for row in shown)
    return Page(rows=rows, next=str(shown[-1].id) if len(found) > limit else None)


def index(session: Session, ticket: TicketRow) -> None:
    """Puts the ticket's words into the index anew, as the newest."""
    session.flush()
    if not _is_sqlite(session):
        session.execute(_INDEX, {"t": ticket.id, "words": document(_words(session, ticket))})
        return
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


def document(words: str) -> str:
    """A text as PostgreSQL's tsvector, cut into words as FTS5's `unicode61` cuts it; places are kept for whole ids."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(_pieces(words), 1):
        places.setdefault(word, []).append(min(place, _PLACES))
    return " ".join(f"'{word}':{','.join(map(str, at[:_PLACES_EACH]))}" for word, at in places.items())


def _query_of_postgres(words: str) -> str:
    """Every word as a phrase of its own; made of letters and digits alone, so nothing a person types is an operator."""
    parts = []
    for word in _WORD.findall(plain.line(words))[:16]:
        if pieces := _pieces(word):
            parts.append([f"'{one}'" for one in pieces])
    if parts and words[-1:].isalnum() and len(_WORD.findall(plain.line(words))[:16][-1]) >= _BEGINNING:
        parts[-1][-1] += ":*"
    return " & ".join("(" + " <-> ".join(pieces) + ")" for pieces in parts)


def _pieces(words: str) -> list[str]:
    bare = "".join(one for one in unicodedata.normalize("NFKD", words) if not unicodedata.combining(one))
    return [one[:_LONGEST] for one in _PIECE.findall(bare.lower())]


def _is_sqlite(session: Session) -> bool:
    return bool(session.get_bind().dialect.name == "sqlite")


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
