"""The tables of who may do what: users, their tokens, their enrolment codes, and the answers of writes by request key.

Of a token and of a code only the SHA-256 is kept: neither can be read back from the database.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from store.tables import Instant


class UserRow(SQLModel, table=True):
    """`limits` is a JSON list of amounts up to which this person lets money go alone; empty: no limit of their own."""

    __tablename__ = "users"

    name: str = Field(primary_key=True)
    role: str
    limits: str = Field(default="[]", sa_type=Text)
    created_at: datetime = Field(sa_type=Instant)
    created_by: str
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class TokenRow(SQLModel, table=True):
    """`id` is public: it names the token in lists and in the journal."""

    __tablename__ = "tokens"
    __table_args__ = (Index("tokens_user", "user"),)

    id: str = Field(primary_key=True)
    user: str = Field(foreign_key="users.name")
    digest: str
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class EnrolmentRow(SQLModel, table=True):
    """A code that is good for one token, once."""

    __tablename__ = "enrolments"
    __table_args__ = (Index("enrolments_user", "user"),)

    digest: str = Field(primary_key=True)
    user: str = Field(foreign_key="users.name")
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class AnswerRow(SQLModel, table=True):
    """What a write answered, by the key of its request. Without an answer: the request was withdrawn."""

    __tablename__ = "answers"
    __table_args__ = (Index("answers_at", "at"),)

    user: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: str
    answer: str | None = Field(default=None, sa_type=Text)
    at: datetime = Field(sa_type=Instant)
