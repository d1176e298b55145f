"""A process that decides what waits, without a desk and quicker than people: code for `Shopfloor.start`."""

from __future__ import annotations

from tests.campaigns.interrupted import WITH_ITS_PARENT

HELD_UP = ".held-up"
"""While a file stands beside its own with this ending, it decides nothing."""

DECIDE = (
    WITH_ITS_PARENT
    + """
import asyncio, sys, uuid
from pathlib import Path
from config.load import load
from config.settings import settings
from app.workflow.judge import RulesJudge
from store.contract import Approve, Reject, REPLY
from store.live import View
from store.local import LocalQueue
from store.queue import QueueError
from tests.campaigns.decider import HELD_UP
from tests.workflow.shopfloor import decision

async def main():
    where = settings(home=Path(sys.argv[1]))
    queue = LocalQueue(where.queue, RulesJudge(load(where.rules)))
    told, held_up = open(sys.argv[2], "a", buffering=1), Path(sys.argv[2] + HELD_UP)
    while True:
        if held_up.exists():
            await asyncio.sleep(0.05)
            continue
        try:
            lease = await queue.claim("ann", view=View(state="open"))
            review = lease and await queue.review(lease.review_id)
        except QueueError:
            lease = None
        if lease is None:
            await asyncio.sleep(0.1)
            continue
        # Its own id each time: one that was acknowledged and lost is not covered up by deciding the case again.
        made = decision(review).model_copy(update={"id": uuid.uuid4().hex})
        if review.proposal.failure is not None:  # what became unknown is looked up by hand, never approved again
            no = tuple(Reject(action_id=each, code="other", message="by hand") for each in review.proposal.to_decide())
            made = made.model_copy(update={"verdicts": no})
        if not made.verdicts:
            from datetime import timedelta
            from store.contract import Snooze, now
            made = made.model_copy(update={"verdicts": (), "instead": Snooze(until=now() + timedelta(days=30))})
        try:
            await queue.decide(made, lease)
        except QueueError:
            continue
        told.write(made.id + "\\n")
        await asyncio.sleep(0.2)  # the agent at the desk wants some too

asyncio.run(main())
"""
)
