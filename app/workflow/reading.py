"""Reads a sentence for what can be checked: amounts, dates, quantities, ids, addresses, names; each in one normal form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

Fact: TypeAlias = tuple[str, ...]
"""Kind and normal form: ("money", "12000", "EUR"), ("date", "2026", "11", "22"), ("quantity", "30", "day")."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_CURRENCY = {"€": "EUR", "$": "USD", "£": "GBP", "euro": "EUR", "dollar": "USD", "pound": "GBP", "buck": "USD"}
_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: at for at, word in enumerate(_SMALL)} | {word: 20 + 10 * at for at, word in enumerate(_TENS)}
_WORDS |= {f"{ten}-{one}": _WORDS[ten] + _WORDS[one] for ten in _TENS for one in _SMALL[1:10]}
_WORDS |= {f"{ten} {one}": _WORDS[ten] + _WORDS[one] for ten in _TENS for one in _SMALL[1:10]}
_WORDS |= {"hundred": 100, "a hundred": 100, "one hundred": 100, "a dozen": 12, "dozen": 12, "a couple": 2, "half": 0}
_COUNTED = _WORDS.keys() - {"one", "half", "zero"}
_NUMBER_WORD = "|".join(sorted((re.escape(word) for word in _WORDS if word != "half"), key=len, reverse=True))
_UNIT = (
    r"(?:(?P<{0}kind>business|working|week|calendar)[\s-]+)?(?P<{0}unit>days?|hours?|minutes?|weeks?|months?|years?|mins?|hrs?"
    r"|items?|times?|pieces?|points?|payments?|charges?|orders?|percent|per\s+cent|%)"
)
_N = r"\d+(?:[.,]\d+)*"

_DIGITS = {
    "iso": r"""\b(?P<iy>\d{4})-(?P<im>\d{2})-(?P<id_>\d{2})
        (?:[T\ ](?P<it>\d{2}:\d{2})(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?""",
    "dmy": rf"\b(?P<dd>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?P<dm>{_MONTH})\b\.?(?:,?\s+(?P<dy>\d{{4}}))?",
    "mdy": rf"""\b(?P<mm>{_MONTH})\b\.?\s+(?P<md>\d{{1,2}})(?:st|nd|rd|th)?\b
        (?!\s*(?:days?|hours?|weeks?|items?|:))(?:,?\s+(?P<my>\d{{4}}))?""",
    "dots": r"\b(?P<d1>\d{1,2})(?P<dsep>[./])(?P<d2>\d{1,2})(?P=dsep)(?P<d3>\d{4}|\d{2})\b",
    "time": r"""\b(?P<th>\d{1,2})(?::(?P<tm>\d{2}))(?::\d{2})?(?:\s?(?P<tp>[ap]\.?m\b\.?))?
        |\b(?P<th2>\d{1,2})\s?(?P<tp2>[apAP]\.?[mM]\b)""",
}
"""What cannot stand in a sentence without a digit."""
_MONEY = rf"""(?P<c1>[€$£]|\b(?:EUR|USD|GBP|CHF|JPY|CAD|AUD)\b)\s?-?(?P<a1>{_N})
        | (?P<a2>{_N})\s?(?P<c2>[€$£]|(?:EUR|USD|GBP|CHF|JPY|CAD|AUD)\b|(?i:euros?|dollars?|pounds?|bucks?)\b)"""
_MONEY_IN_WORDS = rf"\b(?P<a3>(?i:{_NUMBER_WORD}))[\s-]+(?P<c3>(?i:euros?|dollars?|pounds?|bucks?))\b"
_SPELLED = tuple({part for word in _WORDS if word != "half" for part in re.split("[ -]", word)} - {"a"})
"""Every spelled number has a word that begins with one of these."""
_INNER_DOT = re.compile(r"\w\.\w")
_RUN = re.compile(r"\w+")


@lru_cache(maxsize=16)
def _token(mail: bool, url: bool, digits: bool, spelled: bool) -> re.Pattern[str]:
    """One token, whatever kind stands first in `_READ`; only the kinds that the sentence can have at all are tried."""
    number = "|".join((r"\d+",) * digits + (f"(?i:{_NUMBER_WORD})",) * spelled)
    amount = "|".join((_N,) * digits + (f"(?i:{_NUMBER_WORD})",) * spelled)
    kinds: dict[str, str] = {}
    if mail:
        kinds["mail"] = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    if url:
        kinds["url"] = r"""(?:https?://|www\.)[^\s<>"')\]]+
        |\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|eu|de|uk|shop|app|example)\b(?:/[^\s]*)?"""
    if digits:
        kinds |= _DIGITS
    if number:
        kinds["money"] = "|".join((_MONEY,) * digits + (_MONEY_IN_WORDS,) * spelled)
        kinds["range"] = rf"""\b(?P<r1>{number})\s?(?:-|–|to|or|and)\s?(?P<r2>{number})
        [\s-]*(?i:{_UNIT.format("r")})(?![\w])"""
        kinds["quantity"] = rf"(?<![\w.])(?P<q>{amount})[\s-]*(?i:{_UNIT.format('q')})(?![\w])"
    kinds["word"] = r"\#?\w+(?:[-_'’.]\w+)*"
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()), re.VERBOSE)


_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")
_PLAIN_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9#€$£•])|\n+|(?<=[!?])\s+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|approx|no|nr|mr|mrs|ms|dr|st|inc|ltd|co|vs|p\.s|u\.s|a\.m|p\.m)|\b[A-Z])\.$", re.I
)


@dataclass(frozen=True)
class Reading:
    """What stands in one sentence. `facts` keep the words they were read from; `words` are lower case, in order."""

    text: str
    facts: tuple[tuple[Fact, str], ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Capitalised words that do not open the sentence."""
    forms: frozenset[Fact] = field(default=frozenset())


@lru_cache(maxsize=8192)
def read(sentence: str) -> Reading:
    """The sentence's facts, words and names."""
    facts: list[tuple[Fact, str]] = []
    words: list[str] = []
    names: list[str] = []
    for match in _tokens(sentence):
        kind, text = match.lastgroup or "word", match[0]
        if kind == "word":
            _word(text, facts, words, names, first=not words and not facts)
            continue
        facts += [(form, text.strip()) for form in _READ[kind](match)]
        if kind in {"quantity", "range"}:
            words += [word.casefold() for word in _PLAIN_WORD.findall(text)]
    return Reading(sentence, tuple(facts), tuple(words), tuple(names), frozenset(form for form, _ in facts))


@lru_cache(maxsize=4096)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text. A dot in an abbreviation, a decimal or an id ends none; a line break always does."""
    parts: list[str] = []
    for part in _SENTENCE.split(text):
        stripped = part.strip() if part else ""
        if not stripped:
            continue
        if parts and _ABBREVIATION.search(parts[-1]):
            parts[-1] = f"{parts[-1]} {stripped}"
        else:
            parts.append(stripped)
    return tuple(parts)


def stands(fact: Fact, among: frozenset[Fact]) -> bool:
    """Whether a fact is among others: whole, in the same unit and currency, whatever its format."""
    if fact in among:
        return True
    match fact:
        case ("number", value):
            return ("id", value) in among or any(each[0] == "quantity" and each[1] == value for each in among)
        case ("id", value):
            return ("number", value) in among
        case ("money", minor, _):
            # A record may hold a bare decimal, "120.00", whose currency stands in a column of its own.
            return ("decimal", minor) in among
        case ("date", "", month, day):
            return any(each[0] == "date" and each[2:] == (month, day) for each in among)
    return False


def minor_units(amount: str) -> str:
    """Minor units of a written amount: "1,200.50", "1.200,50", "120", "19.9"."""
    whole, cents = amount, ""
    at = max(amount.rfind("."), amount.rfind(","))
    if at >= 0 and len(amount) - at - 1 in {1, 2}:
        whole, cents = amount[:at], amount[at + 1 :]
    digits = re.sub(r"\D", "", whole)
    return str(int(digits or "0") * 100 + int((cents + "00")[:2] or "0"))


# ── one token ────────────────────────────────────────────────────────────────


def _tokens(sentence: str) -> Iterator[re.Match[str]]:
    dotted = _INNER_DOT.search(sentence) is not None or "://" in sentence
    spelled = any(run.startswith(_SPELLED) for run in _RUN.findall(sentence.casefold()))
    digits = any(map(str.isdigit, sentence))
    return _token("@" in sentence, dotted, digits, spelled).finditer(sentence)


def _word(text: str, facts: list[tuple[Fact, str]], words: list[str], names: list[str], *, first: bool) -> None:
    if not text.isalpha() and any(map(str.isdigit, text)):
        facts += [(form, text) for form in _digits(text)]
        return
    low = text.casefold().replace("’", "'")
    words.append(low)
    if low in _COUNTED:
        facts.append((("number", str(_WORDS[low])), text))
    elif not first and text[:1].isupper() and len(text) > 1:
        names.append(text)


def _digits(text: str) -> Iterator[Fact]:
    if not _NUMBER.fullmatch(text):
        yield "id", text.lstrip("#").rstrip(".").casefold()
        return
    if "." in text or "," in text:
        yield "decimal", minor_units(text)
    else:
        yield "number", text.lstrip("0") or "0"


def _count(text: str) -> str:
    low = " ".join(text.casefold().split())
    return str(_WORDS[low]) if low in _WORDS else low.replace(",", ".")


def _unit(kind: str | None, unit: str) -> str:
    word = unit.casefold()
    if word in {"%", "percent"} or word.startswith("per"):
        return "percent"
    word = {"min": "minute", "hr": "hour"}.get(word.rstrip("s"), word.rstrip("s"))
    return f"business {word}" if (kind or "").casefold() in {"business", "working", "week"} else word


def _date(year: str | None, month: str, day: str) -> Fact:
    number = month if month.isdigit() else str(_MONTHS.index(month[:3].casefold()) + 1)
    full = f"20{year}" if year and len(year) == 2 else year or ""
    return "date", full, str(int(number)), str(int(day))


def _clock(hour: str, minute: str | None, half: str | None) -> Fact:
    number = int(hour)
    if half:
        number = number % 12 + (12 if half[0] in "pP" else 0)
    return "time", f"{number:02d}:{minute or '00'}"


def _numeric_date(found: re.Match[str]) -> list[Fact]:
    first, second = int(found["d1"]), int(found["d2"])
    if found["dsep"] == "." or first > 12:
        return [_date(found["d3"], found["d2"], found["d1"])]
    if second > 12:
        return [_date(found["d3"], found["d1"], found["d2"])]
    return [("ambiguous date", found[0])]  # 03/04/2026: only the same writing proves it


def _iso(found: re.Match[str]) -> list[Fact]:
    date = _date(found["iy"], found["im"], found["id_"])
    return [date, ("time", found["it"])] if found["it"] else [date]


def _money(found: re.Match[str]) -> list[Fact]:
    said = found.groupdict("")
    sign = said.get("c1") or said.get("c2") or said["c3"]
    amount = said.get("a1") or said.get("a2")
    minor = minor_units(amount) if amount else str(_WORDS[said["a3"].casefold()] * 100)
    return [("money", minor, _CURRENCY.get(sign.casefold().rstrip("s"), sign.upper()))]


def _range(found: re.Match[str]) -> list[Fact]:
    unit = _unit(found["rkind"], found["runit"])
    if (one := f"{found['r1']}-{found['r2']}".casefold()) in _WORDS:  # "twenty-one hours" is one number
        return [("quantity", _count(one), unit)]
    return [("quantity", _count(found["r1"]), unit), ("quantity", _count(found["r2"]), unit)]


_READ: dict[str, Callable[[re.Match[str]], list[Fact]]] = {
    "mail": lambda found: [("mail", found[0].casefold().rstrip("."))],
    "url": lambda found: [("url", re.sub(r"^(?:https?://)?(?:www\.)?", "", found[0].casefold()).rstrip("/.,;"))],
    "iso": _iso,
    "dmy": lambda found: [_date(found["dy"], found["dm"], found["dd"])],
    "mdy": lambda found: [_date(found["my"], found["mm"], found["md"])],
    "dots": _numeric_date,
    "time": lambda found: [_clock(found["th"] or found["th2"], found["tm"], found["tp"] or found["tp2"])],
    "money": _money,
    "range": _range,
    "quantity": lambda found: [("quantity", _count(found["q"]), _unit(found["qkind"], found["qunit"]))],
}
