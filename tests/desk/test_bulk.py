"""Several cases as one decision: only alike ones, each with its own decision, taken back together."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from app.desk import bulk
from app.desk.bulk import MOST, Tags
from app.desk.dialogs.bulk import BulkDialog, LeftDialog
from app.desk.dialogs.texts import RejectDialog
from app.desk.panes.queue_list import QueueList
from store.contract import Approve, Reject
from tests.desk import samples
from tests.desk.conftest import desk, main, on_screen, shown, until, words
from tests.desk.fake_queue import FakeQueue

SIZE = (120, 36)


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue([*(samples.low_risk(n) for n in range(1, 5)), samples.review(4183)])


async def ids(queue: FakeQueue, *tagged: str) -> bulk.Batch:
    return await bulk.gather(queue, tagged, "anna")


async def test_only_cases_like_the_first_are_taken_in_and_each_other_is_named(queue: FakeQueue) -> None:
    queue.take("r3", "bo")
    queue.change(queue.reviews["r4"].model_copy(update={"state": "decided"}))
    batch = await ids(queue, "r1", "r2", "r3", "r4", "r4183", "gone")
    assert [review.id for review in batch.reviews] == ["r1", "r2"]
    assert dict(batch.left_out) == {
        "3": "bo has it open",
        "4": "It was decided.",
        "4183": "it stops for other reasons or proposes something else",
        "gone": "it is not there any more",
    }


async def test_each_case_has_a_decision_of_its_own_bound_to_what_was_listed(queue: FakeQueue) -> None:
    batch = await ids(queue, "r1", "r2")
    done = await bulk.decide(queue, "anna", batch, bulk.approve, 4_000)
    assert {each.review_id for each in done.outcomes} == {"r1", "r2"}
    decisions = list(queue.decisions.values())
    assert len({each.id for each in decisions}) == 2
    assert [each.fingerprint for each in decisions] == [review.fingerprint for review in batch.reviews]
    assert all(isinstance(verdict, Approve) for each in decisions for verdict in each.verdicts)
    assert [each.took_ms for each in decisions] == [2_000, 2_000]


async def test_a_case_that_changed_since_it_was_listed_is_left_as_it_is(queue: FakeQueue) -> None:
    batch = await ids(queue, "r1", "r2", "r3")
    queue.customer_writes("r2", "wait, do not!")
    queue.take("r3", "bo")
    done = await bulk.decide(queue, "anna", batch, bulk.approve, 1_000)
    assert [each.review_id for each in done.outcomes] == ["r1"]
    assert [name for name, _ in done.refused] == ["2", "3"]
    assert queue.reviews["r2"].state == "open"
    assert "r2" in queue.released, "the claim on what was left is given back"


def test_no_more_are_tagged_than_one_reads() -> None:
    tags = Tags()
    tags.add(f"r{n}" for n in range(80))
    assert len(tags) == MOST
    assert not tags.turn("one more")
    assert tags.turn("r0")
    assert len(tags) == MOST - 1


async def test_tag_list_approve_and_take_back_together(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("space", "space", "space")
        assert main(pilot).tags.ids == ("r1", "r2", "r3")
        assert "3 tagged" in str(main(pilot).query_one(QueueList).border_title)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, BulkDialog) and pilot.app.screen.settled, "the list")
        await pilot.press("y")
        assert not queue.decisions, "the second key alone decides nothing"
        await pilot.press("a")
        assert not queue.decisions
        await pilot.press("y")
        await until(pilot, lambda: len(queue.decisions) == 3, "three decisions")
        await on_screen(pilot, "r4")
        assert "3 cases" in words(pilot, "#keys")
        assert not main(pilot).tags
        await pilot.press("u")
        await until(pilot, lambda: len(queue.undone) == 3, "all three taken back")
        await until(pilot, lambda: shown(pilot) == "r1", "the first of them on screen")


async def test_tagging_all_alike_and_rejecting_them_with_one_reason(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("T")
        assert set(main(pilot).tags.ids) == {"r1", "r2", "r3", "r4"}
        await pilot.press("backspace")
        assert not main(pilot).tags
        await pilot.press("T", "b")
        await until(pilot, lambda: isinstance(pilot.app.screen, BulkDialog) and pilot.app.screen.settled, "the list")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RejectDialog) and pilot.app.screen.settled, "why")
        await pilot.press("2", "n", "o", "enter")
        await until(pilot, lambda: len(queue.decisions) == 4, "four decisions")
        verdicts = [verdict for each in queue.decisions.values() for verdict in each.verdicts]
        assert {(v.code, v.message) for v in verdicts if isinstance(v, Reject)} == {("not_allowed", "no")}


async def test_what_was_left_is_told_by_name(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("space", "space")
        queue.take("r2", "bo")
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, BulkDialog) and pilot.app.screen.settled, "the list")
        await pilot.press("a", "y")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeftDialog), "what was left")
        assert len(queue.decisions) == 1
        await pilot.press("escape")


async def listed(pilot: Pilot[Any]) -> None:
    await on_screen(pilot, "r1")
    await pilot.press("space", "space", "space", "space", "space", "b")
    await until(pilot, lambda: isinstance(pilot.app.screen, BulkDialog) and pilot.app.screen.settled, "the list")
    await pilot.press("a")
    await pilot.pause()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])
def test_the_list_before_a_decision_as_it_looks(snap_compare: Any, queue: FakeQueue, size: tuple[int, int]) -> None:
    assert snap_compare(desk(queue), terminal_size=size, run_before=listed)


async def test_what_can_charge_is_read_to_its_end_before_it_is_approved() -> None:
    queue = FakeQueue([samples.review(n) for n in range(1, 21)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("T", "b")
        await until(pilot, lambda: isinstance(pilot.app.screen, BulkDialog) and pilot.app.screen.settled, "the list")
        await pilot.press("a", "y")
        assert isinstance(pilot.app.screen, BulkDialog)
        assert "read the list to its end" in str(pilot.app.screen.query_one("#problem", Static).visual)
        await pilot.press(*["pagedown"] * 5, "a", "y")
        await until(pilot, lambda: len(queue.decisions) == 20, "twenty decisions")
