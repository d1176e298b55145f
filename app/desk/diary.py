"""What the desk did, for `--log FILE`: keys, calls and their outcome by name and id; no customer's words."""

from __future__ import annotations

import logging
import os
from pathlib import Path

logger = logging.getLogger("lastclick.desk")
logger.addHandler(logging.NullHandler())
logger.propagate = False


def start(path: Path) -> None:
    """Append to this file from now on, readable by its owner alone. Raises `OSError`."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def pressed(action: str, review_id: str | None) -> None:
    logger.info("action %s on %s", action, review_id or "-")


def asked(what: str, review_id: str, problem: BaseException | None = None) -> None:
    """A call to the queue; a refusal by its kind, for its sentence may quote what was typed."""
    logger.info("asked %s %s: %s", what, review_id or "-", type(problem).__name__ if problem else "ok")


def note(words: str) -> None:
    """Something of the desk itself."""
    logger.info("%s", words)
