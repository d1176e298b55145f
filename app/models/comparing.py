"""Reads what is wanted in comparison with what is had: "one size smaller", "1000 more pieces", "cheaper"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.actions.choices import Values

_UP = r"larger|bigger|higher|greater|more|longer|taller|wider|stronger|heavier|faster|brighter|harder|thicker"
_DOWN = r"smaller|lower|less|fewer|shorter|narrower|weaker|lighter|slower|dimmer|easier|thinner|softer"
_COUNT = r"(?P<count>one|two|three|a|\d[\d.,]*)"
_COMPARED = re.compile(
    rf"\b(?:{_COUNT}\s+)?(?P<size>sizes?\s+)?(?:(?P<near>slightly|a (?:bit|little)|somewhat)\s+)?"
    rf"(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b",
    re.I,
)
_SIZE_UP_OR_DOWN = re.compile(rf"\b(?:{_COUNT}\s+)?sizes?\s+(?:(?P<up>up)|(?P<down>down))\b", re.I)
_CHEAPER = re.compile(
    r"\b(?:cheaper|less (?:expensive|costly)|(?:lower|less)[- ]pric\w+)\b(?! (?:else|some|in |at ))", re.I
)
_DEARER = re.compile(r"\b(?:more expensive|pricier|dearer)\b", re.I)
_FOUND_ELSEWHERE = re.compile(r"\b(?:found|saw|seen|find|get)\b[^.,;]{0,25}$", re.I)
_NEGATED = re.compile(r"\b(?:not?|nothing|n['’]t)(?: be| any)?\s*$", re.I)
_SAME = re.compile(
    r"\b(?:same|keep(?:ing)?|identical|unchanged)\b((?: +(?!except|but|apart|with|however|for|as)[\w-]+){1,6})", re.I
)
_IDENTICAL = re.compile(
    r"\b(?:same|identical) (?:exact |kind of )?(?:item|one|thing|product|model)\b(?! (?:but|in|with|size))"
    r"|\b(?:new|working|undamaged|fresh) (?:one|unit|copy) of the same\b",
    re.I,
)
_BELOW = r"\b(?:less than|under|below|at most|no more than|not more than|up to|cheaper than)\s"
_AT_MOST = re.compile(
    _BELOW + r"{0,2}(?:[$€£]|USD |EUR |GBP )\s?(?P<a>\d{1,6}(?:,\d{3})?(?:\.\d{2})?)(?![\d,])"
    r"|" + _BELOW + r"{0,2}(?P<b>\d{1,6}(?:\.\d{2})?)\s?(?:[$€£]|USD|EUR|GBP|bucks|dollars|euros|pounds)",
    re.I,
)
_AS_WORDS = {"one": 1.0, "a": 1.0, "two": 2.0, "three": 3.0}
_ALSO_CALLED = {
    "storage": ("memory", "space", "capacity"),
    "ram": ("memory",),
    "screen size": ("screen", "display"),
    "capacity": ("volume", "litre"),
    "difficulty level": ("difficult", "level"),
}
_GRADES = {
    "xs": 1.0,
    "s": 2.0,
    "m": 3.0,
    "l": 4.0,
    "xl": 5.0,
    "xxl": 6.0,
    "xxxl": 7.0,
    "small": 2.0,
    "medium": 3.0,
    "large": 4.0,
    "low": 2.0,
    "high": 4.0,
    "beginner": 1.0,
    "intermediate": 2.0,
    "expert": 3.0,
    "easy": 1.0,
    "hard": 3.0,
}


@dataclass(frozen=True)
class Step:
    """A wish for more (`sign` 1) or less (-1) of an option or the price. `by`: exactly that much. `places`: so many of the
    product's own sizes further."""

    key: str
    sign: int
    by: float | None = None
    places: int | None = None


def steps(text: str, variants: Sequence[Values]) -> tuple[tuple[Step, ...], str]:
    """The comparisons in the words, and the words without them. `variants`: those of one product."""
    keys = ordered(variants)
    found: dict[str, Step] = {}
    rest = text
    for pattern, sign in ((_CHEAPER, -1), (_DEARER, 1)):
        for match in pattern.finditer(text):
            before = text[: match.start()]
            if not _FOUND_ELSEWHERE.search(before) and not _NEGATED.search(before):
                found["price"] = Step("price", sign)
            rest = rest.replace(match[0], " ")
    for match in (*_SIZE_UP_OR_DOWN.finditer(rest), *_COMPARED.finditer(rest)):
        key, counts = _about(rest, match, keys, sized(variants))
        if key is None or key in found:
            continue
        found[key] = _step(key, match, counts)
        if match["count"] and match["count"][0].isdigit():
            text = re.sub(rf"\b{re.escape(match[0])}", " ", text, count=1)  # "1000 more" is no value of its own
    return tuple(found.values()), text


def kept(text: str, keys: Iterable[str]) -> frozenset[str]:
    """The options that are to stay as they are ("the same size and material")."""
    near = " ".join(match[1] for match in _SAME.finditer(text)).casefold()
    return frozenset(key for key in keys if any(_names(near, word) for word in _words(key)))


def most(text: str) -> int | None:
    """The price, in minor units, that the new thing must stay below ("if it is less than 200 bucks")."""
    match = _AT_MOST.search(text)
    figure = (match["a"] or match["b"]) if match else None
    return round(float(figure.replace(",", "")) * 100) if figure else None


def identical(text: str) -> bool:
    """Whether the very same thing is wanted again."""
    return bool(_IDENTICAL.search(text))


def taken(step: Step, item: Values, rows: Sequence[Values], variants: Sequence[Values]) -> list[Values]:
    """Of the rows those that go that step from the item."""
    had = size(item, step.key)
    further = [row for row in rows if step.sign * (size(row, step.key) - had) > 0]
    if step.by is not None:
        return [row for row in further if abs(size(row, step.key) - had) == step.by]
    if step.places is not None:
        sizes = sorted({size(row, step.key) for row in variants if step.sign * (size(row, step.key) - had) > 0})
        sizes = sizes if step.sign > 0 else sizes[::-1]
        return [row for row in further if len(sizes) >= step.places and size(row, step.key) == sizes[step.places - 1]]
    return further


def distance(step: Step, item: Values, row: Values) -> float:
    """How far a row is from the item in what the step is about."""
    return abs(size(row, step.key) - size(item, step.key))


def size(variant: Values, key: str) -> float:
    """The number an option stands for: its own, its grade (S to XXL, low to high), or the price; 0.0 for none."""
    if key == "price":
        return float(variant.get("price") or 0)
    value = str((variant.get("options") or {}).get(key, ""))
    number = re.search(r"\d+(?:\.\d+)?", value)
    scale = 1000.0 if re.search(r"\dTB|\dK\b", value, re.I) else 1.0
    return float(number[0]) * scale if number else _GRADES.get(value.casefold(), 0.0)


def ordered(variants: Sequence[Values]) -> list[str]:
    """The options of a product whose values can be told apart by size."""
    keys = dict.fromkeys(key for each in variants for key in each.get("options") or {})
    values = {key: {size(each, key) for each in variants} for key in keys}
    return [key for key, sizes in values.items() if len(sizes) > 1 and 0.0 not in sizes]


def sized(variants: Sequence[Values]) -> str | None:
    """The option that "larger" without more means: a size, else the only one that can be told apart by size."""
    keys = ordered(variants)
    for word in ("size", "capacity", "dimension", "length", "height", "diameter", "volume"):
        named = [key for key in keys if word in key]
        if named:
            return named[0]
    return keys[0] if len(keys) == 1 else None


def _step(key: str, match: re.Match[str], counts: bool) -> Step:
    sign = 1 if match["up"] else -1
    groups = match.groupdict()
    count = groups["count"]
    number = (_AS_WORDS.get(count.casefold()) or float(re.sub(r"[.,](?=\d{3})|[.,]$", "", count))) if count else None
    if counts or "size" not in groups:
        return Step(key, sign, places=int(number or 1))
    if groups.get("near"):
        return Step(key, sign, places=1)
    return Step(key, sign, by=number) if number and count and count[0].isdigit() else Step(key, sign)


def _about(text: str, match: re.Match[str], keys: Sequence[str], default: str | None) -> tuple[str | None, bool]:
    """The option that a comparison is about: the one named beside it, else a size. And whether it counts sizes."""
    after = " ".join(re.findall(r"[\w-]+", text[match.end() :])[:3]).casefold()
    before = " ".join(re.findall(r"[\w-]+", text[: match.start()])[-4:]).casefold()
    counts = bool(match.groupdict().get("size")) or match.re is _SIZE_UP_OR_DOWN
    for near in (after, before):
        named = [key for key in keys if any(_names(near, word) for word in _words(key))]
        if named:
            return max(named, key=lambda key: sum(_names(near, word) for word in _words(key))), counts
    if not counts and re.fullmatch(r"more|less|fewer|harder|easier", match["up"] or match["down"], re.I):
        return None, False
    return default, counts


def _words(key: str) -> list[str]:
    low = key.casefold().replace("_", " ")
    own = [word for word in re.findall(r"[a-z]+", low) if word not in ("level", "count", "type", "of")]
    return [*own, *(word for name, words in _ALSO_CALLED.items() if name in low for word in words)]


def _names(near: str, word: str) -> bool:
    stem = word[:-1] if len(word) > 4 and word.endswith("s") else word
    return re.search(rf"\b{re.escape(stem)}", near) is not None
