"""The shop's knowledge: Markdown cut into passages by heading, found by meaning, or by words where no model can embed."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.sources import shop_file
from config.sources import KnowledgeSource
from store.contract import Evidence, Money, now

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

Embed = Callable[[Sequence[str]], "Vectors"]
"""Texts to one row of floats each."""

PASSAGE_AT_MOST = 1200
"""Characters: about what the embedding model reads before it cuts off (256 word pieces)."""

HINT_WEIGHT = 0.8
"""An intent's name is short and general: on equal terms it would outvote what the customer really asked."""

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*\Z")
_FENCE = re.compile(r"\s*(```|~~~)")
_WORD = re.compile(r"[^\W_]{3,}")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        about after again all also and any are ask because been before but can could did does doing done dont for
        from get got had has have hello help her here him his how its just know like made make many may more most
        much must need not now off once one only order our out over please same she should since some such tell than
        thank thanks that the their them then there these they this those through too under until very want was way
        well were what when where which while who why will with would yes yet you your
        """,
    )
)


def store(connection: sqlite3.Connection, base: Path, sources: Sequence[KnowledgeSource]) -> int:
    """Cut the files and keep their passages in the shop file; vectors of unchanged passages stay. Returns how many."""
    kept: set[str] = set()
    connection.execute("DELETE FROM words WHERE kind = 'passage'")
    for source in sources:
        for uri, title, text in passages(base / source.path):
            version = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()[:16]
            kept.add(uri)
            connection.execute(
                "INSERT INTO passage (uri, title, trust, body, version) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (uri) DO UPDATE SET title = excluded.title, trust = excluded.trust, body = excluded.body,"
                " version = excluded.version,"
                " vector = CASE WHEN version = excluded.version THEN vector END",
                (uri, title, source.trust, text, version),
            )
            connection.execute("INSERT INTO words VALUES (?, 'passage', ?, ?)", (uri, title, text))
    for row in connection.execute("SELECT uri FROM passage").fetchall():
        if row["uri"] not in kept:
            connection.execute("DELETE FROM passage WHERE uri = ?", (row["uri"],))
    return len(kept)


def store_catalogue(connection: sqlite3.Connection, kinds: Sequence[str]) -> None:
    """Make the public records (products, plans) findable by their words."""
    for kind in kinds:
        connection.execute("DELETE FROM words WHERE kind = ?", (kind,))
        for record in shop_file.all_of(connection, kind):
            name = str(record.values.get("name", record.id))
            body = " ".join([record.id, *_words_of(record.values)])
            connection.execute("INSERT INTO words VALUES (?, ?, ?, ?)", (record.id, kind, name, body))


def passages(path: Path) -> Iterator[tuple[str, str, str]]:
    """(uri, title, text) for each headed part of a file, or of every .md file of a folder. Raises OSError."""
    files = sorted(path.rglob("*.md")) if path.is_dir() else [path]
    root = path if path.is_dir() else path.parent
    for file in files:
        name = file.relative_to(root).as_posix()
        used: set[str] = set()
        for headings, text in _sections(file.read_text(encoding="utf-8-sig")):
            for piece in _pieces(text):
                anchor = _anchor(headings[-1] if headings else file.stem, used)
                yield f"{name}#{anchor}", ": ".join(headings[-2:]) or file.stem, piece


def by_meaning(
    connection: sqlite3.Connection, embed: Embed, queries: Sequence[str], floor: float, limit: int = 5
) -> tuple[Evidence, ...]:
    """The passages nearest to any of the queries by cosine similarity, best first; none below the floor.

    The first query is the customer's own words; the others are hints and count for less.
    """
    import numpy as np

    rows = connection.execute(
        "SELECT uri, title, trust, body, version, vector, embedded_as FROM passage ORDER BY uri"
    ).fetchall()
    asked = _unit(embed(list(queries))) if rows and queries else None
    if asked is None:
        return ()
    weights = np.array([1.0] + [HINT_WEIGHT] * (len(queries) - 1), dtype=np.float32)
    scores = (_vectors(connection, rows, embed, asked.shape[1]) @ asked.T * weights).max(axis=1)
    best = [index for index in np.argsort(-scores)[:limit] if scores[index] >= floor]
    return tuple(_evidence(rows[index]) for index in best)


def by_words(connection: sqlite3.Connection, query: str, limit: int = 5) -> tuple[Evidence, ...]:
    """The passages that share at least two telling words with the query (one, when it has only one), best first."""
    words = telling(query)
    hits = _match(connection, words, "passage", 4 * limit)
    found = [
        connection.execute("SELECT uri, title, trust, body, version FROM passage WHERE uri = ?", (uri,)).fetchone()
        for uri, shared in hits
        if shared >= min(2, len(words))
    ]
    return tuple(_evidence(row) for row in found[:limit])


def catalogue(connection: sqlite3.Connection, kind: str, query: str, limit: int = 3) -> tuple[Evidence, ...]:
    """Public records of that kind whose name the query speaks of, as evidence that anybody may read."""
    words = telling(query)
    found = []
    for record_id, _ in _match(connection, words, kind, 4 * limit):
        record = shop_file.get(connection, kind, record_id)
        if record and any(
            _stem(word) in {_stem(own) for own in telling(str(record.values.get("name")))} for word in words
        ):
            found.append(
                Evidence(
                    id=f"{kind}/{record.id}",
                    kind="record",
                    title=str(record.values.get("name", record.id)),
                    quote=_public_text(record.values),
                    uri=record.uri,
                    read_at=record.read_at,
                    version=record.version,
                )
            )
    return tuple(found[:limit])


def telling(text: str) -> list[str]:
    """The distinct words of a text that say what it is about, at most 40."""
    return list(dict.fromkeys(word for word in _WORD.findall(text.casefold()) if word not in _COMMON))[:40]


def _sections(markdown: str) -> Iterator[tuple[list[str], str]]:
    headings: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in markdown.splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        yield [name for _, name in headings], "\n".join(lines).strip()
        lines = []
        level = len(heading[1])
        headings = [*(entry for entry in headings if entry[0] < level), (level, heading[2])]
    yield [name for _, name in headings], "\n".join(lines).strip()


def _pieces(text: str) -> Iterator[str]:
    """The text whole, or cut between paragraphs where it is too long to be embedded."""
    piece = ""
    for paragraph in re.split(r"\n\s*\n", text):
        if piece and len(piece) + len(paragraph) > PASSAGE_AT_MOST:
            yield piece
            piece = ""
        piece = f"{piece}\n\n{paragraph}" if piece else paragraph
    if piece.strip():
        yield piece


def _anchor(heading: str, used: set[str]) -> str:
    base = anchor = re.sub(r"[^\w]+", "-", heading.casefold()).strip("-") or "top"
    number = 1
    while anchor in used:
        number += 1
        anchor = f"{base}-{number}"
    used.add(anchor)
    return anchor


def _vectors(connection: sqlite3.Connection, rows: list[sqlite3.Row], embed: Embed, width: int) -> Vectors:
    """One unit row a passage; what was embedded before by the same model is read, not made again."""
    import numpy as np

    probe = _unit(embed(["which model is this"]))[0]
    model = f"{width}:{hashlib.sha256(np.round(probe, 1).tobytes()).hexdigest()[:12]}"
    stale = [index for index, row in enumerate(rows) if row["vector"] is None or row["embedded_as"] != model]
    matrix = np.zeros((len(rows), width), dtype=np.float32)
    for index, row in enumerate(rows):
        if row["vector"] is not None and row["embedded_as"] == model:
            matrix[index] = np.frombuffer(row["vector"], dtype=np.float32)
    if stale:
        matrix[stale] = _unit(embed([f"{rows[index]['title']}. {rows[index]['body']}" for index in stale]))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "UPDATE passage SET vector = ?, embedded_as = ? WHERE uri = ? AND version = ?",
            [(matrix[index].tobytes(), model, rows[index]["uri"], rows[index]["version"]) for index in stale],
        )
        connection.execute("COMMIT")
    return matrix


def _unit(vectors: Any) -> Vectors:
    import numpy as np

    rows = np.asarray(vectors, dtype=np.float32)
    unit: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit


def _match(connection: sqlite3.Connection, words: Sequence[str], kind: str, limit: int) -> list[tuple[str, int]]:
    """(uri, how many of the words it shares), best first. Words are quoted: nothing of FTS5's language gets through."""
    if not words:
        return []
    quoted = " OR ".join(f'"{word}"' for word in words)
    rows = connection.execute(
        "SELECT uri, title || ' ' || body AS text FROM words WHERE words MATCH ? AND kind = ?"
        " ORDER BY bm25(words, 0, 0, 4, 1) LIMIT ?",
        (quoted, kind, limit),
    ).fetchall()
    asked = {_stem(word) for word in words}
    return [(row["uri"], len(asked & {_stem(word) for word in _WORD.findall(row["text"].casefold())})) for row in rows]


def _stem(word: str) -> str:
    """Enough to see "returns" and "returned" as "return"."""
    return re.sub(r"(ing|ed|es|s)\Z", "", word) if len(word) > 4 else word


def _evidence(row: sqlite3.Row) -> Evidence:
    return Evidence(
        id=row["uri"],
        kind="passage",
        title=row["title"],
        quote=row["body"],
        uri=row["uri"],
        read_at=now(),
        version=row["version"],
    )


def _public_text(values: dict[str, Any]) -> str:
    """A catalogue record in words: each variant with its price and whether it can be had."""
    currency = str(values.get("currency", "EUR"))
    lines = [str(values[field]) for field in ("description", "terms") if values.get(field)]
    if isinstance(values.get("price"), int):
        lines.insert(0, f"Price {Money(minor=values['price'], currency=currency)}")
    for variant in values.get("variants") or ():
        options = ", ".join(f"{name} {value}" for name, value in (variant.get("options") or {}).items())
        price = Money(minor=variant["price"], currency=currency) if isinstance(variant.get("price"), int) else ""
        lines.append(
            f"{options or variant.get('item_id')}: {price}, {'in stock' if variant.get('available') else 'sold out'}"
        )
    return "\n".join(lines)


def _words_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _words_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words_of(inner)
    elif isinstance(value, str):
        yield value
