"""Whether the journal is what was written: every entry against its own hash, its number, its predecessor, and checkpoints.

The chain alone finds a changed byte. Who rewrites a whole tail and recomputes every hash is found by a checkpoint that
was exported before and kept elsewhere: the entry of that number must still have that hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from store import journal
from store.contract import Value
from store.queue import Invalid

_TEXTS = ("actor", "kind", "subject", "ticket_id", "data", "shown", "ran", "previous", "hash")
_OPTIONAL = {"ticket_id", "shown", "ran"}
_ROWS = text(
    f"SELECT seq, CAST(at AS BLOB) AS at, {', '.join(f'CAST({name} AS BLOB) AS {name}' for name in _TEXTS)}, "
    f"typeof(at), {', '.join(f'typeof({name})' for name in _TEXTS)} FROM journal ORDER BY seq"
)
"""As bytes, so that an entry which no longer is text is named like any other."""


_OF_POSTGRES = text(
    f"""SELECT seq, at, {", ".join(f"convert_to({name}, 'UTF8') AS {name}" for name in _TEXTS)}, 'integer',
    {", ".join(f"CASE WHEN {name} IS NULL THEN 'null' ELSE 'text' END" for name in _TEXTS)} FROM journal ORDER BY seq"""
)
"""There a column holds what its type says."""


class Checkpoint(Value):
    """What entry `seq` was when this was exported."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq} {self.hash}"


class Verification(Value):
    """Whether the journal is what was written. `first_bad` is the first entry that is not; `problem` says why."""

    entries: int
    ok: bool
    first_bad: int | None = None
    problem: str = ""
    head: str = journal.START


def verify(url: str | Path, against: Sequence[Checkpoint] = ()) -> Verification:
    """Reads the whole journal of a queue and recomputes every hash. Raises `Unavailable` when it cannot be read."""
    from store.engine import open_database

    database = open_database(url, check=False)
    try:
        with database.reading() as session:
            return check(session, against)
    finally:
        database.close()


def export(url: str | Path, every: int = 1000) -> tuple[Checkpoint, ...]:
    """Every so manieth entry and the last one, for a place that who can write the queue's file cannot write.

    Raises `Invalid` when the journal does not verify: a checkpoint of a forged journal would bless it.
    """
    from store.engine import open_database

    database = open_database(url, check=False)
    try:
        with database.reading() as session:
            found = check(session)
            if not found.ok:
                raise Invalid(f"The journal does not verify, so nothing was exported: {found.problem}.")
            chosen = text("SELECT seq, hash FROM journal WHERE seq % :every = 0 OR seq = :last ORDER BY seq")
            rows = session.execute(chosen, {"every": max(1, every), "last": found.entries})
            return tuple(Checkpoint(seq=row.seq, hash=row.hash) for row in rows)
    finally:
        database.close()


def parse(lines: Iterable[str]) -> tuple[Checkpoint, ...]:
    """Checkpoints as `export` prints them, one `seq hash` a line. Raises `Invalid` naming the line."""
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        seq, _, digest = line.strip().partition(" ")
        if not seq.isdecimal() or len(digest) != 64:
            raise Invalid(f"line {number}: a checkpoint is an entry's number, a space and its hash.")
        found.append(Checkpoint(seq=int(seq), hash=digest))
    return tuple(found)


def check(session: Session, against: Sequence[Checkpoint] = ()) -> Verification:
    """The verification within a transaction: gapless numbers, unbroken chain, what rests on it, and the checkpoints."""
    seq, previous = 0, journal.START
    kept: dict[int, set[str]] = {}
    for one in against:
        kept.setdefault(one.seq, set()).add(one.hash)

    def bad(number: int, problem: str) -> Verification:
        return Verification(entries=number - 1, ok=False, first_bad=number, problem=problem, head=previous)

    for entry in _entries(session):
        seq += 1
        problem = entry if isinstance(entry, str) else _problem(entry, seq, previous)
        if problem:
            return bad(seq, problem if not isinstance(entry, str) else f"entry {seq} {entry}")
        assert not isinstance(entry, str)
        if kept.pop(seq, {entry["hash"]}) != {entry["hash"]}:
            return bad(seq, f"entry {seq} is not the one the checkpoint was taken of: the journal was written anew")
        previous = entry["hash"]
    end = session.execute(text("SELECT seq, hash FROM journal_head")).first()
    if ((end.seq, end.hash) if end else (0, journal.START)) != (seq, previous):
        return bad(seq + 1, f"entries after {seq} are gone" + (f": there were {end.seq}" if end else ""))
    if kept:
        return bad(seq + 1, f"entries after {seq} are gone: a checkpoint was taken of entry {max(kept)}")
    return Verification(entries=seq, ok=True, head=previous)


def _entries(session: Session) -> Iterator[dict[str, Any] | str]:
    """Each entry as it is stored, or what is wrong with its form."""
    rows = _ROWS if session.get_bind().dialect.name == "sqlite" else _OF_POSTGRES
    for row in session.execute(rows.execution_options(yield_per=1000)):
        values, kinds = row[: 2 + len(_TEXTS)], row[2 + len(_TEXTS) :]
        yield _decoded(values, kinds)


def _decoded(values: Sequence[Any], kinds: Sequence[str]) -> dict[str, Any] | str:
    seq, at, *texts = values
    if not isinstance(seq, int) or kinds[0] != "integer":
        return "has a number or a time that is none"
    entry: dict[str, Any] = {"seq": seq, "at": int(at)}
    for name, value, kind in zip(_TEXTS, texts, kinds[1:], strict=True):
        if kind not in ({"text", "null"} if name in _OPTIONAL else {"text"}):
            return f"holds in {name} what is no text"
        try:
            entry[name] = None if value is None else bytes(value).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return f"holds in {name} what is no text"
    return entry


def _problem(entry: dict[str, Any], seq: int, previous: str) -> str:
    if entry["seq"] != seq:
        return f"entry {seq} is missing: the next one is {entry['seq']}"
    if entry["previous"] != previous:
        return f"entry {seq} does not follow entry {seq - 1}"
    if journal.digest(entry) != entry["hash"]:
        return f"entry {seq} was changed after it was written"
    return ""
