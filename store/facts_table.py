"""The table of what was found when the facts of a waiting case were read again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from store.tables import Instant

NOTHING = "null"
"""What `changed` holds where nothing of the case rests on facts."""


class FactsRow(SQLModel, table=True):
    """One row a review, for the envelope it was read for. `changed` is a JSON list of `store.contract.ChangedFact`."""

    __tablename__ = "facts_read"

    review_id: str = Field(primary_key=True, foreign_key="reviews.id")
    fingerprint: str
    at: datetime = Field(sa_type=Instant)
    changed: str = Field(default="[]", sa_type=Text)
