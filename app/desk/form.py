"""An action's JSON Schema as the fields of a form, and the form's values back as arguments. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

Kind = Literal["choice", "choices", "text", "whole", "amount", "yes_no"]
Path = tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """One input. `path` leads to the value in the arguments; `choices` are (title, value); a value has its JSON type."""

    path: Path
    title: str
    kind: Kind
    value: Any
    required: bool = False
    choices: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        return ".".join(self.path)


class BadValue(ValueError):
    """A value that does not fit its field; `field` is the name, the text says what fits."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def fields(schema: Mapping[str, Any], args: Mapping[str, Any], path: Path = ()) -> tuple[Field, ...]:
    """The inputs of a schema, in its order; arguments the schema does not name are shown as text and kept."""
    properties: Mapping[str, Any] = schema.get("properties") or {name: {} for name in args}
    required = set(schema.get("required", ()))
    made: list[Field] = []
    for name, part in properties.items():
        where, value = (*path, name), args.get(name, part.get("default"))
        if _is_money(part, value):
            minor = value.get("minor") if value else None
            made.append(Field((*where, "minor"), _title(where, part), "amount", minor, name in required))
        elif _is_record(part, value):
            made.extend(fields(part, value or {}, where))
        else:
            made.append(_field(where, part, value, name in required))
    return tuple(made)


def values(form: Sequence[Field], given: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with what the form holds. `given` maps field names to what the widget holds. Raises `BadValue`."""
    made: dict[str, Any] = _copy(args)
    for field in form:
        if field.name in given:
            value = read(field, given[field.name])
            if value is None and _at(args, field.path) is None:
                continue
            _put(made, field.path, value)
    return made


def read(field: Field, raw: Any) -> Any:
    """One value with its JSON type back. Raises `BadValue`."""
    if field.kind in {"choice", "choices", "yes_no"}:
        if field.required and raw in (None, [], ()):
            raise BadValue(field.name, f"{field.title}: choose one.")
        return list(raw) if field.kind == "choices" else raw
    text = str(raw).strip() if field.kind != "text" else str(raw)
    if not text:
        if field.required:
            raise BadValue(field.name, f"{field.title} is missing.")
        return None if field.value is None else ""
    if field.kind == "amount":
        return _minor(field, text)
    if field.kind == "whole":
        if not text.lstrip("-").isdigit():
            raise BadValue(field.name, f"{field.title}: a whole number is needed, not “{text}”.")
        return int(text)
    return text


def shown(field: Field) -> str:
    """The value as an input shows it: amounts in major units."""
    if field.value is None:
        return ""
    return f"{Decimal(field.value) / 100:.2f}" if field.kind == "amount" else str(field.value)


def spoken(field: Field) -> str:
    """The value in the words of its choices."""
    return _worded(field, field.value)


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], form: Sequence[Field]
) -> tuple[tuple[str, str, str], ...]:
    """(title, before, after) for every field that changed, in the words of the choices."""
    found = []
    for field in form:
        old, new = _at(before, field.path), _at(after, field.path)
        if old != new:
            found.append((field.title, _worded(field, old), _worded(field, new)))
    return tuple(found)


def _field(path: Path, part: Mapping[str, Any], value: Any, required: bool) -> Field:
    title = _title(path, part)
    if choices := _choices(part):
        return Field(path, title, "choice", value, required, choices)
    if part.get("type") == "array" and (choices := _choices(part.get("items", {}))):
        return Field(path, title, "choices", value or [], required, choices)
    if part.get("type") == "boolean" or isinstance(value, bool):
        return Field(path, title, "yes_no", value, required, (("yes", True), ("no", False)))
    kind: Kind = "whole" if part.get("type") == "integer" or isinstance(value, int) else "text"
    return Field(path, title, kind, value, required)


def _choices(part: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Choices written as `enum` with `x-title` (a map or a list beside it), or as `oneOf`/`anyOf` of constants."""
    for word in ("oneOf", "anyOf"):
        options = part.get(word)
        if options and all("const" in option for option in options):
            return tuple(
                (str(option.get("x-title") or option.get("title") or option["const"]), option["const"])
                for option in options
            )
    enum = part.get("enum")
    if not enum:
        return ()
    titles = part.get("x-title") or part.get("x-titles")
    if isinstance(titles, Mapping):
        return tuple((str(titles.get(str(each), each)), each) for each in enum)
    if isinstance(titles, list) and len(titles) == len(enum):
        return tuple((str(title), each) for title, each in zip(titles, enum, strict=True))
    return tuple((str(each), each) for each in enum)


def _title(path: Path, part: Mapping[str, Any]) -> str:
    title = str(part.get("title") or path[-1].replace("_", " "))
    return title[:1].upper() + title[1:]


def _is_money(part: Mapping[str, Any], value: Any) -> bool:
    return "minor" in (part.get("properties") or (value if isinstance(value, dict) else ()))


def _is_record(part: Mapping[str, Any], value: Any) -> bool:
    return bool(part.get("properties")) or (part.get("type") in {None, "object"} and isinstance(value, dict))


def _minor(field: Field, text: str) -> int:
    try:
        amount = Decimal(text.replace(",", ""))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
        raise BadValue(field.name, f"{field.title}: an amount like 50.00 is needed, not “{text}”.")
    return int(amount * 100)


def _worded(field: Field, value: Any) -> str:
    titles = {repr(each): title for title, each in field.choices}
    if isinstance(value, list):
        return ", ".join(titles.get(repr(each), str(each)) for each in value) or "–"
    if value is None or value == "":
        return "–"
    return f"{Decimal(value) / 100:.2f}" if field.kind == "amount" else titles.get(repr(value), str(value))


def _copy(args: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in args.items()}


def _at(args: Mapping[str, Any], path: Path) -> Any:
    here: Any = args
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def _put(args: dict[str, Any], path: Path, value: Any) -> None:
    for name in path[:-1]:
        args = args.setdefault(name, {})
    args[path[-1]] = value
