"""Whether what continues a matter is linked to its answer: `python -m tests.campaigns.repeats DATA_FOLDER [--long]`.

The matters are public support threads (`messy/sumo_threads`); every helper's post counts as an automatic reply. The source
gives each thread another customer, so customers are composed: three threads, chosen by hash, are one customer's, who opens
them within a day, so that their posts mix as they fell. Every other customer is known by a verified account and writes from
several addresses, the others by their address alone. A thread must not give a matter away, so it lies, by hash:

- a third of the posts that answer us come in a new ticket without what they quote, and the talk goes on there;
- a third of the later matters open in the ticket that was answered last, as one who hits "reply" does;
- half of the matters open with their title alone, since a long first post would give itself away.

Right is: a post that comes after a reply on its own matter within the window is linked to a reply on that matter; every
other one is not linked. Replies are kept and found, and links kept, by the store. Precision is over the links made, recall
over the posts that continue a matter. The rule was fitted on one half of the threads (by hash), and the other is reported.

`--long` composes the customers of the reported half five times and shows the fitted half beside it.
`--break thread` links by the ticket alone, `--break address` forgets who wrote: either must fail.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from app.workflow import repeats
from store import reading, working
from store.contract import Message, Proposal, Route, Ticket, Watermark
from store.engine import Database, open_database
from store.live import RepeatContact
from store.tables import MessageRow, ProposalRow, RepeatRow, TicketRow, table
from tests.campaigns.hostile import rows

LEAST = 0.85
"""F1 on the threads that the rule was not fitted on."""
DAYS = 7.0
MATTERS = 3
"""Threads of one customer."""
ROUNDS = 5
ONE_IN = 3
"""Of how many posts one says nothing by its ticket."""
_QUOTED = re.compile(r"^(?:.{0,40}\bsaid\s*|\s*>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Post:
    """A post as it comes to us: the ticket it stands in, and the matter it belongs to."""

    id: str
    at: datetime
    by_us: bool
    text: str
    matter: str
    subject: str
    ticket: str = ""
    kind: str = "goes on in its ticket"


@dataclass
class Tally:
    """What was linked, by what kind of post it was."""

    right: int = 0
    linked: int = 0
    continuing: int = 0
    strangers: int = 0
    by_ticket: list[bool] = field(default_factory=list)
    kinds: dict[str, Counter[bool]] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        alone = sum(self.by_ticket)
        return {
            "posts": sum(each.total() for each in self.kinds.values()),
            "continue": self.continuing,
            "precision": round(self.right / max(1, self.linked), 3),
            "recall": round(self.right / max(1, self.continuing), 3),
            "f1": round(2 * self.right / max(1, self.linked + self.continuing), 3),
            "f1_by_ticket_alone": round(2 * alone / max(1, len(self.by_ticket) + self.continuing), 3),
            "right": {kind: f"{each[True]}/{each.total()}" for kind, each in sorted(self.kinds.items())},
            "strangers_offered": self.strangers,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the threads that the rule was not fitted on are linked well enough."""
    given = _options(arguments)
    if given.break_ == "thread":
        repeats.link = _by_thread
    threads = rows(given.data, "messy", "sumo_threads")
    report: dict[str, Any] = {"campaign": "repeats", "threads": len(threads), "matters_a_customer": MATTERS}
    kept = linked = 0
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "queue.sqlite")
        for name in ("reported_on", "fitted_on") if given.long else ("reported_on",):
            tally = Tally()
            for number in range(ROUNDS if given.long else 1):
                for customer, of_one in enumerate(_customers(threads, name, number)):
                    _one(database, f"{name}-{number}-{customer}", of_one, tally, unknown=given.break_ == "address")
                print(f"{name}, composed {number + 1} times: F1 {tally.figures()['f1']}", file=sys.stderr)
            report[name] = tally.figures()
            linked += tally.linked
        with database.reading() as session:
            kept = session.execute(select(func.count()).select_from(table(RepeatRow))).scalar_one()
        database.close()
    report["links_lost"] = linked - kept
    print(json.dumps(report))
    return 0 if holds(report) else 1


def holds(report: dict[str, Any]) -> bool:
    """Whether enough is linked rightly, every link is kept, and nobody is offered what another was told."""
    found = report["reported_on"]
    return bool(found["f1"] >= LEAST and not report["links_lost"] and not found["strangers_offered"])


def _one(database: Database, name: str, threads: Sequence[dict[str, Any]], tally: Tally, *, unknown: bool) -> None:
    """One customer's days: what was answered is kept, what they wrote then is linked."""
    told: dict[str, Post] = {}
    tickets: set[str] = set()
    asked: dict[str, str] = {}
    with database.writing() as session:
        for post in posts(threads, name):
            if post.ticket not in tickets:
                tickets.add(post.ticket)
                session.add(_ticket(post, name, unknown=unknown))
                session.flush()
            if post.by_us:
                _reply(session, post, asked[post.ticket])
                told[post.id] = post
            else:
                asked[post.ticket] = post.text
                _count(session, post, told, tally)


def _count(session: Session, post: Post, told: dict[str, Post], tally: Tally) -> None:
    """Link one post by the product's rule and see whether that is right."""
    row = MessageRow(id=post.id, ticket_id=post.ticket, direction="inbound", at=post.at, text=post.text)
    session.add(row)
    session.flush()
    within = {one.id: one for one in told.values() if timedelta(0) < post.at - one.at <= timedelta(days=DAYS)}
    if not within:
        return  # no rule can go wrong
    continues = any(one.matter == post.matter for one in within.values())
    replies = working.ai_replies(session, post.ticket)
    tally.strangers += sum(reply.id not in told for reply, _ in replies)
    found = repeats.link(reading.message_value(row), (), replies, DAYS, post.subject)
    right = found is not None and found.reply_id in within and within[found.reply_id].matter == post.matter
    if found is not None:
        tally.linked += 1
        tally.right += right
        working.link_repeat(session, found)
    tally.continuing += continues
    here = [one for one in within.values() if one.ticket == post.ticket]
    if here:
        tally.by_ticket.append(here[-1].matter == post.matter)
    kind = post.kind if continues or post.kind.startswith("new") else "not answered within the window"
    tally.kinds.setdefault(kind, Counter())[right if continues else found is None] += 1


def posts(threads: Sequence[dict[str, Any]], name: str) -> Iterator[Post]:
    """The posts of one customer's threads in the order of their days, in the tickets they come in."""
    begins = datetime(2026, 6, 1, tzinfo=UTC)
    mixed = []
    for thread in threads:
        late = _hash(f"late {name} {thread['id']}") % (24 * 60)
        for place, said in enumerate(thread["messages"]):
            mixed.append(
                Post(
                    id=f"{name}-{thread['id']}-{place}",
                    at=begins + timedelta(minutes=late, hours=said["hours"]),
                    by_us=said["by"] != "customer",
                    text=said["text"],
                    matter=thread["id"],
                    subject=thread["title"],
                )
            )
    ticket_of: dict[str, str] = {}
    answered: dict[str, str] = {}
    for post in sorted(mixed, key=lambda one: one.at):
        if post.by_us:
            if post.matter in ticket_of:
                answered[post.matter] = ticket_of[post.matter]
                yield replace(post, ticket=ticket_of[post.matter])
            continue
        come = _came(post, ticket_of, answered)
        ticket_of[post.matter] = come.ticket
        yield come


def _came(post: Post, ticket_of: dict[str, str], answered: dict[str, str]) -> Post:
    """A customer's post in the ticket it comes in; what stands in a ticket already has no subject of its own."""
    if post.matter not in ticket_of:
        text = post.subject if _hash(f"brief {post.id}") % 2 else post.text
        if answered and _hash(f"old ticket {post.id}") % ONE_IN == 0:
            return replace(post, text=text, subject="", ticket=list(answered.values())[-1], kind="new in an old ticket")
        return replace(post, text=text, ticket=f"t-{post.id}", kind="new in a new ticket")
    unquoted = _QUOTED.sub("", post.text).strip()
    if post.matter in answered and unquoted and _hash(f"new ticket {post.id}") % ONE_IN == 0:
        return replace(post, text=unquoted, subject="", ticket=f"t-{post.id}", kind="goes on in a new ticket")
    return replace(post, subject="", ticket=ticket_of[post.matter])


def _ticket(post: Post, name: str, *, unknown: bool) -> TicketRow:
    """Every other customer is known by an account and writes from anywhere; the others have one address."""
    by_account = _hash(name) % 2 == 0
    return TicketRow(
        id=post.ticket,
        channel="mail",
        thread=post.ticket,
        subject=post.subject,
        sender=None if unknown else f"{post.ticket if by_account else name}@example.com",
        customer_id=name if by_account and not unknown else None,
        created_at=post.at,
    )


def _reply(session: Session, post: Post, asked: str) -> None:
    """An automatic answer that went out, as the store keeps it."""
    proposal = Proposal(
        request_id=post.id,
        ticket=Ticket(id=post.ticket, subject=post.subject, created_at=post.at),
        watermark=Watermark(last_customer_message_id=None, ticket_version=1),
        route=Route(name="routine", model="cheap", code="clear", reason="one clear wish"),
        message=asked,
        customer_reply=post.text,
    )
    body = proposal.model_dump_json()
    session.add(ProposalRow(request_id=post.id, ticket_id=post.ticket, created_at=post.at, how="send", body=body))
    session.flush()
    session.add(
        MessageRow(
            id=post.id,
            ticket_id=post.ticket,
            direction="outbound",
            at=post.at,
            text=post.text,
            ai_handled=True,
            request_id=post.id,
            route="routine",
        )
    )
    session.flush()


def _customers(threads: list[dict[str, Any]], half: str, number: int) -> Iterator[list[dict[str, Any]]]:
    """The threads of each customer of a half; every number gives them to other customers."""
    mine = [row for row in threads if (_hash("half" + row["id"]) % 2 == 0) == (half == "fitted_on")]
    mine.sort(key=lambda row: _hash(f"customer {number} {row['id']}"))
    for first in range(0, len(mine) - MATTERS + 1, MATTERS):
        yield mine[first : first + MATTERS]


def _by_thread(
    message: Message, _intents: object, replies: Sequence[tuple[Message, Proposal]], _days: float, _subject: str
) -> RepeatContact | None:
    """A rule that takes the ticket for the matter."""
    here = [reply for reply, _ in replies if reply.ticket_id == message.ticket_id and reply.at < message.at]
    if not here:
        return None
    return RepeatContact(
        ticket_id=message.ticket_id,
        message_id=message.id,
        reply_id=here[0].id,
        route="routine",
        why="same_thread",
        at=message.at,
    )


def _hash(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.repeats", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA_FOLDER", help="the folder that holds messy/")
    parser.add_argument("--long", action="store_true", help=f"customers composed {ROUNDS} times, and the fitted half")
    parser.add_argument(
        "--break", dest="break_", choices=["thread", "address"], help="positive control: the run must fail"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
