"""Sends decisions back to who filed: each signed, once where the receiver keeps ids, tried for about a day."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app import peers
from app.server.integrations import answers, signing
from store import outside, reading, returning
from store.contract import Json, now
from store.live import Returned
from store.queue import NotFound

if TYPE_CHECKING:
    from store.engine import Database
    from store.postgres import Postgres

log = logging.getLogger("lastclick.webhooks")

ANSWER_SECONDS = 15.0
TAKEN_SECONDS = 60.0
GONE = frozenset({410})
"""The receiver says that it wants no more of this."""

Ask = Callable[..., peers.Answer]


class Posting:
    """Any number may post from one store: each message is taken by one at a time. `private`: hosts inside the network."""

    def __init__(
        self, database: Database | Postgres, secret: str, *, private: bool = False, ask: Ask = peers.ask
    ) -> None:
        self._database, self._secret, self._private, self._ask = database, secret, private, ask

    def once(self) -> int:
        """Send what is due. Returns how many arrived. Raises `QueueError` when the store cannot be reached."""
        with self._database.reading() as session:
            waiting = returning.due(session)
        return sum(self._sent(each) for each in waiting)

    def answered(self, review_id: str) -> dict[str, Json]:
        """What became of a review, for who filed it. Raises `NotFound`."""
        with self._database.reading() as session:
            row = reading.review_row(session, review_id)
            item = reading.proposal(session, row.request_id)
            made = returning.verdicts(session, row.id)
            state = row.state
        decision, actor = made or ({}, None)
        return {
            "review_id": review_id,
            "request_id": outside.asked(item).request_id,
            "run_id": item.source.run_id,
            "thread_id": item.source.thread_id,
            "review_state": state,
            "decided": made is not None and state == "decided",
            "decided_by": actor,
            "verdicts": decision.get("verdicts") or [],
            "answer": answers.answer(item, decision),
            "state": answers.own_state(item),
        }

    def _sent(self, each: Returned) -> bool:
        if not self._database.write(lambda session: returning.taken(session, each.id, TAKEN_SECONDS), journaled=False):
            return False
        problem, final = self._post(each)
        if problem is not None:
            log.warning("%s to %s did not arrive: %s", each.kind, _host(each.url), problem)
        self._database.write(lambda session: returning.settled(session, each.id, problem, final=final), journaled=False)
        return problem is None

    def _post(self, each: Returned) -> tuple[str | None, bool]:
        """What is wrong, and whether trying again cannot help."""
        try:
            body = self.body(each)
        except NotFound as gone:
            return str(gone), True
        sent = signing.headers(self._secret, each.id, int(time.time()), body)
        try:
            answer = self._ask(
                "POST",
                each.url,
                headers={"content-type": "application/json", **sent},
                body=body,
                timeout=ANSWER_SECONDS,
                private=self._private,
                outside=True,
            )
        except peers.PeerFailure as failure:
            return str(failure), failure.code in ("bad_url", "address_refused")
        if 200 <= answer.status < 300:
            return None, False
        return f"answered {answer.status}", answer.status in GONE

    def body(self, each: Returned) -> bytes:
        """Who decided what, the filer's own state, and the answer in the filer's words. Raises `NotFound`."""
        told = {"type": each.kind, "timestamp": now().isoformat(), "data": self.answered(each.review_id)}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _host(url: str) -> str:
    return url.split("/")[2] if url.count("/") > 1 else "a wrong address"
