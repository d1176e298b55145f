"""A planted case at the desk: to be decided like any other, then told in a dialog; and a word to who approves in haste."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from app.desk.dialogs.told import ToldDialog
from config.rules import Windows
from store.local import LocalQueue
from store.local_work import LocalWork
from store.planted_told import Planting
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge
from tests.desk.conftest import desk, main, on_screen, until, words

SIZE = (120, 36)
JUDGE = HonestJudge(Windows(undo_seconds=5.0, spot_check_share=0.0, streak_notice=1, quick_notice=False))


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    queue, work = LocalQueue(tmp_path / "queue.db", JUDGE), LocalWork(tmp_path / "queue.db", JUDGE)
    yield queue, work
    await queue.close()
    work.close()


async def approve(pilot: Pilot[Any], review_id: str) -> None:
    await on_screen(pilot, review_id)
    await pilot.press("a")
    await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
    await pilot.press("y")


async def test_who_misses_a_fault_is_told_which_and_goes_on(store: tuple[LocalQueue, LocalWork]) -> None:
    queue, work = store
    origin = await shop.waiting(queue, work, JUDGE, "m1", "t1")
    await queue.decide(shop.decision(origin), await shop.held(queue, origin))
    made = await queue.plant(Planting(by="lea", kinds=("amount",)))
    planted = (await queue.history(str(made.cases[0].ticket_id))).reviews[0].review_id
    real = await shop.waiting(queue, work, JUDGE, "m2", "t2")
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, planted)
        assert "planted" not in words(pilot, "#fact-why") + words(pilot, "#keys")
        assert "2 waiting" in words(pilot, "#status")
        await approve(pilot, planted)
        await until(pilot, lambda: isinstance(pilot.app.screen, ToldDialog), "the word")
        told = str(pilot.app.screen.query_one("#told", Static).visual)
        assert "no customer, nothing is carried out" in told
        assert "the sources say €120.00, the proposal €210.00" in told
        await pilot.press("escape")
        await on_screen(pilot, real.id)
        assert (await queue.history(str(made.cases[0].ticket_id))).executions == ()


async def test_a_run_of_approvals_is_said_beside_what_can_be_undone(store: tuple[LocalQueue, LocalWork]) -> None:
    queue, work = store
    review = await shop.waiting(queue, work, JUDGE, "m1", "t1")
    async with desk(queue).run_test(size=(160, 40)) as pilot:
        await approve(pilot, review.id)
        await until(pilot, lambda: "1 in a row approved as proposed" in words(pilot, "#keys"), "the word")
        assert not isinstance(pilot.app.screen, ToldDialog)
