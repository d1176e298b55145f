"""Runs the retail shop's public tickets through the whole workflow: `python -m tests.campaigns.retail DATA_FOLDER`.

The path is the product's own (`app.workflow.steps.handle_case`): classification, extraction, look-up, ROUTE, draft, PROVE,
GATE, ending. The shop is loaded through `retail_shop/`, the rules that a team would write. The last line is one of JSON:

- tickets: how many were run, over the parts `tickets`, `weak` (the same without identity) and `v1` (synthetic).
- risky_effects_unapproved: actions of high risk, of an unknown kind or for an unverified customer in an ending that goes out
  by itself. Limit 0.
- writes_stopped_share: of the tickets with gold writes, those that ended before a person or with a question to the
  customer. Limit 0.98.
- needless_stops_share: of the tickets of verified customers without gold writes, without a gold hand-over and without any
  sign of a needed review in the data, those that ended before a person.
- action_kind_match, action_target_match, action_args_match: over single-shot tickets with gold writes, the share whose
  proposed actions are the gold ones as sets: by kind; by kind and order or customer; by kind, target and every argument
  (ids without case and #, items as bags). What was not proposed counts as wrong. `by_part` has the same per part.
- unproven_claims_sent: sentences in replies that go out by themselves and do not stand in their evidence, proved again
  from the finished proposal. Limit 0.
- tickets_per_second; cost in millionths of a currency unit (embedded models cost nothing).

A broken limit ends with exit code 1. `--break gate` takes the gate out: the run must fail. `--side seen|unseen` keeps
tickets apart by customer (a stable hash, one third unseen), so that rules can be tuned on one side and measured on the
other.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from app.models import minilm
from app.models.registry import models
from app.sources.lookup import Lookup
from app.sources.records import open_shop
from app.workflow.services import Services
from app.workflow.steps import handle_case
from config.load import load
from store.case import Case
from store.contract import Gate, Message, Ticket, now
from tests.campaigns.scoring import Result, figures, result

RULES = Path(__file__).parent / "retail_shop"
PARTS = {"tickets": "tickets.jsonl", "weak": "tickets_weak_identity.jsonl", "v1": "tickets_v1_synthetic.jsonl"}
SHORT = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every hard limit holds."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if options.break_ == "gate":
            stack.enter_context(mock.patch("app.workflow.endings.gate", return_value=Gate()))
        services = shop(options.data, Path(folder))
        rows = list(_chosen(options))
        begun, results = time.perf_counter(), []
        for at, (part, row) in enumerate(rows, 1):
            results.append(run(part, row, services))
            if at % 25 == 0 or at == len(rows):
                print(f"{at}/{len(rows)} tickets, {at / (time.perf_counter() - begun):.1f} a second", file=sys.stderr)
        seconds = time.perf_counter() - begun
    report(results, options.worst)
    found = figures(results) | {
        "tickets_per_second": round(len(results) / seconds, 2) if results else 0.0,
        "cost": sum(each.cost_micros for each in results),
        "by_part": {name: figures(each for each in results if each.part == name) for name in PARTS},
    }
    print(json.dumps(found))
    return 0 if holds(found) else 1


def holds(found: dict[str, Any]) -> bool:
    """Whether the hard limits hold."""
    return bool(
        found["tickets"] > 0
        and found["risky_effects_unapproved"] == 0
        and found["writes_stopped_share"] >= 0.98
        and found["unproven_claims_sent"] == 0
    )


def shop(data: Path, folder: Path) -> Services:
    """The workflow over that shop: its rules folder with the export beside it, as a team would lay it out."""
    rules_folder = folder / "rules"
    shutil.copytree(RULES, rules_folder)
    (rules_folder / "retail").symlink_to((data / "retail").resolve(), target_is_directory=True)
    rules = load([rules_folder])
    path = open_shop(rules, folder / "shop.sqlite")
    embed = minilm.embed if minilm.available() is None else None
    return Services(rules, models(rules, folder / "models"), Lookup(rules, path, embed), sleep=lambda _seconds: None)


def run(part: str, row: dict[str, Any], services: Services) -> Result:
    """One ticket through the whole workflow."""
    at = now()
    ticket = Ticket(id=row["id"], channel="email", subject="", created_at=at)
    message = Message(id=f"{row['id']}-m1", ticket_id=row["id"], direction="inbound", at=at, text=row["customer_text"])
    case = Case(ticket=ticket, messages=(message,), message=message)
    return result(part, row, case, handle_case(case, services), services.rules)


def unseen(customer_id: str) -> bool:
    """One third of the customers, by a stable hash: never looked at while rules and proposer are tuned."""
    return int(hashlib.sha256(customer_id.encode()).hexdigest(), 16) % 3 == 0


def report(results: Sequence[Result], worst: int) -> None:
    """The worst cases with why, on standard error."""
    missed = [each for each in results if each.counted and each.misses]
    order = sorted(missed, key=lambda each: (-len(each.misses), each.ticket_id))
    for each in order[:worst]:
        print(f"\n## {each.ticket_id}: wrong {', '.join(each.misses)}; {each.how}: {each.why}", file=sys.stderr)
        print(each.text, file=sys.stderr)
        for name, changes in (("wanted", each.wanted), ("proposed", each.proposed)):
            for change in changes:
                print(f"   {name}: {change[0]} {change[1]} {' '.join(change[2])}", file=sys.stderr)
        for note in each.notes:
            print(f"   note: {note}", file=sys.stderr)


def _chosen(options: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = [
        (part, json.loads(line))
        for part, name in PARTS.items()
        if part in options.parts
        for line in (options.data / "retail" / name).read_text(encoding="utf-8").splitlines()
    ]
    if options.side:
        rows = [pair for pair in rows if unseen(pair[1]["expected_customer_id"]) is (options.side == "unseen")]
    if options.short:
        rows = sorted(rows, key=lambda pair: hashlib.sha256(pair[1]["id"].encode()).hexdigest())[:SHORT]
    yield from rows


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.retail", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA_FOLDER", help="the folder that holds retail/")
    parser.add_argument("--short", action="store_true", help=f"a stable sample of {SHORT} tickets")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="print the N worst cases with why")
    parser.add_argument("--break", dest="break_", choices=["gate"], help="positive control: the run must fail")
    parser.add_argument(
        "--side", choices=["seen", "unseen"], help="only the customers that were tuned on, or the others"
    )
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), help="which parts to run")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
