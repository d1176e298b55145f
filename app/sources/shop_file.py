"""The shop file: one SQLite file with the shop's records, its knowledge passages and the actions already applied to it."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from store.case import Record
from store.contract import Json, now
from store.driver import driver, errors, trusted_with_wal

Errors = errors()
"""What a shop file raises that cannot be opened, read or written."""

PATIENCE = 10.0
"""Seconds that a connection waits for another one to finish writing."""

_sqlite = driver()
_WAL = trusted_with_wal(_sqlite.sqlite_version_info)

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
  kind TEXT NOT NULL, id TEXT NOT NULL, customer_id TEXT, body TEXT NOT NULL, version TEXT NOT NULL, uri TEXT,
  PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_of_customer ON record (customer_id, kind);
CREATE TABLE IF NOT EXISTS clue (
  field TEXT NOT NULL, value TEXT NOT NULL, customer_id TEXT NOT NULL,
  PRIMARY KEY (field, value, customer_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS clue_of_customer ON clue (customer_id);
CREATE TABLE IF NOT EXISTS passage (
  uri TEXT PRIMARY KEY, title TEXT NOT NULL, trust TEXT NOT NULL, body TEXT NOT NULL, version TEXT NOT NULL,
  vector BLOB, embedded_as TEXT);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
  uri UNINDEXED, kind UNINDEXED, title, body, tokenize = 'porter unicode61');
CREATE TABLE IF NOT EXISTS applied (key TEXT PRIMARY KEY, digest TEXT NOT NULL, result TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS loaded (at TEXT NOT NULL, day TEXT NOT NULL);
"""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reading; raises one of `Errors` when the file cannot be opened."""
    if not path.exists():
        raise sqlite3.OperationalError(f"no shop file at {path}")
    connection = _sqlite.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None
    )
    try:
        connection.row_factory = _sqlite.Row
        yield connection
    finally:
        connection.close()


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction with the write lock from its start: all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=True)
    with reading(path) as connection:
        # With a rollback journal a process that stops while it reads keeps every other one from writing.
        if not _WAL or path.stat().st_size == 0:
            connection.execute(f"PRAGMA journal_mode = {'WAL' if _WAL else 'DELETE'}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, inside the caller's transaction (`executescript` would commit it)."""
    for statement in SCHEMA.strip().split(";\n"):
        connection.execute(statement.rstrip(";"))


def put(connection: sqlite3.Connection, kind: str, values: Mapping[str, Json], uri: str | None = None) -> str:
    """Write one record and what identifies its customer; returns its version."""
    body = json.dumps(values, sort_keys=True, ensure_ascii=False)
    version = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    customer = values["id"] if kind == "customer" else values.get("customer_id")
    connection.execute(
        "INSERT INTO record VALUES (:kind, :id, :customer, :body, :version, :uri) ON CONFLICT (kind, id) DO UPDATE SET"
        " customer_id = excluded.customer_id, body = excluded.body, version = excluded.version,"
        " uri = coalesce(excluded.uri, uri)",
        {"kind": kind, "id": values["id"], "customer": customer, "body": body, "version": version, "uri": uri},
    )
    if kind == "customer":
        connection.execute("DELETE FROM clue WHERE customer_id = ? AND field != 'order'", (customer,))
        connection.executemany(
            "INSERT OR IGNORE INTO clue VALUES (?, ?, ?)",
            [(field, value, customer) for field, value in clues_of(values)],
        )
    elif kind == "order" and customer:
        connection.execute(
            "INSERT OR IGNORE INTO clue VALUES ('order', ?, ?)", (key("order", str(values["id"])), customer)
        )
    return version


def get(connection: sqlite3.Connection, kind: str, record_id: str) -> Record | None:
    """One record by kind and id."""
    rows = _records(connection, "kind = ? AND id = ?", (kind, record_id))
    return rows[0] if rows else None


def owned(connection: sqlite3.Connection, customer_id: str, kind: str) -> list[Record]:
    """All records of that kind that belong to the customer, by id."""
    return _records(connection, "customer_id = ? AND kind = ?", (customer_id, kind))


def all_of(connection: sqlite3.Connection, kind: str) -> list[Record]:
    """Every record of that kind: for small public catalogues."""
    return _records(connection, "kind = ?", (kind,))


def holders(connection: sqlite3.Connection, field: str, value: str) -> set[str]:
    """Ids of the customers whose record holds that value."""
    rows = connection.execute("SELECT customer_id FROM clue WHERE field = ? AND value = ?", (field, key(field, value)))
    return {row["customer_id"] for row in rows}


def clues_of(customer: Mapping[str, Json]) -> list[tuple[str, str]]:
    """What identifies a customer's record, as (field, normalised value)."""
    address = customer.get("address") or {}
    full = " ".join(str(customer[part]) for part in ("first_name", "last_name") if customer.get(part))
    found = [
        ("customer_id", customer.get("id")),
        ("email", customer.get("email")),
        ("name", customer.get("name")),
        ("name", full),
        ("zip", customer.get("zip") or (address.get("zip") if isinstance(address, Mapping) else None)),
        ("phone", customer.get("phone")),
    ]
    return [(field, key(field, str(value))) for field, value in found if value not in (None, "")]


def key(field: str, value: str) -> str:
    """The form in which two spellings of the same thing are equal: case, accents, spaces and punctuation aside."""
    value = unicodedata.normalize("NFKD", value).casefold()
    value = "".join(character for character in value if not unicodedata.combining(character))
    if field == "phone":
        return re.sub(r"\D", "", value)[-9:]  # the country prefix is written in many ways
    if field == "name":
        return " ".join(re.findall(r"\w+", value))
    if field == "email":
        return value.strip()
    return re.sub(r"[^\w]", "", value)


def _records(connection: sqlite3.Connection, where: str, values: tuple[str, ...]) -> list[Record]:
    rows = connection.execute(
        f"SELECT kind, id, body, version, uri FROM record WHERE {where} ORDER BY kind, id", values
    )
    read_at = now()
    return [
        Record(
            kind=row["kind"],
            id=row["id"],
            values=json.loads(row["body"]),
            read_at=read_at,
            version=row["version"],
            uri=row["uri"] or f"{row['kind']}/{row['id']}",
        )
        for row in rows
    ]
