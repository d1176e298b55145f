"""A first look at an embedded queue: what waits longest, and one case, read with the driver alone in a few milliseconds.

It is for a picture that is drawn while everything else is still being loaded. Nothing is decided by it and nothing changed;
when anything is not as expected there is no look, and the queue itself, opened after it, says what is wrong. Texts are as
they are stored: who draws them makes them plain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.driver import driver, errors, trusted_with_wal

_LINE = "id, ticket_id, subject, sentence, risk, created_at, claimed_by, claimed_until, hidden"
_ROWS = f"SELECT {_LINE} FROM reviews INDEXED BY reviews_by_age WHERE state = 'open' ORDER BY created_at, n LIMIT ?"
_TOTAL = "SELECT coalesce(sum(count), 0) FROM review_counts WHERE state = 'open'"
_CASE = """
SELECT r.gate, p.body FROM reviews r JOIN proposals p ON p.request_id = r.request_id WHERE r.id = ? AND r.state = 'open'
"""
_MESSAGE = """
SELECT author, text, at FROM messages WHERE ticket_id = ? AND direction = 'inbound' ORDER BY n DESC LIMIT 1
"""


@dataclass(frozen=True)
class Line:
    """One row of the list. Times are seconds since 1970."""

    review_id: str
    ticket_id: str
    subject: str
    reason: str
    high: bool
    at: float
    claimed_by: str


@dataclass(frozen=True)
class Glance:
    """How many wait, the first of them, and the case that comes on screen: its gate and proposal as JSON, its newest
    message as author, text and time."""

    total: int
    lines: Sequence[Line]
    shown: str
    gate: Mapping[str, Any]
    proposal: Mapping[str, Any]
    message: tuple[str, str, float] | None


def look(path: Path, rows: int, wanted: str | None, now: float) -> Glance | None:
    """The first rows and the wanted case, or the one that waits longest; None when there is nothing to look at."""
    sqlite = driver()
    if not path.is_file() or not trusted_with_wal(sqlite.sqlite_version_info):
        return None
    try:
        connection = sqlite.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.05)
    except errors():
        return None
    try:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        if connection.execute("SELECT version_num FROM alembic_version").fetchone() != (_schema(),):
            return None
        return _look(connection, rows, wanted, now)
    except errors():
        return None
    except (ValueError, KeyError, TypeError):  # stored by another version
        return None
    finally:
        connection.close()


def _schema() -> str:
    """The newest step of the migrations, by its file's name: asking them would load half the store."""
    steps = (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py")
    return max(each.name.split("_")[0] for each in steps)


def _look(connection: Any, rows: int, wanted: str | None, now: float) -> Glance | None:
    lines = [_line(row, now) for row in connection.execute(_ROWS, (rows,))]
    if not lines:
        return None
    for shown in (wanted, lines[0].review_id):
        found = connection.execute(_CASE, (shown,)).fetchone() if shown else None
        if found is not None and shown is not None:
            gate, proposal = json.loads(found[0]), json.loads(found[1])
            said = connection.execute(_MESSAGE, (proposal["ticket"]["id"],)).fetchone()
            message = (_text(said[0]), _text(said[1]), said[2] / 1e6) if said else None
            (total,) = connection.execute(_TOTAL).fetchone()
            return Glance(total, lines, shown, gate, proposal, message)
    return None


def _line(row: Sequence[Any], now: float) -> Line:
    review_id, ticket_id, subject, sentence, risk, at, claimed_by, until, _ = row
    claimed = claimed_by if claimed_by and until is not None and until / 1e6 > now else ""
    return Line(review_id, ticket_id, _text(subject), _text(sentence), risk == "high", at / 1e6, _text(claimed))


def _text(stored: str | bytes | None) -> str:
    return stored.decode("utf-8", "replace") if isinstance(stored, bytes) else stored or ""
