"""Reads each clause of a ticket as a wish: which kinds of action it can mean, which orders and things it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.actions.choices import Known
from app.models.clauses import clauses
from app.models.mentions import joined
from app.models.options import without_written
from app.models.port import Matcher
from config.rules import Rules

_METHOD_ID = re.compile(r"\b(?:credit_card|debit_card|paypal|gift_card)_\w+\b")
_IF_NOT = re.compile(
    r"^\s*(?:but |and |or )?(?:if\b[^,]{0,80}?(?:(?:\bnot|n['’]t) (?:be )?(?:possible|available|allowed|able|allow)"
    r"|\bcannot\b|\bcan['’]t\b|\bcan not\b|\bimpossible\b|\bunavailable\b|\bare no\b|\bis no\b)"
    r"|if (?:it is |that is )?not\b|otherwise\b|or else\b)",
    re.I,
)
_DENIED = re.compile(
    r"\b(?:(?:never|do(?:es)? not|don['’]t|doesn['’]t|did not|didn['’]t|no longer) (?:really )?want (?:you )?to|no need to"
    r"|rather not)\s+(?:cancel|return|exchange|change|modify|refund)",
    re.I,
)


_HOW_PAID = re.compile(
    r"\b(?:price )?difference\b|\bfor (?:the|any|this|that|my) refund\b|\brefund (?:the|any) difference\b", re.I
)
"""How a difference or a refund is to be paid: of the wish before, and no wish to give something back."""
_EXCEPT = re.compile(r"^\W*(?:well|but|oh|and)?\W*((?:except|apart from|but not|other than)\b[^,.;]{0,80})", re.I)
"""An exception that a customer adds in a sentence of its own."""
_OWN_AND_ORDERS = re.compile(
    r"(?=.{0,400}\b(?:default|user|account|profile|home|personal)\b.{0,40}\baddress)(?=.{0,400}\borders?\b.{0,40}\baddress"
    r"|.{0,400}\baddress\w* (?:of|for|on|in) (?:\w+ ){0,4}orders?\b)",
    re.I | re.S,
)
SURE_ENOUGH = 0.25
"""Probability from which a clause is taken as a wish for an action; what it means is still checked against the records."""


@dataclass
class Wish:
    """One clause: its words, for each intent the model sees in it how sure it is and the kinds it can lead to, the orders
    it names."""

    text: str
    intents: tuple[tuple[float, tuple[str, ...]], ...]
    orders: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """Order ids that were named and are not this customer's."""
    fallback: bool = False
    """It only counts when what was asked before it cannot be done ("if not possible, …")."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind the clause can mean, the likeliest first."""
        return tuple(dict.fromkeys(kind for _, kinds in self.intents for kind in kinds))


def wishes(text: str, shop: Known, rules: Rules, matcher: Matcher) -> list[Wish]:
    """The clauses in order. One without kinds tells something about the wishes around it."""
    found: list[Wish] = []
    low = text.casefold().replace("’", "'")
    unsaid = {
        kind
        for kind, entry in rules.actions.items()
        if entry.only_when_said and not any(re.search(rf"\b{re.escape(word)}", low) for word in entry.only_when_said)
    }
    pattern = rules.sources.records["order"].id_pattern if "order" in rules.sources.records else None
    for whole in clauses(text):
        exception = _EXCEPT.match(whole)
        if exception and found:
            found[-1].text += f" {exception[1]}"
        fallback = bool(_IF_NOT.match(whole))
        clause = whole.split(",", 1)[-1].strip() if fallback else whole
        said = [*_order_ids(clause, pattern), *_by_ending(clause, shop)]
        own = tuple(dict.fromkeys(order for order in map(shop.order, said) if order))
        found.append(
            Wish(
                joined(clause),
                _without(_intents(clause, rules, matcher, pattern), unsaid),
                own,
                tuple(each for each in said if shop.order(each) is None),
                fallback,
            )
        )
    return found


def _without(
    intents: tuple[tuple[float, tuple[str, ...]], ...], unsaid: set[str]
) -> tuple[tuple[float, tuple[str, ...]], ...]:
    left = ((p, tuple(kind for kind in kinds if kind not in unsaid)) for p, kinds in intents)
    return tuple((p, kinds) for p, kinds in left if kinds)


def _intents(
    clause: str, rules: Rules, matcher: Matcher, order_pattern: str | None
) -> tuple[tuple[float, tuple[str, ...]], ...]:
    """The intents of a clause that lead to actions, best first. Ids and options are taken out: they say nothing of it."""
    bareword = plain_words(clause, order_pattern)
    if len(re.findall(r"\w+", bareword)) < 2 or _DENIED.search(bareword):
        return ()
    found = _by_verbs(bareword, rules)
    for intent in matcher.intents(bareword).intents:
        entry = rules.intents.get(intent.name)
        kinds = tuple(kind for kind in (entry.actions if entry else ()) if kind in rules.actions)
        if kinds and intent.p >= SURE_ENOUGH:
            found.append((intent.p, kinds))
    if _HOW_PAID.search(bareword):
        found = [(p, tuple(kind for kind in kinds if not _gives_back(kind, bareword, rules))) for p, kinds in found]
        found = [(p, kinds) for p, kinds in found if kinds]
    found += _both_addresses(bareword, [kinds for _, kinds in found], rules)
    said = {status for status in _statuses(rules) if re.search(rf"\b{status}\b", bareword, re.I)}
    ranked = sorted(found, key=lambda each: -each[0])
    return tuple((p, tuple(sorted(kinds, key=lambda kind: not _fits(kind, said, rules)))) for p, kinds in ranked)


def _gives_back(kind: str, clause: str, rules: Rules) -> bool:
    """Whether the kind undoes a purchase, and the clause does not say so by its verb."""
    entry = rules.actions[kind]
    takes_variants = any(arg.type == "variants" for arg in entry.args.values())
    said = re.search(rf"\b{re.escape(kind.split('_', maxsplit=1)[0])}", clause, re.I)
    return entry.amount != "none" and not takes_variants and not said


def _statuses(rules: Rules) -> set[str]:
    """The words for an order's status that the rules' required facts know."""
    needs = (need for entry in rules.actions.values() for need in entry.require if need.record == "order")
    return {str(value) for need in needs for value in need.is_}


def _fits(kind: str, said: set[str], rules: Rules) -> bool:
    """Whether a kind can be meant for an order of the status that the clause names."""
    needs = [need for need in rules.actions[kind].require if need.record == "order"]
    return not said or all(said & set(map(str, need.is_)) for need in needs)


def _by_verbs(clause: str, rules: Rules) -> list[tuple[float, tuple[str, ...]]]:
    """The kinds of two verbs that stand for each other ("cancel or return all of it"): the records decide which it is."""
    verbs = {kind.split("_")[0]: kind for kind in reversed(rules.actions) if kind.split("_")[0] != "change"}
    word = "|".join(map(re.escape, verbs))
    pair = re.search(rf"\b({word})\s*(?:or|and|/|and/or)\s*({word})\b", clause, re.I) if verbs else None
    return [(1.0, (verbs[pair[at].casefold()],)) for at in (1, 2)] if pair else []


def _both_addresses(clause: str, found: Sequence[tuple[str, ...]], rules: Rules) -> list[tuple[float, tuple[str, ...]]]:
    """The customer's own address and the orders', where one clause asks for both."""
    takers = [kind for kind, entry in rules.actions.items() if any(a.type == "address" for a in entry.args.values())]
    if not any(kind in takers for kinds in found for kind in kinds) or not _OWN_AND_ORDERS.search(clause):
        return []
    had = {kind for kinds in found for kind in kinds}
    return [(SURE_ENOUGH, (kind,)) for kind in takers if kind not in had]


def plain_words(clause: str, order_pattern: str | None) -> str:
    """The clause without ids, options and e-mail addresses."""
    text = without_written(clause)
    if order_pattern:
        text = re.sub(rf"#?(?:{order_pattern.lstrip('#')})", "12345", text, flags=re.I)
    text = _METHOD_ID.sub(lambda word: re.sub(r"_\w*\d\w*$", "", word[0]).replace("_", " "), text)
    text = re.sub(r"\S+@\S+", "", text)
    return re.sub(r"\s+", " ", text).strip(" ;,")


def _by_ending(clause: str, shop: Known) -> list[str]:
    """The one order whose number ends as said ("the order number ends in 66")."""
    match = re.search(r"\border\b[^.]{0,30}\bend(?:s|ing) (?:in|with|on) #?(\d{2,6})\b", clause, re.I)
    found = [key for key in shop.orders if match and key.endswith(match[1])]
    return found if len(found) == 1 else []


def _order_ids(clause: str, pattern: str | None) -> list[str]:
    if not pattern:
        return []
    body = pattern.lstrip("#")
    return [match[0] for match in re.finditer(rf"(?<![\w-])#?(?:{body})(?![\w@]|-\w)", clause, re.I)]
