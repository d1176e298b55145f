"""Prompts beside what became of them: which version the rules hold, which the workers run, and what people made of each."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.reports.what_if import OVERRIDES
from store.live import Past, PromptUse, PromptVersion, Share


class Unknown(ValueError):
    """No version of that name is known here; says which are."""


@dataclass
class Row:
    """One version. `here`: the rules hold it now. `drafted`, `decided`, `overridden`: of the cases looked at."""

    prompt: PromptVersion
    here: bool
    workers: tuple[str, ...]
    drafted: int = 0
    decided: int = 0
    overridden: int = 0
    came_back: Share = field(default_factory=Share)

    @property
    def live(self) -> bool:
        """Worth a line: held, run, or with cases behind it."""
        return self.here or bool(self.workers) or self.drafted > 0


def rows(
    ours: Sequence[PromptVersion],
    used: Sequence[PromptUse],
    past: Iterable[Past] = (),
    came_back: Mapping[str, Share] = {},
) -> list[Row]:
    """Every version, those of the rules first. `came_back`: replies that customers came back on, by version."""
    here = {each.version: each for each in ours}
    known = here | {each.prompt.version: each.prompt for each in used if each.prompt.version not in here}
    workers = {each.prompt.version: each.workers for each in used}
    found = {
        version: Row(prompt, version in here, workers.get(version, ()), came_back=came_back.get(version, Share()))
        for version, prompt in known.items()
    }
    for each in past:
        row = found.get(each.proposal.route.prompt_version)
        if row is not None:
            decided = each.state == "decided" and bool(each.verdicts)
            row.drafted += 1
            row.decided += decided
            row.overridden += decided and bool(OVERRIDES & set(each.verdicts))
    return sorted(found.values(), key=lambda row: (row.prompt.name, row.prompt.model, not row.here))


def strays(ours: Sequence[PromptVersion], used: Sequence[PromptUse]) -> Iterator[str]:
    """One sentence for each worker that runs another version than the rules here hold."""
    held = {(each.name, each.model): each.version for each in ours}
    for use in used:
        place = (use.prompt.name, use.prompt.model)
        if not use.workers or held.get(place) == use.prompt.version:
            continue
        should = f"the rules here hold {held[place]}" if place in held else "the rules here do not hold it"
        for worker in use.workers:
            yield f"{worker} runs {use.prompt.name} for {use.prompt.model} as {use.prompt.version}; {should}. Restart it."


def find(word: str, ours: Sequence[PromptVersion], used: Sequence[PromptUse]) -> PromptVersion:
    """By the beginning of a version, or by name: then the one that the rules hold. Raises `Unknown`."""
    known = {each.version: each for each in (*(use.prompt for use in used), *ours)}
    hits = [each for version, each in known.items() if version.startswith(word)] or [
        each for each in ours if each.name == word
    ]
    if len({each.template for each in hits}) > 1 and len(hits) > 1:
        raise Unknown(f"{word} means several: {', '.join(f'{one.version} ({one.name}, {one.model})' for one in hits)}.")
    if not hits:
        names = ", ".join(sorted({one.name for one in known.values()})) or "none: no endpoint is configured"
        raise Unknown(f"There is no prompt {word}. Known: {names}; `lastclick prompts list` shows the versions.")
    return hits[0]


def difference(one: PromptVersion, other: PromptVersion) -> list[str]:
    """Lines of a unified diff of parameters and template; empty when only the schema differs, or nothing."""

    def told(each: PromptVersion) -> list[str]:
        return [f"parameters {json.dumps(each.parameters, sort_keys=True)}", *each.template.splitlines()]

    left, right = (f"{each.name} {each.version}" for each in (one, other))
    return list(difflib.unified_diff(told(one), told(other), left, right, lineterm=""))
