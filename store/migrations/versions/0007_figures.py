"""Figures by hour and day with the tickets behind them, spot checks with their grades."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Figures begin empty: `lastclick stats --recount` counts what was there before."""
    _figures()
    _spot_checks()


def _figures() -> None:
    op.create_table(
        "figures",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "at", "key", "part"),
    )
    op.create_index("figures_key", "figures", ["name", "key", "at"])
    op.create_table(
        "behind",
        sa.Column("n", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index("behind_key", "behind", ["name", "key", "at", "n"])
    op.create_index("behind_ref", "behind", ["ref"])


def _spot_checks() -> None:
    op.create_table(
        "spot_checks",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("prompt_version", sa.String(), nullable=False),
        sa.Column("wants", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"]),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"]),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("spot_checks_waiting", "spot_checks", ["state", "at", "message_id"])
    op.create_table(
        "spot_grades",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["spot_checks.message_id"]),
        sa.PrimaryKeyConstraint("message_id", "actor"),
    )
    op.execute(
        "INSERT INTO spot_checks (message_id, ticket_id, at, route, prompt, prompt_version, wants, state) "
        "SELECT id, ticket_id, at, coalesce(route, ''), '', coalesce(prompt_version, ''), 1, 'waiting' FROM messages "
        "WHERE spot_check = 'waiting'"
    )
