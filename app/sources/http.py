"""Records of one kind read from a peer over HTTP, mapped into canonical names like those of a file."""

from __future__ import annotations

import hashlib
import json
import os
import string
from typing import Any

from app import peers
from app.sources import shop_file
from app.sources.mapping import Unmappable, at_path, canonical
from app.sources.port import SourceFailure
from config.sources import RecordSource
from store.case import Record
from store.contract import now

ROWS_AT_MOST = 500


class HttpShelf:
    """GET the configured url with the one slot it has. What comes back is checked here again: a peer that answers with
    another customer's row changes nothing."""

    def __init__(self, kind: str, source: RecordSource) -> None:
        assert source.url is not None
        self._kind = kind
        self._source = source
        self._url = source.url
        self._seen: dict[str, Record] = {}
        self._slots = {name for _, name, _, _ in string.Formatter().parse(self._url) if name}

    def holders(self, field: str, value: str) -> set[str]:
        if self._kind == "order":
            found = [record for record in self._ask(order=value, id=value) if _same(record.id, value)]
            return {str(record.values["customer_id"]) for record in found if record.values.get("customer_id")}
        asked = self._ask(**{field: value}, **({"id": value} if field == "customer_id" else {}))
        wanted = (field, shop_file.key(field, value))
        return {record.id for record in asked if wanted in shop_file.clues_of(record.values)}

    def get(self, kind: str, record_id: str) -> Record | None:
        if record_id in self._seen:  # one look-up sees one state, and a url may only know how to search
            return self._seen[record_id]
        slot = {"order": record_id} if kind == "order" else {"customer_id": record_id} if kind == "customer" else {}
        return next((record for record in self._ask(id=record_id, **slot) if record.id == record_id), None)

    def owned(self, kind: str, customer_id: str) -> list[Record]:
        return [
            record for record in self._ask(customer_id=customer_id) if record.values.get("customer_id") == customer_id
        ]

    def all_of(self, kind: str) -> list[Record]:
        return self._ask() if not self._slots else []

    def _ask(self, **known: str) -> list[Record]:
        """The rows for what is known; nothing when the url needs something else."""
        if not self._slots <= known.keys():
            return []
        headers = dict(self._source.headers)
        if self._source.secret_env:
            secret = os.environ.get(self._source.secret_env)
            if not secret:
                raise SourceFailure(
                    "records_down", f"{self._source.secret_env} is not set", phase="connect", status=401
                )
            headers["Authorization"] = f"Bearer {secret}"
        try:
            answer = peers.ask(
                "GET",
                peers.filled(self._url, known),
                headers=headers,
                timeout=self._source.timeout_seconds,
                private=self._source.private,
            )
            if answer.status == 404:
                return []
            if answer.status != 200:
                raise SourceFailure(
                    "records_down",
                    f"{self._kind} source answered {answer.status}",
                    phase="answer",
                    status=answer.status,
                    retry_after=answer.retry_after,
                )
            return self._records(at_path(answer.json(), self._source.rows))
        except peers.PeerFailure as error:
            raise SourceFailure("records_down", f"{self._kind} source: {error}", phase=error.phase) from error

    def _records(self, rows: Any) -> list[Record]:
        if isinstance(rows, dict):
            rows = [rows]
        if rows is None:
            return []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SourceFailure("records_down", f"{self._kind} source answered no rows", phase="answer")
        if len(rows) > ROWS_AT_MOST:
            raise SourceFailure(
                "records_down", f"{self._kind} source answered more than {ROWS_AT_MOST} rows", phase="answer"
            )
        read_at = now()
        found = []
        for row in rows:
            try:
                values = canonical(row, self._source)
            except Unmappable as error:
                raise SourceFailure("records_down", f"{self._kind} source: {error}", phase="answer") from error
            body = json.dumps(values, sort_keys=True).encode()
            version = hashlib.sha256(body).hexdigest()[:16]
            uri = f"{self._kind}/{values['id']}"
            record = Record(kind=self._kind, id=values["id"], values=values, read_at=read_at, version=version, uri=uri)
            self._seen[record.id] = record
            found.append(record)
        return found


def _same(one: str, other: str) -> bool:
    return shop_file.key("order", one) == shop_file.key("order", other)
