"""The parts of the queue an agent gave a name to, in a file of their own that can be written by hand as well:

[[view]]
name = "large refunds of billing"
reason = "refund_over_limit"
assignee = "billing"
sort = "amount"
"""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from pathlib import Path

from pydantic import ValidationError

from app.desk.sections import SAVED, Section
from store.live import View

MOST = 30
LARGEST = 100_000
"""Bytes. A larger file is none of ours."""


def load(path: Path | None) -> tuple[tuple[Section, ...], str]:
    """The saved views in the file's order, and what is wrong with it in a sentence. A bad view is left out, and stays in
    the file."""
    if path is None or not path.is_file():
        return (), ""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        given = tomllib.loads(path.read_text("utf-8")).get("view", [])
    except (OSError, ValueError) as error:
        return (), f"{path.name} cannot be read: {error}"
    sections: list[Section] = []
    problems: list[str] = []
    for n, each in enumerate(given if isinstance(given, list) else [], start=1):
        try:
            sections.append(_section(dict(each)))
        except (ValidationError, ValueError, TypeError) as error:
            problems.append(f"view {n}: {_told(error)}")
    return tuple(sections[:MOST]), f"{path.name}, {'; '.join(problems)}" if problems else ""


def keep(path: Path, name: str, view: View) -> str:
    """Write a view under a name, over one of the same name. What is wrong in a sentence; empty: it is kept."""
    sections, problem = load(path)
    if problem:
        return f"Not saved. {problem}"
    rest = [each for each in sections if each.title != name]
    if len(rest) >= MOST:
        return f"Not saved. There are {MOST} already: take one away first."
    return _write(path, [*rest, Section(SAVED, name, view)])


def drop(path: Path, name: str) -> str:
    """Take a saved view away. What is wrong in a sentence; empty: it is gone."""
    sections, problem = load(path)
    if problem:
        return f"Not taken away. {problem}"
    return _write(path, [each for each in sections if each.title != name])


def _section(given: dict[str, object]) -> Section:
    name = str(given.pop("name", "")).strip()
    if not name:
        raise ValueError("it has no name")
    return Section(SAVED, " ".join(name.split())[:60], View.model_validate(given))


def _told(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


def _write(path: Path, sections: list[Section]) -> str:
    """Whole or not at all. A JSON string, number or truth value is written the same in TOML."""
    parts = []
    for each in sections:
        fields = {"name": each.title, **each.view.model_dump(mode="json", exclude_defaults=True)}
        parts.append("\n".join(["[[view]]", *(f"{key} = {json.dumps(value)}" for key, value in fields.items())]))
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text("\n\n".join(parts) + "\n", "utf-8")
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return f"Not saved: {path} cannot be written ({error.strerror})."
    return ""
