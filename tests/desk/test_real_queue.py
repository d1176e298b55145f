"""The desk on the embedded queue: what the agent decided is what the store has, also when two desks look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.rules import Windows
from store.contract import Action, Money, Proposal
from store.local import LocalQueue
from tests.contract.honest_judge import HonestJudge
from tests.desk import samples
from tests.desk.conftest import claimed, desk, main, on_screen, shown, until, words

SIZE = (120, 36)


def refund(minor: int) -> Action:
    money = Money(minor=minor, currency="EUR")
    return Action(
        action_id="a1",
        kind="refund",
        args={"minor": minor, "currency": "EUR"},
        description=f"Refund {money}",
        target="order #W1",
        amount=money,
    )


def proposal(number: int, minor: int = 12_000) -> Proposal:
    filed: Proposal = samples.review(number, actions=(refund(minor),), claims=(), alternatives=()).proposal
    return filed


@pytest.fixture
async def queue(tmp_path: Path) -> Any:
    opened = LocalQueue(tmp_path / "queue.db", HonestJudge(Windows(undo_seconds=5.0, spot_check_share=0.0)))
    yield opened
    await opened.close()


async def test_an_approval_is_in_the_store_and_can_be_taken_back(queue: LocalQueue) -> None:
    first, second = [await queue.submit(proposal(n)) for n in (1, 2)]
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, first)
        assert "Refund of €120.00 is over the limit" in words(pilot, "#fact-why")
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        await pilot.press("y")
        await claimed(pilot, second)
        assert (await queue.review(first)).state == "decided"
        await pilot.press("u")
        await until(pilot, lambda: "taken back" in words(pilot, "#keys"), "taken back")
        assert (await queue.review(first)).state == "open"


async def test_an_edit_is_judged_by_the_store(queue: LocalQueue) -> None:
    from textual.widgets import Input

    review_id = await queue.submit(proposal(1))
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, review_id)
        await pilot.press("e")
        await until(pilot, lambda: pilot.app.screen.query("#edit-form Input"), "the form")
        field = pilot.app.screen.query("#edit-form Input").first(Input)
        field.value = "70000"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "a second person must approve" in words(pilot, "#prompt"), "what the gate says")
        await pilot.press("escape")
        assert (await queue.review(review_id)).state == "open"


async def test_two_desks_never_decide_the_same_case(queue: LocalQueue, tmp_path: Path) -> None:
    first, second = [await queue.submit(proposal(n)) for n in (1, 2)]
    other = desk(LocalQueue(tmp_path / "queue.db", HonestJudge()))
    other._actor = "bo"
    async with desk(queue).run_test(size=SIZE) as anna:
        await on_screen(anna, first)
        await anna.press("enter")
        await claimed(anna, first)
        async with other.run_test(size=SIZE) as bo:
            await until(bo, lambda: shown(bo) == first, "the same case")
            await bo.press("a")
            await until(bo, lambda: "anna h" in words(bo, "#notice"), "who holds it")
        assert (await queue.review(first)).state == "open"
        assert (await queue.review(second)).state == "open"


async def test_what_another_process_files_appears_within_half_a_second(queue: LocalQueue, tmp_path: Path) -> None:
    import asyncio

    elsewhere = LocalQueue(tmp_path / "queue.db", HonestJudge())
    try:
        first = await queue.submit(proposal(1))
        async with desk(queue).run_test(size=SIZE) as pilot:
            await on_screen(pilot, first)
            await pilot.pause(0.4)
            await elsewhere.submit(proposal(2))
            start = asyncio.get_running_loop().time()
            await until(pilot, lambda: "2 waiting" in words(pilot, "#status"), "the new case")
            assert asyncio.get_running_loop().time() - start < 0.5
    finally:
        await elsewhere.close()


async def test_a_decision_of_another_person_is_said(queue: LocalQueue) -> None:
    first, _ = [await queue.submit(proposal(n)) for n in (1, 2)]
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, first)
        lease = await queue.claim("bo", first)
        assert lease is not None
        review = await queue.review(first)
        from app.desk.deciding import OpenCase, approvals, decision

        made = decision(OpenCase(review, 0.0), "bo", 1, verdicts=approvals(review.proposal.to_decide()))
        await queue.decide(made, lease)
        await until(pilot, lambda: "It was decided" in words(pilot, "#notice"), "the notice")
        await pilot.press("a", "y")
        assert shown(pilot) == first
