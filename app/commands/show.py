"""Print the queue, or one ticket with everything on it, as plain lines of text. `--json` and `--csv` for programs."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.settings import Settings

if TYPE_CHECKING:
    from store.contract import Review
    from store.live import Page, TicketHistory


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ticket", nargs="?", help="a ticket's number; without it the queue is printed")
    parser.add_argument("--demo", action="store_true", help="look into the demo's queue")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON")
    how.add_argument("--csv", action="store_true", help="print the queue as CSV, no cell of which is a formula")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most N rows (default 50)")


def run(given: argparse.Namespace) -> int:
    from app.commands.desk import asked_about

    return asyncio.run(_show(asked_about(given), given))


async def _show(where: Settings, given: argparse.Namespace) -> int:
    from app.commands.desk import opened
    from store.live import View

    queue = await opened(where)
    try:
        if given.ticket is None:
            page = await queue.page(View(), limit=given.limit)
            print(_queue_text(page, given))
        else:
            history = await queue.history(given.ticket)
            reviews = [await queue.review(row.review_id) for row in history.reviews]
            print(history.model_dump_json(indent=2) if given.json else "\n".join(_ticket_lines(history, reviews)))
    finally:
        await queue.close()
    return 0


def _queue_text(page: Page, given: argparse.Namespace) -> str:
    if given.csv:
        return _queue_csv(page)
    return page.model_dump_json(indent=2) if given.json else "\n".join(_queue_lines(page))


def _queue_csv(page: Page) -> str:
    from app.csv_cells import written

    names = ("ticket", "subject", "reason", "route", "risk", "amount", "currency", "waiting since", "handed to")
    rows = (
        (
            row.ticket_id, row.subject, row.reason, row.route, row.risk,
            f"{row.amount.minor / 100:.2f}" if row.amount else "", row.amount.currency if row.amount else "",
            row.created_at.isoformat(timespec="seconds"), row.assignee or "",
        )
        for row in page.rows
    )  # fmt: skip
    return written([names, *rows]).rstrip()


def _queue_lines(page: Page) -> Iterator[str]:
    if not page.rows:
        yield "Nothing waits for a person."
    for row in page.rows:
        amount = f"{row.amount}" if row.amount else ""
        yield f"{row.ticket_id:>6}  {row.risk:<4}  {row.route:<8}  {amount:>10}  {row.reason[:60]:<60}  {row.subject[:60]}"
    if page.next:
        yield "… more; --limit N shows them"


def _ticket_lines(history: TicketHistory, reviews: list[Review]) -> Iterator[str]:
    ticket = history.ticket
    who = ticket.customer
    yield f"Ticket {ticket.id}  {ticket.subject}"
    yield f"  state     {ticket.state}"
    yield f"  customer  {who.name or 'not named'} · identity {who.identity}{': ' + who.how if who.how else ''}"
    for message in history.messages:
        yield ""
        by = "customer" if message.direction == "inbound" else "sent by the workflow" if message.ai_handled else "sent"
        yield f"  {message.at:%Y-%m-%d %H:%M} {by}"
        yield from (f"    {line}" for line in message.text.splitlines())
    for review in reviews:
        yield ""
        yield from _review_lines(review)
    for execution in history.executions:
        yield f"  {execution.state:<8} {execution.action.description or execution.action.kind}"
    yield ""
    for event in history.events:
        yield f"  {event.at:%Y-%m-%d %H:%M:%S} {event.seq:>6} {event.actor:<12} {event.kind}"


def _review_lines(review: Review) -> Iterator[str]:
    proposal = review.proposal
    yield f"  Review {review.id} · {review.state}"
    yield from (f"    why it stopped  {reason.text}" for reason in review.gate.reasons)
    yield f"    route           {proposal.route.name} → {proposal.route.model}: {proposal.route.reason}"
    yield from (f"    action          {action.description}" for action in proposal.actions)
    yield from (f"    source {number:<8} {item.title}" for number, item in enumerate(proposal.evidence, 1))
    for title, text in (
        ("to the customer", proposal.customer_reply or "nothing"),
        ("internal note", proposal.internal_note),
    ):
        yield f"    {title}"
        yield from (f"      {line}" for line in text.splitlines())
