"""People in front of a queue, played: who is here decides what waits, each case in one of the ways a person would."""

from __future__ import annotations

import hashlib
from collections import Counter

from store.contract import REPLY, Approve, Decision, Edit, Reject, Respond, Review, Verdict
from store.live import View
from store.local import LocalQueue
from store.queue import Conflict

NAMES = ("ann", "bo")
"""Two, for what needs two."""
LATER = 4
"""Of how many cases one is left until the day ends, so that customers write again while it waits."""


class Staff:
    """`answered` are the messages that a person has decided on: their own memory, read from no table."""

    def __init__(self, queue: LocalQueue) -> None:
        self._queue = queue
        self.answered: set[str] = set()
        self.decided: Counter[str] = Counter()

    async def work(self, *, all_: bool) -> int:
        """Decides what is open; without `all_` some of it stays for later. Returns how many it decided."""
        rows = (await self._queue.page(View(), limit=200)).rows
        before = self.decided.total()
        for review_id in [row.review_id for row in rows if all_ or _pick(row.review_id) % LATER]:
            await self._one(review_id)
        return self.decided.total() - before

    async def _one(self, review_id: str) -> None:
        for name in NAMES:
            try:
                lease = await self._queue.claim(name, review_id)
                review = await self._queue.review(review_id)
                if lease is None:
                    return
                await self._queue.decide(_decision(review, name), lease)
            except Conflict:  # it needed one person only, or the customer has written again
                return
            self.answered.add(review.proposal.watermark.last_customer_message_id or "")
            self.decided[review.gate.reasons[0].code if review.gate.reasons else "-"] += 1


def _decision(review: Review, actor: str) -> Decision:
    return Decision(
        id=f"d-{review.id}-{actor}",
        review_id=review.id,
        fingerprint=review.fingerprint,
        watermark=review.proposal.watermark,
        evidence_shown=tuple(each.id for each in review.proposal.evidence),
        actor=actor,
        took_ms=4_000 + _pick(review.id) % 60_000,
        verdicts=tuple(_verdict(review, one) for one in review.proposal.to_decide()),
    )


def _verdict(review: Review, one: str) -> Verdict:
    pick = _pick(f"{review.id}/{one}") % 10
    if one != REPLY:
        return Approve(action_id=one) if pick < 7 else Reject(action_id=one, code="other", message="done by hand")
    if review.proposal.customer_reply is None or pick > 7:
        return Respond(action_id=one, message="A colleague of mine looks into it and writes to you today.")
    if pick > 5:
        return Edit(action_id=one, args={"text": f"{review.proposal.customer_reply}\n\nWrite to me if that is not it."})
    return Approve(action_id=one)


def _pick(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
