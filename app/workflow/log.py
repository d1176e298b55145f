"""What a worker says goes to stderr, one line a record, made harmless for a terminal."""

from __future__ import annotations

import logging
import sys

from store import plain


class PlainFormatter(logging.Formatter):
    """Time, level and message. Outside text may stand in any of them, so all of it passes `plain`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return plain.body(super().format(record))


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send our own log, and warnings of the libraries, to stderr; nothing goes to stdout."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("lastclick").setLevel(level)
