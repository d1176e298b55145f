"""The workers' door over the embedded database: synchronous, every method one transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from store import carrying, filing, passing, prompting, running, switching, working
from store.case import Case, Ending
from store.contract import Attempt, Execution, Failure, Message, Proposal
from store.engine import open_database
from store.faults import named
from store.judge import Judge
from store.live import PromptVersion, RepeatContact, Switch
from store.work import Refused

_TICKS = 25
"""Transactions of one tick at most, so that a worker is not kept from its work."""


class LocalWork:
    """`Work` over a SQLite file, safe to call from many threads. Raises `store.queue.Unavailable` where it cannot."""

    def __init__(self, url: str | Path, judge: Judge) -> None:
        self._judge = judge
        self._database = open_database(url)
        self._watch: Any = None
        self._seen: int | None = None

    def inbox(self, limit: int = 50) -> list[str]:
        with self._database.reading() as session:
            return working.listing(session, limit)

    def stirred(self) -> bool:
        """SQLite's `data_version` on a connection that never writes: 4 µs."""
        with named(str(self._database.path)):
            if self._watch is None:
                self._watch = self._database.connect()
            version = self._watch.execute("PRAGMA data_version").fetchone()[0]
        before, self._seen = self._seen, version
        return bool(version != before)

    def case(self, work_id: str) -> Case:
        with self._database.writing() as session:
            return working.case(session, work_id)

    def record(self, ticket_id: str, attempts: tuple[Attempt, ...]) -> None:
        with self._database.writing() as session:
            working.record(session, ticket_id, attempts)

    def finish(self, work_id: str, ending: Ending) -> None:
        with self._database.writing() as session:
            filing.ending(session, self._judge, work_id, ending)

    def link_repeat(self, repeat: RepeatContact) -> None:
        with self._database.writing() as session:
            working.link_repeat(session, repeat)

    def ai_replies(self, ticket_id: str) -> list[tuple[Message, Proposal]]:
        with self._database.reading() as session:
            return working.ai_replies(session, ticket_id)

    def refunded_today(self, customer_id: str) -> dict[str, int]:
        with self._database.reading() as session:
            return carrying.refunded_today(session, customer_id)

    def due(self, limit: int = 50) -> list[str]:
        with self._database.reading() as session:
            return running.due(session, limit)

    def dispatch(self, execution_id: str, worker: str) -> Execution:
        with self._database.writing() as session:
            answer = running.dispatch(session, self._judge, execution_id, worker)
        if isinstance(answer, Refused):
            raise answer
        return answer

    def settle(
        self, execution_id: str, state: str, *, external_id: str | None = None, failure: Failure | None = None
    ) -> None:
        with self._database.writing() as session:
            running.settle(session, self._judge, execution_id, running.End(state, external_id, failure))

    def running(self, worker: str | None = None) -> list[Execution]:
        with self._database.reading() as session:
            return running.listing(session, worker)

    def switches(self) -> tuple[Switch, ...]:
        with self._database.reading() as session:
            return switching.all_switches(session)

    def beat(self, worker: str, host: str, pid: int) -> None:
        with self._database.writing(journaled=False) as session:
            working.beat(session, worker, host, pid)

    def runs(self, worker: str, prompts: tuple[PromptVersion, ...]) -> None:
        with self._database.writing() as session:
            prompting.begun(session, worker, prompts)

    def dead(self, seconds: float) -> list[str]:
        with self._database.reading() as session:
            return working.dead(session, seconds)

    def bury(self, worker: str) -> None:
        with self._database.writing() as session:
            working.bury(session, worker)

    def tick(self) -> None:
        """Goes on while there is something to do, each time in a short transaction; gives up its turn in between."""
        for _ in range(_TICKS):
            with self._database.reading() as session:
                if not passing.anything(session):
                    return
            with self._database.writing() as session:
                passing.tick(session)

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
        self._database.close()
