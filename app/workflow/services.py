"""What the way of a ticket needs from outside: rules, models, look-up, switches, clock. Tests bring their own."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from app.models.port import Model
from config.rules import Rules
from store.case import Case, Clues, Facts
from store.contract import Attempt, Json, Message, Proposal
from store.live import RepeatContact, Switch

M = TypeVar("M", bound=BaseModel)


class LookUp(Protocol):
    """`app.sources.lookup.Lookup`, or what stands for it."""

    def look_up(self, case: Case, clues: Clues, intents: Sequence[str]) -> Facts: ...


def _at_once(_name: str, step: Callable[[], Json]) -> Json:
    return step()


@dataclass(frozen=True)
class Services:
    """Passed in, so that the same path runs with and without the durable engine, and under a clock of the test's own.

    `once(name, step)` runs a step and may remember its JSON result; `switches` are the rows as they are now.
    """

    rules: Rules
    models: Mapping[str, Model]
    lookup: LookUp
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    once: Callable[[str, Callable[[], Json]], Json] = _at_once
    switches: Callable[[], Sequence[Switch]] = tuple
    record: Callable[[str, tuple[Attempt, ...]], None] = lambda _ticket, _attempts: None
    told: Callable[[str, Attempt], None] = lambda _ticket, _attempt: None
    """Told of every attempt as soon as it ended; nothing depends on it."""
    refunded_today: Callable[[str], Mapping[str, int]] = field(default=lambda _customer: {})
    ai_replies: Callable[[str], Sequence[tuple[Message, Proposal]]] = field(default=lambda _ticket: ())
    link_repeat: Callable[[RepeatContact], None] = field(default=lambda _repeat: None)

    def off(self) -> frozenset[tuple[str, str]]:
        """(kind, name) of every switch that is off now."""
        return frozenset((switch.kind, switch.name) for switch in self.switches() if not switch.on)

    def step(self, name: str, kind: type[M], make: Callable[[], M]) -> M:
        """A step whose value survives a crash: made once, read back afterwards."""
        if self.once is _at_once:
            return make()
        made: list[M] = []

        def run() -> Json:
            made.append(make())
            return made[0].model_dump(mode="json", by_alias=True)

        kept: Any = self.once(name, run)
        return made[0] if made else kind.model_validate(kept)
