"""Fills the arguments of an action kind from one wish, the clauses around it and the customer's records."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.actions.choices import Known, Values, selectable
from app.models import comparing, options, paying, places
from app.models.clauses import asks
from app.models.mentions import everything, mentions
from app.models.port import Matcher
from app.models.targets import Found, Thing, some_items, takes_items, whole_orders
from app.models.wishes import Wish
from config.rules import ActionEntry, ArgEntry, Rules
from store.contract import Json

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_REASON = re.compile(
    r"\b(?:because|since|due to|as i|reason|accident\w*|mistake\w*|wrong\w*|changed? my mind|found|better|cheaper|financial"
    r"|(?:not|n['’]t|no longer) (?:need|want|be able|like)|won['’]t|unhappy|realized?)\b",
    re.I,
)


SWAPS = frozenset({"change_items", "exchange_items"})
CLEARLY = 2
"""Options of a thing that a clause names, from which it speaks of the new version whatever else it seems to ask."""


@dataclass
class Context:
    """What filling reads: the records, the rules, the model, all wishes; and what earlier wishes were about."""

    shop: Known
    rules: Rules
    matcher: Matcher
    model: str
    read: list[Wish]
    in_mind: list[str] = field(default_factory=list)
    things: list[str] = field(default_factory=list)
    """Names of the things that were spoken of last, for a clause that only says "it"."""
    paying: dict[str, str] = field(default_factory=dict)
    """Orders that this ticket moves to another payment method, with that method."""
    handled: set[tuple[str, str, str]] = field(default_factory=set)
    swapped: dict[str, set[str]] = field(default_factory=dict)
    """The things that have their new version, and of which orders: a clause that does not name them again means no other."""


@dataclass
class Filled:
    """The arguments of one action, and for those not found why."""

    args: dict[str, Json]
    why: dict[str, str] = field(default_factory=dict)


def fill(kind: str, at: int, context: Context) -> list[Filled]:
    """One set of arguments for each action of that kind that the clause asks for; empty when the clause is about none."""
    entry = context.rules.actions[kind]
    order_arg = _arg(entry, "order")
    if order_arg is None:
        return [_rest(kind, entry, at, context, Filled({}))]
    swaps = _arg(entry, "variants") is not None
    if swaps and everything(context.read[at].text) and not asks(context.read[at].text):
        return []  # "all items for the exchange are ready" tells, and asks for nothing
    found = _find(kind, entry, at, context)
    if swaps and not context.read[at].orders:
        found.things = [thing for thing in found.things if not _swapped(thing, at, context)]
    if found.orders:
        context.in_mind = list(dict.fromkeys(found.orders))
    if not found.orders and not found.things:
        return [_rest(kind, entry, at, context, Filled({}, {order_arg: found.why}))] if found.why == "several" else []
    if not takes_items(entry):
        if found.why:
            return [Filled({}, {order_arg: found.why})]
        return [_rest(kind, entry, at, context, Filled({order_arg: order})) for order in found.orders]
    filled = []
    for order in dict.fromkeys(thing.order for thing in found.things):
        things = [
            thing
            for thing in found.things
            if thing.order == order and (kind, order, _key(thing)) not in context.handled
        ]
        if things:
            filled.append(_with_items(kind, at, context, things))
    if not found.things and found.why:
        filled.append(Filled({}, {order_arg: found.why} | {_arg(entry, "items") or "items": found.why}))
    return filled


def _swapped(thing: Thing, at: int, context: Context) -> bool:
    name = str(thing.item.get("name"))
    orders = context.swapped.get(name, set())
    return bool(orders) and thing.order not in orders and not mentions(context.read[at].text, [name])


def _find(kind: str, entry: ActionEntry, at: int, context: Context) -> Found:
    wish = context.read[at]
    named = list(wish.orders)
    if any(arg.type == "address" for arg in entry.args.values()):
        named = [order for order in named if order not in places.pointed_at(wish.text, context.shop)]
    if takes_items(entry):
        return some_items(entry, wish, named, context, context.things[:1])
    may_part = entry.amount != "order_total"
    return whole_orders(entry, wish, named, context, may_part=may_part)


def _with_items(kind: str, at: int, context: Context, things: Sequence[Thing]) -> Filled:
    entry, order = context.rules.actions[kind], things[0].order
    items, variants = _arg(entry, "items") or "items", _arg(entry, "variants")
    filled = Filled({_arg(entry, "order") or "order": order})
    chosen: list[str] = []
    news: list[str] = []
    for thing in things:
        if variants:
            new, why = _variant(thing, at, context)
            if new is None:
                filled.why[variants] = why
                continue
            news.append(str(new["item_id"]))
            context.swapped.setdefault(str(thing.item.get("name")), set()).add(order)
        chosen.append(str(thing.item["item_id"]))
        context.handled.add((kind, order, _key(thing)))
    filled.args |= {items: chosen} if chosen else {items: [str(thing.item["item_id"]) for thing in things]}
    if variants and news:
        filled.args[variants] = news
    return _rest(kind, entry, at, context, filled)


def _key(thing: Thing) -> str:
    return f"{thing.item['item_id']}:{thing.words[:60]}" if thing.written is not None else str(thing.item["item_id"])


def _variant(thing: Thing, at: int, context: Context) -> tuple[Values | None, str]:
    """The new variant for an item: what its own words ask, else the first alternative that can be had."""
    product = context.shop.products.get(str(thing.item.get("product_id")), {})
    variants = list(product.get("variants") or ())
    if not variants:
        return None, "unavailable"
    if thing.written is not None:
        want = options.Wanted(hard=dict(thing.written), given=True)
        return options.choose(want, thing.item, variants)
    first, others = _wants(thing, at, context, variants)
    why = "not_said"
    for want in (first, *others):
        if want:
            among = _in_order(thing, variants, context) if want.of_the_order else variants
            new, why = options.choose(want, thing.item, among)
            if new is not None:
                return new, ""
    return None, why


def _in_order(thing: Thing, variants: Sequence[Values], context: Context) -> list[Values]:
    """Of the variants those that the thing's own order holds ("the cheapest one from the same order")."""
    held = {str(item.get("item_id")) for item in context.shop.orders[thing.order].get("items") or ()}
    return [each for each in variants if str(each["item_id"]) in held]


def _wants(
    thing: Thing, at: int, context: Context, variants: Sequence[Values]
) -> tuple[options.Wanted, list[options.Wanted]]:
    """What the clause and the ones that follow on it ask of the new variant, and the alternatives ("if not, 9 bar")."""
    _, new = options.two_sides(options.last_word(options.without_written(thing.words)))
    had = thing.item.get("options") or {}
    want = options.wanted(new, variants, had)
    want.most = comparing.most(context.read[at].text) if want.most is None else want.most
    others: list[options.Wanted] = []
    name = str(thing.item.get("name"))
    every = sorted(
        {str(item.get("name")) for order in context.shop.orders.values() for item in order.get("items") or ()}
    )
    about = True
    for wish in context.read[at + 1 :]:
        said = {mention.name for mention in mentions(wish.text, every)}
        if said:
            about = name in said
        if not about or (wish.orders and thing.order not in wish.orders):
            continue
        _, more = options.two_sides(options.without_written(wish.text)) if said else ("", wish.text)
        asked = options.wanted(more, variants, had)
        another = any(kind not in SWAPS for kind in wish.kinds[:1])
        if another and not said and len({*asked.hard, *asked.soft}) < CLEARLY:
            continue
        if wish.fallback:
            others.append(options.wanted(wish.text, variants, had))
        else:
            want.more(asked)
    if not want and not others and at:
        want = _said_before(name, every, at, context, lambda words: options.wanted(words, variants, had))
    return want, others


def _said_before(
    name: str, every: Sequence[str], at: int, context: Context, read: Callable[[str], options.Wanted]
) -> options.Wanted:
    """What the clause before asks ("I ordered M but need L. Can you change it?"), else the nearest earlier one that names
    this thing alone and asks for it ("I want my perfume in the largest size. … Yes, please exchange it.")."""
    for back in range(at - 1, -1, -1):
        before = context.read[back]
        said = {mention.name for mention in mentions(before.text, every)}
        if said - {name}:
            break
        if (back == at - 1 or set(before.kinds[:1]) & SWAPS) and (want := read(before.text)):
            return want
    return options.Wanted()


def _rest(kind: str, entry: ActionEntry, at: int, context: Context, filled: Filled) -> Filled:
    """The arguments that are not orders or items."""
    for name, arg in entry.args.items():
        if name in filled.args or arg.type in ("order", "items", "variants"):
            continue
        value, why = _value(arg, entry, filled, at, context)
        if value is not None:
            filled.args[name] = value
        elif why:
            filled.why[name] = why
    return filled


def _value(arg: ArgEntry, entry: ActionEntry, filled: Filled, at: int, context: Context) -> tuple[Json, str]:
    shop, wish = context.shop, context.read[at]
    order = shop.orders.get(str(filled.args.get(_arg(entry, "order") or "")))
    texts = [wish.text, *(each.text for each in context.read[at + 1 :]), *(each.text for each in context.read[:at])]
    values: dict[str, Callable[[], tuple[Json, str]]] = {
        "customer": lambda: (shop.customer.get("id"), ""),
        "payment_method": lambda: _method(arg, entry, order, at, context),
        "address": lambda: places.address(wish.text, texts, order, shop),
        "money": lambda: paying.amount(wish.text, texts, order, shop),
        "email": lambda: _email(texts, shop),
        "shipment": lambda: _shipment((order or {}).get("shipments") or (), texts),
        "invoice": lambda: _invoice(texts, shop),
        "plan": lambda: _plan(texts, shop) if shop.plans and not arg.choices else _choice(arg, texts, context),
        "text": lambda: (wish.text[:300] if arg.required else None, ""),
    }
    find = values.get(arg.type)
    return find() if find else _choice(arg, texts, context)


def _method(arg: ArgEntry, entry: ActionEntry, order: Values | None, at: int, context: Context) -> tuple[Json, str]:
    allowed = selectable(entry, arg, order, context.shop)
    moved = context.paying.get(str(order["id"])) if order else None
    value, why = paying.method(allowed, order, _about(order, at, context), context.shop, moved)
    if value and order and entry.amount == "order_total":
        context.paying[str(order["id"])] = str(value)
    return value, why


def _email(texts: Sequence[str], shop: Known) -> tuple[Json, str]:
    """The one address in the ticket that is not the one on file."""
    own = str(shop.customer.get("email") or "").casefold()
    new = list(dict.fromkeys(mail for text in texts for mail in _EMAIL.findall(text) if mail.casefold() != own))
    return (new[0], "") if len(new) == 1 else (None, "several" if new else "")


def _about(order: Values | None, at: int, context: Context) -> list[str]:
    """The clause, then the others that may speak of how its order is paid: those that name no other order."""
    others = [*context.read[at + 1 :], *context.read[:at]]
    free = [wish.text for wish in others if not wish.orders or (order and order["id"] in wish.orders)]
    return [context.read[at].text, *free]


def _only(values: Sequence[str], texts: Sequence[str]) -> tuple[Json, str]:
    named = [value for value in values if any(value in text for text in texts)]
    if len(named) == 1 or len(values) == 1:
        return (named or list(values))[0], ""
    return None, "several" if values else ""


def _shipment(shipments: Sequence[Values], texts: Sequence[str]) -> tuple[Json, str]:
    """The parcel that is named or the only one on its way; `delivered` where the record says that all of them are there."""
    under_way = [each["tracking_id"] for each in shipments if each.get("status") != "delivered"]
    return _only(under_way, texts) if under_way or not shipments else (None, "delivered")


def _plan(texts: Sequence[str], shop: Known) -> tuple[Json, str]:
    """The plan whose name the ticket says, the longest name first; the customer's own plan is no change."""
    own = shop.customer.get("plan")
    for text in texts:
        names = {key: str(row.get("name") or key) for key, row in shop.plans.items() if key != own}
        said = [key for key, name in names.items() if re.search(rf"\b{re.escape(name)}\b", text, re.I)]
        if said:
            return max(said, key=lambda key: len(names[key])), ""
    return None, ""


def _invoice(texts: Sequence[str], shop: Known) -> tuple[Json, str]:
    named = [key for key in shop.invoices if any(key.casefold() in text.casefold() for text in texts)]
    if not named:
        orders = [key for key in shop.orders if any(key.casefold() in text.casefold() for text in texts)]
        named = [key for key, row in shop.invoices.items() if row.get("order_id") in orders]
    if not named and any(re.search(r"\b(?:last|latest|most recent|newest)\b", text, re.I) for text in texts):
        named = sorted(shop.invoices, key=lambda key: str(shop.invoices[key].get("issued") or ""))[-1:]
    found = named or list(shop.invoices)
    return (found[0], "") if len(found) == 1 else (None, "several" if found else "")


def _choice(arg: ArgEntry, texts: Sequence[str], context: Context) -> tuple[Json, str]:
    """The choice that the words come nearest to; None when no choice is near, or two are equally near."""
    if not arg.choices:
        return None, ""
    if arg.said_as:
        # Words alone, so that every model reads the same of them.
        return next((choice for text in texts for choice in arg.choices if _means(text, choice, arg)), None), ""
    for text in texts:
        said = [choice for choice in arg.choices if _says(text, choice)]
        if len(said) == 1:
            return said[0], ""
    plain = [re.sub(r"\b(?:order(?:ed)?|items?)\b\s*", "", choice).strip() or choice for choice in arg.choices]
    scores = dict.fromkeys(arg.choices, 0.0)
    for text in [each for each in texts if _REASON.search(each)] or texts[:1]:
        for choice, score in zip(arg.choices, context.matcher.similar(text, plain), strict=True):
            scores[choice] = max(scores[choice], score)
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    close = len(ranked) > 1 and ranked[0][1] - ranked[1][1] < 0.03
    return (None, "") if ranked[0][1] < 0.12 or close else (ranked[0][0], "")


def _means(text: str, choice: str, arg: ArgEntry) -> bool:
    """Whether the text has the words of a choice, or one of those that the rules give for it."""
    low = text.casefold().replace("’", "'")
    return _says(text, choice) or any(re.search(rf"\b{re.escape(word)}", low) for word in arg.said_as.get(choice, ()))


def _says(text: str, choice: str) -> bool:
    """Whether the text has the words of a choice, whatever their endings ("no longer need", "accident" is no mistake)."""
    said = [word[:4] for word in re.findall(r"\w+", text.casefold())]
    words = [
        word[:4] for word in re.findall(r"\w+", choice.casefold()) if word not in ("order", "ordered", "by", "the")
    ]
    return any(said[at : at + len(words)] == words for at in range(len(said)))


def _arg(entry: ActionEntry, kind: str) -> str | None:
    return next((name for name, arg in entry.args.items() if arg.type == kind), None)
