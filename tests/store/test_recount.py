"""The figures that are kept equal a count from scratch, whatever happened in whatever order."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from config.rules import Windows
from store import noting, recounting
from store.contract import (
    REPLY,
    Approve,
    Attempt,
    Decision,
    Edit,
    HandOver,
    Lease,
    Reject,
    Respond,
    Retry,
    Review,
    Route,
    Verdict,
    Watermark,
    now,
)
from store.engine import open_database
from store.live import Grade, Question, RepeatContact, View
from store.local import LocalQueue
from store.local_work import LocalWork
from store.queue import QueueError
from store.work import Refused
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge
from tests.desk import samples

ENDINGS = ("send", "ask", "review", "review", "close", "hold")
VERDICTS = ("approve", "edit", "reject", "respond", "retry", "hand over")
steps = st.lists(
    st.tuples(
        st.sampled_from(("write", "handle", "handle", "run", "decide", "decide", "undo", "repeat", "grade", "try")),
        st.integers(0, 3),
        st.integers(0, 59),
    ),
    min_size=5,
    max_size=60,
)


class Shop:
    """A queue on a file in memory, and what was done with it so far."""

    def __init__(self, folder: Path) -> None:
        self.judge = HonestJudge(Windows(undo_seconds=0.0, spot_check_share=1.0, spot_check_twice=0.5))
        self.queue = LocalQueue(folder / "queue.sqlite", self.judge)
        self.queue._looked = float("inf")
        self.work = LocalWork(folder / "queue.sqlite", self.judge)
        self.decided: list[str] = []
        self.numbers = 0

    async def write(self, ticket: int, pick: int) -> None:
        self.numbers += 1
        await self.queue.submit(shop.message(f"m{self.numbers}", f"t{ticket}", text=f"order W{pick}"))

    async def handle(self, ticket: int, pick: int) -> None:
        for work_id in self.work.inbox()[:1]:
            how, failed = ENDINGS[pick % 6], pick % 4 == 0
            route = Route(
                name=("routine", "messy")[pick % 2],
                model=("cheap", "strong")[pick % 2],
                prompt="drafting",
                prompt_version=("v1", "v2", "")[pick % 3],
                code="otherwise",
                reason="one intent",
            )
            failure = self.judge.failure("low_confidence", "drafting") if failed else None
            shop.handle(
                self.work, self.judge, work_id, *((shop.refund(pick * 100),) if how == "review" else ()),
                how=how, route=route, intents=("refund", "where_is_it")[: pick % 3], failure=failure,
                reply=f"Dear Mia, your order W{pick} is on its way." if how != "close" else None,
            )  # fmt: skip

    async def run(self, ticket: int, pick: int) -> None:
        self.work.beat("w1", "here", 1)
        for one in self.work.due():
            with contextlib.suppress(Refused):
                self.work.dispatch(one, "w1")
                self.work.settle(one, ("done", "done", "failed", "unknown")[pick % 4])

    async def decide(self, ticket: int, pick: int) -> None:
        rows = (await self.queue.page(View())).rows
        if not rows:
            return
        review = await self.queue.review(rows[pick % len(rows)].review_id)
        lease = await self.queue.claim(("ana", "bo")[pick % 2], review.id)
        if lease is not None:
            self.numbers += 1
            outcome = await self.queue.decide(self.decision(review, lease, pick), lease)
            self.decided.append(outcome.decision_id)

    def decision(self, review: Review, lease: Lease, pick: int) -> Decision:
        kind, number = VERDICTS[pick % 6], f"d{self.numbers}"
        if kind in ("retry", "hand over"):
            way = Retry(details="the card is 9213") if kind == "retry" else HandOver(to="billing")
            return shop.decision(review, lease.actor, number=number, instead=way)
        made = [
            self.verdict(kind, one, pick) if one == REPLY or kind != "edit" else Approve(action_id=one)
            for one in review.proposal.to_decide()
        ]
        return shop.decision(review, lease.actor, *made, number=number, took_ms=pick * 50)

    def verdict(self, kind: str, one: str, pick: int) -> Verdict:
        if kind == "edit":
            return Edit(action_id=one, args={"text": f"Another text {pick}."})
        if kind == "reject":
            return Reject(action_id=one, code="wrong_facts", message="no such order")
        return Respond(action_id=one, message="We look into it.") if kind == "respond" else Approve(action_id=one)

    async def undo(self, ticket: int, pick: int) -> None:
        if self.decided:
            number = self.decided[pick % len(self.decided)]
            await self.queue.undo(number, ("ana", "bo")[pick % 2])

    async def repeat(self, ticket: int, pick: int) -> None:
        history = await self.queue.history(f"t{ticket}")
        replies = [one for one in history.messages if one.ai_handled]
        asked = [one for one in history.messages if one.direction == "inbound"]
        if replies:
            self.work.link_repeat(
                RepeatContact(
                    ticket_id=f"t{ticket}",
                    message_id=asked[pick % len(asked)].id,
                    reply_id=replies[pick % len(replies)].id,
                    route="messy",
                    why="same_thread",
                    confusion=pick % 3 == 0,
                    at=now(),
                )
            )

    async def grade(self, ticket: int, pick: int) -> None:
        actor = ("ana", "bo", "cy")[pick % 3]
        page = await self.queue.spot_checks(actor)
        if page.checks:
            one = page.checks[pick % len(page.checks)]
            verdict = ("good", "wrong", "unclear")[pick % 3]
            await self.queue.grade(
                Grade(
                    message_id=one.message_id, actor=actor, verdict=verdict, why="another order", reopen=pick % 9 == 1
                )
            )

    async def try_(self, ticket: int, pick: int) -> None:
        at = now() - timedelta(hours=pick)
        one = Attempt(
            step="drafting", number=1 + pick % 3, model="strong", prompt="drafting", prompt_version="v1", route="messy",
            at=at, ms=pick * 10.0, outcome=("ok", "temporary")[pick % 2], code="server_error", cost_micros=pick,
        )  # fmt: skip
        await self.queue.ticket(f"t{ticket}")
        self.work.record(f"t{ticket}", (one,))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "queue.sqlite"
    open_database(path).close()
    return path


@contextlib.contextmanager
def folder_with(template: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    shutil.copy(template, folder / "queue.sqlite")
    yield folder
    shutil.rmtree(folder)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(steps)
def test_kept_figures_equal_a_count_from_scratch(template: Path, history: list[tuple[str, int, int]]) -> None:
    with folder_with(template) as folder:
        asyncio.run(_play(folder, history))


async def _play(folder: Path, history: list[tuple[str, int, int]]) -> None:
    at = Shop(folder)
    try:
        for name, ticket, pick in [("write", 0, 1), ("handle", 0, 0), ("run", 0, 0), *history]:
            with contextlib.suppress(QueueError, Refused):
                await getattr(at, "try_" if name == "try" else name)(ticket, pick)
        with at.queue._database.reading() as session:
            assert recounting.differences(session) == []
            counted = recounting.recount(session)
            _lists_are_as_long_as_their_figures(session, counted)
        stats = await at.queue.stats(Question(hours=672, by="intent"), "ana")
        assert stats.repeats.part <= stats.repeats.whole
        assert stats.overrides.part <= stats.overrides.whole
        assert all(cell.repeats.part <= cell.repeats.whole for cell in stats.cells)
    finally:
        await at.queue.close()
        at.work.close()


def _lists_are_as_long_as_their_figures(session: object, counted: recounting.Cells) -> None:
    """What stands behind a figure is as much as it says."""
    kept = recounting.behind(session)  # type: ignore[arg-type]
    for what, name in (("repeats", "returned"), ("confusions", "confused"), ("overrides", "overrides")):
        total = sum(n for (figure, _, _, _), n in counted.items() if figure == f"{name}.all")
        assert kept.get(f"{what}.all", 0) == total, what


def test_a_figure_that_is_wrong_is_found_and_put_right(template: Path) -> None:
    with folder_with(template) as folder:
        asyncio.run(_play(folder, [("write", 1, 2), ("handle", 1, 0), ("run", 1, 0), ("decide", 1, 2)]))
        database = open_database(folder / "queue.sqlite")
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE figures SET count = count + 5 WHERE name = 'replies.route'"))
            connection.execute(text("DELETE FROM figures WHERE name = 'handled.all'"))
        database.close()
        assert recounting.repair(folder / "queue.sqlite") >= 2
        assert recounting.repair(folder / "queue.sqlite") == 0


def test_what_an_override_changed_is_told_line_by_line() -> None:
    review = samples.review(4183)
    given = Decision(
        id="d", review_id="r", fingerprint="f", watermark=Watermark(last_customer_message_id=None, ticket_version=1),
        actor="ana", verdicts=(Edit(action_id="a1", args=review.proposal.actions[0].args | {"order": "#W1"}),),
    )  # fmt: skip
    (line,) = noting.difference(review.proposal, given)
    assert line.endswith("order: #W2378156 → #W1")
