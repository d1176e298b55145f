"""Plays the sample shop's day through the way of a ticket: each answer is sent, each review approved, in the day's order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.arrivals import Arrival, day
from app.models import minilm, registry
from app.sources import records
from app.sources.lookup import Lookup
from app.workflow.handle import end
from app.workflow.services import Services
from config.load import SHOP
from config.rules import Rules
from store import plain
from store.case import Case, Ending
from store.contract import Customer, Message, Proposal, Ticket, now
from store.live import RepeatContact

DAY: Mapping[str, Arrival] = {one.message.message_id.split("@")[0]: one for one in day(SHOP / "tickets.jsonl")}
"""The messages of the day by their short names, in the order they come."""


@dataclass(frozen=True)
class Played:
    """One message and where it led. `repeat` is what it was linked to."""

    name: str
    case: Case
    ending: Ending
    repeat: RepeatContact | None = None

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset(each.code for each in self.ending.proposal.route.triggers)

    @property
    def decided(self) -> str:
        """The code of the trigger that chose the way."""
        return self.ending.proposal.route.code

    @property
    def reasons(self) -> frozenset[str]:
        return frozenset(each.code for each in self.ending.gate.reasons)


@dataclass
class _Thread:
    messages: list[Message] = field(default_factory=list)
    subject: str = ""
    replies: list[tuple[Message, Proposal]] = field(default_factory=list)


def services(rules: Rules, models: Path, folder: Path) -> Services:
    """The real models and the real shop; nothing waits."""
    shop = records.open_shop(rules, folder / "shop.sqlite")
    return Services(rules, registry.models(rules, models), Lookup(rules, shop, minilm.embed), sleep=lambda _: None)


Circumstance = Callable[[Services], Services]


def play(given: Services, names: Iterable[str] | None = None, under: Circumstance = lambda same: same) -> list[Played]:
    """Messages in the day's order; with `names` only their threads up to the last one named. `under` changes what the
    named messages meet, and what came before them met the usual."""
    wanted = None if names is None else list(names)
    threads: dict[str, _Thread] = defaultdict(_Thread)
    refunded: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    found = []
    for name, one in DAY.items():
        if wanted is not None and one.message.thread not in {DAY[each].message.thread for each in wanted}:
            continue
        thread = threads[one.message.thread]
        changed = under if wanted is None or name in wanted else lambda same: same
        played = _one(name, one, thread, changed(given), refunded)
        _answered(thread, played, refunded)
        if wanted is None or name in wanted:
            found.append(played)
    return found


def _one(
    name: str, one: Arrival, thread: _Thread, given: Services, refunded: Mapping[str, Mapping[str, int]]
) -> Played:
    incoming, linked = one.message, list[RepeatContact]()
    thread.subject = thread.subject or incoming.subject
    message = Message(
        id=incoming.message_id,
        ticket_id=incoming.thread,
        direction="inbound",
        at=now(),
        author=incoming.author,
        sender=incoming.sender,
        text=incoming.text,
        hidden=plain.hidden(incoming.text) + plain.hidden(incoming.subject),
    )
    thread.messages.append(message)
    ticket = Ticket(
        id=incoming.thread,
        subject=thread.subject,
        version=len(thread.messages),
        customer=Customer(name=incoming.author),
    )
    case = Case(ticket=ticket, messages=tuple(thread.messages), message=message)
    ending = end(
        case,
        replace(
            given,
            ai_replies=lambda _ticket: tuple(thread.replies),
            link_repeat=linked.append,
            refunded_today=lambda customer: refunded[customer],
        ),
    )
    return Played(name, case, ending, linked[0] if linked else None)


def _answered(thread: _Thread, played: Played, refunded: Mapping[str, dict[str, int]]) -> None:
    """What the customer reads next: the machine's answer, or the one that a person approved as it stood."""
    made, how = played.ending.proposal, played.ending.how
    if how in ("send", "ask", "review") and made.customer_reply:
        reply = Message(
            id=f"{made.request_id}!reply",
            ticket_id=made.ticket.id,
            direction="outbound",
            at=now(),
            text=made.customer_reply,
            ai_handled=how != "review",
        )
        thread.messages.append(reply)
        if how != "review":
            thread.replies.append((reply, made))
    for action in made.actions:
        if action.amount and action.kind in ("refund", "return_items", "cancel_order"):
            refunded[made.ticket.customer.id or ""][action.amount.currency] += action.amount.minor
