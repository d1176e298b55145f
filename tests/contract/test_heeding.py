"""A word to who approves in haste: to them alone and at once, a figure for the lead, and nothing that stops anybody."""

from __future__ import annotations

from collections.abc import Callable

from store.contract import Outcome, Reject, Review
from store.live import Question
from tests.contract import shop
from tests.contract.conftest import House


async def approve(house: House, n: int, took_ms: int = 20_000, who: str = "ana") -> Outcome:
    review = await house.waiting(f"m{n}", f"t{n}")
    return await answer(house, review, n, who, took_ms=took_ms)


async def answer(house: House, review: Review, n: int, who: str, *verdicts: Reject, took_ms: int = 20_000) -> Outcome:
    decision = shop.decision(review, who, *verdicts, number=f"d{n}", took_ms=took_ms)
    return await house.queue.decide(decision, await shop.held(house.queue, review, who))


async def test_an_approval_in_under_a_second_is_told_to_who_gave_it_and_counted(house: House) -> None:
    told = [(await approve(house, n, took)).told for n, took in enumerate((400, 999, 1_000, 0))]
    assert told[0] == "That took 0.4 s. The sources are one key away."
    assert told[1].startswith("That took 1.0 s")
    assert told[2:] == ["", ""], "long enough; and 0 says that nobody measured"
    care = (await house.queue.stats(Question(), "ana")).care
    assert (care.approvals, care.quick, care.mine_quick) == (4, 2, 2)
    others = (await house.queue.stats(Question(), "bo")).care
    assert (others.quick, others.mine_quick) == (2, 0)


async def test_a_run_of_approvals_is_told_each_so_many_and_a_change_ends_it(open_house: Callable[..., House]) -> None:
    house = open_house(streak_notice=2)
    told = [(await approve(house, n)).told for n in range(4)]
    run = "{} in a row approved as proposed. The sources are one key away."
    assert told == ["", run.format(2), "", run.format(4)]
    assert (await approve(house, 4, who="bo")).told == "", "another's run is another's"
    review = await house.waiting("m5", "t5")
    no = [Reject(action_id=one, code="wrong_facts") for one in review.proposal.to_decide()]
    assert (await answer(house, review, 5, "ana", *no, took_ms=300)).told == "", "to say no quickly is no haste"
    assert (await house.queue.stats(Question(), "ana")).care.streak == 0
    assert (await approve(house, 6)).told == ""


async def test_both_are_one_sentence(open_house: Callable[..., House]) -> None:
    house = open_house(streak_notice=1)
    told = (await approve(house, 0, 500)).told
    assert told == "That took 0.5 s, and 1 in a row approved as proposed. The sources are one key away."


async def test_a_team_can_be_without_them_and_still_counts(open_house: Callable[..., House]) -> None:
    house = open_house(streak_notice=0, quick_notice=False)
    assert [(await approve(house, n, 200)).told for n in range(3)] == ["", "", ""]
    care = (await house.queue.stats(Question(), "ana")).care
    assert (care.quick, care.streak) == (3, 3)
