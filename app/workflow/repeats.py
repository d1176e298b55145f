"""Whether a customer writes again on a matter an AI-handled reply was meant to settle, and whether they are confused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from store.contract import Json, Message, Proposal
from store.live import RepeatContact

_ID = re.compile(r"#?\b(?=[\w-]*\d)[A-Za-z0-9][\w-]{3,}\b")
"""What may be an order id in free text: at least four characters with a digit."""

_CONFUSED = re.compile(
    r"""\b(?:
      (?:do|does|did|can|could)(?:\s+not|n['’]?t)\s+(?:really\s+|quite\s+|even\s+)?(?:understand|get\s+(?:it|this|that)|follow|see\s+what)
    | (?:don['’]?t|do\s+not)\s+know\s+what\s+(?:you|this|that)
    | (?:makes?|making)\s+no\s+sense | (?:does|do|did)(?:\s+not|n['’]?t)\s+(?:make\s+(?:any\s+)?sense|answer|help)
    | what\s+(?:do|does|did|is|are)\s+(?:you|that|this|it)\s+(?:mean|supposed|even)
    | confus(?:ed|ing|es) | unclear | not\s+clear | lost\s+me
    | (?:not|n['’]?t)\s+what\s+i\s+(?:asked|meant|wanted|said) | (?:wrong|different)\s+question
    | (?:already|just)\s+(?:told|said|sent|gave|answered|explained|asked)
    | (?:as|like)\s+i\s+(?:already\s+)?(?:said|wrote|told|mentioned)
    | (?:again|still)\s+the\s+same\s+(?:answer|reply|message|question)
    | you\s+(?:did\s+not|didn['’]?t)\s+(?:answer|read)
    )\b | ^\s*(?:huh|what|pardon|sorry)\s*\?+\s*$ | \?{2,}\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


def link(
    message: Message, intents: Sequence[str], replies: Sequence[tuple[Message, Proposal]], days: float
) -> RepeatContact | None:
    """The newest AI-handled reply within `days` before the message, of the same thread, else of the same matter.

    `replies` are of the same thread or the same customer. Same matter: an order id or an intent in common.
    """
    if message.direction != "inbound":
        return None
    since = message.at - timedelta(days=days)
    within = sorted(
        (pair for pair in replies if pair[0].ai_handled and since <= pair[0].at < message.at),
        key=lambda pair: pair[0].at,
        reverse=True,
    )
    for reply, proposal in within:
        if reply.ticket_id == message.ticket_id:
            return _contact(message, reply, proposal, "same_thread")
    ids = {_bare(found) for found in _ID.findall(message.text)}
    for reply, proposal in within:
        if set(intents) & set(proposal.intents) or ids & _matters(proposal):
            return _contact(message, reply, proposal, "same_matter")
    return None


def confused(text: str) -> bool:
    """Whether the words say that the last answer was not understood."""
    return _CONFUSED.search(text) is not None


def _contact(message: Message, reply: Message, proposal: Proposal, why: str) -> RepeatContact:
    return RepeatContact(
        ticket_id=message.ticket_id,
        message_id=message.id,
        reply_id=reply.id,
        route=proposal.route.name,
        prompt_version=proposal.route.prompt_version,
        failure_code=proposal.failure.code if proposal.failure else None,
        why="same_thread" if why == "same_thread" else "same_matter",
        confusion=confused(message.text),
        at=message.at,
    )


def _matters(proposal: Proposal) -> set[str]:
    """Ids the reply was about: targets and arguments of its actions, records it quotes, ids it names."""
    words: list[str] = [proposal.customer_reply or ""]
    for action in proposal.actions:
        words += [action.target, *_strings(action.args)]
    words += [f"{evidence.title} {evidence.quote}" for evidence in proposal.evidence if evidence.kind == "record"]
    return {_bare(found) for text in words for found in _ID.findall(text)}


def _strings(value: Json) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _bare(identifier: str) -> str:
    return identifier.lstrip("#").casefold()
