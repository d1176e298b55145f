"""Planted cases that wait are found by an index; tallies that the figures tell too are kept no more; replies that more
than one customer came back on are marked, so that those that came back most are found without a look at all others."""

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
    op.execute(
        "INSERT INTO figures (name, at, key, part, count) SELECT 'again.returned.reply', at, key, 0, 1 FROM figures "
        "WHERE name = 'returned.reply/day' AND key IN (SELECT key FROM figures WHERE name = 'returned.reply/day' "
        "GROUP BY key HAVING sum(count) > 1)"
    )
