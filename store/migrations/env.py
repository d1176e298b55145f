"""What alembic runs: on the connection it is handed, inside the transaction that is already open."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlmodel import SQLModel

from store import tables  # noqa: F401  (fills the metadata)

OURS = frozenset(SQLModel.metadata.tables)


def _ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """The search index and the engine's own tables are no business of autogenerate."""
    return kind != "table" or name in OURS


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_object=_ours,
    transactional_ddl=False,
    render_as_batch=True,
)
context.run_migrations()
