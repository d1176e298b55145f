"""The words that claim something: states, deeds and promises; the words that turn them round; and the courtesies that say
nothing. English, as the drafts are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What a thing is or what was done to it, each with the words that say so. A claim of one needs the same one in its source.
_STATES: dict[str, str] = {
    "pending": "pending",
    "processed": "processed processing",
    "shipped": "shipped dispatched despatched in-transit on-its-way on-the-way out-for-delivery left-our-warehouse",
    "delivered": "delivered arrived",
    "cancelled": "cancelled canceled cancellation",
    "refunded": "refunded reimbursed",
    "returned": "returned",
    "exchanged": "exchanged swapped",
    "replaced": "replaced reshipped",
    "paid": "paid",
    "charged": "charged billed debited",
    "credited": "credited",
    "locked": "locked blocked suspended deactivated disabled",
    "unlocked": "unlocked unblocked reactivated reinstated",
    "closed": "closed deleted",
    "active": "active activated enabled",
    "expired": "expired",
    "available": "available in-stock",
    "unavailable": "unavailable out-of-stock sold-out discontinued",
    "delayed": "delayed late",
    "lost": "lost missing",
    "damaged": "damaged broken defective faulty",
    "approved": "approved accepted granted authorised authorized",
    "rejected": "rejected declined denied",
    "confirmed": "confirmed verified",
    "scheduled": "scheduled arranged booked",
    "opened": "opened filed raised launched",
    "issued": "issued",
    "sent": "sent resent emailed e-mailed mailed forwarded",
    "received": "received",
    "changed": "changed updated modified corrected adjusted amended edited",
    "upgraded": "upgraded",
    "downgraded": "downgraded",
    "reset": "reset",
    "escalated": "escalated",
    "applied": "applied",
    "removed": "removed",
    "added": "added",
    "completed": "completed complete finished done",
    "resolved": "resolved fixed solved settled",
    "waived": "waived",
    "extended": "extended",
    "started": "started initiated begun triggered",
    "requested": "requested",
    "reserved": "reserved",
    "investigated": "investigated investigating",
    "found": "found located",
    "eligible": "eligible entitled qualifies qualify",
    "covered": "covered",
    "included": "included",
    "allowed": "allowed permitted",
    "final": "final",
    "guaranteed": "guaranteed guarantee guarantees",
    "stopped": "stopped",
    "redirected": "redirected rerouted intercepted",
    "notified": "notified informed alerted",
}
# Plain forms that announce a deed when the future stands before them: "we will refund", "shall send".
_DEEDS: dict[str, str] = {
    "refund": "refunded",
    "reimburse": "refunded",
    "cancel": "cancelled",
    "send": "sent",
    "email": "sent",
    "ship": "shipped",
    "dispatch": "shipped",
    "replace": "replaced",
    "exchange": "exchanged",
    "credit": "credited",
    "charge": "charged",
    "unlock": "unlocked",
    "close": "closed",
    "change": "changed",
    "update": "changed",
    "upgrade": "upgraded",
    "open": "opened",
    "issue": "issued",
    "apply": "applied",
    "add": "added",
    "remove": "removed",
    "waive": "waived",
    "extend": "extended",
    "reset": "reset",
    "escalate": "escalated",
    "arrange": "scheduled",
    "schedule": "scheduled",
    "resolve": "resolved",
    "fix": "resolved",
    "deliver": "delivered",
    "arrive": "delivered",
    "receive": "received",
    "get": "received",
    "pay": "paid",
    "investigate": "investigated",
    "stop": "stopped",
    "redirect": "redirected",
    "give": "granted",
    "offer": "granted",
    "call": "called",
    "phone": "called",
    "process": "processed",
    "approve": "approved",
    "collect": "collected",
    "cover": "covered",
    "notify": "notified",
}
_FUTURE = _set(
    """
    will shall 'll going gonna about promise undertake
    """
)

# A word of these must stand in the source itself: nothing else proves a discount, a deadline or an "always".
_PROMISES = _set(
    """
    discount discounted voucher coupon cashback free complimentary goodwill compensation compensate compensated gift
    credit bonus promise promised guarantee tomorrow today tonight yesterday soon shortly immediately instantly asap
    monday tuesday wednesday thursday friday saturday sunday weekend priority express overnight exception
    exceptionally half double twice thrice always never lifetime unlimited anytime forever permanently full partial
    whole entire straightaway definitely certainly surely cheapest cheaper lowest best same-day next-day
    """
)
# Words that bound a rule: a claim may not bring one that its source does not have.
_LIMITS = _set(
    """
    only except unless until before after over under least most more less fewer than up minimum maximum within
    without every each any all none both either also even
    """
)
_NEGATORS = _set(
    """
    not no never neither nor without cannot none nobody nothing hardly barely unable failed refuse refused
    """
)
_PERSONAL = _set("your yours you've you're we've i've we i have has been had it it's")
_OPEN = _set("can may must should could might if once when unless whenever before after within would cannot can't")
_BREAKS = _set(
    """
    but however although though while whereas because and or then so
    """
)

_PHRASES = re.compile(
    r"\b(?:in transit|on (?:its|the|her|his|their) way|out for delivery|left our warehouse|out of stock|in stock|sold out"
    r"|right away|as soon as possible|straight away|free of charge|at no (?:extra |additional )?cost|at no charge|any time"
    r"|same day|next day)\b",
    re.IGNORECASE,
)
_PHRASE_AS = {
    "right away": "immediately",
    "straight away": "immediately",
    "as soon as possible": "asap",
    "free of charge": "free",
    "any time": "anytime",
}
_STATE_OF = {word: state for state, words in _STATES.items() for word in words.split()}

_CLAUSE = re.compile(r"[,;:()–—]|\s-\s")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

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

SIGN_OFF = re.compile(r"(?:regards|wishes|sincerely|cheers|team|support|care|service)\W*$", re.IGNORECASE)
ASSERTING_QUESTION = re.compile(
    r"^\W*(?:did|do|have|are)\s+you\s+(?:know|see|seen|notice|noticed|realise|realize|aware|hear|heard)\b"
    r"|\bright\W*$|\bisn['’]t\s+it\W*$",
    re.IGNORECASE,
)

_STOP = _set(
    """
    a an the and or but if so as at by for from in into of off on onto out to up with about is are was were be been
    being am has have had having do does did doing will would shall should can could may might must i you he she it
    we they me him her us them my your his its our their this that these those there here which who whom what when
    where how why again already also just now then than too very please not no yes once still back own per each any
    all some such s t ll re ve d m
    """
)
_COMMON = _set(
    """
    order account customer message request colleague team help reply answer email e-mail number detail name look
    check see say tell know make take go come thing way hello hi dear thank sorry happy glad
    """
)


@dataclass(frozen=True)
class Wording:
    """What a sentence claims. `states`: (state, negated) with the words that say it; `stems`: its content words."""

    states: tuple[tuple[tuple[str, bool], str], ...]
    promises: tuple[str, ...]
    limits: frozenset[str]
    negated: bool
    personal: bool
    """It says how the customer's own thing is, or what was done: no rule of the shop can prove that."""
    stems: frozenset[str]


@lru_cache(maxsize=8192)
def worded(sentence: str) -> Wording:
    """States, promises, bounds, turn and content words of a sentence."""
    states: dict[tuple[str, bool], str] = {}
    promises: list[str] = []
    limits: set[str] = set()
    stems: set[str] = set()
    negations, personal, open_ = 0, False, False
    text = _PHRASES.sub(lambda found: " ".join(found[0].lower().split()).replace(" ", "-"), sentence)
    for clause in _CLAUSE.split(text.replace("’", "'")):
        since_not, since_future = 99, 99
        for raw in _WORD.findall(clause):
            word = raw.casefold()
            word = _PHRASE_AS.get(word.replace("-", " "), word)
            since_not, since_future = since_not + 1, since_future + 1
            if word in _BREAKS:
                since_not = 99 if word not in {"or", "and"} else since_not
                continue
            if word in _NEGATORS or word.endswith("n't"):
                since_not, negations = 0, negations + 1
            if word in _FUTURE or word.endswith("'ll"):
                since_future = 0
            personal = personal or word in _PERSONAL or word.endswith("'ve")
            open_ = open_ or word in _OPEN
            state = _STATE_OF.get(word) or (_DEEDS.get(word) if since_future <= 4 else None)
            if state:
                states.setdefault((state, since_not <= 4), raw)
            if word in _PROMISES:
                promises.append(word)
            if word in _LIMITS:
                limits.add(word)
            if word not in _STOP:
                stems.add(stem(word))
    return Wording(
        states=tuple(states.items()),
        promises=tuple(promises),
        limits=frozenset(limits),
        negated=negations % 2 == 1,
        personal=personal and not open_,
        stems=frozenset(stems),
    )


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A word without its commonest endings: enough to meet its own other forms."""
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ings", "ing", "edly", "ed", "es", "ly", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            cut = word[: -len(ending)]
            return cut[:-1] if len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "ls" else cut
    return word


def content(stems: frozenset[str]) -> frozenset[str]:
    """The words that carry a statement: without those every support answer has."""
    return stems - _COMMON_STEMS


_COMMON_STEMS = frozenset(stem(word) for word in _COMMON)
