"""Reports read what the workflow proposed, newest first, and what people made of it."""

from __future__ import annotations

import pytest

from store.contract import REPLY, Approve, Reject
from store.live import PromptVersion
from store.queue import Invalid
from tests.contract import shop
from tests.contract.conftest import House


async def test_what_went_out_and_what_stopped_are_told_with_their_end(house: House) -> None:
    stopped = await house.waiting("m1", "t1")
    await house.queue.submit(shop.message("m2", "t2"))
    shop.handle(house.work, house.judge, "m2", how="send")
    lease = await house.queue.claim("ana", stopped.id)
    assert lease is not None
    verdicts = (Reject(action_id="a1", code="wrong_amount"), Approve(action_id=REPLY))
    await house.queue.decide(shop.decision(stopped, "ana", *verdicts), lease)
    found = (await house.queue.past()).rows
    assert [(one.how, one.state, one.verdicts) for one in found] == [
        ("send", "", ()),
        ("review", "decided", ("reject", "approve")),
    ]
    assert found[1].gate.reasons[0].code == "refund_over_limit"
    assert found[1].proposal == stopped.proposal


async def test_pages_follow_each_other_without_a_gap(house: House) -> None:
    for number in range(5):
        await house.queue.submit(shop.message(f"m{number}", f"t{number}"))
        shop.handle(house.work, house.judge, f"m{number}", how="send")
    first = await house.queue.past(limit=2)
    second = await house.queue.past(after=first.next, limit=2)
    third = await house.queue.past(after=second.next, limit=2)
    ids = [one.proposal.request_id for page in (first, second, third) for one in page.rows]
    assert ids == ["m4", "m3", "m2", "m1", "m0"]
    assert third.next is None


async def test_a_marker_that_is_not_ours_is_refused(house: House) -> None:
    with pytest.raises(Invalid):
        await house.queue.past(after="x")


async def test_which_prompts_the_workers_run_is_told_with_those_that_ran_before(house: House) -> None:
    old, new = (PromptVersion(version=name, name="drafting", model="remote", template=name) for name in ("old", "new"))
    house.work.beat("w1", "here", 1)
    house.work.runs("w1", (old,))
    house.work.runs("w1", (old,))
    house.work.beat("w2", "here", 2)
    house.work.runs("w2", (new,))
    house.work.bury("w1")
    assert {use.prompt.version: use.workers for use in await house.queue.prompts()} == {"old": (), "new": ("w2",)}
