"""Finds which ordered things a clause speaks of: by name or part of it, several of them, all, all but some."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.actions.choices import Values
from app.models.port import Matcher

_TOKEN = re.compile(r"#?[^\W_]+(?:['’][^\W_]+)?", re.U)
_WRITTEN = re.compile(r"\{[^{}]*\}")
_BESIDE = re.compile(
    r"\b(?:along with|together with|order with|(?:that |which )?(?:contain(?:s|ed|ing)?|ha[sd]|includ\w+)(?: both)?|next to"
    r"|(?:received|ordered|bought|got|came|placed|purchased)(?: \w+)? with)"
    r"(?: (?:a|an|the|some|my|two|both|\w+ and an?))?\s*$",
    re.I,
)
_JOIN = re.compile(r"\b([A-Za-z])[- ](?=(?:shirt|reader|bike|book)s?\b)", re.I)
_NOUN_ENDS = re.compile(
    r"\s*(?:$|[.,;:!?)]|(?:and|or|but|i|we|you|from|in|to|for|that|which|because|as|with|is|was|it|so|since|also|if)\b)",
    re.I,
)
"""What stands behind a word that is a noun and no part of another name."""
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "both": 2}
_ALL = re.compile(
    r"\b(?:everything|(?:all|every|each|both)(?: of)?(?: (?:the|my|these|those))?(?: \w+)? ?"
    r"(?:items?|things?|products?|of (?:it|them))|all (?:things )?ordered|all of (?:it|them)"
    r"|(?:whole|entire|full|complete) (?:order|purchase))\b",
    re.I,
)
_BUT = re.compile(
    r"\b(?:keep(?:ing)?(?= (?:the|my|only)\b)"
    r"|(?<=everything )but|(?<=all )but|except(?: for)?|other than|apart from"
    r"|excluding|besides|but not|not including|aside from)\b",
    re.I,
)
SURE = {"cheap": 0.55, "strong": 0.45}
"""Similarity from which a whole clause may stand for an item whose name it does not say."""


@dataclass(frozen=True)
class Mention:
    """A product named in a text: its name, where, how many ("two", 0: not said) and whether in the plural."""

    name: str
    start: int
    end: int
    count: int
    plural: bool
    beside: bool = False
    """Only tells which order is meant ("the purifier I received along with sneakers")."""


def stem(word: str) -> str:
    """A word without its plural ending and case; enough to compare names of things."""
    low = word.casefold().strip("'’")
    for ending, kept in (("ies", "y"), ("ves", "f"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x")):
        if low.endswith(ending) and len(low) > len(ending) + 1:
            return low[: -len(ending)] + kept
    return low[:-1] if len(low) > 3 and low.endswith("s") and not low.endswith("ss") else low


def joined(text: str) -> str:
    """The text with "T-Shirt", "t shirt" and "E-Reader" as one word. Positions move, so cut only the joined text."""
    return _JOIN.sub(r"\1", text)


def mentions(text: str, names: Sequence[str]) -> list[Mention]:
    """Every place where one of the names is said, in order. `text` is a `joined` one.

    A name is said by all its words, or by its last one ("helmet" for "Cycling Helmet", "watch" for "Wristwatch"). Where
    several names share the words said, each of them is a mention at that place.
    """
    text = _WRITTEN.sub(lambda options: " " * len(options[0]), text)  # the name of an option is no name of a thing
    words = [(stem(match[0]), match.start(), match.end(), match[0]) for match in _TOKEN.finditer(text)]
    stems = {name: [stem(token) for token in _TOKEN.findall(joined(name))] for name in dict.fromkeys(names)}
    hits: dict[int, list[tuple[int, str]]] = {}
    for at, (word, *_rest) in enumerate(words):
        for name, parts in stems.items():
            if parts and _says(word, parts[-1]):
                back = 1
                while back < len(parts) and at - back >= 0 and words[at - back][0] == parts[-1 - back]:
                    back += 1
                hits.setdefault(at, []).append((back, name))
    for at, name in _by_first_word(text, words, stems, hits):
        hits[at] = [(1, name)]
    found = []
    for at, said in sorted(hits.items()):
        longest = max(back for back, _ in said)
        exact = [name for back, name in said if back == longest and (longest > 1 or words[at][0] == stems[name][-1])]
        for name in exact or [name for back, name in said if back == longest]:
            first = at - longest + 1
            plural = words[at][3].casefold().endswith("s") and not name.casefold().endswith("s")
            beside = bool(_BESIDE.search(text[: words[first][1]]))
            found.append(Mention(name, words[first][1], words[at][2], _count(words, first), plural, beside))
    return found


def _by_first_word(
    text: str,
    words: Sequence[tuple[str, int, int, str]],
    stems: dict[str, list[str]],
    hits: dict[int, list[tuple[int, str]]],
) -> list[tuple[int, str]]:
    """Names that are said by their first word alone ("the jigsaw"): one that no other name has, used as a noun."""
    firsts = [parts[0] for parts in stems.values() if len(parts) > 1]
    found = []
    for at, (word, _start, end, _said) in enumerate(words):
        if at in hits or len(word) < 5 or firsts.count(word) != 1 or not _NOUN_ENDS.match(text[end:]):
            continue
        found.append((at, next(name for name, parts in stems.items() if len(parts) > 1 and parts[0] == word)))
    return found


def _says(word: str, last: str) -> bool:
    """ "watch" says "wristwatch", "purifier" says "purifier"; three letters or fewer must be the same."""
    return word == last or (len(word) > 3 and last.endswith(word))


def _count(words: Sequence[tuple[str, int, int, str]], first: int) -> int:
    for back in (1, 2):
        if first - back >= 0:
            said = words[first - back][3].casefold()
            if said in _NUMBERS and _NUMBERS[said] > 1:
                return _NUMBERS[said]
            if said.isdigit() and len(said) == 1 and int(said) > 1:
                return int(said)
    return 0


def everything(text: str) -> bool:
    """Whether the text speaks of all items there are."""
    return bool(_ALL.search(text))


def exceptions(text: str) -> str:
    """The words after "except", where it is said; empty otherwise."""
    match = _BUT.search(text)
    return re.split(r"[.;]|\band\b", text[match.end() :])[0] if match else ""


def alike(text: str, names: Sequence[str], matcher: Matcher, model: str) -> list[str]:
    """Names that the text stands for without saying them, as the matcher sees it: one clearly best, or none."""
    if not names:
        return []
    scores = matcher.similar(text, list(names))
    ranked = sorted(zip(scores, names, strict=True), reverse=True)
    floor = SURE.get(model, SURE["strong"])
    if ranked[0][0] < floor or (len(ranked) > 1 and ranked[0][0] - ranked[1][0] < 0.08):
        return []
    return [ranked[0][1]]


def items_of(order: Values) -> list[Values]:
    """The items of an order, in its order."""
    return list(order.get("items") or ())
