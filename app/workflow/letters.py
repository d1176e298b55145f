"""What certainly stands in a text, told by its letters alone: quicker than reading, and it never finds more than reading
would. A yes is one; a no says nothing, and the text has to be read."""

from __future__ import annotations

import re
from functools import lru_cache

from app.workflow.reading import MONTHS, NUMBERS, Fact

_IN_FACTS = frozenset(
    re.findall(
        "[a-z]+",
        f"""
        euro euros dollar dollars pound pounds buck bucks eur usd gbp chf jpy cad aud of am pm st nd rd th day min hr hrs
        january february march april may june july august sept september october november december
        {" ".join((*MONTHS, *NUMBERS))}
        """,
    )
)
"""Words that may be read as part of an amount, a date or a time."""
_JOINED = re.compile(r"\#?[-'’.]?\w++(?:[-'’.]\w++)*+")
"""A word with whatever is joined to it. It never goes back: a line of underscores is read as quickly as a word."""
_DIGIT = re.compile(r"\d")
_PLAIN_ID = re.compile(r"([a-z]{1,3})-?\d[a-z0-9]*(?:-\d+)*|\d+([a-z]{1,3})")
_PLAIN_MONEY = re.compile(r"[€$£]\d+(?:[.,]\d+)*")
_SPACE, _ENDS, _PARTS = ("", " ", "\n"), ("", " ", "\n", ",", ")"), (",", ";", "(")
_RUN = re.compile(r"\w+")
_BARE_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")
_SIGNS = "€£•·–—…‘’“”\u00a0"
_SPACED = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}


LOOKALIKES = ("ı", "İ", "i̇")
"""Letters that are lowered to another one, so that who looks for either finds it."""


def lowered(text: str) -> str:
    """Lower case as a pattern that ignores case sees it, with plain apostrophes: looking for lower-case letters in it
    misses nothing that `casefold` or such a pattern would find, and may find more."""
    if text.isascii():
        return text.lower()
    return text.casefold().replace("ı", "i").replace("i̇", "i").replace("’", "'")


def stands_alone(word: str, low: str) -> bool:
    """Whether a word of letters certainly is one of the words that are read in a lowered text: between spaces or in
    brackets, and none that may be part of an amount or a date. False says nothing."""
    return word.isascii() and word.isalpha() and word not in _IN_FACTS and _alone(word, low)


def reads_as(fact: Fact, shown: str, low: str) -> bool:
    """Whether a fact certainly is read in a lowered text, since it stands there as it was written, between spaces or in
    brackets: an id of letters and digits, or an amount with its sign. False says nothing."""
    match fact:
        case ("id", value):
            plain = _PLAIN_ID.fullmatch(value)
            if plain is None or (plain[1] or plain[2]) in _IN_FACTS:
                return False
            return _alone(value, low, first=plain[1] is None) or _alone("#" + value, low)
        case ("money", *_):
            return _PLAIN_MONEY.fullmatch(shown) is not None and _alone(shown, low)
    return False


def ids_in(text: str) -> list[str]:
    """What may be read as an id, unless it is part of something else."""
    if not _DIGIT.search(text):
        return []
    parts = [each for each in text.split() if not each.isalpha() and _DIGIT.search(each)]
    found = [each for part in parts for each in _JOINED.findall(part) if _DIGIT.search(each)]
    return [each for each in found if not each.isdecimal() and not _BARE_NUMBER.fullmatch(each)]


def as_id(text: str) -> Fact:
    """The fact that is read where one of `ids_in` is an id."""
    return ("id", text.lstrip("#").casefold())


def _alone(letters: str, low: str, *, first: bool = False) -> bool:
    """`first`: it must also open a line, a bracket or a part of a list."""
    at = low.find(letters)
    while at >= 0:
        end = at + len(letters)
        opens = at - 1 if low[at - 1 : at] == "(" else at
        before, after = low[max(0, opens - 2) : opens], low[end : end + 2]
        # A number before it may make an amount or a quantity of it.
        apart = before[-1:] in _SPACE and not before[:-1].isdigit()
        part = not first or opens < at or before[-1:] != " " or before[:-1] in _PARTS
        if apart and part and after[:1] in _ENDS and not after[1:].isdigit():
            return True
        at = low.find(letters, end)
    return False


@lru_cache(maxsize=512)
def runs(text: str) -> frozenset[str]:
    """Every run of letters and digits of a text, lowered: what no pattern can find without."""
    low = without_signs(lowered(text))
    return frozenset(low.translate(_SPACED).split() if low.isascii() else _RUN.findall(low))


def without_signs(text: str) -> str:
    """A space for each of the common signs that are neither letters nor digits nor ASCII."""
    if not text.isascii():
        for sign in _SIGNS:
            text = text.replace(sign, " ")
    return text
