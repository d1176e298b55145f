"""Reads a sentence for what can be checked: amounts, dates, quantities, ids, addresses, names; each in one normal form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple, TypeAlias

Fact: TypeAlias = tuple[str, ...]
"""Kind and normal form: ("money", "12000", "EUR"), ("date", "2026", "11", "22"), ("quantity", "30", "day")."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
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
NUMBERS = {word: at for at, word in enumerate(_SMALL)} | {word: 20 + 10 * at for at, word in enumerate(_TENS)}
NUMBERS |= {f"{ten}-{one}": NUMBERS[ten] + NUMBERS[one] for ten in _TENS for one in _SMALL[1:10]}
NUMBERS |= {f"{ten} {one}": NUMBERS[ten] + NUMBERS[one] for ten in _TENS for one in _SMALL[1:10]}
NUMBERS |= {"hundred": 100, "a hundred": 100, "one hundred": 100, "a dozen": 12, "dozen": 12, "a couple": 2, "half": 0}
_COUNTED = NUMBERS.keys() - {"one", "half", "zero"}
_NUMBER_WORD = "|".join(sorted((re.escape(word) for word in NUMBERS if word != "half"), key=len, reverse=True))
_UNIT = (
    r"(?:(?P<{0}kind>business|working|week|calendar)[\s-]+)?(?P<{0}unit>days?|hours?|minutes?|weeks?|months?|years?|mins?|hrs?"
    r"|items?|times?|pieces?|points?|payments?|charges?|orders?|percent|per\s+cent|%)"
)
_N = r"\d+(?:[.,]\d+)*"

_GROUPED = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w|,\d)|\d+(?:\.\d{3})*,\d{1,2}(?!\w|,\d)"
"""One number with a comma in it, "1,200.50" or "1.200,5"; "1014,1015" are two."""

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
_OPENS_DIGITS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|EUR|USD|GBP|CHF|JPY|CAD|AUD"
"""How a word begins that may open a date or an amount."""
_MONEY_IN_WORDS = rf"\b(?P<a3>(?i:{_NUMBER_WORD}))[\s-]+(?P<c3>(?i:euros?|dollars?|pounds?|bucks?))\b"
_SPELLED = tuple({part for word in NUMBERS if word != "half" for part in re.split("[ -]", word)} - {"a"})
"""Every spelled number has a word that begins with one of these."""
_OPENS_SPELLED = rf"(?i:a\b|{'|'.join(sorted(_SPELLED))})"
_SPELLED_BEGIN = frozenset(word[:3] for word in _SPELLED)
_INNER_DOT = re.compile(r"\w\.\w")
_RUN = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_TOP_LEVEL = "com|org|net|io|eu|de|uk|shop|app|example"
_ADDRESSES = ("://", "www.", *(f".{each}" for each in _TOP_LEVEL.split("|")))
"""Without one of these no web address stands there."""


@lru_cache(maxsize=16)
def _token(mail: bool, url: bool, digits: bool, spelled: bool) -> re.Pattern[str]:
    """One token, whatever kind stands first in `_READ`; only the kinds that the sentence can have at all are tried. Words of
    letters that open none of them are taken together."""
    number = "|".join((r"\d+",) * digits + (f"(?i:{_NUMBER_WORD})",) * spelled)
    amount = "|".join((_N,) * digits + (f"(?i:{_NUMBER_WORD})",) * spelled)
    kinds: dict[str, str] = {}
    if not (mail or url):
        opens = "|".join((_OPENS_DIGITS,) * digits + (_OPENS_SPELLED,) * spelled) or "(?!)"
        kinds["plain"] = rf"(?:(?!{opens})[^\W\d_]++(?!\w|[-_'’.]\w)[^\w\#€$£]*+)+"
    if mail:
        kinds["mail"] = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    if url:
        kinds["url"] = r"""(?:https?://|www\.)[^\s<>"')\]]+
        |\b[\w-]+(?:\.[\w-]+)*\.(?:TOP_LEVEL)\b(?:/[^\s]*)?""".replace("TOP_LEVEL", _TOP_LEVEL)
    if digits:
        kinds |= _DIGITS
    if number:
        kinds["money"] = "|".join((_MONEY,) * digits + (_MONEY_IN_WORDS,) * spelled)
        kinds["range"] = rf"""\b(?P<r1>{number})\s?(?:-|–|to|or|and)\s?(?P<r2>{number})
        [\s-]*(?i:{_UNIT.format("r")})(?![\w])"""
        kinds["quantity"] = rf"(?<![\w.])(?P<q>{amount})[\s-]*(?i:{_UNIT.format('q')})(?![\w])"
    kinds["word"] = rf"{_GROUPED}|" * digits + r"\#?\w+(?:[-_'’.]\w+)*"
    every = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items())
    return re.compile(every if mail or url else rf"(?=[\w\#€$£])(?:{every})", re.VERBOSE)


_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
_PLAIN_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9#€$£•])|\n+|(?<=[!?])\s+")
_INNER_END = re.compile(r"[.!?…](?:[\"'”’)\]]*[^\S\n]|[\"'”’)\]]+\n)")
"""Without one of these a text ends its sentences with its lines."""
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|approx|no|nr|mr|mrs|ms|dr|st|inc|ltd|co|vs|p\.s|u\.s|a\.m|p\.m)|\b[A-Z])\.$", re.I
)


class Reading(NamedTuple):
    """What stands in one sentence. `facts` keep the words they were read from; `words` are lower case, in order."""

    facts: tuple[tuple[Fact, str], ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Capitalised words that do not open the sentence."""
    forms: frozenset[Fact] = frozenset()


class _Shape(NamedTuple):
    """What all sentences have that differ in nothing but their digits: the same words, and facts at the same places."""

    token: re.Pattern[str]
    facts: tuple[tuple[str, int, int], ...]
    """Kind, where it begins, where it ends."""
    words: tuple[str, ...]
    names: tuple[str, ...]


@lru_cache(maxsize=8192)
def read(sentence: str) -> Reading:
    """The sentence's facts, words and names."""
    token, places, words, names = _shape(shape(sentence))
    facts: list[tuple[Fact, str]] = []
    for kind, start, end in places:
        if kind == "word":
            text = sentence[start:end]
            facts += [(form, text) for form in _counted(text)]
        elif match := token.match(sentence, start):
            text = match[0].strip()
            facts += [(form, text) for form in _READ[kind](match)]
    return Reading(tuple(facts), words, names, frozenset([form for form, _ in facts]) if facts else _NO_FACTS)


def shape(sentence: str) -> str:
    """The sentence with a zero for each digit: no pattern here asks which digit stands there."""
    return sentence.translate(_ZEROS)


_ZEROS = {ord(digit): "0" for digit in "123456789"}
_NO_FACTS: frozenset[Fact] = frozenset()


@lru_cache(maxsize=4096)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text. A dot in an abbreviation, a decimal or an id ends none; a line break always does."""
    parts: list[str] = []
    for part in _SENTENCE.split(text) if _INNER_END.search(text) else text.split("\n"):
        stripped = part.strip() if part else ""
        if not stripped:
            continue
        if parts and parts[-1][-1] == "." and _ABBREVIATION.search(parts[-1]):
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


@lru_cache(maxsize=8192)
def _shape(sentence: str) -> _Shape:
    facts: list[tuple[str, int, int]] = []
    words: list[str] = []
    names: list[str] = []
    token = _token_of(sentence)
    for match in token.finditer(sentence):
        kind, text, start = match.lastgroup or "word", match[0], match.start()
        if kind == "plain" and text.isascii():
            found = _LETTERS.findall(text)
            names += [each for each in (found if words or facts else found[1:]) if each[0].isupper() and len(each) > 1]
            words += [each.lower() for each in found]
        elif kind in {"plain", "word"}:  # some letters are digits too: ²
            for each in _LETTERS.finditer(text) if kind == "plain" else (match,):
                at = each.start() + (start if kind == "plain" else 0)
                _word(each[0], at, facts, words, names)
        else:
            facts.append((kind, start, match.end()))
            if kind in {"quantity", "range"}:
                words += [word.casefold() for word in _PLAIN_WORD.findall(text)]
    return _Shape(token, tuple(facts), tuple(words), tuple(names))


def _token_of(sentence: str) -> re.Pattern[str]:
    runs = _RUN.findall(sentence.casefold())
    spelled = not _SPELLED_BEGIN.isdisjoint([run[:3] for run in runs]) and any(run.startswith(_SPELLED) for run in runs)
    dotted = "://" in sentence or ("." in sentence and _INNER_DOT.search(sentence) is not None)
    url = dotted and any(map(sentence.__contains__, _ADDRESSES))
    return _token("@" in sentence, url, _DIGIT.search(sentence) is not None, spelled)


def _word(text: str, start: int, facts: list[tuple[str, int, int]], words: list[str], names: list[str]) -> None:
    first = not words and not facts
    digits = not text.isalpha() and any(map(str.isdigit, text))
    low = text.casefold().replace("’", "'")
    if digits or low in _COUNTED:
        facts.append(("word", start, start + len(text)))
    elif not first and text[:1].isupper() and len(text) > 1:
        names.append(text)
    if not digits:
        words.append(low)


def _counted(text: str) -> Iterator[Fact]:
    low = text.casefold().replace("’", "'")
    return iter([("number", str(NUMBERS[low]))]) if low in _COUNTED else _digits(text)


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
    if low in NUMBERS:
        return str(NUMBERS[low])
    return low.replace(",", "" if _THOUSANDS.fullmatch(low) else ".")


def _unit(kind: str | None, unit: str) -> str:
    word = unit.casefold()
    if word in {"%", "percent"} or word.startswith("per"):
        return "percent"
    word = {"min": "minute", "hr": "hour"}.get(word.rstrip("s"), word.rstrip("s"))
    return f"business {word}" if (kind or "").casefold() in {"business", "working", "week"} else word


def _date(year: str | None, month: str, day: str) -> Fact:
    number = month if month.isdigit() else str(MONTHS.index(month[:3].casefold()) + 1)
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
    sign = amount = None
    if "c1" in found.re.groupindex:
        sign, amount = found["c1"] or found["c2"], found["a1"] or found["a2"]
    sign = sign or found["c3"]
    minor = minor_units(amount) if amount else str(NUMBERS[found["a3"].casefold()] * 100)
    return [("money", minor, _CURRENCY.get(sign.casefold().rstrip("s"), sign.upper()))]


def _range(found: re.Match[str]) -> list[Fact]:
    unit = _unit(found["rkind"], found["runit"])
    if (one := f"{found['r1']}-{found['r2']}".casefold()) in NUMBERS:  # "twenty-one hours" is one number
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
