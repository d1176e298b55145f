"""Reads each clause of a ticket as a wish: which kinds of action it can mean, which orders and things it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.models.clauses import clauses
from app.models.mentions import joined
from app.models.options import without_written
from app.models.port import Matcher
from app.workflow.choices import Known, bare
from config.rules import Rules

_METHOD_ID = re.compile(r"\b(?:credit_card|debit_card|paypal|gift_card)_\w+\b")
_IF_NOT = re.compile(
    r"^\s*(?:but |and )?(?:if (?:(?:it|that|this|the \w+(?: \w+)?|they|i|you|we|there|none|\d[\d, ]*(?: \w+)?)?\s*)"
    r"(?:(?:is|are|was|can|could|do|does)(?: not|n['’]t)|not|cannot|isn['’]t|can['’]t|are no\b|is no\b)|otherwise\b|if not\b|or else\b)",
    re.I,
)
_NEVER = re.compile(r"\b(?:never want to|do(?:n['’]t| not) want to|no longer want to|without) (?:\w+ )?$", re.I)


@dataclass
class Wish:
    """One clause: its words, the kinds it can mean with how sure the model is (best first), the orders it names."""

    text: str
    kinds: tuple[tuple[str, float], ...]
    orders: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """Order ids that were named and are not this customer's."""
    fallback: bool = False
    """It only counts when what was asked before it cannot be done ("if not possible, …")."""
    notes: list[str] = field(default_factory=list)


def wishes(text: str, shop: Known, rules: Rules, matcher: Matcher) -> list[Wish]:
    """The clauses in order. One without kinds tells something about the wishes around it."""
    found = []
    pattern = rules.sources.records["order"].id_pattern if "order" in rules.sources.records else None
    for clause in clauses(text):
        said = _order_ids(clause, pattern)
        own = tuple(dict.fromkeys(order for order in map(shop.order, said) if order))
        found.append(
            Wish(
                joined(clause),
                kinds(clause, rules, matcher, pattern),
                own,
                tuple(each for each in said if shop.order(each) is None),
                bool(_IF_NOT.match(clause)),
            )
        )
    return found


def kinds(clause: str, rules: Rules, matcher: Matcher, order_pattern: str | None) -> tuple[tuple[str, float], ...]:
    """The action kinds a clause can mean, best first. Ids and options are taken out: they say nothing about the wish."""
    bareword = plain_words(clause, order_pattern)
    if len(re.findall(r"\w+", bareword)) < 2:
        return ()
    classes = matcher.intents(bareword)
    if classes.out_of_scope and not classes.intents:
        return ()
    best: dict[str, float] = {}
    for intent in classes.intents:
        entry = rules.intents.get(intent.name)
        for place, kind in enumerate(entry.actions if entry else ()):
            best[kind] = max(best.get(kind, 0.0), intent.p * (1 - 0.01 * place))
    return tuple(sorted(best.items(), key=lambda pair: -pair[1]))


def plain_words(clause: str, order_pattern: str | None) -> str:
    """The clause without ids, options and e-mail addresses."""
    text = without_written(clause)
    if order_pattern:
        text = re.sub(rf"#?(?:{order_pattern.lstrip('#')})", "12345", text, flags=re.I)
    text = _METHOD_ID.sub(lambda word: re.sub(r"_\w*\d\w*$", "", word[0]).replace("_", " "), text)
    text = re.sub(r"\S+@\S+", "", text)
    return re.sub(r"\s+", " ", text).strip(" ;,")


def _order_ids(clause: str, pattern: str | None) -> list[str]:
    if not pattern:
        return []
    body = pattern.lstrip("#")
    return [match[0] for match in re.finditer(rf"(?<![\w-])#?(?:{body})(?![\w@]|-\w)", clause, re.I)]


def meant(wish: Wish, kind: str) -> float:
    """How sure the model is that the clause means this kind, 0 when it does not."""
    return dict(wish.kinds).get(kind, 0.0)


def same_order(left: str, right: str) -> bool:
    return bare(left) == bare(right)


def refused(text: str, at: int) -> bool:
    """Whether the word at that place is denied ("I never want to cancel")."""
    return bool(_NEVER.search(text[:at]))


def only(kinds: Sequence[tuple[str, float]], allowed: Mapping[str, object]) -> list[str]:
    """The kinds that the rules know, best first."""
    return [kind for kind, _ in kinds if kind in allowed]
