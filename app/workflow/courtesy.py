"""Courtesies, questions and sign-offs: sentences that say nothing of an order, an account or the shop. In English."""

from __future__ import annotations

import re
from functools import lru_cache

from app.workflow.letters import lowered
from app.workflow.reading import shape
from app.workflow.wording import word_set

COURTESY = re.compile(
    r"""^\W*(?:
      (?:hi|hello|hey|dear|good\s+(?:morning|afternoon|evening|day)|welcome)\b[^.?]{0,60}
    | (?:many\s+)?thank(?:s|\s+you)\b[^?]{0,100}
    | (?:we|i)\s+(?:really\s+)?(?:appreciate|understand|know|see)\b[^?]{0,60}
        (?:patience|frustrat\w+|annoying|inconvenien\w+|disappoint\w+|upset\w*|message|feedback|trust)\b[^?]{0,30}
    | (?:(?:we|i)\s+(?:are|am)|we['’]re|i['’]m)?\s*(?:so\s+|very\s+|truly\s+|really\s+)?sorry\b[^?]{0,80}
    | (?:we|i|our)\s+(?:sincerely\s+)?apolog\w+[^?]{0,80}
    | (?:please\s+accept\s+)?(?:our|my)\s+(?:sincere\s+)?apolog\w+[^?]{0,60}
    | (?:kind|best|warm|many)\s+(?:regards|wishes)\b.{0,60} | (?:yours\s+)?sincerely\b.{0,60}
    | regards\b.{0,40} | cheers\b.{0,30}
    | your\s+(?:[\w&'’]+\s+){0,4}team | the\s+(?:[\w&'’]+\s+){0,4}team
    | [\w&'’ ]{0,40}(?:customer\s+)?(?:support|care|service)
    | (?:we|i)\s+hope\s+(?:this|that)\s+helps\b.{0,20}
    | (?:have|enjoy)\s+a\s+(?:nice|great|good|lovely|wonderful)\b.{0,30} | take\s+care
    | (?:if|should)\s+(?:you|there|anything)\b[^?]{0,70}(?:question|help|else|need|unclear)\w*\b[^?]{0,20}
        (?:,|\bplease\b|\bjust\b)[^?]{0,60}(?:reply|write|let\s+us\s+know|here|ask|contact)\b[^?]{0,40}
    | (?:please\s+)?(?:just\s+)?(?:let\s+us\s+know|tell\s+us|reply|write\s+(?:to\s+)?us)\b[^?]{0,120}
    | please\s+(?:just\s+)?(?:reply|tell|let|send|write|type|check|confirm|give|share)\b[^?]{0,140}
    | (?:we|i)(?:\s+are|['’]re|\s+am|['’]m)\s+(?:happy|glad|here|pleased)\s+to\s+help\b[^?]{0,40}
    | (?:of\s+course|certainly|sure|no\s+problem|great|you(?:['’]re|\s+are)\s+welcome)
    )\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
"""A sentence that may be nothing but polite. It is one only when it also holds no fact, state, promise or strange name."""

_RUN = re.compile(r"\w+")
_POLITE = word_set(
    """
    hi hello hey dear good welcome many thank thanks we i so very truly really sorry our my please kind best warm yours
    sincerely regards cheers your the have enjoy take if should just let tell reply write of certainly sure no great you
    """
)
"""The words that a polite sentence begins with, unless it ends as one of the team."""
_TEAM = ("support", "care", "service")

SIGN_OFF = re.compile(r"(?:regards|wishes|sincerely|cheers|team|support|care|service)\W*$", re.IGNORECASE)
ASSERTING_QUESTION = re.compile(
    r"^\W*(?:did|do|have|are)\s+you\s+(?:know|see|seen|notice|noticed|realise|realize|aware|hear|heard)\b"
    r"|\bright\W*$|\bisn['’]t\s+it\W*$",
    re.IGNORECASE,
)


def polite(sentence: str) -> bool:
    """Whether a sentence may be nothing but polite."""
    return _polite(shape(sentence))


@lru_cache(maxsize=8192)
def _polite(sentence: str) -> bool:
    words = _RUN.findall(lowered(sentence))
    likely = words and (words[0] in _POLITE or words[-1].endswith(_TEAM))
    return bool(likely) and COURTESY.match(sentence) is not None
