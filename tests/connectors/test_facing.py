"""The facts of a case that somebody has before them are read again from the shop itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.connectors.shop import Shop
from app.workflow import facing
from config.rules import Rules, Windows
from store.contract import Action, Json, Review
from tests.connectors.conftest import Approved, execution
from tests.contract import shop
from tests.contract.conftest import House, sqlite
from tests.contract.honest_judge import HonestJudge

JONAS = "jonas.weber@post.example"


class Gone(Shop):
    """A shop that does not answer."""

    def read(self, record: str, record_id: str, field: str) -> Json:
        raise OSError("no route to the shop")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    judge = HonestJudge(Windows(undo_seconds=0.0, spot_check_share=0.0))
    queue, work = sqlite(tmp_path, judge)
    yield House(queue, work, judge)
    work.close()  # type: ignore[attr-defined]


@pytest.fixture
def cancel(approved: Approved) -> Action:
    action = approved(JONAS, "cancel_order", order="HF-10003", reason="no longer needed").action
    assert any(need.field == "status" for need in action.preconditions)
    return action


async def faced(house: House, action: Action) -> Review:
    review = await house.waiting("m1", "4183", action)
    await shop.held(house.queue, review)
    return review


async def facts(house: House, review: Review) -> Any:
    return (await house.queue.review(review.id)).facts


async def test_what_still_holds_is_known_to_hold(house: House, rules: Rules, shop_path: Path, cancel: Action) -> None:
    review = await faced(house, cancel)
    facing.read_again(house.work, {"shop": Shop(rules, shop_path)}, rules)
    assert (await facts(house, review)).changed == ()


async def test_what_became_another_in_the_shop_is_told_with_what_it_is(
    house: House, rules: Rules, shop_path: Path, cancel: Action
) -> None:
    review = await faced(house, cancel)
    peer = Shop(rules, shop_path)
    assert peer.perform(execution(cancel, "by-somebody-else")).state == "done"
    facing.read_again(house.work, {"shop": peer}, rules)
    changed = {one.field: (one.expected, one.actual) for one in (await facts(house, review)).changed}
    assert changed["status"] == ("pending", "cancelled")


async def test_a_shop_that_does_not_answer_says_nothing_about_the_facts(
    house: House, rules: Rules, shop_path: Path, cancel: Action
) -> None:
    review = await faced(house, cancel)
    facing.read_again(house.work, {"shop": Gone(rules, shop_path)}, rules)
    assert await facts(house, review) is None
    assert [one.review_id for one in house.work.facing()] == [review.id]
