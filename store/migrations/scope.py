"""Which tables alembic looks after: ours. The search index and the engine's own tables are no business of autogenerate."""

from __future__ import annotations

from typing import Any

from sqlmodel import SQLModel

from store import facts_table, figure_tables, people_tables, tables  # noqa: F401  (fill the metadata)

OURS = frozenset(SQLModel.metadata.tables)
for _index in (index for one in SQLModel.metadata.tables.values() for index in one.indexes):
    # Not where the index is declared: naming the other database there loads all of its dialect into every desk.
    _index.dialect_options["postgresql"]["where"] = _index.dialect_options["sqlite"]["where"]


def is_ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """alembic's `include_object`."""
    return kind != "table" or name in OURS
