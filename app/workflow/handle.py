"""The durable way of one customer message: a crash at any point goes on at the next step, and it ends exactly once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from app.workflow import endings, failures
from app.workflow.engine import Engine, Stopping
from app.workflow.services import Services
from app.workflow.steps import handle_case
from app.workflow.traces import Off, Traces
from store.case import Case, Ending
from store.live import Switch
from store.queue import NotFound, Unavailable
from store.work import Work

log = logging.getLogger("lastclick.worker")
T = TypeVar("T")

SWITCHES_SECONDS = 0.2
MOST_WAIT = 2.0
"""Seconds between two tries to reach the store."""


@dataclass(frozen=True)
class Handling:
    """What `handle` works with in this process."""

    engine: Engine
    work: Work
    services: Services
    traces: Traces = field(default_factory=Off)
    _read: list[tuple[float, tuple[Switch, ...]]] = field(default_factory=list)

    def switches(self) -> tuple[Switch, ...]:
        """The switches as they were at most 0.2 s ago: a thrown one stops model calls well within its second.

        While they cannot be read no model is called, which is what an unreadable switch means.
        """
        now = time.monotonic()
        kept = self._read[-1:]
        if not kept or now - kept[0][0] > SWITCHES_SECONDS:
            self._read[:] = kept = [(now, patiently(self.work.switches, self.engine))]
        return kept[0][1]


def handle(work_id: str, handling: Handling) -> dict[str, Any]:
    """Take one message from the inbox to its ending, and file that in one transaction.

    Model calls and look-ups are checkpointed steps; the rules between them are pure and simply run again on resume.
    """
    engine, work, began = handling.engine, handling.work, time.time_ns()
    try:
        case = patiently(lambda: work.case(work_id), engine)
    except NotFound:
        return {"how": "gone"}
    seen = engine.once(
        "seen", lambda: {"messages": [each.id for each in case.messages], "version": case.ticket.version}
    )
    case = _as_seen(case, seen)
    ending = end(case, _services(handling, work_id))
    ending = ending.model_copy(update={"proposal": ending.proposal.model_copy(update={"request_id": work_id})})
    patiently(lambda: work.finish(work_id, ending), engine)
    handling.traces.handled(work_id, case, ending, began)
    return {"how": ending.how, "code": ending.proposal.route.code}


def end(case: Case, services: Services) -> Ending:
    """`handle_case`, and for a mistake of ours a person: a ticket must never be lost to a traceback."""
    try:
        return handle_case(case, services)
    except Exception:
        log.exception("the way of ticket %s broke; it goes to a person", case.ticket.id)
        return gave_up(case, services)


def gave_up(case: Case, services: Services) -> Ending:
    """Before a person, because the workflow itself could not go on."""
    failure = failures.failure("step_broke", "workflow", services.rules, attempts=str(len(case.attempts) or 1))
    return endings.reviewed(case.model_copy(update={"reply": None, "failure": failure}), failure, services)


def patiently(call: Callable[[], T], engine: Engine) -> T:
    """Call the store, waiting as long as it cannot be reached; says so once, and when it is back."""
    wait, told = 0.1, False
    while True:
        try:
            result = call()
        except Unavailable as gone:
            if engine.stopping():
                raise Stopping from gone
            if not told:
                log.warning("the store cannot be reached, waiting: %s", gone)
                told = True
            time.sleep(wait)
            wait = min(MOST_WAIT, wait * 2)
        else:
            if told:
                log.warning("the store is back")
            return result


def _services(handling: Handling, work_id: str) -> Services:
    engine, work = handling.engine, handling.work
    return replace(
        handling.services,
        once=engine.once,
        switches=handling.switches,
        told=lambda ticket, attempt: handling.traces.attempted(ticket, work_id, attempt),
        record=lambda ticket, attempts: patiently(lambda: work.record(ticket, attempts), engine),
        refunded_today=lambda customer: patiently(lambda: work.refunded_today(customer), engine),
        ai_replies=lambda ticket: patiently(lambda: work.ai_replies(ticket), engine),
        link_repeat=lambda repeat: patiently(lambda: work.link_repeat(repeat), engine),
        sleep=lambda seconds: _sleep(seconds, engine),
    )


def _sleep(seconds: float, engine: Engine) -> None:
    """Wait between two tries; a process that is to end does not wait."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if engine.stopping():
            raise Stopping
        time.sleep(min(left, 0.2))


def _as_seen(case: Case, seen: dict[str, Any]) -> Case:
    """The case as it was when the work began: what a resumed classification has not read must not be claimed as read."""
    ids = set(seen["messages"])
    return case.model_copy(
        update={
            "messages": tuple(message for message in case.messages if message.id in ids),
            "ticket": case.ticket.model_copy(update={"version": seen["version"]}),
        }
    )
