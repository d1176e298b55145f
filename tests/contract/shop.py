"""Customers, messages and proposals as the workflow would make them, for tests of the queue."""

from __future__ import annotations

from store.case import Ending
from store.contract import (
    Action,
    Approve,
    Customer,
    Decision,
    Evidence,
    IncomingMessage,
    Lease,
    Money,
    Proposal,
    Review,
    Route,
    Verdict,
    Watermark,
)
from store.queue import Queue
from store.work import Work
from tests.contract.honest_judge import HonestJudge

MIA = Customer(id="C1", name="Mia Garcia", identity="verified", how="e-mail + zip")


def message(
    number: str = "m1", thread: str = "4183", text: str = "I was charged twice.", **more: str
) -> IncomingMessage:
    fields = {"subject": "Charged twice", "author": "Mia Garcia", "sender": "mia@example.com"} | more
    return IncomingMessage(message_id=number, thread=thread, text=text, **fields)


def refund(minor: int = 12_000, action_id: str = "a1", order: str = "W2378156") -> Action:
    amount = Money(minor=minor, currency="EUR")
    return Action(
        action_id=action_id,
        kind="refund",
        args={"order": order, "minor": minor, "currency": "EUR"},
        description=f"Refund {amount}",
        target=f"card ••9212 · order {order}",
        amount=amount,
    )


def proposal(
    case_or_ticket: object, *actions: Action, reply: str | None = "Hi Mia, we refund the second charge.", **more: object
) -> Proposal:
    ticket = getattr(case_or_ticket, "ticket", case_or_ticket)
    newest = case_or_ticket.message.id if hasattr(case_or_ticket, "message") else None
    fields: dict[str, object] = {
        "request_id": f"p-{newest}",
        "ticket": ticket,
        "watermark": Watermark(last_customer_message_id=newest, ticket_version=ticket.version),
        "route": Route(
            name="messy",
            model="strong",
            prompt="draft",
            prompt_version="v1",
            code="multiple_intents",
            reason="multiple intents: billing, order",
        ),
        "actions": actions,
        "customer_reply": reply,
        "evidence": (Evidence(id="e1", kind="record", title="order W2378156", quote="two payments of €120.00"),),
    }
    return Proposal(**(fields | more))


def handle(
    work: Work, judge: HonestJudge, work_id: str, *actions: Action, how: str = "review", **more: object
) -> Proposal:
    """What the workflow does with one message: reads the case, proposes, asks the gate, files the ending."""
    case = work.case(work_id)
    item = proposal(case, *actions, **({"request_id": work_id} | more))
    work.finish(work_id, Ending(how=how, proposal=item, gate=judge.gate(item, {}), customer=MIA))
    return item


async def waiting(
    queue: Queue,
    work: Work,
    judge: HonestJudge,
    number: str = "m1",
    thread: str = "4183",
    *actions: Action,
    **more: object,
) -> Review:
    """A message that came in, was handled, and stopped before a person."""
    await queue.submit(message(number, thread))
    handle(work, judge, number, *(actions or (refund(),)), **more)
    page = await queue.page_of_ticket(thread) if hasattr(queue, "page_of_ticket") else await queue.history(thread)
    return await queue.review(page.reviews[-1].review_id)


def decision(review: Review, actor: str = "ana", *verdicts: Verdict, number: str = "d1", **more: object) -> Decision:
    """A decision on exactly what the review shows; approves everything when no verdict is given."""
    given = verdicts or tuple(Approve(action_id=one) for one in review.proposal.to_decide())
    fields: dict[str, object] = {
        "id": number,
        "review_id": review.id,
        "fingerprint": review.fingerprint,
        "watermark": review.proposal.watermark,
        "actor": actor,
        "verdicts": () if more.get("instead") else given,
    }
    return Decision(**(fields | more))


async def held(queue: Queue, review: Review, actor: str = "ana") -> Lease:
    lease = await queue.claim(actor, review.id)
    assert lease is not None
    return lease
