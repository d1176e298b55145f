"""The tables of the figures: roll-ups by hour and by day, the tickets behind them, and spot checks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlmodel import Field, SQLModel

from store.tables import Instant, Raw


class FigureRow(SQLModel, table=True):
    """How much of `name` fell to `key` in the bucket that starts at `at` (seconds since 1970; 0: how it stands now).

    `part` is the bucket of a histogram, 0 where there is none. A name that ends in `/day` counts days, any other hours.
    """

    __tablename__ = "figures"
    __table_args__ = (Index("figures_key", "name", "key", "at"),)

    name: str = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    key: str = Field(primary_key=True)
    part: int = Field(primary_key=True, default=0)
    count: int = Field(default=0, sa_type=BigInteger)


class BehindRow(SQLModel, table=True):
    """One case behind a figure that people ask about. `ref` is the message, decision, attempt or execution it tells of."""

    __tablename__ = "behind"
    __table_args__ = (Index("behind_key", "name", "key", "at", "n"), Index("behind_ref", "ref"))

    n: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    name: str
    key: str
    at: datetime = Field(sa_type=Instant)
    ticket_id: str
    ref: str
    text: str = Field(default="", sa_type=Text)


class SpotCheckRow(SQLModel, table=True):
    """An automatic reply that was drawn. `wants` people grade it; state: waiting, done."""

    __tablename__ = "spot_checks"
    __table_args__ = (Index("spot_checks_waiting", "state", "at", "message_id"),)

    message_id: str = Field(primary_key=True, foreign_key="messages.id")
    ticket_id: str = Field(foreign_key="tickets.id")
    at: datetime = Field(sa_type=Instant)
    route: str
    prompt: str = ""
    prompt_version: str = ""
    wants: int = 1
    state: str = "waiting"


class SpotGradeRow(SQLModel, table=True):
    """What one person said of one drawn reply: good, wrong or unclear."""

    __tablename__ = "spot_grades"

    message_id: str = Field(primary_key=True, foreign_key="spot_checks.message_id")
    actor: str = Field(primary_key=True)
    verdict: str
    why: str = Field(default="", sa_type=Raw)
    at: datetime = Field(sa_type=Instant)
