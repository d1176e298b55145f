"""Run the workflow: classify, look up, route, draft, prove and gate tickets, and carry out what was approved.

Any number of workers may run on one queue. SIGTERM stops this one; what it holds goes on in another or after a restart.
"""

from __future__ import annotations

import argparse
import os
import sys

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--slots", type=int, metavar="N", help="tickets at a time [LASTCLICK_SLOTS, else 4 or 16]")
    parser.add_argument(
        "--traces",
        action="store_true",
        default=bool(os.environ.get("LASTCLICK_TRACES")),
        help="send OpenTelemetry spans, where OTEL_EXPORTER_OTLP_ENDPOINT says [LASTCLICK_TRACES]",
    )
    parser.add_argument(
        "--sample-shop", action="store_true", help="load the sample shop's records first, if there are none"
    )


def run(given: argparse.Namespace) -> int:
    from app.children import end_with_parent
    from app.sources.records import BadRecords, open_shop
    from app.workflow import worker
    from config.load import load
    from store import plain

    if given.slots:
        os.environ["LASTCLICK_SLOTS"] = str(given.slots)
    where = settings(given.home, rules=given.rules, actor=given.actor)
    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    rules = load(where.rules)
    end_with_parent()
    try:
        open_shop(rules, where.shop)
    except BadRecords as bad:
        print(plain.body(f"The shop's records were not loaded:\n{bad}"), file=sys.stderr)
        return 1
    traces = None
    if given.traces:
        from app.workflow.traces import opened

        traces = opened(rules.models)
    worker.run(where, rules, traces)
    return 0
