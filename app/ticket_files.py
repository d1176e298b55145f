"""Ticket files, JSON Lines, CSV or mbox, read whole: every bad line is named, and nothing is filed here."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from store import plain
from store.contract import IncomingMessage

FILE_BYTES_AT_MOST = 64 << 20
ROWS_AT_MOST = 100_000
TEXT_AT_MOST = 200_000
PROBLEMS_AT_MOST = 200
PACKED = frozenset({".zip", ".gz", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz"})

_PACKED_BEGIN = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")

FIELDS = ("message_id", "thread", "channel", "subject", "author", "sender", "text", "at")
_REQUIRED = ("message_id", "text")
_NAMES = ("message_id", "thread")
_LIMITS = {
    "message_id": 400,
    "thread": 400,
    "channel": 60,
    "subject": 1_000,
    "author": 400,
    "sender": 320,
    "text": TEXT_AT_MOST,
}


@dataclass(frozen=True)
class BadLine:
    """One line that cannot be taken: its number, the field, and what is wrong with it."""

    line: int
    field: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.text}"


@dataclass(frozen=True)
class Parsed:
    """What a ticket file holds. `ignored` are columns that nothing reads, each with the nearest right name."""

    messages: tuple[IncomingMessage, ...]
    problems: tuple[BadLine, ...]
    ignored: tuple[str, ...] = ()


class BadFile(Exception):
    """The file as a whole cannot be read: too large, not UTF-8, of another kind."""


def parse(path: Path, *, proven: bool = False) -> Parsed:
    """Read a ticket file, JSON Lines, CSV or mbox by its ending; nothing is filed.

    Fields: message_id and text are needed; thread (default: the message's id), channel, subject, author, at (ISO 8601 with
    a zone), and sender: an address only where the channel proves it, which for a mailbox `proven` says. Raises `BadFile`,
    or OSError.
    """
    kind = path.suffix.lower()
    if kind in PACKED:
        raise BadFile(f"{path.name} is compressed: unpack it first, it is not opened here")
    if kind not in (".jsonl", ".ndjson", ".csv", ".mbox"):
        raise BadFile(f"{path.name}: only .jsonl, .csv and .mbox files are read")
    if path.stat().st_size > FILE_BYTES_AT_MOST:
        raise BadFile(f"{path.name} is larger than {FILE_BYTES_AT_MOST >> 20} MiB: cut it into parts")
    data = path.read_bytes()
    if data.startswith(_PACKED_BEGIN):
        raise BadFile(f"{path.name} is compressed, whatever its name says: unpack it first, it is not opened here")
    if kind == ".mbox":
        return _parsed(_mail_rows(data, proven=proven))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadFile(f"{path.name} is not UTF-8 (line {line}, byte {error.start}): save it as UTF-8") from error
    return parse_text(text, is_csv=kind == ".csv")


def parse_text(text: str, *, is_csv: bool) -> Parsed:
    """The same for the contents of a JSON Lines or CSV file. Pure."""
    return _parsed(_csv_rows(text) if is_csv else _json_rows(text))


def _parsed(rows: Iterable[tuple[int, Mapping[str, Any] | BadLine]]) -> Parsed:
    messages: dict[str, IncomingMessage] = {}
    problems: list[BadLine] = []
    unread: dict[str, None] = {}
    for number, row in rows:
        if isinstance(row, BadLine):
            problems.append(row)
        elif len(messages) >= ROWS_AT_MOST:
            problems.append(BadLine(number, "file", f"more than {ROWS_AT_MOST:,} messages: cut it into parts"))
            break
        else:
            unread |= dict.fromkeys(name for name in row if name not in FIELDS)
            found = _message(number, row, messages)
            problems += [found] if isinstance(found, BadLine) else []
            if isinstance(found, IncomingMessage):
                messages[found.message_id] = found
        if len(problems) >= PROBLEMS_AT_MOST:
            break
    return Parsed(tuple(messages.values()), tuple(problems), tuple(_hint(name) for name in unread))


def _message(
    number: int, row: Mapping[str, Any], known: Mapping[str, IncomingMessage]
) -> IncomingMessage | BadLine | None:
    """The row's message; what is wrong with it; or None for the same line again."""
    values: dict[str, Any] = {}
    for name in FIELDS:
        value = row.get(name)
        if value in (None, ""):
            if name in _REQUIRED:
                return BadLine(number, name, "is missing")
        elif problem := _problem(name, value):
            return BadLine(number, name, problem)
        else:
            values[name] = datetime.fromisoformat(value) if name == "at" else value
    values.setdefault("thread", values["message_id"])
    message = IncomingMessage(**values)
    before = known.get(message.message_id)
    if before is None:
        return message
    same = before.model_dump(exclude={"at"}) == message.model_dump(exclude={"at"})
    return None if same else BadLine(number, "message_id", "stands there before with other contents")


def _problem(name: str, value: object) -> str | None:
    """Why a value cannot be taken; None when it can."""
    if not isinstance(value, str):
        return "is not text"
    if name == "at":
        return None if _is_moment(value) else "is no ISO 8601 time with a zone, such as 2026-06-15T09:00:00Z"
    if name in _NAMES and not plain.line(value).strip():
        return "holds nothing but blanks"
    limit = _LIMITS.get(name, TEXT_AT_MOST)
    if len(value) > limit:
        return f"is longer than {limit:,} characters"
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        return "holds half a character (a lone surrogate)"
    return None


def _is_moment(text: str) -> bool:
    """A time with a zone that is a time in every other zone too, which the first and the last day there are may not be."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.tzinfo is not None and 1 < moment.astimezone(UTC).year < 9999
    except (ValueError, OverflowError):
        return False


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any] | BadLine]]:
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: a text may hold U+2028
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_once)
        except RecursionError:
            yield number, BadLine(number, "line", "is nested too deep for a message")
            continue
        except ValueError as error:
            why = "a number of thousands of digits" if "digits" in str(error) else error
            yield number, BadLine(number, "line", f"is no JSON: {why}")
            continue
        yield number, row if isinstance(row, dict) else BadLine(number, "line", "is no JSON object")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where a name stands twice: which of the two is meant cannot be known."""
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice")
    return row


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any] | BadLine]]:
    csv.field_size_limit(TEXT_AT_MOST * 4)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if problem := _header_problem(reader):
        yield 1, BadLine(1, "header", problem)
        return
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            number = reader.reader.line_num  # the reader's own number still is that of the line before
            yield number, BadLine(number, "line", f"is no CSV: {error}; what follows it is not read")
            return
        if row is None:
            return
        if None in row:
            yield reader.line_num, BadLine(reader.line_num, "line", "has more cells than the header")
            continue
        yield reader.line_num, row


def _header_problem(reader: csv.DictReader[str]) -> str:
    """Why no line below this header can be read; empty where they can."""
    try:
        names = list(reader.fieldnames or ())
    except csv.Error as error:
        return f"is no CSV: {error}"
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return f"{twice!r} stands twice"
    missing = [name for name in _REQUIRED if name not in names]
    if not names or not missing:
        return ""
    other = next((mark for mark in ";\t|" if mark in names[0]), None)
    if other is not None:
        return f"its cells are separated by {other!r}: save the file with commas between them"
    near = [each for each in map(_hint, names) if "did you mean" in each]
    return f"has no column {' and no column '.join(missing)}{': ' + ', '.join(near) if near else ''}"


def _mail_rows(data: bytes, *, proven: bool) -> Iterator[tuple[int, Mapping[str, Any] | BadLine]]:
    from app import mail_files

    try:
        for number, raw in mail_files.mails(data):
            try:
                yield number, mail_files.fields(raw, proven=proven)
            except mail_files.UnreadableError as bad:
                yield number, BadLine(number, bad.field, str(bad))
    except mail_files.UnreadableError as bad:
        yield 1, BadLine(1, bad.field, str(bad))


def _hint(name: str) -> str:
    near = get_close_matches(name, FIELDS, n=1)
    return f"{name} (did you mean {near[0]}?)" if near else name
