"""What a worker opens before it serves, and where: the store, the connectors, the models."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from app.connectors.port import Connector
from app.models.port import Model
from app.sources.knowledge import Embed
from app.workflow.judge import RulesJudge
from config.rules import Rules
from store.queue import Unavailable
from store.work import Work

log = logging.getLogger("lastclick.worker")


class Where(Protocol):
    """`config.settings.Settings`, as far as a worker needs it."""

    @property
    def queue(self) -> str: ...
    @property
    def is_file(self) -> bool: ...
    @property
    def slots(self) -> int: ...
    @property
    def engine(self) -> Path | str: ...
    @property
    def shop(self) -> Path: ...
    @property
    def outbox(self) -> Path: ...
    @property
    def models(self) -> Path: ...


def opened(where: Where, rules: Rules, stop: threading.Event) -> Work | None:
    """The store, as soon as it can be opened; None where `stop` was set before."""
    from store.local_work import LocalWork

    told = False
    while not stop.is_set():
        try:
            return LocalWork(where.queue, RulesJudge(rules))
        except Unavailable as gone:
            if not told:
                log.warning("the queue cannot be opened, waiting: %s", gone)
                told = True
            stop.wait(1.0)
    return None


def connectors_of(rules: Rules, where: Where) -> Mapping[str, Connector]:
    """Where actions and replies go, by name."""
    from app.connectors.registry import connectors

    return connectors(rules, where.shop, where.outbox)


def warmed(models: Mapping[str, Model], rules: Rules) -> Embed | None:
    """Load what is embedded now rather than in the first ticket; returns what the look-up embeds with, if anything."""
    from app.models import minilm

    for name, entry in rules.models.items():
        if entry.kind == "embedded":
            models[name].classify("where is my order", timeout=60.0)
    return minilm.embed if minilm.available() is None else None


def file_of(queue: str) -> tuple[int, int] | None:
    """Which file lies at the queue's path now; None where there is none, or the queue is no file."""
    try:
        found = os.stat(queue)
    except OSError:
        return None
    return found.st_dev, found.st_ino
