"""Run the workflow: classify, look up, route, draft, prove and gate tickets, and carry out what was approved.

Any number of workers may run on one queue. SIGTERM stops this one; what it holds goes on in another or after a restart.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sample-shop", action="store_true", help="load the sample shop's records first, if there are none"
    )


def run(given: argparse.Namespace) -> int:
    from app.workflow import worker
    from config.load import load

    where = settings(given.home, rules=given.rules, actor=given.actor)
    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _stop_with_parent()
    worker.run(where, load(where.rules))
    return 0


def _stop_with_parent() -> None:
    """A worker started by a desk ends with it, also when the desk was killed and could not say so."""
    parent = os.environ.get("LASTCLICK_PARENT")
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
