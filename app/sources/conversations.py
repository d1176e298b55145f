"""What was said before: earlier messages of the ticket and of the verified customer, as evidence."""

from __future__ import annotations

from collections.abc import Sequence

from store.case import Record
from store.contract import Evidence, Message, now

AT_MOST = 6
QUOTE_AT_MOST = 600


def earlier(messages: Sequence[Message], current: Message, records: Sequence[Record]) -> tuple[Evidence, ...]:
    """The newest few messages before this one, newest first: those of the ticket, then those of earlier conversations.

    `records` are conversation records of the verified customer; none when nobody is verified.
    """
    read_at = now()
    of_ticket = [
        (
            message.at.isoformat(),
            Evidence(
                id=f"message/{message.id}",
                kind="message",
                title=f"{'from the customer' if message.direction == 'inbound' else 'our reply'}, {message.at:%d %b %H:%M}",
                quote=_quote(message.text),
                read_at=read_at,
            ),
        )
        for message in messages
        if message.id != current.id and message.at <= current.at
    ]
    before = [
        (
            str(record.values.get("at", "")),
            Evidence(
                id=f"conversation/{record.id}",
                kind="message",
                title=f"{record.values.get('subject', 'earlier message')}, {str(record.values.get('at', ''))[:10]}",
                quote=_quote(str(record.values.get("text", ""))),
                uri=record.uri,
                read_at=record.read_at,
                version=record.version,
            ),
        )
        for record in records
    ]
    newest = [*sorted(of_ticket, key=_at, reverse=True), *sorted(before, key=_at, reverse=True)]
    return tuple(evidence for _, evidence in newest[:AT_MOST])


def _at(entry: tuple[str, Evidence]) -> str:
    return entry[0]


def _quote(text: str) -> str:
    return text if len(text) <= QUOTE_AT_MOST else text[:QUOTE_AT_MOST].rstrip() + " …"
