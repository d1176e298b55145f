"""Reads the options that a customer wants of a thing ("red, half zipper, 8GB") and finds the variant that has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.actions.choices import Values
from app.models import comparing

Options = Mapping[str, str]
_DICT = re.compile(r"\{[^{}]*\}")
_SPLIT = re.compile(r"\b(?:to(?! be (?:exact|honest))|into|for|instead of|with|by)\b", re.I)
_NUMBER_WORDS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8"}
_NOT = re.compile(r"(?:\bnot?\b|\bnon\b|without|n't)(?: (?:a|any|the|be|have))?\s*$", re.I)
_SOFT = re.compile(
    r"\b(?:prefer|preferably|ideally|if (?:possible|multiple|several|there are|available)|if and only if)\b", re.I
)
_CHEAPEST = re.compile(r"\b(?:cheapest|least expensive|lowest[- ]price[d]?|most affordable|maximum money back)\b", re.I)
_DEAREST = re.compile(r"\b(?:most expensive|dearest|highest[- ]price[d]?|priciest)\b", re.I)
_MOST = re.compile(
    r"\b(?:largest|biggest|highest|maximum|max|most|longest|greatest|heaviest)\b\W+(?:\w+\W+){0,2}?", re.I
)
_LEAST = re.compile(r"\b(?:smallest|lowest|minimum|min|least|shortest|lightest)\b\W+(?:\w+\W+){0,2}?", re.I)
_NO_DEARER = re.compile(
    r"\b(?:same(?: price)? or (?:lower|less|cheaper)|(?:lower|less) or (?:the )?same|not? more expensive|cheaper than"
    r"|price (?:to be )?(?:the )?same or|(?:previous|same)(?:ly)? (?:\w+ )?price)\b",
    re.I,
)
_KEEP = re.compile(r"\b(?:same|keep(?:ing)?|still)\b", re.I)
_REJECTED = re.compile(
    r"\b(?:over|rather than|instead of|as opposed to)\s+(?:the |a |an |my |any )?[\w-]+"
    r"(?: (?!with|and|or|but|if|to)[\w-]+)?",
    re.I,
)
_INDIFFERENT = re.compile(
    r"\b(?:(?:am|['’]m|are|is) not (?:concerned|worried|bothered|fussy|picky)"
    r"|(?:do|does|did)(?: not|n['’]t) (?:care|mind|matter)|no preference)\b[^.,;!?]*",
    re.I,
)
"""What a customer says does not matter: no value that is named there is wanted."""
_OF_THE_SAME_ORDER = re.compile(r"\b(?:from|in|of|on) (?:the|that|this|my) (?:very )?same order\b", re.I)
_YES, _NO = ("yes", "true", "waterproof", "with"), ("no", "none", "not resistant", "false", "without")


@dataclass
class Wanted:
    """What the new variant must have (`hard`), should have (`soft`), and how to choose among what is left."""

    hard: dict[str, str] = field(default_factory=dict)
    soft: dict[str, str] = field(default_factory=dict)
    rank: tuple[str, int] | None = None
    """("price", 1): cheapest first; ("size", -1): largest first."""
    no_dearer: bool = False
    most: int | None = None
    """Minor units that the new price must stay below."""
    steps: tuple[comparing.Step, ...] = ()
    """More or less than what is had."""
    keep: frozenset[str] = frozenset()
    """Options that must stay as they are."""
    identical: bool = False
    """The very same thing again."""
    given: bool = False
    """The options were written out in full, as {…}: nothing in them means nothing changes."""
    of_the_order: bool = False
    """It is one of those that the same order holds."""

    def more(self, other: Wanted) -> None:
        """Take over what another clause adds."""
        self.hard.update(other.hard)
        self.soft.update({key: value for key, value in other.soft.items() if key not in self.hard})
        self.rank = other.rank or self.rank
        self.no_dearer = self.no_dearer or other.no_dearer
        self.most = self.most if other.most is None else other.most
        keys = {step.key for step in other.steps}
        self.steps = (*(step for step in self.steps if step.key not in keys), *other.steps)
        self.keep |= other.keep
        self.identical = self.identical or other.identical
        self.of_the_order = self.of_the_order or other.of_the_order

    def __bool__(self) -> bool:
        return bool(self.hard or self.soft or self.rank or self.given or self.steps or self.identical)


def written_out(text: str) -> list[dict[str, str]]:
    """Options written as {'color': 'red'}, in order; what does not parse is left out."""
    found = []
    for match in _DICT.finditer(text):
        try:
            value = ast.literal_eval(match[0])
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append({str(key): str(each) for key, each in value.items()})
    return found


def without_written(text: str) -> str:
    """The text with every {…} taken out."""
    return _DICT.sub(" ", text)


def last_word(text: str) -> str:
    """What stands after a change of mind ("…, but I changed my mind and want the glass one"); else the text."""
    match = list(re.finditer(r"\bchang\w+ (?:my|your|his|her) mind\b", text, re.I))
    return text[match[-1].end() :] if match else text


def two_sides(text: str) -> tuple[str, str]:
    """What is had and what is wanted: cut at "to", "for", "into"; without them all of it is wanted."""
    cut = re.search(
        r"\s(?:to(?! (?:exchange|change|modify|return|swap|replace|adjust|have|get))|into|for)\s", text, re.I
    )
    return (text[: cut.start()], text[cut.end() :]) if cut else ("", text)


def wanted(text: str, variants: Sequence[Values], had: Options | None = None) -> Wanted:
    """What the words ask of the variants of one product. `had`: the options of the item to be replaced; where the words name
    two values ("I ordered M but need L"), the one that is had is not the one that is wanted."""
    result = Wanted(no_dearer=bool(_NO_DEARER.search(text)), of_the_order=bool(_OF_THE_SAME_ORDER.search(text)))
    keys = {key: _values(variants, key) for variant in variants for key in variant.get("options") or {}}
    soft = bool(_SOFT.search(text))
    result.most = comparing.most(text)
    result.identical = comparing.identical(text)
    result.keep = comparing.kept(text, keys)
    result.steps, text = comparing.steps(text, variants)
    text = _INDIFFERENT.sub(" ", _REJECTED.sub(" ", text))
    if _CHEAPEST.search(text):
        result.rank = ("price", 1)
    elif _DEAREST.search(text):
        result.rank = ("price", -1)
    found = said(text, keys)
    others = {key: [value for value in keys[key] if not same(value, str((had or {}).get(key)))] for key in found}
    found |= said(text, others) if had else {}
    for key in keys:
        if key in found:
            (result.soft if soft else result.hard)[key] = found[key]
        elif result.rank is None and key not in result.keep:
            for pattern, sign in ((_MOST, -1), (_LEAST, 1)):
                if re.search(pattern.pattern + re.escape(key.split()[-1]), text, re.I):
                    result.rank = (key, sign)
    extreme = re.search(r"\b(?:(largest|biggest)|smallest) (?:one|size|version|model|there|you)\b", text, re.I)
    if extreme and result.rank is None and (sized := comparing.sized(variants)):
        result.rank = (sized, -1 if extreme[1] else 1)
    result.keep -= {*result.hard, *(step.key for step in result.steps), *(result.rank or ())[:1]}
    return result


def described(text: str, items: Iterable[Values]) -> list[Values]:
    """The items whose options the words describe best; all of them when the words say nothing about options."""
    rows = list(items)
    scores = []
    for row in rows:
        options = row.get("options") or {}
        scores.append(len(said(text, {key: [str(value)] for key, value in options.items()})))
    best = max(scores, default=0)
    return [row for row, score in zip(rows, scores, strict=True) if score == best]


def fits(options: Options, given: Options) -> bool:
    """Whether all given options are there."""
    return all(same(str(options.get(key, "")), value) for key, value in given.items())


def same(left: str, right: str) -> bool:
    return _plain(left) == _plain(right)


def choose(want: Wanted, item: Values, variants: Sequence[Values]) -> tuple[Values | None, str]:
    """The variant that has what is wanted and keeps the rest, and why there is none: `unavailable`, `several`, ``."""
    if want.given and not want.hard:
        return next((each for each in variants if each["item_id"] == item["item_id"]), item), ""
    if want.identical and not (want.hard or want.soft or want.steps or want.rank):
        again = next((each for each in variants if each["item_id"] == item["item_id"] and each.get("available")), None)
        return again, "" if again else "unavailable"
    having = [each for each in variants if fits(each.get("options") or {}, want.hard)]
    others = [each for each in having if each["item_id"] != item["item_id"]]
    free = [each for each in others if each.get("available")]
    if want.no_dearer:
        free = [each for each in free if each["price"] <= item["price"]]
    if want.most is not None:
        free = [each for each in free if each["price"] < want.most]
    had = item.get("options") or {}
    staying = [key for key in want.keep if key in had and key not in want.hard]
    free = [each for each in free if all(same(str((each.get("options") or {}).get(k)), str(had[k])) for k in staying)]
    for step in want.steps:
        free = comparing.taken(step, item, free, variants)
    if not free:
        return None, "unavailable"
    free = _best(free, lambda each: sum(same(str((each.get("options") or {}).get(k)), v) for k, v in want.soft.items()))
    if want.rank:
        key, sign = want.rank
        top = min(sign * comparing.size(each, key) for each in free)
        free = [each for each in free if sign * comparing.size(each, key) == top]
    free = _best(free, lambda each: sum(same(str((each.get("options") or {}).get(k)), str(v)) for k, v in had.items()))
    for step in want.steps:
        free = _best(free, lambda each, step=step: -comparing.distance(step, item, each))
    return (free[0], "") if len(free) == 1 else (None, "several")


def _best(rows: list[Values], score: object) -> list[Values]:
    assert callable(score)
    top = max(score(row) for row in rows)
    return [row for row in rows if score(row) == top]


def _values(variants: Iterable[Values], key: str) -> list[str]:
    return list(
        dict.fromkeys(
            str((each.get("options") or {}).get(key, "")) for each in variants if key in (each.get("options") or {})
        )
    )


def _plain(text: str) -> str:
    """Lower case, hyphens as spaces, number words as digits, units apart from numbers: "two-piece" is "2 piece"."""
    low = re.sub(r"[-_]", " ", text.casefold().replace("grey", "gray"))
    low = re.sub(r"\b(?:" + "|".join(_NUMBER_WORDS) + r")\b", lambda word: _NUMBER_WORDS[word[0]], low)
    low = re.sub(r"(\d)\s*(gb|tb|mah|ml|mp|ft|inch|oz|lbs?|l|k|x|cups?|bar|hours?|liters?|w|mm|cm)\b", r"\1 \2", low)
    low = re.sub(r"\b(inche|hour|liter|cup|piece|lb|foot)s\b", r"\1", low)
    return re.sub(r"\s+", " ", low).strip()


def said(text: str, keys: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """For each option (with its values) the value that the text names, where it names one.

    Words that are a value of several options ("medium") belong to the option that is named beside them, else to a size. Of
    several values of one option the one nearest to the option's name counts, else the first; "not red" is none.
    """
    plain = _plain(text)
    hits: list[tuple[int, int, str, str]] = []
    for key, values in keys.items():
        for value in values:
            hits += [(start, end, key, value) for start, end in _places(plain, text, key, value)]
    longest = [
        hit
        for hit in hits
        if not any(o[0] <= hit[0] and hit[1] <= o[1] and o[1] - o[0] > hit[1] - hit[0] for o in hits)
    ]
    found: dict[str, str] = {}
    for key in keys:
        own = []
        for hit in (each for each in longest if each[2] == key):
            rivals = {each[2] for each in longest if each[0] == hit[0]}
            if len(rivals) > 1 and key != min(rivals, key=lambda rival: _distance(plain, hit[0], hit[1], rival)):
                continue
            own.append(hit)
        if not own:
            own = [(at, end, key, value) for at, end, value in _part_of_value(plain, key, keys)]
        if own:
            found[key] = min(own, key=lambda hit: (_distance(plain, hit[0], hit[1], key), hit[0]))[3]
        elif (yes_or_no := _yes_or_no(plain, _plain(key), keys[key])) is not None:
            found[key] = yes_or_no
    return found


def _part_of_value(plain: str, key: str, keys: Mapping[str, Sequence[str]]) -> list[tuple[int, int, str]]:
    """Where the text says one word that only one value of the product has ("AC" for "AC adapter")."""
    values = [_plain(value) for value in keys[key]]
    every = " ".join(_plain(value) for others in keys.values() for value in others).split()
    found = []
    for value, plainly in zip(keys[key], values, strict=True):
        measured = re.fullmatch(r"[\d.,]+ \w+", plainly)  # of "8 hours" no word says that it is eight
        alone = [] if measured or " " not in plainly else plainly.split()
        words = [word for word in alone if word.isalpha() and len(word) > 1]
        for word in words:
            if every.count(word) == 1 and word not in _plain(key).split() and word not in _COMMON:
                hit = re.search(rf"\b{word}\b", plain)
                if hit and not _NOT.search(plain[: hit.start()]):
                    found.append((hit.start(), hit.end(), value))
    return found


_COMMON = {
    "in",
    "with",
    "and",
    "of",
    "for",
    "to",
    "on",
    "up",
    "no",
    "not",
    "free",
    "neck",
    "one",
    "set",
    "card",
    "full",
}
_SIZES = {
    "xs": "extra small",
    "s": "small",
    "m": "medium",
    "l": "large",
    "xl": "extra large",
    "xxl": "double extra large",
}


def _places(plain: str, text: str, key: str, value: str) -> list[tuple[int, int]]:
    """Where the plain text says a value, and not "without" or "not" before it."""
    want = _plain(value)
    if want in ("yes", "no", "none", ""):
        return []
    if denied := re.fullmatch(r"(?:not|non|no) (\w+)", want):
        return [hit.span() for hit in re.finditer(rf"\b(?:not|non|no)(?: \w+)? {denied[1]}\b", plain)]
    forms: list[str] = [want]
    if want in _SIZES:
        forms = [_SIZES[want]] + ([want] if re.search(rf"(?<![\w'’.]){re.escape(value)}(?![\w'’]|\.\w)", text) else [])
    elif len(want) <= 2 and not re.search(rf"\b{re.escape(_plain(key))}\b", plain):
        return []
    found = []
    for form in forms:
        for match in re.finditer(rf"(?<![\w.]){re.escape(form)}(?:d\b|(?![\w]|\.\d))", plain):
            if not _NOT.search(plain[: match.start()]):
                found.append(match.span())
    return found


def _distance(plain: str, start: int, end: int, key: str) -> int:
    """Characters between a value and the nearest name of its option; sizes come before others that are not named."""
    names = [match.span() for word in _plain(key).split() for match in re.finditer(rf"\b{re.escape(word)}", plain)]
    gaps = [max(at - end, start - to, 0) for at, to in names]
    near = min(gaps, default=1000)
    return near if near <= 12 else 990 if "size" in key else 1000


def _yes_or_no(plain: str, about: str, values: Sequence[str]) -> str | None:
    """Options of the yes-or-no kind: "waterproof" is yes, "without water resistance" is no."""
    match = re.search(rf"\b{re.escape(about)}\b", plain)
    if match is None:
        return None
    negative = bool(_NOT.search(plain[: match.start()]))
    words = _NO if negative else _YES
    return next((value for value in values if value.casefold() in words), None)
