"""Where records are read from: the shop file, or a peer over HTTP; both by kind, owner and what identifies a customer."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from app.sources import shop_file
from app.sources.port import Shelf
from config.sources import RecordSource
from store.case import Record


class FileShelf:
    """Records of the shop file. One connection for one look-up."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def holders(self, field: str, value: str) -> set[str]:
        return shop_file.holders(self._connection, field, value)

    def get(self, kind: str, record_id: str) -> Record | None:
        return shop_file.get(self._connection, kind, record_id)

    def owned(self, kind: str, customer_id: str) -> list[Record]:
        return shop_file.owned(self._connection, customer_id, kind)

    def all_of(self, kind: str) -> list[Record]:
        return shop_file.all_of(self._connection, kind)


class Shelves:
    """Every kind from its own shelf: the ones with a url are asked there, the rest stand in the shop file."""

    def __init__(self, sources: Mapping[str, RecordSource], file: FileShelf) -> None:
        self._file = file
        self._peers: dict[str, Shelf] = {}
        for kind, source in sources.items():
            if source.url:
                from app.sources.http import HttpShelf

                self._peers[kind] = HttpShelf(kind, source)

    def holders(self, field: str, value: str) -> set[str]:
        return self._of("order" if field == "order" else "customer").holders(field, value)

    def get(self, kind: str, record_id: str) -> Record | None:
        return self._of(kind).get(kind, record_id)

    def owned(self, kind: str, customer_id: str) -> list[Record]:
        return self._of(kind).owned(kind, customer_id)

    def all_of(self, kind: str) -> list[Record]:
        return self._of(kind).all_of(kind)

    def _of(self, kind: str) -> Shelf:
        return self._peers.get(kind, self._file)
