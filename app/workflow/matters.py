"""What a message says of its matter: its telling words and ids, and whether it opens a new matter or comes back on one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from store.contract import Json, Proposal

READ_AT_MOST = 4_000
"""Characters of one text: who writes more says at the beginning what it is about."""

_ID = re.compile(r"#?\b(?=[\w-]*\d)[A-Za-z0-9][\w-]{3,}\b")
"""What may be an order id in free text: at least four characters with a digit."""
_WORD = re.compile(r"[^\W\d_]{2,}[\w’']*|\d[\w.]*\w")
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "s", "y", "e")
_TALK = """
a about above after again all already also always am an and another any anything are aren't as at away back be because
been before being below both but by can can't cannot could couldn't dear did didn't do does doesn't doing don't done down
each else even ever every everything few find for from further get gets getting give go goes going gone good got had has
hasn't have haven't having he hello help her here hi him his how however i i'd i'll i'm i've if in into is isn't it it's
its just keep kind know last let like look looks made make makes many may maybe me might mine more most much must my need
never new next no none nor not nothing now of off ok okay on once one only or other others our out over own please put
quite rather re really right same say says see seem seems she should since so some someone something sorry still such
sure take tell than thank thanks that that's the their them then there these they thing things think this those though
through time to today together too tried try trying two under until up upon us use used using very want wanted was
wasn't way we well went were what what's when where whether which while who why will with within without won't work
worked working works would wouldn't yes yesterday yet you you're your yours
"""
_EMPTY = frozenset(_TALK.split())
"""Words that speak of every matter."""

_OPENS = re.compile(
    r"""^\W*(?:(?:hi|hello|hey|dear)\b[^\n,.!]{0,30}[,.!\n]?\s*)?(?:
      (?:how|where|when)\s+(?:do|does|can|could|should|to|is|are|will)\b | why\s+(?:do|does|is|are|can|did|was|has)
    | can\s+(?:i|we|you|not)\b | cannot\b | can['’]t\b | is\s+there\b | since\b | my\b | when\s+i\b
    | i\s+(?:can['’]?t|cannot|want|need|would|lost|have\s+an?\b|ordered|bought|was\s+charged)
    | i\s+am\s+(?:unable|trying|having|looking)
    | (?:an?other|a\s+(?:new|different|second|separate))\s+(?:question|problem|issue|matter|order)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_GOES_ON = re.compile(
    r"""^\W*(?:(?:hi|hello|hey|dear)\b[^\n,.!]{0,30}[,.!\n]\s*)?(?:
      thank | thx\b | (?:ok|okay|yes|yep|no|nope|sorry|still|solved|fixed|great|perfect|well|but|and|so|also)\b
    | (?:unfortunately|tried|did|worked|update|not|nothing|same|done|got|after|oh|ah|right|sure|you)\b
    | i\s+(?:tried|did|just|already|changed|removed|followed|understand|don['’]?t|do\s+not|have\s+(?:tried|done)) | i['’]ve\b
    | (?:it|that|this)\s+(?:did|does|is|was|works?|worked|still|seems|has|fixed)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_TO_US = re.compile(
    r"""\b(?:
      you\s+(?:said|mentioned|suggested|wrote|gave|told|asked|mean|recommended|sent)
    | your\s+(?:help|reply|answer|suggestions?|advice|link|instructions?|response|time|post|solution|e-?mail|message)
    | thanks? | thank\s+you | suggest(?:ed|ions?) | as\s+instructed | i\s+(?:tried|did|followed)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Said:
    """What a text speaks of."""

    words: frozenset[str]
    ids: frozenset[str]


def said(*texts: str) -> Said:
    """The telling words and the ids of some texts."""
    read = [_said(text[:READ_AT_MOST]) for text in texts if text]
    return Said(frozenset().union(*(each.words for each in read)), frozenset().union(*(each.ids for each in read)))


def answered(proposal: Proposal, reply: str) -> Said:
    """What an answer was about: what was asked and said, targets and arguments of its actions, the records it quotes."""
    found = said(proposal.ticket.subject, proposal.message or "", reply)
    named = [proposal.customer_reply or ""]
    for action in proposal.actions:
        named += [action.target, *_strings(action.args)]
    named += [f"{evidence.title} {evidence.quote}" for evidence in proposal.evidence if evidence.kind == "record"]
    return Said(found.words, found.ids | said(*named).ids)


def opens(text: str) -> bool:
    """Whether it begins as a message does that asks for the first time."""
    return _OPENS.match(text) is not None


def goes_on(text: str) -> bool:
    """Whether it begins as a message does that answers."""
    return _GOES_ON.match(text) is not None


def to_us(text: str) -> bool:
    """Whether it speaks of what we said or did."""
    return _TO_US.search(text[:READ_AT_MOST]) is not None


@lru_cache(maxsize=512)
def _said(text: str) -> Said:
    words = (word.replace("’", "'") for word in _WORD.findall(text.casefold()))
    ids = (identifier.lstrip("#").casefold() for identifier in _ID.findall(text))
    return Said(frozenset(_stem(word) for word in words if word not in _EMPTY and len(word) > 2), frozenset(ids))


def _stem(word: str) -> str:
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    return word[: len(word) - len(ending)]


def _strings(value: Json) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
