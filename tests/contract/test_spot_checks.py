"""Automatic replies that were drawn: graded by one key, by two people where it was drawn so, and a wrong one is reopened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.live import Behind, Grade, Question, View
from store.queue import Conflict, Invalid, NotFound
from tests.contract import shop
from tests.contract.conftest import House

Open = Callable[..., House]


async def drawn(house: House, count: int = 1) -> list[str]:
    for n in range(count):
        await house.queue.submit(shop.message(f"m{n}", f"t{n}", text=f"Where is order {n}?"))
        shop.handle(house.work, house.judge, f"m{n}", how="send", reply=f"Your order {n} is on its way.")
        house.run()
    return [one.message_id for one in (await house.queue.spot_checks("ana")).checks]


async def test_a_drawn_reply_waits_with_what_was_asked_and_sent(open_house: Open) -> None:
    house = open_house(spot_check_share=1.0, spot_check_twice=0.0)
    await drawn(house)
    (check,) = (await house.queue.spot_checks("ana")).checks
    assert (check.asked, check.reply) == ("Where is order 0?", "Your order 0 is on its way.")
    assert check.sources == ("order W2378156: two payments of €120.00",)
    assert (check.ticket_id, check.route, check.wants, check.grades) == ("t0", "messy", 1, 0)


async def test_a_grade_ends_the_wait_and_feeds_the_figures(open_house: Open) -> None:
    house = open_house(spot_check_share=1.0, spot_check_twice=0.0)
    first, second, third = await drawn(house, 3)
    graded = await house.queue.grade(Grade(message_id=first, actor="ana", verdict="good"))
    assert (graded.done, graded.review_id) == (True, None)
    await house.queue.grade(Grade(message_id=second, actor="ana", verdict="wrong", why="it had arrived"))
    spot = (await house.queue.stats(Question())).spot
    assert (spot.drawn, spot.graded, spot.good, spot.wrong, spot.waiting) == (3, 2, 1, 1, 1)
    assert (await house.queue.counters()).spot_checks_waiting == 1
    assert [one.message_id for one in (await house.queue.spot_checks("ana")).checks] == [third]
    (case,) = (await house.queue.cases(Behind(measure="wrong"))).lines
    assert (case.ticket_id, case.text) == ("t1", "ana: it had arrived")


async def test_two_people_grade_without_seeing_each_other_and_their_agreement_is_told(open_house: Open) -> None:
    house = open_house(spot_check_share=1.0, spot_check_twice=1.0)
    first, second = await drawn(house, 2)
    for message_id, other in ((first, "good"), (second, "unclear")):
        assert not (await house.queue.grade(Grade(message_id=message_id, actor="ana", verdict="good"))).done
        waiting = await house.queue.spot_checks("bo")
        assert message_id in [one.message_id for one in waiting.checks]
        assert message_id not in [one.message_id for one in (await house.queue.spot_checks("ana")).checks]
        given = Grade(message_id=message_id, actor="bo", verdict=other, why="which order?")  # type: ignore[arg-type]
        assert (await house.queue.grade(given)).done
    spot = (await house.queue.stats(Question())).spot
    assert (spot.agreed.part, spot.agreed.whole) == (1, 2)
    with pytest.raises(Conflict, match="2 have graded"):
        await house.queue.grade(Grade(message_id=first, actor="cy", verdict="good"))


async def test_the_same_grade_again_changes_nothing_and_another_takes_its_place(open_house: Open) -> None:
    house = open_house(spot_check_share=1.0, spot_check_twice=0.0)
    (only,) = await drawn(house)
    for verdict in ("wrong", "wrong", "good"):
        await house.queue.grade(Grade(message_id=only, actor="ana", verdict=verdict, why="late"))  # type: ignore[arg-type]
    spot = (await house.queue.stats(Question())).spot
    assert (spot.graded, spot.good, spot.wrong, spot.waiting) == (1, 1, 0, 0)
    assert (await house.queue.cases(Behind(measure="wrong"))).lines == ()


async def test_a_wrong_one_puts_its_ticket_before_a_person(open_house: Open) -> None:
    house = open_house(spot_check_share=1.0, spot_check_twice=0.0)
    (only,) = await drawn(house)
    wrong = Grade(message_id=only, actor="ana", verdict="wrong", why="the order had arrived", reopen=True)
    graded = await house.queue.grade(wrong)
    assert graded.review_id is not None
    review = await house.queue.review(graded.review_id)
    assert "the order had arrived" in review.gate.reasons[0].text
    assert "Your order 0 is on its way." in review.proposal.internal_note
    assert review.proposal.customer_reply is None
    assert [row.review_id for row in (await house.queue.page(View())).rows] == [review.id]
    assert (await house.queue.stats(Question())).reopened.part == 1
    assert (await house.queue.grade(wrong)).review_id == graded.review_id
    assert len((await house.queue.page(View())).rows) == 1


@pytest.mark.parametrize("more", [{"verdict": "wrong"}, {"verdict": "unclear", "why": " "}, {"reopen": True}])
async def test_a_grade_that_says_too_little_is_refused(open_house: Open, more: dict[str, object]) -> None:
    house = open_house(spot_check_share=1.0)
    (only,) = await drawn(house)
    with pytest.raises(Invalid):
        await house.queue.grade(Grade(**{"message_id": only, "actor": "ana", "verdict": "good"} | more))  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        await house.queue.grade(Grade(message_id="nothing", actor="ana", verdict="good"))


async def test_the_list_is_read_page_by_page_and_a_route_has_its_own_share(open_house: Open) -> None:
    house = open_house(spot_check_share=0.0, spot_check_shares={"messy": 1.0}, spot_check_twice=0.0)
    every = await drawn(house, 5)
    assert len(every) == 5
    first = await house.queue.spot_checks("ana", limit=3)
    rest = await house.queue.spot_checks("ana", after=first.next, limit=3)
    assert [one.message_id for one in (*first.checks, *rest.checks)] == every
    assert rest.next is None
