"""A queue within one transaction that is taken back: the real store at the speed of a rule's test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session

from config.rules import Windows
from store import claims, deciding, filing, journal, reading, running, working
from store.case import Ending
from store.contract import Action, Execution, Lease, Outcome, Review, Verdict
from store.engine import Database, open_database
from store.tables import ExecutionRow, JournalRow, ReviewRow, table
from store.work import Refused
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge


class _TakenBack(Exception):
    """Ends a test's transaction."""


class House:
    """What a desk and a worker do, in one session."""

    def __init__(self, session: Session, judge: HonestJudge) -> None:
        self.session, self.judge = session, judge

    def waiting(self, *actions: Action, number: str = "m1", thread: str = "4183", **more: object) -> Review:
        """A message that came in, was handled, and stopped before a person."""
        self.handled(*actions, number=number, thread=thread, how="review", **more)
        return self.review(self.newest())

    def newest(self) -> str:
        """The id of the review that was opened last."""
        newest = select(table(ReviewRow).c.id).order_by(table(ReviewRow).c.n.desc())
        return str(self.session.execute(newest).scalars().first())

    def handled(
        self, *actions: Action, number: str = "m1", thread: str = "4183", how: str = "send", **more: object
    ) -> None:
        """A message that came in and was handled."""
        filing.message(self.session, shop.message(number, thread))
        case = working.case(self.session, number)
        item = shop.proposal(case, *(actions or (shop.refund(),)), **({"request_id": number} | more))
        gate = self.judge.gate(item, {})
        filing.ending(self.session, self.judge, number, Ending(how=how, proposal=item, gate=gate, customer=shop.MIA))

    def review(self, review_id: str) -> Review:
        return reading.review(self.session, review_id)

    def row(self, review: Review) -> ReviewRow:
        return reading.review_row(self.session, review.id)

    def lease(self, review: Review, actor: str = "ana") -> Lease:
        lease = claims.claim(self.session, self.judge, actor, review.id, None)
        assert lease is not None
        return lease

    def decide(self, review: Review, actor: str = "ana", *verdicts: Verdict, **more: object) -> Outcome:
        """What was shown is decided by who claims it; all of it is approved when no verdict is given."""
        lease = more.pop("lease", None) or self.lease(review, actor)
        assert isinstance(lease, Lease)
        decision = shop.decision(review, actor, *verdicts, **more)  # type: ignore[arg-type]
        return deciding.decide(self.session, self.judge, decision, lease)

    def executions(self) -> list[ExecutionRow]:
        rows = select(ExecutionRow).order_by(table(ExecutionRow).c.created_at, table(ExecutionRow).c.position)
        return list(self.session.execute(rows).scalars())

    def dispatch(self, row: ExecutionRow, worker: str = "w1") -> Execution | Refused:
        return running.dispatch(self.session, self.judge, row.id, worker)

    def refusal(self, row: ExecutionRow, worker: str = "w1") -> tuple[str, str]:
        """The code and the sentence of a dispatch that is refused."""
        answer = self.dispatch(row, worker)
        assert isinstance(answer, Refused), answer
        return answer.code, str(answer)

    def ran(self, kind: str) -> list[str | None]:
        """The digests of what ran that the journal keeps with such events."""
        rows = select(table(JournalRow).c.ran).where(table(JournalRow).c.kind == kind)
        return list(self.session.execute(rows).scalars())

    def told(self, kind: str) -> list[dict[str, object]]:
        """What the journal tells of such events."""
        return [event.data for event in journal.events(self.session, 0, 1_000) if event.kind == kind]


@contextmanager
def house(**windows: float) -> Iterator[House]:
    """An empty queue; nothing of what the block does stays."""
    judge = HonestJudge(Windows(**{"undo_seconds": 0.0, "spot_check_share": 0.0} | windows))
    with _opened(template()) as database, suppress(_TakenBack), database.writing() as session:
        yield House(session, judge)
        raise _TakenBack


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    database = Database(path)
    yield database
    database.close()


def template() -> Path:
    """An empty queue, made once; every process opens it for itself."""
    return Path(_made().name) / "queue.sqlite"


@cache
def _made() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory()
    open_database(Path(folder.name) / "queue.sqlite").close()
    return folder
