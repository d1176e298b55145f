"""What alembic runs: on the connection it is handed, inside the transaction that is already open."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from store.migrations.scope import is_ours

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_object=is_ours,
    transactional_ddl=False,
    render_as_batch=True,
)
context.run_migrations()
