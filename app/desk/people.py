"""Who is around, as far as the queue shows: groups that rules name, people who hold, decided or wrote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from store.contract import Note, Review
from store.live import Row, TicketHistory

SYSTEM = "lastclick"
_MENTION = re.compile(r"(?<![\w@.])@([\w][\w.-]*[\w]|[\w])")


def seen(review: Review | None, rows: Iterable[Row], me: str) -> tuple[str, ...]:
    """Names a case can be handed to: the groups its own reasons name first, then who was seen, most often first."""
    own: list[str] = []
    if review is not None:
        own += [reason.to for reason in review.gate.reasons if reason.to]
        own += [name for name in (review.assignee, review.claimed_by, *review.approvals) if name]
        own += [note.actor for note in review.notes]
    counted: dict[str, int] = {}
    for row in rows:
        for name in (row.assignee, row.claimed_by):
            if name:
                counted[name] = counted.get(name, 0) + 1
    names = dict.fromkeys((*own, *sorted(counted, key=lambda name: (-counted[name], name))))
    return tuple(name for name in names if name not in {me, SYSTEM})


def of_history(history: TicketHistory, me: str) -> tuple[str, ...]:
    """Everybody who ever did something on a ticket, the most recent first."""
    names = dict.fromkeys(event.actor for event in reversed(history.events))
    names |= dict.fromkeys(row.assignee for row in history.reviews if row.assignee)
    return tuple(name for name in names if name not in {me, SYSTEM, ""} and not name.startswith("worker"))


def matching(typed: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names that begin with what is typed, then those that hold it."""
    word = typed.strip().casefold()
    begin = [name for name in names if name.casefold().startswith(word)]
    return (*begin, *(name for name in names if name not in begin and word in name.casefold()))


def mentions(text: str) -> tuple[str, ...]:
    """The names a note speaks to, without the `@`. An e-mail address mentions nobody."""
    return tuple(dict.fromkeys(_MENTION.findall(text)))


def mentioned(notes: Iterable[Note], me: str) -> tuple[Note, ...]:
    """The notes that speak to me, oldest first."""
    mine = me.casefold()
    return tuple(note for note in notes if mine in (name.casefold() for name in mentions(note.text)))
