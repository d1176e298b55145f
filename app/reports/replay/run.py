"""Runs old tickets through the AI path, in as many processes as asked for, and keeps each result at once: a run that was
broken off goes on where it was."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from app.reports.replay.compared import Compared, compared
from app.reports.replay.old import Old
from store.case import Case, Clues, Facts

if TYPE_CHECKING:
    from app.workflow.services import LookUp, Services
    from config.rules import Rules

RESULTS, REPORT, FIGURES, MARKS = "results.jsonl", "report.md", "report.json", "marks.jsonl"
_AHEAD = 4
"""Tickets given to each process before its answers are asked for."""


@dataclass(frozen=True)
class Shop:
    """Where a process finds what the workflow needs."""

    rules: tuple[Path, ...]
    shop: Path
    models: Path


def replay(olds: Sequence[Old], shop: Shop, folder: Path, *, jobs: int = 1, say: Callable[[int, int], None]) -> None:
    """Replays what `folder` does not hold yet. `say(done, all)` after each one. Raises what reading the rules raises."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = {each.id for each in results(folder)}
    todo = [old for old in olds if old.id not in done]
    count = len(olds) - len(todo)
    say(count, len(olds))
    with (folder / RESULTS).open("a", encoding="utf-8") as kept:
        for result in _answers(todo, shop, min(jobs, len(todo))):
            kept.write(result.model_dump_json() + "\n")
            kept.flush()
            count += 1
            say(count, len(olds))


def results(folder: Path) -> Iterator[Compared]:
    """What a run has kept so far; a last line that was broken off is left out and replayed again."""
    path = folder / RESULTS
    if not path.exists():
        return
    whole = path.read_bytes()
    cut = whole.rfind(b"\n") + 1
    if cut != len(whole):
        os.truncate(path, cut)
    for line in whole[:cut].split(b"\n")[:-1]:  # not splitlines: a text may hold U+2028
        yield Compared.model_validate_json(line)


def _answers(olds: Sequence[Old], shop: Shop, jobs: int) -> Iterator[Compared]:
    if not olds:
        return
    if jobs <= 1:
        one = _worker(shop)
        yield from map(one, olds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(shop,)) as pool:
        waiting: set[Future[str]] = set()
        rest = iter(olds)
        try:
            while True:
                while len(waiting) < jobs * _AHEAD and (old := next(rest, None)) is not None:
                    waiting.add(pool.submit(_one, old.model_dump_json()))
                if not waiting:
                    return
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for each in ready:
                    yield Compared.model_validate_json(each.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


# ── one process ──────────────────────────────────────────────────────────────

_this: list[Callable[[Old], Compared]] = []


def _begin(shop: Shop) -> None:
    _this[:] = [_worker(shop)]


def _one(line: str) -> str:
    return _this[0](Old.model_validate(json.loads(line))).model_dump_json()


def _worker(shop: Shop) -> Callable[[Old], Compared]:
    from app.models import minilm, registry
    from app.sources.lookup import Lookup
    from app.workflow.services import Services
    from config.load import load

    rules = load(shop.rules)
    embed = minilm.embed if minilm.available() is None else None
    lookup = Lookup(rules, shop.shop, embed)
    return partial(_replayed, rules=rules, services=Services(rules, registry.models(rules, shop.models), lookup))


def _replayed(old: Old, rules: Rules, services: Services) -> Compared:
    """One ticket. The services write nothing: nothing is recorded, linked or sent."""
    from dataclasses import replace

    from app.workflow.handle import end

    seen: list[Facts] = []
    begun = time.perf_counter()
    ending = end(old.case, replace(services, lookup=_Remembering(services.lookup, seen)))
    spent = time.perf_counter() - begun
    return compared(old, ending, seen[-1] if seen else None, rules, round(spent, 4))


class _Remembering:
    """Look-up that keeps what it found."""

    def __init__(self, real: LookUp, seen: list[Facts]) -> None:
        self._real, self._seen = real, seen

    def look_up(self, case: Case, clues: Clues, intents: Sequence[str]) -> Facts:
        self._seen.append(self._real.look_up(case, clues, intents))
        return self._seen[-1]
