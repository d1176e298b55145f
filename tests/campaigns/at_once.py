"""Stands for the durable engine where a campaign runs steps in its own process: each step at once, never stopping."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class AtOnce:
    """The two calls of `app.workflow.engine.Engine` that carrying out needs."""

    def once(self, name: str, step: Callable[[], T]) -> T:
        return step()

    def stopping(self) -> bool:
        return False
