"""Finds which orders and which of their items a wish is about: named, by the things they hold, or the only one that fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.actions.choices import Known, Values
from app.models.mentions import Mention, alike, everything, exceptions, items_of, mentions
from app.models.options import described, two_sides, without_written, written_out
from app.models.options import fits as has_options
from app.models.port import Matcher
from app.models.wishes import Wish
from config.rules import ActionEntry

_ALL_ORDERS = re.compile(
    r"\b(?:(?:all|both|every|each)(?: of)?(?: (?:the|my))?(?: \w+){0,2} orders?|all possible orders|orders that|both of them"
    r"|everything|all (?:the )?(?:things|items)(?: \w+){0,2} ordered)\b",
    re.I,
)
_IT = re.compile(r"\b(?:it|its|one|ones|them|this|that|these|item|current)\b", re.I)
_IT_ALL = re.compile(r"\b(?:it|them|that|those|whole|entire)\b", re.I)
_ANOTHER = re.compile(r"\b(?:another|(?:my |the )?other|different) (?:\w+ )?order\b", re.I)
_PART = re.compile(
    r"\b(?:from|part of|inside|in|of) (?:one of )?(?:my|the|this|that|an?) orders?\b|\bpart of\b|\bonly the\b", re.I
)
_ONE_OF_TWO = re.compile(
    r"\bthe (?:older|newer|earlier|later|first|second|bigger|smaller|cheaper|other) (?:order|one)\b", re.I
)
_ONE = re.compile(r"\b(?:it|that (?:one|order)|this (?:one|order))\b", re.I)
_EACH = re.compile(r"\b(?:all|every|both|different orders|each)\b", re.I)
_THIS_ORDER = re.compile(r"\b(?:my|the|this|that|a|an) (?:\w+ )?order\b", re.I)
_PROVIDED = re.compile(
    r"\bmake sure\b|\bas long as\b|\bbut (?=\w+ \w+ (?:must|should|has to|need))|\bprovided\b|[(;]", re.I
)
"""What follows sets a condition for some of all the things."""
_RECENT = re.compile(
    r"\b(?:most recent(?:ly)?|latest|last|newest|just (?:placed|ordered|bought|made|received|got)|recent(?:ly)?)\b",
    re.I,
)
_WHOLE = re.compile(r"\b(?:orders?|purchases?|whole|entire|everything|it all|all of it)\b", re.I)


@dataclass
class Thing:
    """One item a wish is about, and the words that describe what should become of it."""

    order: str
    item: Values
    words: str = ""
    written: dict[str, str] | None = None


@dataclass
class Found:
    """The orders a wish is about with the items meant (all of them where the kind takes none), or why none was found."""

    things: list[Thing] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    why: str = ""


class Reader(Protocol):
    """What finding reads beside the wish."""

    @property
    def shop(self) -> Known: ...
    @property
    def matcher(self) -> Matcher: ...
    @property
    def model(self) -> str: ...
    @property
    def in_mind(self) -> list[str]: ...
    @property
    def things(self) -> list[str]: ...


def named_things(text: str, shop: Known) -> list[str]:
    """Names of ordered things that a text says, the last one first."""
    return [mention.name for mention in reversed(mentions(text, _names(list(shop.orders), shop)))]


def fitting(entry: ActionEntry, shop: Known) -> list[str]:
    """The customer's orders for which the kind's required facts hold, newest first where dates are known."""
    needs = [need for need in entry.require if need.record == "order"]
    rows = [key for key, order in shop.orders.items() if all(order.get(need.field) in need.is_ for need in needs)]
    return sorted(rows, key=lambda key: str(shop.orders[key].get("placed_at") or ""), reverse=True)


def whole_orders(entry: ActionEntry, wish: Wish, named: Sequence[str], reader: Reader, *, may_part: bool) -> Found:
    """The orders of a kind that takes whole orders. `may_part`: a thing of an order stands for it (an address), else only
    when it is all there is in it (a cancellation)."""
    if named:
        return Found(orders=list(named))
    shop = reader.shop
    fit = fitting(entry, shop)
    if (one := _ONE_OF_TWO.search(wish.text)) and not _newest(reader.in_mind, wish, shop):
        return _single([key for key in fit if key not in (reader.in_mind if "other" in one[0] else ())])
    if _ALL_ORDERS.search(wish.text):
        return Found(orders=fit, why="" if fit else "none")
    staying = {mention.name for mention in mentions(exceptions(wish.text), _names(fit, shop))}
    said = [each for each in mentions(without_written(wish.text), _names(fit, shop)) if each.name not in staying]
    if said:
        holding = _holding(said, fit, shop)
        whole = may_part or (not staying and bool(_WHOLE.search(wish.text)) and not _PART.search(wish.text))
        parts = {mention.name for mention in said}
        if not whole and any({item["name"] for item in items_of(shop.orders[key])} - parts for key in holding):
            return Found(why="part_of_order", orders=holding)
        return _one(holding, wish, shop)
    partly = not may_part and _PART.search(wish.text)
    return Found(why="part_of_order", orders=reader.in_mind) if partly else _spoken_of(entry, wish, fit, reader)


def _single(orders: list[str]) -> Found:
    return Found(orders=orders) if len(orders) == 1 else Found(why="several" if orders else "none")


def _spoken_of(entry: ActionEntry, wish: Wish, fit: list[str], reader: Reader) -> Found:
    """The order that a clause without any name means: what was spoken of last, else the only one that fits."""
    shop, in_mind = reader.shop, reader.in_mind
    kept = [key for key in in_mind if key in fit]
    if not kept and reader.things and _IT_ALL.search(wish.text):
        kept = _holding([Mention(name, 0, 0, 0, False) for name in reader.things], fit, shop)
    if len(kept) > 1 and (_ONE.search(wish.text) or not _speaks_of_orders(entry, wish)):
        return Found(why="several", orders=kept)
    if kept:
        return Found(orders=kept)
    if (in_mind or reader.things) and not _speaks_of_orders(entry, wish):
        return Found(orders=[key for key in in_mind if key in shop.orders])
    return _one(fit, wish, shop)


def _speaks_of_orders(entry: ActionEntry, wish: Wish) -> bool:
    """Whether a clause without a name can mean an order that was not spoken of yet: it says order, or does what the kind
    does (its description's first word)."""
    verb = entry.description.split(maxsplit=1)[0].casefold()
    return bool(_WHOLE.search(wish.text)) or re.search(rf"\b{re.escape(verb)}", wish.text, re.I) is not None


def some_items(entry: ActionEntry, wish: Wish, named: Sequence[str], reader: Reader, earlier: Sequence[str]) -> Found:
    """The items of a kind that takes items, each with the order it is in. `earlier`: things spoken of before, for "it"."""
    shop = reader.shop
    fit = fitting(entry, shop)
    pool = [key for key in named if key in fit] or list(named) or _near(wish, fit, reader)
    left_out = {mention.name for mention in mentions(exceptions(wish.text), _names(pool, shop))}
    said = [mention for mention in mentions(wish.text, _names(pool, shop)) if mention.name not in left_out]
    if (everything(wish.text) or _ALL_ORDERS.search(wish.text)) and (not said or _provided(wish.text, said[0].start)):
        return _everything(wish, named, pool, left_out, reader)
    if not said and not named:
        # Named, and in none of the orders that fit: the order it is in tells why not.
        said = mentions(wish.text, _names(list(shop.orders), shop))
        pool = list(shop.orders) if said else pool
    if not said and _IT.search(wish.text):
        said = [Mention(name, 0, 0, 0, False) for name in earlier if name in _names(pool, shop)]
    if not said and pool:
        near = alike(wish.text, _names(pool, shop), reader.matcher, reader.model)
        said = [Mention(name, 0, 0, 0, False) for name in near]
    if not said:
        kept = [key for key in reader.in_mind if key in fit]
        known_of = named or kept or (fit if _THIS_ORDER.search(wish.text) and len(fit) == 1 else [])
        one = [key for key in known_of if key in fit and len(items_of(shop.orders[key])) == 1]
        things = [Thing(key, items_of(shop.orders[key])[0], wish.text) for key in one]
        return Found(things, [thing.order for thing in things], "" if things else "not_found")
    return _named_items(wish, said, pool, shop)


def _provided(text: str, start: int) -> bool:
    """Whether a thing that is named there is only one of all the things, with a condition of its own."""
    condition = _PROVIDED.search(text)
    return condition is not None and condition.start() < start


def _near(wish: Wish, fit: list[str], reader: Reader) -> list[str]:
    """The orders that were spoken of last when they hold what is named; never they when the text says "another order"."""
    near = [key for key in reader.in_mind if key in fit]
    if _ANOTHER.search(wish.text):
        return [key for key in fit if key not in near] or fit
    inside = {mention.name for mention in mentions(wish.text, _names(near, reader.shop))}
    anywhere = {mention.name for mention in mentions(wish.text, _names(fit, reader.shop))}
    return near if inside and inside == anywhere else fit


def _everything(wish: Wish, named: Sequence[str], pool: list[str], left_out: set[str], reader: Reader) -> Found:
    shop, in_mind = reader.shop, reader.in_mind
    orders = list(named) or pool
    if not named and not _ALL_ORDERS.search(wish.text):
        kept = [key for key in in_mind if key in pool]
        orders = kept or (pool if len(pool) == 1 or not _THIS_ORDER.search(wish.text) else [])
    condition = _PROVIDED.search(wish.text)
    about = {mention.name for mention in mentions(wish.text, _names(orders, shop))}
    words = wish.text[: condition.start()] if condition else wish.text
    things = [
        Thing(key, item, wish.text if item.get("name") in about else words)
        for key in orders
        for item in items_of(shop.orders[key])
        if item.get("name") not in left_out
    ]
    return Found(things, orders, "" if things else "several")


def _named_items(wish: Wish, said: list[Mention], pool: list[str], shop: Known) -> Found:
    found = Found()
    holding = _holding(said, pool, shop)
    for mention, words in _regions(wish.text, [each for each in said if not each.beside] or said):
        wide = pool if mention.plural and _EACH.search(wish.text) else holding
        orders = [key for key in wide if any(item.get("name") == mention.name for item in items_of(shop.orders[key]))]
        rows = [
            Thing(key, item, words)
            for key in orders or pool
            for item in items_of(shop.orders[key])
            if item.get("name") == mention.name
        ]
        rows = _meant(mention, words, rows, found.things, shop)
        if not rows:
            continue
        if len({thing.order for thing in rows}) > 1 and not mention.plural and mention.count < 2:
            newest = _newest([thing.order for thing in rows], wish, shop)
            if newest is None:
                found.why = "several"
                found.orders += [thing.order for thing in rows]
                continue
            rows = [thing for thing in rows if thing.order == newest]
        if len(rows) > 1 and not mention.plural and mention.count < 2:
            found.why = "several"
            found.orders += [thing.order for thing in rows]
            continue
        found.things += rows
    found.orders = list(dict.fromkeys([*(thing.order for thing in found.things), *found.orders]))
    return found


def _meant(mention: Mention, words: str, rows: list[Thing], taken: list[Thing], shop: Known) -> list[Thing]:
    """Of the items with the mentioned name, those that the words describe; one that was already taken is not meant again."""
    written = written_out(words)
    had, _ = two_sides(without_written(words))
    if written:
        exact = [each for each in rows if has_options(each.item.get("options") or {}, written[0])]
        rows = exact or rows
        for row in rows:
            row.written = written[1] if len(written) > 1 else None
    elif len(rows) > 1:
        best = described(had or words, [row.item for row in rows])
        rows = [row for row in rows if any(row.item is item for item in best)]
    used = [(thing.order, thing.item["item_id"]) for thing in taken]
    left = []
    for row in rows:
        key = (row.order, row.item["item_id"])
        if key in used:
            used.remove(key)
        else:
            left.append(row)
    if len(left) > 1 and len({(row.order, row.item["item_id"]) for row in left}) == 1 and mention.count < 2:
        left = left[:1]
    return left[: mention.count] if mention.count > 1 else left


def _regions(text: str, said: list[Mention]) -> list[tuple[Mention, str]]:
    """Each named thing with the words about it: up to the next other thing. The same thing named twice is one wish ("my
    jacket for a red jacket"), unless each has options written out."""
    heads: list[Mention] = []
    for mention in said:
        last = heads[-1] if heads else None
        again = last is not None and last.name == mention.name
        between = text[last.end : mention.start] if last else ""
        if again and not (written_out(between) and re.search(r"[;,]|\band\b", re.sub(r"\{[^}]*\}", "", between))):
            continue
        heads.append(mention)
    starts = [_before(text, heads, at) for at in range(len(heads))]
    ends = [*starts[1:], len(text)]
    return [(mention, text[start:end]) for mention, start, end in zip(heads, starts, ends, strict=True)]


def _before(text: str, heads: list[Mention], at: int) -> int:
    """Where the words about a thing begin: after the last break before it ("…, and the red ")."""
    if at == 0:
        return 0
    floor = heads[at - 1].end
    gap = text[floor : heads[at].start]
    breaks = [
        match.end()
        for match in re.finditer(
            r"[;,.:]|\band\b|\bplus\b|\bas well as\b", re.sub(r"\{[^}]*\}", lambda d: "_" * len(d[0]), gap)
        )
    ]
    return floor + (breaks[-1] if breaks else len(gap))


def _holding(said: Sequence[Mention], pool: Sequence[str], shop: Known) -> list[str]:
    """The orders that hold the most of what is named; for a thing that is in none of those, the others that hold it."""
    names = {mention.name for mention in said}
    counts = {key: len(names & {item.get("name") for item in items_of(shop.orders[key])}) for key in pool}
    top = max(counts.values(), default=0)
    best = [key for key, count in counts.items() if count == top and count]
    covered = {item.get("name") for key in best for item in items_of(shop.orders[key])}
    rest = names - covered
    others = [
        key for key in pool if key not in best and rest & {item.get("name") for item in items_of(shop.orders[key])}
    ]
    return [*best, *others]


def _one(orders: list[str], wish: Wish, shop: Known) -> Found:
    if len(orders) == 1:
        return Found(orders=orders)
    newest = _newest(orders, wish, shop)
    return Found(orders=[newest]) if newest else Found(why="several" if orders else "none")


def _newest(orders: Sequence[str], wish: Wish, shop: Known) -> str | None:
    """The newest of the orders when the text asks for it and the dates tell; else None."""
    dated = {key: str(shop.orders[key].get("placed_at") or "") for key in orders}
    if len(set(dated)) < 1 or not _RECENT.search(wish.text) or not all(dated.values()):
        return None
    top = max(dated.values())
    newest = [key for key, date in dated.items() if date == top]
    return newest[0] if len(newest) == 1 else None


def _names(orders: Sequence[str], shop: Known) -> list[str]:
    return list(dict.fromkeys(str(item.get("name") or "") for key in orders for item in items_of(shop.orders[key])))


def takes_items(entry: ActionEntry) -> bool:
    """Whether the kind is about items of an order."""
    return any(arg.type == "items" for arg in entry.args.values())
