"""The workers' door to the store itself, SQLite or PostgreSQL: synchronous, every method one transaction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from store import carrying, filing, passing, prompting, rereading, running, switching, working
from store.case import Case, Ending, Facing
from store.contract import Attempt, ChangedFact, Execution, Failure, Message, Proposal
from store.engine import open_database
from store.judge import Judge
from store.live import PromptVersion, RepeatContact, Switch
from store.work import Refused

if TYPE_CHECKING:
    from sqlmodel import Session

    from store.bell import Ear
    from store.engine import Watch

_TICKS = 25
"""Transactions of one tick at most, so that a worker is not kept from its work."""


class LocalWork:
    """`Work` over a SQLite file or a PostgreSQL database, safe to call from many threads. Raises `Unavailable`."""

    def __init__(self, url: str | Path, judge: Judge) -> None:
        self._judge = judge
        self._database = open_database(url)
        self._watch: Watch | Ear | None = None

    def inbox(self, limit: int = 50) -> list[str]:
        return self._database.read(lambda session: working.listing(session, limit))

    def offer(self, limit: int = 50) -> list[str]:
        if not self._database.many_writers:
            return self.inbox(limit)
        if not self._database.read(lambda session: working.listing(session, 1)):
            return []
        return self._database.write(lambda session: working.offer(session, limit), journaled=False)

    def stirred(self) -> bool:
        if self._watch is None:
            self._watch = self._database.watch()
        return self._watch.stirred()

    def case(self, work_id: str) -> Case:
        return self._database.write(lambda session: working.case(session, work_id))

    def record(self, ticket_id: str, attempts: tuple[Attempt, ...]) -> None:
        self._database.write(lambda session: working.record(session, ticket_id, attempts))

    def finish(self, work_id: str, ending: Ending) -> None:
        self._database.write(lambda session: filing.ending(session, self._judge, work_id, ending))

    def link_repeat(self, repeat: RepeatContact) -> None:
        self._database.write(lambda session: working.link_repeat(session, repeat))

    def ai_replies(self, ticket_id: str) -> list[tuple[Message, Proposal]]:
        return self._database.read(lambda session: working.ai_replies(session, ticket_id))

    def refunded_today(self, customer_id: str) -> dict[str, int]:
        return self._database.read(lambda session: carrying.refunded_today(session, customer_id))

    def due(self, limit: int = 50) -> list[str]:
        return self._database.read(lambda session: running.due(session, limit))

    def dispatch(self, execution_id: str, worker: str) -> Execution:
        answer = self._database.write(lambda session: running.dispatch(session, self._judge, execution_id, worker))
        if isinstance(answer, Refused):
            raise answer
        return answer

    def settle(
        self, execution_id: str, state: str, *, external_id: str | None = None, failure: Failure | None = None
    ) -> None:
        end = running.End(state, external_id, failure)
        self._database.write(lambda session: running.settle(session, self._judge, execution_id, end))

    def running(self, worker: str | None = None) -> list[Execution]:
        return self._database.read(lambda session: running.listing(session, worker))

    def switches(self) -> tuple[Switch, ...]:
        return self._database.read(switching.all_switches)

    def beat(self, worker: str, host: str, pid: int) -> None:
        self._database.write(lambda session: working.beat(session, worker, host, pid), journaled=False)

    def runs(self, worker: str, prompts: tuple[PromptVersion, ...]) -> None:
        self._database.write(lambda session: prompting.begun(session, worker, prompts))

    def dead(self, seconds: float) -> list[str]:
        return self._database.read(lambda session: working.dead(session, seconds))

    def bury(self, worker: str) -> None:
        self._database.write(lambda session: working.bury(session, worker))

    def facing(self, limit: int = 20) -> list[Facing]:
        return self._database.read(lambda session: rereading.wanted(session, limit))

    def reread(self, review_id: str, fingerprint: str, changed: tuple[ChangedFact, ...] | None) -> None:
        def keep(session: Session) -> None:
            rereading.found(session, review_id, fingerprint, changed)

        self._database.write(keep, journaled=False)

    def tick(self) -> None:
        """Goes on while there is something to do, each time in a short transaction; gives up its turn in between."""
        for _ in range(_TICKS):
            if not (self._database.read(passing.anything) and self._database.write(passing.tick)):
                break
        self._database.fold()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
        self._database.close()
