"""Loads the shop's record and knowledge files into the shop file, in canonical names, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.sources import knowledge, shop_file
from app.sources.mapping import Unmappable, canonical
from config.rules import Rules
from config.sources import RecordSource
from store.contract import now

ROWS_AT_MOST = 2_000_000
LINE_BYTES_AT_MOST = 4 << 20
PROBLEMS_AT_MOST = 50


class BadRecords(Exception):
    """The files do not fit sources.toml. `problems` names file, line and field of each; nothing was loaded."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Loaded:
    """How many records of each kind and how many passages were loaded, and by how many days dates were moved."""

    records: dict[str, int]
    passages: int
    days: int


def open_shop(rules: Rules, path: Path, today: date | None = None) -> Path:
    """The shop file at `path`, loaded first when there is none or it is empty. Raises `BadRecords`."""
    if not path.exists() or path.stat().st_size == 0:
        load(rules, path, today=today)
    return path


def load(rules: Rules, path: Path, folder: Path | None = None, today: date | None = None) -> Loaded:
    """Load every source that names a file into the shop file, replacing records of the same kind and id.

    Relative paths start at `folder` (default: the folder of sources.toml). One transaction. Raises `BadRecords`.
    """
    base = folder or Path(rules.sources.folder)
    day = today or now().date()
    days = (day - rules.sources.day).days if rules.sources.day else 0
    problems: list[str] = []
    counts: Counter[str] = Counter()
    with shop_file.writing(path) as connection:
        shop_file.prepare(connection)
        for kind, source in rules.sources.records.items():
            for values, uri in _values(base, source, days, problems):
                shop_file.put(connection, kind, values, uri)
                counts[kind] += 1
        if problems:
            raise BadRecords(problems)
        passages = knowledge.store(connection, base, rules.sources.knowledge)
        knowledge.store_catalogue(connection, [kind for kind, source in rules.sources.records.items() if source.public])
        connection.execute("INSERT INTO loaded VALUES (?, ?)", (now().isoformat(), day.isoformat()))
    return Loaded(dict(counts), passages, days)


def _values(base: Path, source: RecordSource, days: int, problems: list[str]) -> Iterator[tuple[dict[str, Any], str]]:
    if source.file is None:
        return
    path = base / source.file
    seen: set[str] = set()
    for number, row in _rows(path, problems):
        try:
            values = canonical(row, source, days)
            if values["id"] in seen:
                raise Unmappable("id", f"{values['id']!r} stands there twice")
        except Unmappable as error:
            _note(problems, f"{path.name}:{number}: {error}")
            continue
        seen.add(values["id"])
        yield values, f"{path.name}#{number}"


def _rows(path: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        _note(problems, f"{path}: {error.strerror or error}")
        return
    with lines:
        rows = csv_rows(lines) if path.suffix.lower() == ".csv" else _json_rows(path, lines, problems)
        for number, row in rows:
            if number > ROWS_AT_MOST:
                _note(problems, f"{path.name}: more than {ROWS_AT_MOST} lines")
                return
            yield number, row


def _json_rows(path: Path, lines: Any, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                if len(line) > LINE_BYTES_AT_MOST:
                    raise ValueError("line is too long")
                row = json.loads(line, parse_float=Decimal, parse_constant=_refuse)
                if not isinstance(row, dict):
                    raise ValueError("a line must be a JSON object")
            except (ValueError, RecursionError) as error:
                _note(problems, f"{path.name}:{number}: {error}")
                continue
            yield number, row
    except UnicodeDecodeError:
        _note(problems, f"{path.name}: not UTF-8")


def csv_rows(lines: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a CSV file with a header line, each with its line number; empty cells are left out."""
    reader = csv.DictReader(lines)
    for row in reader:
        yield reader.line_num, {name: cell for name, cell in row.items() if name and cell not in (None, "")}


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _note(problems: list[str], text: str) -> None:
    if len(problems) < PROBLEMS_AT_MOST:
        problems.append(text)
