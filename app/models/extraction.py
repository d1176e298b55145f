"""Finds what the customer supplied: ids, names, addresses of all kinds. Verbatim, or "not found": never a guess. Only a name
that is told in two parts is put together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from app.models.clauses import tidy
from config.rules import Rules
from store.case import Clues

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", re.ASCII)
_SYMBOL = r"(?:[$€£]|\b(?:USD|EUR|GBP)\b)"
_NUMBER = r"\d{1,3}(?:[ ,.]\d{3})*(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_AMOUNT = re.compile(
    rf"(?:{_SYMBOL}[ \u00a0]?(?:{_NUMBER})(?![\d\w])"
    rf"|(?<![\w.,#-])(?:{_NUMBER})[ \u00a0]?(?:[$€£]|(?:USD|EUR|GBP|euros?|dollars?|pounds|bucks|cents)\b))",
    re.I,
)
_ZIP = re.compile(
    r"(?<![\w#$€£.,_/-])(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?![\w_/-]|[.,]\d)"
    r"|(?<![\w#$€£.,_/-])[1-9]\d{3} (?!AM|PM|EU|US|OK|IS|IN|ON|TO|AS|AT|BY|IF|OR|OF)[A-Z]{2}(?![\w_/-]|[.,]\d)"
    r"|(?<=zip )\d{4,6}\b|(?<=zip code )\d{4,6}\b|(?<=postcode )\d{4,6}\b|(?<=postal code )\d{4,6}\b"
)
_PHONE = re.compile(r"(?<![\w#])(?:\+\d{1,3}[ ./-]?)?(?:\(\d{2,4}\)[ ./-]?)?\d{2,4}(?:[ ./-]\d{2,8}){1,4}(?![\w@])")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"\b(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|{_MONTH} \d{{4}})\b",
    re.I,
)
_METHOD = re.compile(r"\b(?:credit_card|debit_card|paypal|gift_card|card|pm|sepa|invoice)_[A-Za-z0-9]*\d[A-Za-z0-9]*\b")
_TRACKING = re.compile(
    r"\b1Z[0-9A-Z]{16}\b|(?<=tracking )(?:number |id |no\.? |code )?(?:is |: ?)?#?([A-Z0-9]{8,30})\b"
    r"|\b(?:3S[A-Z]{2,4}\d{7,12}|JJD\d{9,20}|JD\d{16,20})\b"
    r"|\b[A-Z]{2}\d{9}[A-Z]{2}\b|(?<![\w#.,_-])\d{12,22}(?![\w_-])",
    re.I,
)
_WORD = r"[A-Z][\w'’]+(?:-[A-Z][\w'’]+)?"
_NAME = re.compile(
    r"(?:\b(?:[Mm]y (?:full )?name(?: is|'s)|[Ii] am|I['’]m|[Tt]his is|[Nn]ame:)\s+)"
    rf"({_WORD}(?: (?:(?:de|van|von|der|la|el) )*{_WORD}){{0,2}})"
)
_FULL = rf"({_WORD}(?: (?:(?:de|van|von|der|la|el) )*{_WORD}){{1,2}})"
_ANSWERED = re.compile(
    rf"\b[Mm]y (?:full )?name,\s+{_FULL}"
    rf"|\b[Ii]t(?: is|['’]s)\s+{_FULL}(?=[^.!?\n]{{0,40}}\b(?:zip|post(?:al)? ?code|\d{{5}})\b)"
)
"""A full name where it was asked for: "just my name, Ann Lee", "it's Ann Lee, and my zip code is 78701"."""
_FIRST = re.compile(rf"\b[Ff]irst name(?: is|'s|:)?\s+({_WORD})\b")
_LAST = re.compile(rf"\b(?:[Ll]ast|[Ff]amily) name(?: is|'s|:)?\s+({_WORD})\b")
_TAKEN_BACK = re.compile(
    r"\b(?:mistake|mess(?:ed)?|mix(?:ed)?|confused?|wrong|typo|mistyped)\b[^.!?\n]{0,30}\bmy (?:zip|post(?:al)? ?code)",
    re.I,
)
_SIGNED = re.compile(
    r"(?:regards|thanks|thank you|cheers|sincerely|best|greetings|yours),?[ !.]*\n+\s*"
    rf"({_WORD}(?: {_WORD}){{0,2}})\s*(?:\n|$)",
    re.I,
)
_NO_NAME = re.compile(
    r"an?|the|very|so|not|really|sorry|happy|still|just|going|trying|writing|looking|having|also|and|but|because|waiting"
    r"|angry|pissed|done|sure|afraid|from|with|unhappy|moving|mr|mrs|ms|i|my",
    re.I,
)


def extract(text: str, rules: Rules) -> Clues:
    """What stands in the text, in the customer's own characters, first mention first; each value once.

    Order, customer and invoice ids follow `id_pattern` of sources.toml; a leading # may be left out.
    """
    text = tidy(text)
    patterns = {
        name: _id_pattern(source.id_pattern) for name, source in rules.sources.records.items() if source.id_pattern
    }
    own = {name: _found(pattern.finditer(text)) for name, pattern in patterns.items()}
    emails = _found(_EMAIL.finditer(text))
    rest = _without(text, (*emails, *(value for values in own.values() for value in values)))
    methods = _found(_METHOD.finditer(rest))
    rest = _without(rest, methods)
    amounts = _found(_AMOUNT.finditer(rest))
    dates = _found(_DATE.finditer(rest))
    tracking = _found(_TRACKING.finditer(rest))
    rest = _without(rest, (*amounts, *dates, *tracking))
    zips = _found(_ZIP.finditer(rest))
    if len(zips) > 1 and _TAKEN_BACK.search(text):
        rest, zips = _without(rest, zips), ()  # who gives one zip after another guesses: none of them proves anybody
    phones = tuple(each for each in _found(_PHONE.finditer(_without(rest, zips))) if _is_phone(each))
    return Clues(
        order_ids=own.get("order", ()),
        emails=emails,
        names=_names(text),
        zips=zips,
        phones=phones,
        amounts=amounts,
        dates=dates,
        payment_method_ids=methods,
        customer_ids=own.get("customer", ()),
        tracking_ids=tracking,
        invoice_ids=own.get("invoice", ()),
    )


@cache
def _id_pattern(pattern: str) -> re.Pattern[str]:
    """The shop's own pattern as customers write it: any case, with or without its leading #, and not inside a word."""
    body = pattern[1:] if pattern.startswith("#") else pattern
    return re.compile(rf"(?<![\w-])#?(?:{body})(?![\w@]|-\w)", re.I)


def _found(matches: Iterable[re.Match[str]]) -> tuple[str, ...]:
    """The matched text (or its group), each once, in order."""
    values = (match[match.lastindex or 0].strip() for match in matches)
    return tuple(dict.fromkeys(value for value in values if value))


def _without(text: str, values: Iterable[str]) -> str:
    """The text with the values blanked, so that one piece of text is read as one thing only."""
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, " " * len(value))
    return text


def _is_phone(value: str) -> bool:
    """Seven to fifteen digits (E.164's most), and a plus, brackets or groups as people write numbers of phones."""
    digits = sum(letter.isdigit() for letter in value)
    return 7 <= digits <= 15 and (value.startswith(("+", "(", "0")) or value.count("-") + value.count(" ") >= 2)


def _names(text: str) -> tuple[str, ...]:
    found = []
    ways = (_NAME, _ANSWERED, _SIGNED)
    for match in sorted((each for way in ways for each in way.finditer(text)), key=lambda each: each.start()):
        name = match[match.lastindex or 1].strip()
        if not _NO_NAME.fullmatch(name.split()[0]) and name[0].isupper():
            found.append(name)
    return tuple(dict.fromkeys([*found, *_in_parts(text)]))


def _in_parts(text: str) -> list[str]:
    """The name of who tells a first and a last one, one of each: what belongs together is not guessed."""
    first, last = _found(_FIRST.finditer(text)), _found(_LAST.finditer(text))
    return [f"{first[0]} {last[0]}"] if len(first) == len(last) == 1 else []
