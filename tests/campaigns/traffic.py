"""Plays real threads as weeks of traffic through the whole of it: `python -m tests.campaigns.traffic DATA_FOLDER [--long]`.

The threads of `messy/sumo_threads` (later messages in the ticket they stand in) and `messy/twitter_support` (each tweet a
ticket of its own, by the same customer) come in at their own times into a queue file. A worker with the embedded models
handles them, people decide what stops, replies go to the outbox. The clock is driven: it runs as ever and is moved on when
nothing is in work, so nine weeks pass in minutes. They pass twice, since two things can be equal, and not the same:

- `words`: the product as it is. Whether a message continues a matter is its judgement (see the repeats campaign for how
  good that is), so there is no count of the threads that the counters could equal. Equal are the counters, by every
  dimension, hour, day and window, and the lists behind them, to plain loops over the recorded links and replies; and the
  replies that count as automatic to the mails in the outbox that nobody among the people remembers deciding. No link may
  join what two threads wrote (`strangers`); how many of the certain contacts were linked is told (`linked` of `certain`).
- `thread`: the judgement alone is taken out and the thread decides. Each customer has one matter here, so a message within
  seven days after an automatic reply to them is a repeat contact, and nothing else is. Links, and the same counters and
  lists, must equal a count made from the files of the threads, the mails in the outbox and the people's memory. Two things
  are taken from the record, as no file has them: what a reply counts under (its route, intents, prompt; its hour), and
  which messages were closed as a mere thank-you, which come back on nothing.

`differences` and `strangers` must be 0 whenever they are looked at. Flat, from the first quarter of the looks to the last,
must be the worker's own memory (`memory`), what each question of a desk costs in steps of SQLite's machine once the longest
window is full (`steps`, the worst), and the bytes that a message adds to the file (`bytes_a_message`); their slack is named
below. Milliseconds are told and not judged, as another program may hold the machine.

`--break twice|hour` counts a contact twice, or in the hour of the contact instead of the reply's; `deaf` links two of three;
`leak` keeps something of each message in memory; `scan` counts anew for each list: each must fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import platformdirs
from sqlmodel import Session

from store import recounting, stats
from store.live import Question, Stats
from tests.campaigns import checked, tallied, weeks
from tests.campaigns.driven import BROKEN, Clock
from tests.campaigns.flatness import Meter
from tests.campaigns.staff import Staff
from tests.campaigns.tallied import Told
from tests.campaigns.weeks import Arrival
from tests.workflow.shopfloor import Shopfloor

WEEKS = 9
"""More than twice the longest window of the figures."""
SHORT = (5, 8)
"""Threads of each source."""
LEGS = ("words", "thread")
LOOKS = timedelta(days=5)
COMPARED = timedelta(weeks=3)
MEMORY, STEPS, BYTES = 1.5, 1.5, 1.5
"""How much more of each the end may take than the beginning. Memory: the embedded model keeps room for the longest text so
far. Steps: weeks differ in how much is written. Bytes: so do texts."""
SERVE = "import sys; from tests.campaigns import driven; driven.serve(*sys.argv[1:])"
PATIENCE = 900.0
"""Seconds: a long run may have to wait for a busy machine."""
TOLD = 8
"""Differences told of a leg."""


class Leg:
    """The weeks on a queue of their own, by one rule of what continues a matter."""

    def __init__(self, folder: Path, rule: str, broken: Sequence[str]) -> None:
        models = Path(platformdirs.user_cache_path("lastclick-tests")) / "models"
        models.mkdir(parents=True, exist_ok=True)
        self._floor = Shopfloor(folder / "home", models)
        self._clock_file = folder / "clock"
        self._clock = Clock(self._clock_file)
        self._clock.reach(weeks.BEGINS - timedelta(minutes=5))
        self._rule, self._broken = rule, broken
        self._path = Path(self._floor.where.queue)
        self._come: list[Arrival] = []
        self._differences: list[str] = []
        self._found: dict[str, Any] = {}
        self._look, self._compare = weeks.BEGINS + LOOKS, weeks.BEGINS + COMPARED

    async def play(self, messages: Sequence[Arrival]) -> dict[str, Any]:
        """All of it; returns the figures of this leg."""
        began = time.monotonic()
        with self._clock.governs():
            self._queue = self._floor.queue()
            self._staff = Staff(self._queue)
            try:
                self._meter = Meter(self._queue, self._worker(), self._path)
                for some in weeks.together(messages):
                    await self._until(some[0].at)
                    for one in some:
                        self._clock.reach(one.at)
                        await self._queue.submit(one.message)
                    self._come += some
                    await self._settled(all_=False)
                    _say(self._rule, some[-1].at, f"{len(self._come)} of {len(messages)}", began)
                await self._until(weeks.BEGINS + timedelta(weeks=WEEKS))
            finally:
                self._floor.end()
                await self._queue.close()
        seconds = time.monotonic() - began
        speed = round((messages[-1].at - weeks.BEGINS).total_seconds() / seconds)
        return {
            "messages": len(messages),
            **self._found,
            **self._meter.figures(),
            "seconds": round(seconds),
            "speed": speed,
        }

    async def _until(self, at: datetime) -> None:
        """Time passes up to then; what is to be looked at on the way is."""
        while (due := min(self._look, self._compare)) <= at:
            self._clock.reach(due)
            await self._settled(all_=True)
            if self._come and due == self._look:
                await self._meter.look(due - weeks.BEGINS, self._come[0].message.thread, len(self._come))
            if due == self._compare:
                await self._compared()
                self._compare += COMPARED
            if due == self._look:
                self._look += LOOKS

    async def _settled(self, *, all_: bool) -> None:
        """Nothing is in work, and people have decided what they want to decide."""
        while True:
            until = time.monotonic() + PATIENCE
            while not self._floor.idle():
                assert time.monotonic() < until, self._floor.log.read_text()[-2000:]
                await asyncio.sleep(0.05)
            if not await self._staff.work(all_=all_):
                return

    async def _compared(self) -> None:
        """The figures against the recorded links, and the links against the threads."""
        kept, out = tallied.recorded(self._path), self._floor.where.outbox
        wants_none, days = tallied.closed(self._path), self._floor.rules.windows.repeat_days
        certain = tallied.from_threads(self._come, out, self._staff.answered, wants_none, days)
        linked = {message for message, _, _ in kept.contacts}
        told = _as_certain(kept, certain) if self._rule == "thread" else kept
        found = _unlike(kept, certain) if self._rule == "thread" else []
        found += checked.went_out(kept, {answers for _, answers in tallied.alone(out, self._staff.answered)})
        found += checked.rollups(told, self._path, confusions=self._rule == "words")
        found += await checked.answers(told, self._queue)
        self._differences += found
        for one in found[:TOLD]:
            print(f"{self._rule}: {one}", file=sys.stderr)
        self._found = {
            "replies": len(kept.replies),
            "contacts": len(kept.contacts),
            "returned": len(told.returned()),
            "differences": len(self._differences),
            "certain": len(certain),
            "linked": len(linked & certain.keys()),
            "strangers": len(linked - certain.keys()),
            "decided": sum(self._staff.decided.values()),
        }

    def _worker(self) -> int:
        worker = self._floor.start(SERVE, str(self._clock_file), self._rule, *self._broken)
        self._floor.wait_until(
            lambda: "models ready" in self._floor.log.read_text() or worker.poll() is not None, PATIENCE
        )
        return worker.pid


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the figures are equal to what they must be and nothing grows."""
    given = _options(arguments)
    messages = weeks.arrivals(given.data, WEEKS, None if given.long else tuple(given.threads or SHORT))
    report: dict[str, Any] = {"campaign": "traffic", "weeks": WEEKS}
    with _broken(given.break_):
        for rule in given.leg or LEGS:
            with tempfile.TemporaryDirectory() as folder:
                report[rule] = asyncio.run(Leg(Path(folder), rule, given.break_).play(messages))
    print(json.dumps(report))
    return 0 if all(holds(report[rule]) for rule in given.leg or LEGS) else 1


def holds(leg: dict[str, Any]) -> bool:
    """Whether there was something to count, it was counted as it must be, and nothing grew."""
    equal = leg["returned"] > 0 and leg["differences"] == 0 and leg["strangers"] == 0
    flat = leg["memory"] <= MEMORY and leg["steps"] <= STEPS and leg["bytes_growth"] <= BYTES
    return bool(equal and flat)


def _as_certain(kept: Told, certain: dict[str, str]) -> Told:
    """The replies that went out, and the contacts that the threads make certain."""
    named = {one.answers: name for name, one in kept.replies.items()}
    contacts = [(message, named[answers], False) for message, answers in certain.items() if answers in named]
    return Told(kept.replies, contacts)


def _unlike(kept: Told, certain: dict[str, str]) -> list[str]:
    """Where a link is not what the threads make certain, or is missing."""
    linked = {(message, kept.replies[reply].answers) for message, reply, _ in kept.contacts}
    missing = [
        f"{one} comes back on the answer to {other}: not linked" for one, other in sorted(certain.items() - linked)
    ]
    return missing + [f"{one} was linked to the answer to {other}" for one, other in sorted(linked - certain.items())]


def _say(rule: str, at: datetime, come: str, began: float) -> None:
    print(f"{rule}: {at:%d %b}, {come} messages, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


@contextmanager
def _broken(names: Sequence[str]) -> Iterator[None]:
    """The build that counts anew for each list of figures; what else is broken is so in the worker."""
    honest = stats.stats

    def anew(session: Session, question: Question, actor: str) -> Stats:
        for _ in ("what is asked", "reasons", "messages"):
            recounting.recount(session)
        return honest(session, question, actor)

    if "scan" in names:
        with mock.patch.object(stats, "stats", anew):
            yield
    else:
        yield


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.traffic", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA_FOLDER", help="the folder that holds messy/")
    parser.add_argument("--long", action="store_true", help="every thread, instead of a few of each source")
    parser.add_argument("--threads", type=int, nargs=2, metavar=("SUMO", "TWITTER"), help="so many of each source")
    parser.add_argument("--leg", choices=LEGS, action="append", help="one of the two passes alone")
    parser.add_argument(
        "--break",
        dest="break_",
        choices=[*BROKEN, "scan"],
        action="append",
        default=[],
        help="positive control: the run must fail",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
