"""What is compared at the end of each week of traffic: the figures a desk is told, and what they must be."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import get_args

from store.live import Behind, Counters, Dimension, Question, Share, Stats
from store.local import LocalQueue
from tests.campaigns import tallied
from tests.campaigns.tallied import Told

WINDOWS = (24, 168, 672)
"""24 hours, 7 days, 28 days."""
_OF_REPLIES = [by for by in get_args(Dimension) if by != "reason"]
"""A reply that nobody decided has no reason of a gate."""


def went_out(told: Told, mails: Collection[str]) -> list[str]:
    """Where the replies that count as automatic are not the mails that nobody decided on, by the message each answers."""
    counted = {one.answers for one in told.replies.values()}
    missing = [f"{one} was answered by itself and is not counted" for one in sorted(set(mails) - counted)]
    return missing + [f"{one} is counted and was not answered by itself" for one in sorted(counted - set(mails))]


def rollups(told: Told, queue: Path, *, confusions: bool) -> list[str]:
    """Where a cell of the roll-ups, by any dimension, hour or day, is not what was told. Whether a customer is confused
    is read from words, so it is told by the links alone."""
    counted, kept = tallied.cells(told), tallied.kept(queue)
    for cells in (counted, kept):
        for cell in [cell for cell in cells if cell[0].startswith("confused.") and not confusions]:
            del cells[cell]
    return tallied.differing(counted, kept)


async def answers(told: Told, queue: LocalQueue) -> list[str]:
    """Where what the desk, the routes screen and `lastclick stats` are told is not what was told, for every window."""
    found: list[str] = []
    for hours in WINDOWS:
        for by in _OF_REPLIES:
            said = await queue.stats(Question(hours=hours, by=by))
            found += _stats(told, said, hours, by)
        found += _counters(told, await queue.counters(hours), hours)
        for one in await queue.operations(hours):
            if one.kind != "action":
                at = said.at
                mine = tallied.shares(told, at, hours, one.kind).get(one.name, (0, 0))
                found += _unlike(f"{one.kind} {one.name} {hours} h", _pair(one.repeats), mine)
        found += await _behind(told, queue, hours)
    return found


def _stats(told: Told, said: Stats, hours: int, by: str) -> list[str]:
    here = f"stats {hours} h by {by}"
    whole = tallied.shares(told, said.at, hours, "all").get("", (0, 0))
    before = tallied.shares(told, said.at, hours, "all", ago=hours).get("", (0, 0))
    found = _unlike(here, _pair(said.repeats), whole) + _unlike(f"{here}, before", _pair(said.before), before)
    mine = tallied.shares(told, said.at, hours, by)
    earlier = tallied.shares(told, said.at, hours, by, ago=hours)
    shown = {cell.key: cell for cell in said.cells if cell.repeats.whole}
    for key, cell in shown.items():
        found += _unlike(f"{here}: {key}", _pair(cell.repeats), mine.get(key, (0, 0)))
        found += _unlike(f"{here}, before: {key}", _pair(cell.before), earlier.get(key, (0, 0)))
    came_back = {key for key, (part, _) in mine.items() if part}
    if len(came_back) < tallied.LISTED:
        found += [f"{here}: {key} is not listed" for key in sorted(came_back - shown.keys())]
    found += _unlike(f"{here}: trend", [_pair(one) for one in said.trend], _trend(told, said.at))
    return found


def _trend(told: Told, at: datetime) -> list[tuple[int, int]]:
    today = int(at.timestamp()) // tallied.DAY
    days = [[0, 0] for _ in range(28)]
    for place, replies in enumerate((told.returned(), told.replies)):
        for one in replies.values():
            ago = today - one.at // tallied.DAY
            if 0 <= ago < 28:
                days[27 - ago][place] += 1
    return [(part, whole) for part, whole in days]


def _counters(told: Told, said: Counters, hours: int) -> list[str]:
    mine = tallied.shares(told, said.at, hours, "route")
    found = []
    for one in said.routes:
        found += _unlike(f"counters {hours} h {one.name}", (one.repeats, one.replies), mine.pop(one.name, (0, 0)))
    return found + [f"counters {hours} h: {name} is missing" for name in mine]


async def _behind(told: Told, queue: LocalQueue, hours: int) -> list[str]:
    """The tickets behind a number are as many as the number says."""
    found, at = [], (await queue.counters(hours)).at
    for by, key in [("all", ""), *(("route", key) for key in tallied.shares(told, at, hours, "route"))]:
        asked = Behind(measure="repeats", by=None if by == "all" else by, key=key, hours=hours)  # type: ignore[arg-type]
        listed, after = list[str](), None
        while True:
            page = await queue.cases(asked, after, 200)
            listed += [line.ref for line in page.lines]
            if (after := page.next) is None:
                break
        found += _unlike(f"behind {hours} h {by} {key}", sorted(listed), tallied.behind(told, at, hours, by, key))
    return found


def _pair(share: Share) -> tuple[int, int]:
    return share.part, share.whole


def _unlike(what: str, said: object, counted: object) -> list[str]:
    return [] if said == counted else [f"{what}: said {said}, counted {counted}"]
