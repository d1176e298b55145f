"""Which tables alembic looks after: ours. The search index and the engine's own tables are no business of autogenerate."""

from __future__ import annotations

from typing import Any

from sqlmodel import SQLModel

from store import facts_table, figure_tables, people_tables, tables  # noqa: F401  (fill the metadata)

OURS = frozenset(SQLModel.metadata.tables)


def is_ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """alembic's `include_object`."""
    return kind != "table" or name in OURS
