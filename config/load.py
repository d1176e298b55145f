"""Reads a lead's rules files: the defaults, overlaid file by file by the folders of a team.

A wrong file is refused whole, each problem with its file, line and field, and the nearest right name.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from config.rules import (
    ActionEntry,
    ConnectorEntry,
    FailureMessage,
    IntentEntry,
    Job,
    ModelEntry,
    ReviewEntry,
    RouteEntry,
    Rules,
    TriggerEntry,
    Windows,
)
from config.sources import Sources

CONFIG = Path(__file__).resolve().parent
DEFAULTS = CONFIG / "defaults"
PROMPTS = CONFIG / "prompts"
SHOP = CONFIG / "shop"

FILES = ("jobs", "models", "intents", "routes", "review", "messages", "actions", "sources")
"""The files of a rules folder, each `<name>.toml`."""

# What stands in a file: tables by name (jobs.toml: "*"), or named parts.
_PARTS: dict[str, dict[str, tuple[str, Any]]] = {
    "jobs": {"*": ("jobs", dict[str, Job])},
    "models": {"*": ("models", dict[str, ModelEntry])},
    "intents": {"*": ("intents", dict[str, IntentEntry])},
    "messages": {"*": ("messages", dict[str, FailureMessage])},
    "routes": {
        "route": ("routes", dict[str, RouteEntry]),
        "trigger": ("triggers", tuple[TriggerEntry, ...]),
    },
    "review": {"windows": ("windows", Windows), "review": ("reviews", tuple[ReviewEntry, ...])},
    "actions": {
        "connector": ("connectors", dict[str, ConnectorEntry]),
        "action": ("actions", dict[str, ActionEntry]),
    },
    "sources": {"*": ("sources", Sources)},
}
_JOBS = ("classification", "lookup", "drafting", "action")
_ABSENT: dict[str, Any] = {"triggers": (), "reviews": (), "windows": {}}


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a rules file, in words for the one who wrote it. `line` is 0 when the file as a whole is meant."""

    file: str
    line: int
    field: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.field}: {self.text}" if self.field else f"{where}: {self.text}"


class RulesError(Exception):
    """The rules files cannot be used. `problems` says why, in the order of the files and lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


def load(folders: Sequence[Path] = ()) -> Rules:
    """All rules. A file in a later folder replaces the file of the same name before it. Raises `RulesError`."""
    paths = files(folders)
    problems = _strangers(folders)
    values: dict[str, Any] = {}
    digest = hashlib.sha256()
    for name in FILES:
        path = paths[name]
        try:
            raw = path.read_bytes()
        except OSError as error:
            problems.append(Problem(str(path), 0, "", f"cannot be read: {error.strerror}"))
            continue
        digest.update(b"%s\0%d\0" % (name.encode(), len(raw)) + raw)
        _read(name, path, raw, values, problems)
    values["prompts"] = _prompts(folders, digest, problems)
    if not problems:
        problems = _unfinished(values, paths)
    if problems:
        raise RulesError(problems)
    return Rules(version=digest.hexdigest()[:12], **values)


def files(folders: Sequence[Path] = ()) -> dict[str, Path]:
    """Which file is used for each name."""
    found = {name: DEFAULTS / f"{name}.toml" for name in FILES}
    for folder in folders:
        for name in FILES:
            if (path := Path(folder) / f"{name}.toml").is_file():
                found[name] = path
    return found


def prompt_files(folders: Sequence[Path] = ()) -> dict[str, Path]:
    """Which file is used for each prompt."""
    places = [PROMPTS, *(Path(folder) / "prompts" for folder in folders)]
    return {path.stem: path for place in places if place.is_dir() for path in sorted(place.glob("*.md"))}


def nearest(word: str, known: Sequence[str]) -> str:
    """`; did you mean "refund"?`, or what there is when nothing is near (at most eight names)."""
    if close := get_close_matches(word, known, n=1, cutoff=0.5):
        return f'; did you mean "{close[0]}"?'
    return f"; known: {', '.join(sorted(known)[:8])}{', …' if len(known) > 8 else ''}" if known else ""


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line (from 1) of a key in a TOML text, or of the nearest table above it.

    `tomllib` keeps no positions and `tomlkit` (slower by a factor of twenty) hides its own. So this scan runs only when
    there is something to report: it knows table headers, keys, and strings and brackets that run over several lines.
    """
    best, best_depth = 1, 0
    for number, key in _keys(text):
        depth = _common(key, path)
        if depth in {len(key), len(path)} and depth > best_depth:
            best, best_depth = number, depth
    return best


def _read(name: str, path: Path, raw: bytes, values: dict[str, Any], problems: list[Problem]) -> None:
    try:
        text = raw.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        problems.append(Problem(str(path), 0, "", "is not UTF-8 text"))
        return
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        problems.append(Problem(str(path), line, "", f"is not TOML: {str(error).split(' (at')[0].lower()}"))
        return
    parts = _PARTS[name]
    if "*" in parts:
        data = {"*": data}
    for part in data.keys() - parts.keys():
        problems.append(Problem(str(path), line_of(text, (part,)), part, f"not known here{nearest(part, list(parts))}"))
    for part, (target, shape) in parts.items():
        found = data.get(part, _ABSENT.get(target, {}))
        try:
            value = TypeAdapter(shape).validate_python(found)
        except ValidationError as error:
            above = () if part == "*" else (part,)
            problems += [_problem(path, text, above, shape, one) for one in error.errors(include_url=False)]
            continue
        if isinstance(value, Sources) and not value.folder:
            value = value.model_copy(update={"folder": str(path.resolve().parent)})
        values[target] = value


def _prompts(folders: Sequence[Path], digest: Any, problems: list[Problem]) -> dict[str, str]:
    found = {}
    for name, path in prompt_files(folders).items():
        try:
            raw = path.read_bytes()
            found[name] = raw.decode("utf-8")
        except OSError as error:
            problems.append(Problem(str(path), 0, "", f"cannot be read: {error.strerror}"))
        except UnicodeDecodeError:
            problems.append(Problem(str(path), 0, "", "is not UTF-8 text"))
        else:
            digest.update(b"prompt %s\0%d\0" % (name.encode(), len(raw)) + raw)
    return found


def _problem(path: Path, text: str, above: tuple[str, ...], shape: Any, error: Mapping[str, Any]) -> Problem:
    loc = tuple(step for step in error["loc"] if not _is_tag(step))
    field = ".".join(map(str, (*above, *loc)))
    kind, name = error["type"], str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        said = f'"{name}" is not known here{nearest(name, _names_at(shape, loc[:-1]))}'
    elif kind == "missing":
        said = f'"{name}" is missing'
    elif kind == "literal_error":
        allowed = [word.strip("' ") for word in re.split(r",| or ", error["ctx"]["expected"])]
        said = f"{error['input']!r} is not allowed{nearest(str(error['input']), allowed)}"
    elif kind == "string_too_long":
        said = f"{len(error['input'])} characters, at most {error['ctx']['max_length']}"
    else:
        said = error["msg"].removeprefix("Value error, ")
        said = said[0].lower() + said[1:]
    where = (*above, *loc[:-1]) if kind == "missing" else (*above, *loc)
    return Problem(str(path), line_of(text, where), field, said)


def _is_tag(step: object) -> bool:
    """Whether a step of a pydantic location names a branch of a union rather than a key of the file."""
    return isinstance(step, str) and (step in {"str", "int", "bool", "FieldEntry"} or "[" in step)


def _names_at(shape: Any, loc: Sequence[str | int]) -> list[str]:
    """The keys a table at that place may have, as they are written in the file."""
    for step in loc:
        model = _model_in(shape)
        if isinstance(step, str) and model is not None and not _is_container(shape):
            field = next((f for key, f in model.model_fields.items() if step in {key, f.alias}), None)
            shape = field.annotation if field else shape
        elif _is_container(shape):
            shape = next((arg for arg in reversed(get_args(shape)) if arg is not ...), shape)
    model = _model_in(shape)
    return [field.alias or key for key, field in model.model_fields.items()] if model else []


def _is_container(shape: Any) -> bool:
    return getattr(shape, "__origin__", None) in {dict, tuple, list}


def _model_in(shape: Any) -> type[BaseModel] | None:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return shape
    return next((model for arg in get_args(shape) if (model := _model_in(arg))), None)


def _strangers(folders: Sequence[Path]) -> list[Problem]:
    """TOML files of a team's folder that nothing would read: most often a mistyped name."""
    return [
        Problem(str(path), 0, "", f"this file is not read{nearest(path.stem, FILES)}")
        for folder in folders
        if Path(folder).is_dir()
        for path in sorted(Path(folder).glob("*.toml"))
        if path.stem not in FILES
    ]


def _unfinished(values: Mapping[str, Any], paths: Mapping[str, Path]) -> list[Problem]:
    """What the workflow cannot do without: the four jobs, and the route `fallback`."""
    problems = [
        Problem(str(paths["jobs"]), 0, job, "this job is missing") for job in _JOBS if job not in values["jobs"]
    ]
    text = paths["jobs"].read_text("utf-8")
    for job in values["jobs"].keys() - set(_JOBS):
        problems.append(Problem(str(paths["jobs"]), line_of(text, (job,)), job, f"not a job{nearest(job, _JOBS)}"))
    if "fallback" not in values["routes"]:
        problems.append(Problem(str(paths["routes"]), 0, "route.fallback", "this route is missing"))
    return problems


# ── where a key stands ───────────────────────────────────────────────────────

_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_INNER = re.compile(r"""(?:^|[{,])\s*([\w-]+)\s*=""")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')


def _keys(text: str) -> list[tuple[int, tuple[str | int, ...]]]:
    """Every key of the text with its line, as the path `tomllib` would give it."""
    found: list[tuple[int, tuple[str | int, ...]]] = []
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    open_brackets, open_quote = 0, ""
    key: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if open_quote:
            open_quote = "" if open_quote in line else open_quote
            continue
        if not open_brackets and (header := _HEADER.match(line)):
            names = _parts(header[2])
            table = names
            if header[1] == "[[":
                counts[names] = counts.get(names, -1) + 1
                table = (*names, counts[names])
            found.append((number, table))
            continue
        value = line
        if not open_brackets and (match := _KEY.match(line)):
            key = (*table, *_parts(match[1]))
            found.append((number, key))
            value = match[2]
        for quote in ('"""', "'''"):
            if value.count(quote) == 1:
                open_quote = quote
        bare = _STRING.sub('""', value).split("#")[0]
        if key:
            found += [(number, (*key, inner)) for inner in _INNER.findall(bare)]
        open_brackets = max(0, open_brackets + len(re.findall(r"[\[{]", bare)) - len(re.findall(r"[\]}]", bare)))
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _common(left: Sequence[str | int], right: Sequence[str | int]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
