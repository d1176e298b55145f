"""A user's keymap over the table of keys: read, checked with file and line, laid over. Knows no app.

The file is TOML. `[keys]` gives actions other keys; a key under `off` does nothing, whatever it did before:

    off = ["x", "ctrl+z"]

    [keys]
    approve = "A"
    down = ["j", "down", "ctrl+n"]
    snooze = []
"""

from __future__ import annotations

import itertools
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin, get_type_hints

from app.desk.keys import KEYS, Key, Situation

if TYPE_CHECKING:
    from config.load import Problem

NEEDED = ("confirm", "back_out", "quit")
"""Without these a question could not be answered, or the desk not be left: they keep at least one key."""
RESERVED = {"ctrl+q": "always quits the desk", "ctrl+c": "always says how to quit"}
APART = ("approve", "edit", "reject", "respond", "retry", "hand_over", "snooze")
"""The second key of a risky decision is none of the first ones."""

_NAMED = {
    "escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown", "up", "down",
    "left", "right", *(f"f{n}" for n in range(1, 25)),
}  # fmt: skip
_MODIFIERS = ("ctrl", "alt", "shift")
_TEXTUAL = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
"""Names that Textual shortens (`textual.keys.KEY_NAME_REPLACEMENTS`)."""
_WRITTEN = {
    "escape": "Esc", "enter": "Enter", "tab": "Tab", "space": "Space", "up": "↑", "down": "↓", "left": "←", "right": "→",
    "pageup": "PgUp", "pagedown": "PgDn", "delete": "Del", "home": "Home", "end": "End",
}  # fmt: skip
_ARROWS = {sign: name for name, sign in _WRITTEN.items() if len(sign) == 1}
_SHORT = {"esc": "escape", "return": "enter", "del": "delete", "pgup": "pageup", "pgdn": "pagedown"}


def refusal(problems: Sequence[Problem]) -> str:
    """Why the desk does not open with this file, a line each."""
    return "\n  ".join(("The desk does not open with this keymap:", *map(str, problems)))


def load(path: Path) -> tuple[tuple[Key, ...], tuple[Problem, ...]]:
    """The table with the file laid over it, and what is wrong with the file. No file: the default table."""
    if not path.is_file():
        return KEYS, ()
    from config.load import Problem

    try:
        text = path.read_text("utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        said = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error}"
        return KEYS, (Problem(str(path), 0, "", said),)
    reader = _Reader(path, text)
    table = reader.table(data)
    return table, tuple(sorted(reader.problems))


class _Reader:
    """One file on its way to a table; collects what is wrong instead of stopping at the first."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self.problems: list[Problem] = []

    def table(self, data: dict[str, Any]) -> tuple[Key, ...]:
        self._strangers(data)
        own: dict[str, tuple[str, ...]] = {}
        given = data.get("keys", {})
        if not isinstance(given, dict):
            self._problem(("keys",), "keys", "is a table: write [keys]")
            given = {}
        for name, value in given.items():
            self._action(name, value, own)
        off = set(self._keys(("off",), "off", data.get("off", [])))
        made = tuple(_changed(key, own.get(key.id, key.keys), off) for key in KEYS)
        for name in NEEDED:
            if not next(key for key in made if key.id == name).keys:
                where = ("keys", name) if name in own else ("off",)
                self._problem(where, name, "needs a key: without it the desk would be a dead end")
        self._clashes(made, own)
        return made

    def _strangers(self, data: dict[str, Any]) -> None:
        from config.load import nearest

        for name in data:
            if name not in {"keys", "off"}:
                self._problem((name,), name, f"not known here{nearest(name, ['keys', 'off'])}")

    def _action(self, name: str, value: Any, own: dict[str, tuple[str, ...]]) -> None:
        from config.load import nearest

        known = [key.id for key in KEYS]
        if name not in known:
            self._problem(("keys", name), name, f"no such action{nearest(name, known)}")
        else:
            own[name] = self._keys(("keys", name), name, value)

    def _keys(self, where: tuple[str, ...], name: str, value: Any) -> tuple[str, ...]:
        from config.load import nearest

        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            self._problem(where, name, 'give a key like "a" or a list of keys like ["a", "ctrl+a"]')
            return ()
        made = []
        for word in words:
            key = canonical(word)
            if key is None:
                self._problem(where, name, f'"{word}" is no key{nearest(word, sorted(_NAMED))}')
            elif key in RESERVED and name != "off":
                self._problem(where, name, f'"{word}" {RESERVED[key]}: choose another')
            else:
                made.append(key)
        return tuple(dict.fromkeys(made))

    def _clashes(self, table: Sequence[Key], own: dict[str, tuple[str, ...]]) -> None:
        for one, other, key in clashes(table):
            mine = [each for each in (one.id, other.id) if each in own] or [one.id]
            line = max(mine, key=lambda name: self._line(("keys", name)))
            self._problem(
                ("keys", line),
                line,
                f'"{written(key)}" is given to both "{one.id}" and "{other.id}": give one another key',
            )

    def _line(self, where: tuple[str, ...]) -> int:
        from config.load import line_of

        return line_of(self._text, where)

    def _problem(self, where: tuple[str, ...], field: str, text: str) -> None:
        from config.load import Problem

        self.problems.append(Problem(str(self._path), self._line(where), field, text))


def clashes(table: Sequence[Key]) -> Iterator[tuple[Key, Key, str]]:
    """Every two actions that one key would call in the same situation, and the approving and the confirming key when they
    are the same."""
    for one, other in itertools.combinations(table, 2):
        for key in one.keys:
            if key in other.keys and (_apart(one, other) or together(one, other)):
                yield one, other, key


def together(one: Key, other: Key) -> bool:
    """Whether some situation lets both work. Tries only the facts that the two ask for, with every value."""
    todo: list[dict[str, Any]] = [{}]
    while todo:
        given = todo.pop()
        asked = cast("Situation", _Asked(given))
        try:
            if one.works(asked) and other.works(asked):
                return True
        except _NotGivenError as missing:
            todo += [{**given, missing.fact: value} for value in _VALUES[missing.fact]]
    return False


def canonical(word: str) -> str | None:
    """A key as Textual names it, from what a person writes (`?`, `Ctrl+P`, `F5`, `esc`); None when it is no key."""
    plus = word == "+" or word.endswith("++")
    *modifiers, base = [*word[:-1].split("+")[:-1], "+"] if plus else word.split("+")
    held = [each.lower() for each in modifiers]
    if not base or any(each not in _MODIFIERS for each in held) or len(set(held)) != len(held):
        return None
    name = _base(base)
    if name is None:
        return None
    if held == ["shift"] and len(name) == 1 and name.isalpha():
        return name.upper()
    return "+".join([*(each for each in _MODIFIERS if each in held), name.lower() if held else name])


def written(key: str) -> str:
    """A key as help and footer write it: `?`, `Ctrl+P`, `PgDn`."""
    *modifiers, base = key.split("+")
    shown = (
        _WRITTEN.get(base) or _signs().get(base) or (base.upper() if base[0] == "f" and base[1:].isdigit() else base)
    )
    if modifiers and len(shown) == 1:
        shown = shown.upper()
    return "+".join([*(each.capitalize() for each in modifiers), shown])


class _NotGivenError(Exception):
    def __init__(self, fact: str) -> None:
        self.fact = fact


class _Asked:
    """A situation of which only some facts are settled; asking for another one raises its name."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def __getattr__(self, fact: str) -> Any:
        if fact.startswith("__"):
            raise AttributeError(fact)
        if fact not in self._given:
            raise _NotGivenError(fact)
        return self._given[fact]


def _values() -> dict[str, tuple[Any, ...]]:
    """For each fact of a situation the values that can make a difference: counts matter as 0, 1, 2 and many."""
    hints = get_type_hints(Situation)
    made: dict[str, tuple[Any, ...]] = {}
    for field in fields(Situation):
        hint = hints[field.name]
        if get_origin(hint) is Literal:
            made[field.name] = get_args(hint)
        else:
            made[field.name] = {bool: (False, True), int: (0, 1, 2, 9), str: ("", "x")}.get(hint, (None,))
    return made


_VALUES = _values()


def _apart(one: Key, other: Key) -> bool:
    names = {one.id, other.id}
    return "confirm" in names and bool(names & set(APART))


def _changed(key: Key, given: tuple[str, ...], off: set[str]) -> Key:
    left = tuple(each for each in given if each not in off)
    if left == key.keys:
        return key
    return replace(key, keys=left, shown=" ".join(written(each) for each in left[:2]))


def _base(word: str) -> str | None:
    """A key without its modifiers: a character, or a name."""
    if word in _ARROWS:
        return _ARROWS[word]
    if len(word) == 1:
        return _character(word)
    name = _SHORT.get(word.lower(), word.lower())
    return name if name in _NAMED or name in _signs() else None


def _character(char: str) -> str | None:
    if char.isalnum():
        return char
    if char == " ":
        return "space"
    try:
        name = unicodedata.name(char).lower().replace("-", "_").replace(" ", "_")
    except ValueError:
        return None
    return _TEXTUAL.get(name, name)


@cache
def _signs() -> dict[str, str]:
    return {name: char for char in map(chr, range(33, 127)) if not char.isalnum() and (name := _character(char))}
