"""Ids in addresses: percent-encoded whole, so that an id may hold anything, a slash too."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import Path
from starlette.convertors import Convertor, register_url_convertor

from store.contract import Line


class Id(Convertor[str]):
    """One segment of the path as it was sent."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", Id())

_one = Path(min_length=1, max_length=1000)
ReviewId = Annotated[Line, _one]
TicketId = Annotated[Line, _one]
DecisionId = Annotated[Line, _one]
Name = Annotated[Line, _one]
TokenId = Annotated[Line, _one]
