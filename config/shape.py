"""The base of every shape of a lead's files: a typo is refused, and what was loaded never changes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A frozen table of a file; an unknown key is an error. `if` is written `if_` in Python."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
