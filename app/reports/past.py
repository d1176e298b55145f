"""All pages of what the workflow proposed, newest first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from store.live import Past
from store.queue import Queue

PAGE = 200


async def everything(queue: Queue, since: datetime | None = None, last: int | None = None) -> AsyncIterator[Past]:
    """Up to the first one older than `since`, or the `last` ones."""
    after: str | None = None
    left = last
    while left is None or left > 0:
        page = await queue.past(after, PAGE if left is None else min(PAGE, left))
        for each in page.rows:
            if since is not None and each.proposal.created_at < since:
                return
            yield each
        left = None if left is None else left - len(page.rows)
        after = page.next
        if after is None:
            return
