"""What can be read out beside the case: the list, all messages, a source, the history. One line at a time."""

from __future__ import annotations

from collections.abc import Callable

from app.desk import chronicle, told
from app.desk.deciding import OpenCase
from app.desk.figures import age
from store.contract import now
from store.live import View
from store.queue import Queue

Say = Callable[[str], None]
LISTED = 20
WIDE = 500
"""A screen reader breaks lines itself."""


async def queue(queue: Queue, say: Say) -> None:
    """How many wait, and the first of them."""
    page = await queue.page(View(), limit=LISTED)
    total = (await queue.counts(View())).get("all", 0)
    say(f"{total} wait{'s' if total == 1 else ''}.")
    for row in page.rows:
        say(told.row(row, age(row.created_at, now())))


def messages(case: OpenCase, say: Say) -> None:
    for message in case.review.messages:
        who = (message.author or "The customer") if message.direction == "inbound" else "Sent to the customer"
        say(f"{who}, {message.at.astimezone():%d %b %H:%M}:")
        for line in told.quoted(message.text):
            say(line)


def source(case: OpenCase, number: str, say: Say) -> None:
    """A source in full; that it was opened goes with the decision."""
    evidence = case.review.proposal.evidence
    if not number.isdigit() or not 0 < int(number) <= len(evidence):
        say(f"Say source and a number from 1 to {len(evidence)}." if evidence else "There is no source.")
        return
    opened = evidence[int(number) - 1]
    if opened.id not in case.sources_opened:
        case.sources_opened.append(opened.id)
    say(f"Source {number}: {opened.title}, read {opened.read_at.astimezone():%d %b %H:%M}.")
    for line in told.quoted(opened.quote):
        say(line)


async def history(queue: Queue, case: OpenCase, say: Say) -> None:
    history = await queue.history(case.review.proposal.ticket.id)
    for tone, head, text in chronicle.laid_out(chronicle.entries(history), WIDE):
        # Words of others start behind a bar here too.
        say(f"{head}{'| ' if tone == 'said' else ''}{text}")
