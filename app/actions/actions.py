"""Turns a kind and its arguments into the typed action a person approves, and an edit of it into another.

Pure. Targets, amounts, descriptions and preconditions come from typed records of the verified customer alone, never from
what a ticket says or a model writes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.actions import effects
from app.actions.choices import Known, known, schema
from config.rules import ActionEntry, Requirement, Rules
from store.case import Facts
from store.contract import Action, FieldDiff, Json, Precondition, canonical
from store.queue import Invalid

Args = dict[str, Json]


def build(kind: str, args: Mapping[str, Json], facts: Facts, rules: Rules, action_id: str) -> Action:
    """The action of that kind on the customer's own records.

    Raises `Invalid`, naming the field, for an unknown kind, a record that is not the customer's or a value that is not
    among the choices. A required fact that does not hold (`broken`) is kept as it was read: the gate calls it an exception.
    A choice that nobody gave takes its default, and the action says so (`x-assumed` in the schema, and the description).
    """
    entry = _entry(kind, rules)
    shop = known(facts)
    choices = schema(entry, args, shop)
    clean = _normal(entry, args, shop, choices)
    assumed = {name: arg.default for name, arg in entry.args.items() if arg.default and name not in clean}
    for name, value in assumed.items():
        choices["properties"][name]["x-assumed"] = value
    clean = {name: clean.get(name, assumed.get(name)) for name in entry.args if name in clean or name in assumed}
    _fit(clean, choices, own=True)
    _together(entry, clean, choices)
    return _made(action_id, kind, entry, clean, choices)


def rebuild(action: Action, args: Mapping[str, Json], rules: Rules) -> Action:
    """The same action with other arguments: amount, target, description, diff, preconditions and key made anew.

    Works on the action's own schema alone, so that an edit needs no look-up. Raises `Invalid` naming the field.
    """
    clean = dict(args)
    _fit(clean, action.args_schema)
    entry = rules.actions.get(action.kind)
    if entry is None or "x-customer" not in action.args_schema:
        return _foreign(action, clean)
    _together(entry, clean, action.args_schema)
    return _made(action.action_id, action.kind, entry, clean, action.args_schema)


def given(action: Action) -> Args:
    """The arguments that somebody gave: without those that only took their default."""
    fields = action.args_schema.get("properties") or {}
    return {name: value for name, value in action.args.items() if not _assumed(fields.get(name), value)}


def unmet(action: Action, read: Callable[[str, str, str], Json]) -> list[Precondition]:
    """The preconditions that no longer hold; `read(record, record_id, field)` gives the value there is now."""
    return [need for need, _ in differing(action, read)]


def differing(action: Action, read: Callable[[str, str, str], Json]) -> Iterator[tuple[Precondition, Json]]:
    """The same one by one, each with the value that was read."""
    for need in action.preconditions:
        actual = read(need.record, need.record_id, need.field)
        if actual != need.expected:
            yield need, actual


def missing(kind: str, args: Mapping[str, Json], rules: Rules) -> tuple[str, ...]:
    """The required arguments that nobody has given yet, in the order of the rules."""
    entry = _entry(kind, rules)
    return tuple(
        name
        for name, arg in entry.args.items()
        if arg.required and not arg.default and args.get(name) in (None, "", [], {})
    )


def broken(kind: str, args: Mapping[str, Json], facts: Facts, rules: Rules) -> tuple[Requirement, ...]:
    """The required facts that do not hold for these arguments now; each names the message that says so."""
    entry = _entry(kind, rules)
    shop = known(facts)
    choices = schema(entry, args, shop)
    given = {name: shop.order(value) if entry.args[name].type == "order" else value for name, value in args.items()}
    found = []
    for need in entry.require:
        record_id, read = effects.record(entry, need.record, given, choices)
        if record_id and read.get(need.field) not in need.is_:
            found.append(need)
    return tuple(found)


def _entry(kind: str, rules: Rules) -> ActionEntry:
    entry = rules.actions.get(kind)
    if entry is None:
        raise Invalid(f"kind: there is no action {kind!r} in actions.toml")
    return entry


def _made(action_id: str, kind: str, entry: ActionEntry, args: Args, choices: Mapping[str, Any]) -> Action:
    return Action(
        action_id=action_id,
        kind=kind,
        args=args,
        args_schema=dict(choices),
        description=effects.filled(entry.description, effects.slots(entry, args, choices)) + _not_said(args, choices),
        target=effects.target(entry, args, choices),
        amount=effects.amount(entry, args, choices),
        reversible=entry.reversible,
        diff=effects.diff(kind, entry, args, choices),
        preconditions=effects.preconditions(entry, args, choices),
        idempotency_key=_key(action_id, kind, args),
    )


def _assumed(field: Any, value: Json) -> bool:
    return isinstance(field, Mapping) and field.get("x-assumed") is not None and field["x-assumed"] == value


def _not_said(args: Args, choices: Mapping[str, Any]) -> str:
    """Which arguments took their default, for the person who approves."""
    fields = choices.get("properties") or {}
    names = [name for name, value in args.items() if _assumed(fields.get(name), value)]
    said = ", ".join(f"{str(fields[name].get('title') or name).lower()}: {args[name]}" for name in names)
    return f" ({said}, not said by the customer)" if said else ""


def _foreign(action: Action, args: Args) -> Action:
    """An action of an outside filer whose meaning we do not know: only its arguments change, and the diff says which."""
    changed = [name for name in {**action.args, **args} if action.args.get(name) != args.get(name)]
    if not changed:
        return action
    return action.model_copy(
        update={
            "args": args,
            "diff": tuple(
                FieldDiff(field=name, before=action.args.get(name), after=args.get(name)) for name in changed
            ),
            "idempotency_key": _key(action.action_id, action.kind, args),
        }
    )


def _key(action_id: str, kind: str, args: Args) -> str:
    """Same intent, same key: the key changes with every argument."""
    return hashlib.sha256(canonical({"id": action_id, "kind": kind, "args": args})).hexdigest()[:40]


# ── arguments ────────────────────────────────────────────────────────────────


def _normal(entry: ActionEntry, args: Mapping[str, Json], shop: Known, choices: Mapping[str, Any]) -> Args:
    """The arguments in one form: the order id as the shop writes it, items in the order's own order."""
    unknown = sorted(set(args) - set(entry.args))
    if unknown:
        raise Invalid(f"{unknown[0]}: there is no such argument")
    clean = {name: args[name] for name in entry.args if args.get(name) not in (None, "", [], {})}
    by_type = {arg.type: name for name, arg in entry.args.items()}
    for kind in ("order", "items", "variants"):
        if by_type.get(kind) in clean and clean[by_type[kind]] is not None:
            clean[by_type[kind]] = _own_form(clean[by_type[kind]], kind, shop)
    items, variants = by_type.get("items", ""), by_type.get("variants", "")
    if isinstance(clean.get(items), list):
        place = {each: at for at, each in enumerate(effects.choices_of(choices, items))}
        old, new = clean[items], clean.get(variants)
        if isinstance(new, list) and len(new) == len(old):
            pairs = sorted(zip(old, new, strict=True), key=lambda pair: (place.get(pair[0], len(place)), pair[1]))
            clean[items], clean[variants] = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        else:
            clean[items] = sorted(old, key=lambda each: place.get(each, len(place)))
    return clean


def _own_form(value: Json, kind: str, shop: Known) -> Json:
    if kind == "order":
        return shop.order(value) or value
    return [str(each) for each in value] if isinstance(value, list | tuple) else value


def _fit(args: Mapping[str, Json], choices: Mapping[str, Any], *, own: bool = False) -> None:
    """Raises `Invalid` for the first argument that the schema refuses. `own`: a schema made here needs no check itself."""
    from jsonschema import Draft202012Validator  # slow to import, and only needed when an action is made
    from jsonschema.exceptions import SchemaError, best_match
    from referencing.exceptions import Unresolvable

    try:
        if not own:
            Draft202012Validator.check_schema(choices)
        error = best_match(Draft202012Validator(choices).iter_errors(dict(args)))
    except (SchemaError, Unresolvable) as bad:
        raise Invalid(f"args_schema: not a JSON Schema: {str(bad).splitlines()[0][:120]}") from bad
    if error is None:
        return
    where = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        absent = next((name for name in error.validator_value if name not in error.instance), "")
        raise Invalid(f"{'.'.join(filter(None, (where, absent)))}: is missing")
    if error.validator == "enum":
        raise Invalid(f"{where}: {error.instance!r} is not one of the choices")
    raise Invalid(f"{where or 'args'}: {error.message[:160]}")


def _together(entry: ActionEntry, args: Mapping[str, Json], choices: Mapping[str, Any]) -> None:
    """What holds between arguments: no item twice too often, one variant of the same product for each item, a gift card
    that holds what is to be paid."""
    by_type = {arg.type: name for name, arg in entry.args.items()}
    items, variants = by_type.get("items", ""), by_type.get("variants", "")
    old, new = args.get(items) or [], args.get(variants) or []
    count = effects.node(choices, items).get("x-count", {})
    for item, times in Counter(old).items():
        if times > count.get(item, times):
            raise Invalid(f"{items}: {item} stands {times} times, the order has {count[item]}")
    if variants and items:
        _same_products(items, variants, old, new, choices)
    money = effects.amount(entry, args, choices)
    method = by_type.get("payment_method", "")
    balance = effects.node(choices, method).get("x-balance", {}).get(args.get(method))
    pays = entry.amount in ("price_difference", "order_total")  # the difference, or the order when its method changes
    if balance is not None and money is not None and pays and money.minor > balance:
        raise Invalid(f"{method}: the gift card holds less than what is to be paid")


def _same_products(
    items: str, variants: str, old: Sequence[str], new: Sequence[str], choices: Mapping[str, Any]
) -> None:
    if len(old) != len(new):
        raise Invalid(f"{variants}: {len(new)} new items for {len(old)} items")
    had, gets = effects.node(choices, items).get("x-product", {}), effects.node(choices, variants).get("x-product", {})
    for before, after in zip(old, new, strict=True):
        if had.get(before) != gets.get(after):
            raise Invalid(f"{variants}: {after} is not a variant of the same product as {before}")
