"""Measure this installation: start, workflow and queue, on a folder that is thrown away. Times in ms."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tickets", type=int, default=150, metavar="N", help="how many tickets to handle (default 150)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: argparse.Namespace) -> int:
    from app.reports.bench import measure, render

    with tempfile.TemporaryDirectory(prefix="lastclick-bench-") as folder:
        figures = measure(
            Path(folder), tickets=max(1, given.tickets), say=lambda text: print(f"measuring: {text}", file=sys.stderr)
        )
    print(json.dumps(figures) if given.json else render(figures))
    return 0
