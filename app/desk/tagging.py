"""What the main screen does with several cases: tag them in the list, list them, decide them, tell what was left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from app.desk import bulk, news
from app.desk.bulk import Batch
from app.desk.dialogs.bulk import Answer, BulkDialog, LeftDialog
from app.desk.dialogs.texts import RejectDialog
from app.desk.panes.queue_list import QueueList
from app.desk.words import words
from store.contract import Review, Verdict
from store.queue import QueueError

if TYPE_CHECKING:
    from app.desk.screens.main import MainScreen


def _tag(screen: MainScreen) -> None:
    """Tag the chosen case and go on to the next."""
    rows = screen.query_one(QueueList)
    row = rows.chosen()
    if row is None or not row.review_id:
        return
    if not screen.tags.turn(row.review_id):
        screen.say(f"{bulk.MOST} cases are tagged: no more than that in one decision.", "$warning")
        return
    rows.refresh()
    rows.move(1)
    screen.tagged()


def _tag_alike(screen: MainScreen) -> None:
    """Tag every case read so far that stops for the same reasons on the same route."""
    rows = screen.query_one(QueueList)
    row, reading = rows.chosen(), screen.reading
    if row is None or reading is None:
        return
    like = (sorted(row.reasons), row.risk, row.route)
    alike = [each for each in reading.window.rows() if (sorted(each.reasons), each.risk, each.route) == like]
    screen.tags.add(each.review_id for each in alike if each.state == "open" and each.claimed_by in {None, screen.me})
    rows.refresh()
    screen.tagged()


def _untag(screen: MainScreen) -> None:
    screen.tags.clear()
    screen.query_one(QueueList).refresh()
    screen.tagged()


def _bulk(screen: MainScreen) -> None:
    screen.spawn(_offer(screen), "bulk")


async def _offer(screen: MainScreen) -> None:
    queue = screen.queue
    if queue is None:
        return
    try:
        batch = await bulk.gather(queue, screen.tags.ids, screen.me)
    except QueueError as error:
        screen.say(str(error), "bold $error")
        return
    if not batch.reviews:
        screen.ask(LeftDialog(0, batch.left_out), lambda _: None)
        return
    opened = time.monotonic()

    def answered(answer: Answer | None) -> None:
        if answer == "approve":
            _go(screen, batch, bulk.approve, opened)
        elif answer == "reject":
            count = len(batch.reviews)
            screen.ask(RejectDialog(words(f"Reject {count}: why?")), rejected)

    def rejected(reason: tuple[str, str] | None) -> None:
        if reason is not None:
            code, message = reason
            _go(screen, batch, partial(bulk.reject, code=code, message=message), opened)

    screen.ask(BulkDialog(batch), answered)


def _go(screen: MainScreen, batch: Batch, answer: Callable[[Review], tuple[Verdict, ...]], opened: float) -> None:
    if screen.handling is not None:
        screen.handling.leave()
    took = int((time.monotonic() - opened) * 1000)
    screen.spawn(_decide(screen, batch, answer, took), "bulk")


async def _decide(screen: MainScreen, batch: Batch, answer: Callable[[Review], tuple[Verdict, ...]], took: int) -> None:
    queue = screen.queue
    if queue is None:
        return
    done = await bulk.decide(queue, screen.me, batch, answer, took)
    screen.tags.clear()
    screen.post_message(news.DecidedTogether(done.outcomes))
    if left := (*done.refused, *batch.left_out):
        screen.ask(LeftDialog(len(done.outcomes), left), lambda _: None)


ALSO: Mapping[str, Callable[[MainScreen], None]] = {
    "tag": _tag,
    "tag_alike": _tag_alike,
    "untag": _untag,
    "bulk": _bulk,
}
"""The actions of this room, by their key's id."""
