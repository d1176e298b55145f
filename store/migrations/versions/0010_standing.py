"""Planted cases that wait are found by an index; tallies that the figures tell too are kept no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TWICE = ("handled", "replies", "returned", "repeats", "retries", "failures", "overrides", "confusions")


def upgrade() -> None:
    op.create_index("planted_waiting", "planted", ["state"])
    tallies = sa.table("tallies", sa.column("name", sa.String()))
    op.execute(tallies.delete().where(tallies.c.name.in_(_TWICE)))
