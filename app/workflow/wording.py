"""The words that claim something: states, deeds and promises; the words that turn them round; and the courtesies that say
nothing. English, as the drafts are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from app.workflow.letters import lowered
from app.workflow.reading import shape


def word_set(words: str) -> frozenset[str]:
    """Words that stand one after the other."""
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
_FUTURE = word_set(
    """
    will shall 'll going gonna about promise undertake
    """
)

# A word of these must stand in the source itself: nothing else proves a discount, a deadline or an "always".
_PROMISES = word_set(
    """
    discount discounted voucher coupon cashback free complimentary goodwill compensation compensate compensated gift
    credit bonus promise promised guarantee tomorrow today tonight yesterday soon shortly immediately instantly asap
    monday tuesday wednesday thursday friday saturday sunday weekend priority express overnight exception
    exceptionally half double twice thrice always never lifetime unlimited anytime forever permanently full partial
    whole entire straightaway definitely certainly surely cheapest cheaper lowest best same-day next-day
    """
)
# Words that bound a rule: a claim may not bring one that its source does not have.
_LIMITS = word_set(
    """
    only except unless until before after over under least most more less fewer than up minimum maximum within
    without every each any all none both either also even
    """
)
_NEGATORS = word_set(
    """
    not no never neither nor without cannot none nobody nothing hardly barely unable failed refuse refused
    """
)
_PERSONAL = word_set("your yours you've you're we've i've we i have has been had it it's")
_OPEN = word_set("can may must should could might if once when unless whenever before after within would cannot can't")
_BREAKS = word_set(
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
_PHRASE_HINTS = (
    *(
        "in transit",
        " way",
        "for deliv",
        "warehouse",
        "of stock",
        "in stock",
        "sold out",
        "t away",
        "soon as",
        "of charge",
    ),
    *("at no ", "any time", "same day", "next day"),
)
"""Without one of these no phrase stands there."""
_PHRASE_AS = {
    "right away": "immediately",
    "straight away": "immediately",
    "as soon as possible": "asap",
    "free of charge": "free",
    "any time": "anytime",
}
_STATE_OF = {word: state for state, words in _STATES.items() for word in words.split()}

_STRANGE = re.compile(r"[^\x00-\u012f\u0132-\u0148\u014a-\u017e€•·–—…‘’“”]")
"""Letters that may fall apart when they are lowered."""
_CLAUSE = re.compile(r"[,;:()–—]|\s-\s")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

_STOP = word_set(
    """
    a an the and or but if so as at by for from in into of off on onto out to up with about is are was were be been
    being am has have had having do does did doing will would shall should can could may might must i you he she it
    we they me him her us them my your his its our their this that these those there here which who whom what when
    where how why again already also just now then than too very please not no yes once still back own per each any
    all some such s t ll re ve d m
    """
)
_COMMON = word_set(
    """
    order account customer message request colleague team help reply answer email e-mail number detail name look
    check see say tell know make take go come thing way hello hi dear thank sorry happy glad
    """
)


class Wording(NamedTuple):
    """What a sentence claims. `states`: (state, negated) with the words that say it; `stems`: its content words."""

    states: tuple[tuple[tuple[str, bool], str], ...]
    promises: tuple[str, ...]
    limits: frozenset[str]
    negated: bool
    personal: bool
    """It says how the customer's own thing is, or what was done: no rule of the shop can prove that."""
    stems: frozenset[str]


_SILENT = _STOP | _BREAKS
_TELLING = (
    _NEGATORS
    | _PERSONAL
    | _PROMISES
    | _LIMITS
    | _STATE_OF.keys()
    | _DEEDS.keys()
    | {each.replace(" ", "-") for each in _PHRASE_AS}
)
"""Words that say more than their stem. Those that only bear on others, a future or a break, tell nothing alone."""
_BEARING = _TELLING | _FUTURE | _BREAKS | _OPEN
_NONE: frozenset[str] = frozenset()


def worded(sentence: str) -> Wording:
    """States, promises, bounds, turn and content words of a sentence. Digits say nothing of these."""
    return _worded(shape(sentence))


@lru_cache(maxsize=8192)
def _worded(sentence: str) -> Wording:
    text, low = sentence, lowered(sentence)
    if any(map(low.__contains__, _PHRASE_HINTS)):
        text = _PHRASES.sub(lambda found: " ".join(found[0].lower().split()).replace(" ", "-"), sentence)
    if not text.isascii():
        text = text.replace("’", "'")
    words = [raw.casefold() for raw in _WORD.findall(text)]
    if "-" in text:
        words = [_PHRASE_AS.get(word.replace("-", " "), word) for word in words]
    stems = frozenset([stem(word) for word in words if word not in _SILENT])
    if "'" not in text and _TELLING.isdisjoint(words):
        return Wording((), (), _NONE, negated=False, personal=False, stems=stems)
    return _heard(_CLAUSE.split(text), stems)


def _heard(clauses: Iterable[str], stems: frozenset[str]) -> Wording:
    """What the words say, each with those before it in its clause."""
    states: dict[tuple[str, bool], str] = {}
    promises: list[str] = []
    limits: set[str] = set()
    negations, personal, open_ = 0, False, False
    for clause in clauses:
        not_at = future_at = -99
        for at, raw in enumerate(_WORD.findall(clause)):
            word = raw.casefold()
            if word not in _BEARING and "'" not in word:
                continue
            word = _PHRASE_AS.get(word.replace("-", " "), word)
            if word in _BREAKS:
                not_at = not_at if word in {"or", "and"} else -99
                continue
            if word in _NEGATORS or word.endswith("n't"):
                not_at, negations = at, negations + 1
            if word in _FUTURE or word.endswith("'ll"):
                future_at = at
            personal = personal or word in _PERSONAL or word.endswith("'ve")
            open_ = open_ or word in _OPEN
            state = _STATE_OF.get(word) or (_DEEDS.get(word) if at - future_at <= 4 else None)
            if state:
                states.setdefault((state, at - not_at <= 4), raw)
            if word in _PROMISES:
                promises.append(word)
            if word in _LIMITS:
                limits.add(word)
    return Wording(
        states=tuple(states.items()),
        promises=tuple(promises),
        limits=frozenset(limits),
        negated=negations % 2 == 1,
        personal=personal and not open_,
        stems=stems,
    )


def stems_of(text: str, among: Iterable[str]) -> tuple[frozenset[str], bool]:
    """What `worded` says of all sentences of a text together: their stems, and whether any may say no."""
    if not text.isascii() and _STRANGE.search(text):
        every = [worded(each) for each in among]
        return frozenset().union(*(each.stems for each in every)), any(each.negated for each in every)
    low = lowered(text)
    if any(map(low.__contains__, _PHRASE_HINTS)):
        low = _PHRASES.sub(lambda found: found[0].replace(" ", "-"), low)
    words = {_PHRASE_AS.get(word.replace("-", " "), word) if "-" in word else word for word in _WORD.findall(low)}
    stems = frozenset([stem(word) for word in words - _SILENT])
    return stems, "n't" in low or not _NEGATORS.isdisjoint(words)


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


def letters_of_state(state: str) -> tuple[str, ...]:
    """Letters, any of which stand where the state is said."""
    return _STATE_LETTERS[state]


def letters_of_promise(word: str) -> tuple[str, ...]:
    """Letters, any of which stand where a phrase is heard as this word."""
    return _PHRASE_LETTERS.get(word, ())


@lru_cache(maxsize=16384)
def letters_of_stem(stem: str) -> tuple[str, ...]:
    """Letters, any of which stand where a word of this stem does."""
    return (lowered(_longest(stem[:-1] if stem.endswith("y") else stem)), *_PHRASE_LETTERS.get(stem, ()))


def content(stems: frozenset[str]) -> frozenset[str]:
    """The words that carry a statement: without those every support answer has."""
    return stems - _COMMON_STEMS


_COMMON_STEMS = frozenset(stem(word) for word in _COMMON)


def _longest(word: str) -> str:
    return max(re.split("[- ]", word)[::-1], key=len)


_SAYING = {state: tuple(map(_longest, words.split())) for state, words in _STATES.items()}
_DOING = {state: tuple(deed for deed, does in _DEEDS.items() if does == state) for state in _DEEDS.values()}
_STATE_LETTERS = {state: (*_SAYING.get(state, ()), *_DOING.get(state, ())) for state in {**_SAYING, **_DOING}}
_PHRASE_LETTERS = {
    each: tuple(_longest(phrase) for phrase, heard in _PHRASE_AS.items() if heard == word)
    for word in _PHRASE_AS.values()
    for each in (word, stem(word))
}
