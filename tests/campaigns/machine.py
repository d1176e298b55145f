"""Drives the queue through anything, in any order: `python -m tests.campaigns.machine [DATA_FOLDER] [--long]`.

A Hypothesis state machine over the real queue and the workers' door on one file, with a clock that it moves itself: tickets
and newer messages, endings of the workflow, claims, lost and repeated claims, decisions (again, contradicting, with an old
screen, with an old claim, edited, in twos), undo, snooze, hand over, retry, expiry, switches, dispatch and every end of it.
After every step the invariants of SAFETY §3 are read from the tables, not from the code under test:

- the fence only grows; a decision is taken only with the live claim of who decides, on what is shown
- each decided review has exactly one decision; each acknowledged decision is there
- nothing waits to run for an older customer message, after an undo, or under a switch that is off
- what is dispatched was let go by as many different people as its gate asks, none of them the filer
- no ticket is without a next step: work, a person, something that runs, or an end; counts agree with the rows
- an action runs a second time under the same key only when a person let it go again; never under another key while
  nobody knows how the first time ended
- the journal verifies

`violations` must be 0. DATA_FOLDER is not needed. `--break fence|overtake|keys|undo|switch|counts` takes one rule out of the
product: the run must fail.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)
from sqlalchemy import select, text

from store import claims, deciding, filing, keying, running
from store.engine import open_database
from tests.campaigns.any_order import Machine, clock, count

CI, SHORT, LONG, STEPS = 12, 1_000, 25_000, 50


def _whoever(session: Any, review_id: str) -> Any:
    return session.execute(select(*claims._HELD).where(claims._reviews.c.id == review_id)).first()


BREAKS: dict[str, tuple[Any, str, Any]] = {
    "fence": (claims, "held", lambda session, lease: _whoever(session, lease.review_id)),
    "overtake": (filing, "_overtake", lambda session, ticket_id, message_id: None),
    "keys": (keying, "_open_when_proposed", lambda session, ticket, proposal: {}),
    "undo": (deciding.carrying, "void", lambda *a, **k: None),
    "switch": (running, "_not_yet", lambda session, row: None),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no invariant broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="not needed")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--ci", action="store_true", help=f"{CI} times {STEPS} steps: what fits beside the other tests")
    parser.add_argument("--examples", type=int)
    parser.add_argument("--break", dest="break_", choices=(*BREAKS, "counts"))
    given = parser.parse_args(arguments)
    for name in count:
        count[name] = 0
    began, problem = time.monotonic(), ""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Machine.template = template(Path(folder), given.break_)
        for module in [one for name, one in sys.modules.items() if name.startswith("store.") and hasattr(one, "now")]:
            stack.enter_context(mock.patch.object(module, "now", clock.now))
        if given.break_ in BREAKS:
            stack.enter_context(mock.patch.object(*BREAKS[given.break_]))
        Machine.wanted = given.examples or _wanted(given)
        try:
            run_state_machine_as_test(Machine, settings=steps(Machine.wanted))
        except Exception as error:  # whatever the store raises that is no refusal is a defect too
            problem = f"{type(error).__name__}: {error}"[:500]
            if given.break_ is None:
                import traceback

                traceback.print_exc()
    found = {"violations": int(bool(problem)), "problem": problem, "break": given.break_} | count
    print(json.dumps(found | {"seconds": round(time.monotonic() - began, 1)}))
    return int(bool(problem))


def _wanted(given: argparse.Namespace) -> int:
    return LONG if given.long else CI if given.ci else SHORT


def steps(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def template(folder: Path, broken: str | None) -> Path:
    """An empty queue, made once: every example begins with a copy of it."""
    path = folder / "template.sqlite"
    database = open_database(path)
    with database.engine.begin() as connection:
        if broken == "counts":
            connection.execute(text("DROP TRIGGER reviews_count_moved"))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


if __name__ == "__main__":
    sys.exit(main())
