"""Whether a customer writes again on a matter an AI-handled reply was meant to settle, and whether they are confused."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.workflow.matters import Said, answered, goes_on, opens, said, to_us
from store.contract import Message, Proposal
from store.live import RepeatContact

# Points of a reply, and what a message demands of the best one before it is linked. Found on one half of public support
# threads by logistic regression, rounded, and reported on the other half: `tests/campaigns/repeats.py`.
SAME_THREAD, NEWEST_OF_ITS_THREAD = 2.8, 1.2
LIKE_THE_ANSWER, LIKE_THE_THREAD = 3.0, 0.4
AN_HOUR_OLDER = -0.5
"""For each unit of the logarithm of the hours since a reply elsewhere."""
SAME_ID_OR_INTENT = 6.0
"""More than anything speaks against it: who asks for the same order again comes back, however they begin."""
ANOTHER_ID = -3.0
"""Both name something and nothing in common: the same wish for another order is another matter."""
DEMANDED, DEMANDED_BY_LENGTH, LONGEST = 1.0, 0.3, 4.0
OPENS_ONE, GOES_ON, SPEAKS_TO_US, THREAD_IS_OPEN = 2.0, -1.3, -0.8, 1.8

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


@dataclass(frozen=True)
class _Answer:
    """An AI-handled reply within the window, and what it was about."""

    reply: Message
    proposal: Proposal
    about: Said


def link(
    message: Message,
    intents: Sequence[str],
    replies: Sequence[tuple[Message, Proposal]],
    days: float,
    subject: str = "",
) -> RepeatContact | None:
    """The AI-handled reply within `days` before the message that it comes back on; None: none, or a new matter.

    `replies` are of the same thread, the same customer or the same sender; `subject` is that of a thread the message opens.
    A thread alone decides nothing: people ask new things in old threads, and come back on old ones in new threads.
    """
    if message.direction != "inbound":
        return None
    since = message.at - timedelta(days=days)
    within = sorted(
        (pair for pair in replies if pair[0].ai_handled and since <= pair[0].at < message.at),
        key=lambda pair: pair[0].at,
    )
    if not within:
        return None
    answers = [_Answer(reply, proposal, answered(proposal, reply.text)) for reply, proposal in within]
    points = _points(message, said(subject, message.text), frozenset(intents), answers)
    most = max(points)
    best = answers[len(points) - 1 - points[::-1].index(most)]
    here = any(answer.reply.ticket_id == message.ticket_id for answer in answers)
    return contact(message, best.reply, best.proposal) if most > _demanded(message.text, here=here) else None


def confused(text: str) -> bool:
    """Whether the words say that the last answer was not understood."""
    return _CONFUSED.search(text) is not None


def _points(message: Message, asked: Said, intents: frozenset[str], answers: Sequence[_Answer]) -> list[float]:
    """How much speaks for each answer. A word tells the more, the fewer of the threads speak of it."""
    threads: dict[str, set[str]] = {}
    newest: dict[str, _Answer] = {}
    for answer in answers:
        threads.setdefault(answer.reply.ticket_id, set()).update(answer.about.words)
        newest[answer.reply.ticket_id] = answer
    spread = Counter(word for words in threads.values() for word in words)
    whole = math.sqrt(len(asked.words) + 1)
    points = []
    for answer in answers:
        thread = answer.reply.ticket_id
        found = LIKE_THE_ANSWER * sum(1 / spread[word] for word in asked.words & answer.about.words) / whole
        found += LIKE_THE_THREAD * sum(1 / spread[word] for word in asked.words & threads[thread]) / whole
        if thread == message.ticket_id:
            found += SAME_THREAD
        else:
            found += AN_HOUR_OLDER * math.log1p((message.at - answer.reply.at) / timedelta(hours=1))
            found += ANOTHER_ID if _other(asked, answer) else 0.0
        if newest[thread] is answer:
            found += NEWEST_OF_ITS_THREAD
        if asked.ids & answer.about.ids or (intents & set(answer.proposal.intents) and not _other(asked, answer)):
            found += SAME_ID_OR_INTENT
        points.append(found)
    return points


def _other(asked: Said, answer: _Answer) -> bool:
    return bool(asked.ids and answer.about.ids) and not asked.ids & answer.about.ids


def _demanded(text: str, *, here: bool) -> float:
    """How much must speak for an answer; `here`: it was written in a thread that has one."""
    demanded = DEMANDED + DEMANDED_BY_LENGTH * min(math.log1p(len(text.split())), LONGEST)
    demanded += THREAD_IS_OPEN if here else 0.0
    demanded += OPENS_ONE if opens(text) else 0.0
    demanded += GOES_ON if goes_on(text) else 0.0
    return demanded + (SPEAKS_TO_US if to_us(text) or confused(text) else 0.0)


def contact(message: Message, reply: Message, proposal: Proposal) -> RepeatContact:
    """That a message comes back on this reply."""
    return RepeatContact(
        ticket_id=message.ticket_id,
        message_id=message.id,
        reply_id=reply.id,
        route=proposal.route.name,
        prompt_version=proposal.route.prompt_version,
        failure_code=proposal.failure.code if proposal.failure else None,
        why="same_thread" if reply.ticket_id == message.ticket_id else "same_matter",
        confusion=confused(message.text),
        at=message.at,
    )
