"""Turns one row of a file or an HTTP answer into a record with canonical names, as the `fields` of sources.toml say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from config.sources import FieldEntry, RecordSource
from store.contract import Json

Fields = Mapping[str, "str | list[str] | FieldEntry"]

_ABSENT = object()
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})\Z")


class Unmappable(ValueError):
    """The row does not fit the mapping; `field` is the canonical name."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field


def canonical(row: Mapping[str, Any], source: RecordSource, days: int = 0) -> dict[str, Json]:
    """The record in canonical names: money as integer minor units, ISO dates moved by `days`, absent fields left out.

    Raises `Unmappable` naming the field: no id, or a money field that holds no amount of whole minor units.
    """
    values = _mapped(row, source.fields)
    if values.get("id") in (None, ""):
        raise Unmappable("id", "missing or empty")
    values["id"] = str(values["id"])
    for path in source.money:
        _to_minor(values, path.split("."), path)
    if source.money:
        values.setdefault("currency", source.currency)
    plain: dict[str, Json] = _shifted(values, timedelta(days=days))
    return plain


def minor(amount: object) -> int:
    """Major units ("12.50", 12.5, Decimal) as minor units, exactly. Raises ValueError on fractions of a cent."""
    if isinstance(amount, bool) or not isinstance(amount, int | float | str | Decimal):
        raise ValueError(f"not an amount: {amount!r}")
    try:
        # str() of a float is its shortest decimal form: 536.65 stays 536.65
        cents = Decimal(str(amount).strip()) * 100
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {amount!r}") from error
    if not cents.is_finite() or cents != cents.to_integral_value():
        raise ValueError(f"not whole cents: {amount!r}")
    return int(cents)


def at_path(row: Any, path: str) -> Any:
    """The value at "address.zip" or "tracking_id.0"; None when a step is missing. An empty path is the row itself."""
    found = _find(row, path)
    return None if found is _ABSENT else found


def _find(row: Any, path: str) -> Any:
    if isinstance(row, Mapping) and path in row:  # a name that itself holds a dot wins
        return row[path]
    for step in path.split(".") if path else ():
        if isinstance(row, Mapping) and step in row:
            row = row[step]
        elif isinstance(row, list) and step.isdecimal() and int(step) < len(row):
            row = row[int(step)]
        else:
            return _ABSENT
    return row


def _mapped(row: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, entry in fields.items():
        value = _value(row, entry)
        if value is _ABSENT or value is None:
            continue
        inner = values
        *outer, last = name.split(".")
        for step in outer:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return values


def _value(row: Mapping[str, Any], entry: str | list[str] | FieldEntry) -> Any:
    if isinstance(entry, str):
        return _find(row, entry)
    if isinstance(entry, list):
        parts = [str(part) for path in entry if (part := at_path(row, path)) not in (None, "")]
        return " ".join(parts) if parts else _ABSENT
    if entry.list_ is not None:
        return [_mapped(inner, entry.fields) for inner in _rows(at_path(row, entry.list_))]
    if entry.path is None:
        return _ABSENT if entry.value is None else entry.value
    found = _find(row, entry.path)
    if found is _ABSENT and entry.value is not None:
        return entry.value
    return entry.map.get(found, found) if isinstance(found, str) else found


def _rows(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        for key, row in value.items():
            yield {"$key": key, **row} if isinstance(row, Mapping) else {"$key": key, "$value": row}
    elif isinstance(value, list):
        for row in value:
            yield row if isinstance(row, Mapping) else {"$value": row}


def _to_minor(values: Any, steps: list[str], name: str) -> None:
    if isinstance(values, list):
        for row in values:
            _to_minor(row, steps, name)
    elif isinstance(values, dict) and steps[0] in values:
        if len(steps) > 1:
            _to_minor(values[steps[0]], steps[1:], name)
        else:
            try:
                values[steps[0]] = minor(values[steps[0]])
            except ValueError as error:
                raise Unmappable(name, str(error)) from error


def _shifted(value: Any, by: timedelta) -> Any:
    """The same value with its ISO dates and times moved, and exact numbers as JSON ones."""
    if isinstance(value, dict):
        return {key: _shifted(inner, by) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shifted(inner, by) for inner in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _moved(value, by) if by and isinstance(value, str) else value


def _moved(text: str, by: timedelta) -> str:
    try:
        if _DAY.match(text):
            return (date.fromisoformat(text) + by).isoformat()
        if _MOMENT.match(text):
            return (datetime.fromisoformat(text) + by).isoformat().replace("+00:00", "Z")
    except ValueError:  # looks like a date and is none: 2026-02-30
        pass
    return text
