"""What the desk asks of the queue about one case: claim, renew, decide, undo. Every answer is posted as news."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from textual.message import Message

from app.desk import diary, news
from store.contract import Decision, Draft, Lease, Outcome, Review, Verdict
from store.queue import LeaseLost, Queue, QueueError

DRAWN_SECONDS = 0.15
"""What was read ahead is drawn within that; then it is read again."""

Post = Callable[[Message], object]


class Talk:
    """One agent's side of the queue. No method raises `QueueError`: a refusal is news like any other."""

    def __init__(self, queue: Queue, actor: str, post: Post) -> None:
        self._queue = queue
        self._actor = actor
        self._post = post
        self._ahead: dict[str, Review] = {}

    async def ahead(self, review_id: str) -> None:
        """Have a case ready before it is asked for. What goes wrong is told when it is."""
        if review_id not in self._ahead:
            with contextlib.suppress(QueueError):
                self._ahead = {review_id: await self._queue.review(review_id)}
        if review_id in self._ahead:
            self._post(news.Ahead(self._ahead[review_id]))

    def ready(self, review_id: str) -> Review | None:
        """A case that was read ahead, once. Who shows it reads it again, to tell what has changed since."""
        return self._ahead.pop(review_id, None)

    async def read(self, review_id: str, again: bool = False) -> None:
        """Read a case; `again`: it is on screen already, and is painted first."""
        if again:
            await asyncio.sleep(DRAWN_SECONDS)

        async def ask() -> Message:
            return news.CaseRead(await self._queue.review(review_id), again)

        await self._asked("read", review_id, ask)

    async def claim(self, review_id: str) -> None:
        async def ask() -> Message:
            lease = await self._queue.claim(self._actor, review_id)
            if lease is None:
                raise LeaseLost("Nobody can claim it now. Choose another case.")
            return news.Claimed(await self._queue.review(review_id), lease)

        await self._asked("claim", review_id, ask)

    async def renew(self, lease: Lease) -> None:
        async def ask() -> Message:
            return news.Renewed(await self._queue.renew(lease))

        await self._asked("renew", lease.review_id, ask)

    async def release(self, lease: Lease) -> None:
        """Let a case go. Whatever goes wrong ends with the lease anyway."""
        with contextlib.suppress(QueueError):
            await self._queue.release(lease)

    async def regate(self, review_id: str, verdicts: tuple[Verdict, ...], note: str | None) -> None:
        async def ask() -> Message:
            return news.Gated(review_id, verdicts, note, await self._queue.regate(review_id, verdicts))

        await self._asked("edit", review_id, ask)

    async def decide(self, decision: Decision, lease: Lease) -> None:
        async def ask() -> Message:
            outcome: Outcome = await self._queue.decide(decision, lease)
            return news.Decided(outcome)

        await self._asked("decide", decision.review_id, ask)

    async def undo(self, decisions: tuple[str, ...], effect: str, reviews: tuple[str, ...]) -> None:
        """Take decisions back, the last one first. What ran already stays, and is told when others could be."""

        async def ask() -> Message:
            refused: list[QueueError] = []
            for each in reversed(decisions):
                try:
                    await self._queue.undo(each, self._actor)
                except QueueError as error:
                    refused.append(error)
            if len(refused) == len(decisions):
                raise refused[0]
            problem = f"{len(refused)} of {len(decisions)} could not be: {refused[0]}" if refused else ""
            return news.Undone(effect, reviews, problem)

        await self._asked("undo", "", ask)

    async def keep_draft(self, draft: Draft) -> bool:
        """True when the draft is safe in the store."""
        try:
            await self._queue.keep_draft(draft)
        except QueueError:
            return False
        return True

    async def _asked(self, what: str, review_id: str, ask: Callable[[], Awaitable[Message]]) -> None:
        try:
            self._post(await ask())
            diary.asked(what, review_id)
        except QueueError as error:
            diary.asked(what, review_id, error)
            self._post(news.Refused(what, error, review_id))
