"""Old tickets and what people did with them: from a file, each bad line named, or from the queue itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from app.ticket_files import FILE_BYTES_AT_MOST, PROBLEMS_AT_MOST, BadFile, BadLine
from store.case import Case
from store.contract import Action, Body, Execution, Json, Line, Message, Money, Review, Ticket, Value, now
from store.live import TicketHistory, View
from store.queue import Queue

REPLY = "send_reply"
"""The kind of an execution that sends a reply."""


class Deed(Value):
    """One change that people made. `amount` where it is known; else it is computed from the records of today."""

    kind: Line
    args: dict[str, Json] = Field(default_factory=dict)
    amount: Money | None = None


class Did(Value):
    """What people did with a ticket. `handed_over`: it went to somebody with more rights, or was refused."""

    actions: tuple[Deed, ...] = ()
    reply: Body | None = None
    handed_over: bool = False


class Said(Value):
    """One message of a ticket in a file."""

    from_: Annotated[Literal["customer", "us"], Field(alias="from")]
    text: str
    at: AwareDatetime | None = None


class OldTicket(Value):
    """One line of a file: a text, or whole `messages` (the last of the customer's is the one that is answered)."""

    message_id: Annotated[str, Field(min_length=1, max_length=400)]
    thread: str | None = None
    channel: str = "email"
    subject: str = ""
    author: str = ""
    sender: str | None = None
    at: AwareDatetime | None = None
    text: str | None = None
    messages: tuple[Said, ...] = ()
    did: Did

    def case(self) -> Case:
        """The ticket as the workflow would meet it. Raises `ValueError` when the customer says nothing in it."""
        ticket = Ticket(id=self.thread or self.message_id, channel=self.channel, subject=self.subject)
        said = self.messages or ((Said(**{"from": "customer", "text": self.text, "at": self.at}),) if self.text else ())
        messages = tuple(self._message(number, each, ticket.id) for number, each in enumerate(said, 1))
        last = max((at for at, each in enumerate(messages) if each.direction == "inbound"), default=None)
        if last is None:
            raise ValueError("text: the customer says nothing here; give `text` or `messages`")
        return Case(ticket=ticket, messages=messages[: last + 1], message=messages[last])

    def _message(self, number: int, said: Said, ticket_id: str) -> Message:
        inbound = said.from_ == "customer"
        return Message(
            id=self.message_id if number == 1 else f"{self.message_id}#{number}",
            ticket_id=ticket_id,
            direction="inbound" if inbound else "outbound",
            at=said.at or self.at or now(),
            author=self.author if inbound else "",
            sender=self.sender if inbound else None,
            text=said.text,
        )


class Old(Value):
    """One ticket to replay."""

    id: Line
    case: Case
    did: Did


def of_file(path: Path) -> tuple[list[Old], list[BadLine]]:
    """The tickets of a JSON Lines file, and its bad lines. Raises `BadFile` when it cannot be read at all."""
    if path.stat().st_size > FILE_BYTES_AT_MOST:
        raise BadFile(f"the file is larger than {FILE_BYTES_AT_MOST >> 20} MiB: split it")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"not UTF-8 at byte {error.start}") from error
    found: list[Old] = []
    bad: list[BadLine] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or len(bad) >= PROBLEMS_AT_MOST:
            continue
        try:
            row = OldTicket.model_validate_json(line)
            found.append(Old(id=row.message_id, case=row.case(), did=row.did))
        except ValidationError as error:
            bad += [BadLine(number, *_said(one)) for one in error.errors(include_url=False)]
        except ValueError as error:
            bad.append(BadLine(number, *str(error).split(": ", 1)))
    ids: dict[str, int] = {}
    for at, old in enumerate(found):
        if old.id in ids:
            bad.append(BadLine(at + 1, "message_id", f"{old.id} stands twice"))
        ids[old.id] = at
    return found, bad


def _said(error: Any) -> tuple[str, str]:
    field = ".".join(str(part) for part in error["loc"] if part != "json") or "line"
    return field, str(error["msg"]).removeprefix("Value error, ")


async def of_queue(queue: Queue, last: int) -> AsyncIterator[Old]:
    """The newest reviews that people decided, newest first; what they let go is what they did."""
    view, after, left = View(state="decided", sort="newest"), None, last
    while left > 0:
        page = await queue.page(view, after=after, limit=min(left, 200))
        for row in page.rows:
            review, history = await queue.review(row.review_id), await queue.history(row.ticket_id)
            if (case := _case(review, history)) is not None:
                yield Old(id=review.id, case=case, did=_did(review, history))
        left -= len(page.rows)
        after = page.next
        if after is None:
            return


def _case(review: Review, history: TicketHistory) -> Case | None:
    """The ticket as it stood when the proposal was made; None when it came from outside, without messages."""
    wanted = review.proposal.watermark.last_customer_message_id
    messages: list[Message] = []
    for message in history.messages:
        messages.append(message)
        if message.id == wanted:
            fresh = Ticket(id=history.ticket.id, channel=history.ticket.channel, subject=history.ticket.subject)
            return Case(ticket=fresh, messages=tuple(messages), message=message)
    return None


def _did(review: Review, history: TicketHistory) -> Did:
    ran = [each for each in history.executions if each.review_id == review.id and each.state != "void"]
    deeds = tuple(_deed(each.action) for each in ran if each.action.kind != REPLY)
    replies = [str(each.action.args.get("text") or "") for each in ran if each.action.kind == REPLY]
    return Did(actions=deeds, reply=replies[-1] if replies else None, handed_over=_refused(review, ran))


def _deed(action: Action) -> Deed:
    return Deed(kind=action.kind, args=action.args, amount=action.amount)


def _refused(review: Review, ran: list[Execution]) -> bool:
    """Something was proposed and nothing of it was let go."""
    return bool(review.proposal.to_decide()) and not ran


def at_of(old: Old) -> datetime:
    """When the message that is answered was written."""
    return old.case.message.at
