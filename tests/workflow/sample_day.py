"""Plays the sample shop's day through the way of a ticket: each answer is sent, each review approved, in the day's order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.arrivals import Arrival, day
from app.connectors.shop import Shop
from app.models import minilm, registry
from app.sources import records
from app.sources.lookup import Lookup
from app.workflow.handle import end
from app.workflow.services import Services
from config.load import SHOP
from config.rules import Rules
from store import plain
from store.case import Case, Ending
from store.contract import Action, Customer, Execution, Message, Proposal, Ticket, now
from store.live import RepeatContact

DAY: Mapping[str, Arrival] = {one.message.message_id.split("@")[0]: one for one in day(SHOP / "tickets.jsonl")}
"""The messages of the day by their short names, in the order they come."""
MONEY_OUT = ("refund", "return_items", "cancel_order")


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
    def reasons(self) -> frozenset[str]:
        return frozenset(each.code for each in self.ending.gate.reasons)

    @property
    def teams(self) -> frozenset[str]:
        """To whom the reasons send it."""
        return frozenset(each.to for each in self.ending.gate.reasons if each.to)

    def wrong(self) -> list[str]:
        """What the message was meant to meet and did not."""
        meant, ending = DAY[self.name].meant, self.ending
        failure = ending.failure.code if ending.failure else None
        found = [] if ending.how == meant["ends"] else [f"ends {ending.how}, not {meant['ends']}"]
        if "trigger" in meant and meant["trigger"] not in self.triggers:
            found.append(f"no trigger {meant['trigger']}")
        found += [f"no gate reason {code}" for code in sorted(set(meant.get("gate", ())) - self.reasons)]
        if "failure" in meant and meant["failure"] != failure:
            found.append(f"failure {failure}, not {meant['failure']}")
        return found


@dataclass
class _Thread:
    subject: str
    messages: list[Message] = field(default_factory=list)
    replies: list[tuple[Message, Proposal]] = field(default_factory=list)


Circumstance = Callable[[Services], Services]


class SampleDay:
    """The real models and a shop of its own; nothing waits."""

    def __init__(self, rules: Rules, models: Path, folder: Path) -> None:
        path = records.open_shop(rules, folder / "shop.sqlite")
        self.rules, self._shop = rules, Shop(rules, path)
        lookup = Lookup(rules, path, minilm.embed)
        self.services = Services(rules, registry.models(rules, models), lookup, sleep=lambda _seconds: None)

    def play(self, names: Sequence[str] | None = None, under: Circumstance = lambda same: same) -> list[Played]:
        """All messages, or those named with what came before them on their threads. `under` is what the named ones meet."""
        wanted = list(DAY) if names is None else list(names)
        theirs = {DAY[name].message.thread for name in wanted}
        threads: dict[str, _Thread] = {}
        refunded: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        found: dict[str, Played] = {}
        for name, one in DAY.items():
            if one.message.thread not in theirs or found.keys() >= set(wanted):
                continue
            thread = threads.setdefault(one.message.thread, _Thread(one.message.subject))
            played = _one(name, thread, under(self.services) if name in wanted else self.services, refunded)
            _answered(thread, played)
            self._carried_out(played, refunded)
            if name in wanted:
                found[name] = played
        return list(found.values())

    def _carried_out(self, played: Played, refunded: Mapping[str, dict[str, int]]) -> None:
        """Where the customer writes again, what was proposed has been approved and done by then."""
        proposal = played.ending.proposal
        followed = any(one.after and one.after.split("@")[0] == played.name for one in DAY.values())
        for action in proposal.actions:
            if action.amount and action.kind in MONEY_OUT:
                refunded[proposal.ticket.customer.id or ""][action.amount.currency] += action.amount.minor
            if followed:
                self._shop.perform(_execution(action, proposal))


def _one(name: str, thread: _Thread, given: Services, refunded: Mapping[str, Mapping[str, int]]) -> Played:
    incoming, linked = DAY[name].message, list[RepeatContact]()
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
    given = replace(
        given,
        ai_replies=lambda _ticket: tuple(thread.replies),
        link_repeat=linked.append,
        refunded_today=lambda customer: refunded[customer],
    )
    return Played(name, case, end(case, given), linked[0] if linked else None)


def _answered(thread: _Thread, played: Played) -> None:
    """What the customer reads next: the machine's answer, or the one that a person approved as it stood."""
    made, how = played.ending.proposal, played.ending.how
    if how not in ("send", "ask", "review") or not made.customer_reply:
        return
    reply = Message(
        id=f"{made.request_id}!reply",
        ticket_id=made.ticket.id,
        direction="outbound",
        at=now(),
        text=made.customer_reply,
        ai_handled=how != "review",
    )
    thread.messages.append(reply)
    if reply.ai_handled:
        thread.replies.append((reply, made))


def _execution(action: Action, proposal: Proposal) -> Execution:
    return Execution(
        id=f"x-{action.action_id}", ticket_id=proposal.ticket.id, action=action, envelope_hash="-", due_at=now()
    )


def named(played: Iterable[Played]) -> dict[str, Played]:
    """By the short names of the messages."""
    return {each.name: each for each in played}
