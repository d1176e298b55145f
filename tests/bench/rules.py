"""What the pure rules cost a ticket: `python -m tests.bench.rules` prints microseconds, and a ratio for busy machines.

A ticket is a case of the sample shop's day that got as far as a draft, as ROUTE and PROVE see it, and the proposal that GATE
sees: message, records, quoted evidence, actions and reply, parsed anew from JSON, so that no text of it was met before. It
is new to a worker that has handled all others: the shop's passages, its messages and the words of its templates are known,
this customer's records, message and reply are not. Another load on the machine only ever adds, so each ticket counts with
the least of its rounds; the figure is the median over the tickets. The ratio is to a fixed loop of plain Python in the same
run. The exit code is 1 when the median is over 200 µs.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import platformdirs

from app.workflow import courtesy, endings, ground, letters, proof, reading, routing, stops, wording
from app.workflow import gate as gating
from app.workflow.gate import gate
from app.workflow.routing import route
from app.workflow.services import Services
from config.load import load
from config.rules import Rules
from store.case import Case
from store.contract import Proposal
from tests.workflow.sample_day import SampleDay

LOOP = 2_000
"""Rounds of the fixed loop; about 100 µs of plain Python on the machine these figures were first taken on."""
MOST_US = 200.0
MADE_OF_RULES = frozenset({"_token", "word_pattern", "openings", "_as_sent"})
"""What is kept of rules and code, and not of tickets."""
Ticket = tuple[Case, Proposal]


def measured(rules: Rules, models: Path, rounds: int = 5) -> dict[str, Any]:
    """Microseconds a ticket (median and the 95th of 100) of route, prove, gate and all three, and the loop's."""
    tickets = _drafted(rules, models)
    parts: dict[str, Callable[[Ticket], object]] = {
        "route": lambda each: route(each[0], rules, frozenset()),
        "prove": lambda each: proof.prove(each[0].reply, each[0], rules) if each[0].reply else (),
        "gate": lambda each: gate(each[1], rules, {}),
    }
    least: list[dict[str, float]] = [{} for _ in tickets]
    loops: list[float] = []
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for at, ticket in enumerate(tickets):
            _forget()
            for other in (*tickets[:at], *tickets[at + 1 :]):
                for part in parts.values():
                    part(other)
            fresh = _anew(ticket)
            loops.append(_us(_loop))
            spent = {name: _us(lambda part=part, fresh=fresh: part(fresh)) for name, part in parts.items()}
            for name, us in {**spent, "all": sum(spent.values())}.items():
                least[at][name] = min(us, least[at].get(name, us))
    gc.enable()
    loop = min(loops)
    taken = {name: [each[name] for each in least] for name in (*parts, "all")}
    return {
        "tickets": len(tickets),
        "us": {name: {"median": round(statistics.median(us)), "p95": round(_p95(us))} for name, us in taken.items()},
        "loop_us": round(loop),
        "ratio": round(statistics.median(taken["all"]) / loop, 2),
    }


def _anew(ticket: Ticket) -> Ticket:
    """The same values in texts of their own."""
    case, made = ticket
    return (
        Case.model_validate_json(case.model_dump_json(by_alias=True)),
        Proposal.model_validate_json(made.model_dump_json(by_alias=True)),
    )


def _drafted(rules: Rules, models: Path) -> list[Ticket]:
    """Every ticket of the day that got as far as a draft, with the proposal that the gate sees."""
    found: list[Ticket] = []
    prove = endings.proved

    def kept(case: Case, services: Services) -> Case:
        done = prove(case, services)
        found.append((case, endings.proposal(done, services)))
        return done

    endings.proved = kept
    try:
        with tempfile.TemporaryDirectory() as folder:
            SampleDay(rules, models, Path(folder)).play()
    finally:
        endings.proved = prove
    return found


def _forget() -> None:
    for module in (routing, gating, proof, ground, courtesy, letters, reading, wording, stops):
        for name in vars(module):
            clear = getattr(getattr(module, name), "cache_clear", None)
            if clear and name not in MADE_OF_RULES:
                clear()


def _loop() -> int:
    total = 0
    for number in range(LOOP):
        total += number % 7
    return total


def _us(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1e6


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


if __name__ == "__main__":
    where = Path(platformdirs.user_cache_path("lastclick-tests")) / "models"
    figures = measured(load(), where)
    print(json.dumps(figures))
    sys.exit(0 if figures["us"]["all"]["median"] <= MOST_US else 1)
