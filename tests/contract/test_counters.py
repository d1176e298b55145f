"""The numbers a lead watches: retries while they happen, route switches, repeat contacts, what waits."""

from __future__ import annotations

from store.contract import Attempt, Route, now
from store.live import RepeatContact, View
from tests.contract import shop
from tests.contract.conftest import House


def route(name: str) -> Route:
    return Route(name=name, model="cheap", code="otherwise", reason="one intent")


async def test_retries_are_counted_once_by_step_and_route(house: House) -> None:
    await house.queue.submit(shop.message())
    tries = (
        Attempt(step="lookup", number=1, route="messy", outcome="temporary", code="records_down"),
        Attempt(step="lookup", number=2, route="messy"),
    )
    house.work.record("4183", tries)
    house.work.record("4183", tries)
    counters = await house.queue.counters()
    assert counters.retries_by_step == {"lookup": 1}
    assert counters.retries_series[-1] == sum(counters.retries_series) == 1
    assert counters.routes[0].retries == 1
    assert len((await house.queue.history("4183")).attempts) == 2


async def test_a_model_that_only_ever_fails_is_down_until_it_answers_once(house: House) -> None:
    await house.queue.submit(shop.message())
    silent = Attempt(step="classify", model="strong", outcome="temporary", code="server_error")
    house.work.record("4183", tuple(silent.model_copy(update={"number": n}) for n in (1, 2)))
    assert (await house.queue.counters()).models_down == ()
    misfit = Attempt(step="draft", model="cheap", outcome="permanent", code="invalid_answer", tokens_out=40)
    wrong = tuple(misfit.model_copy(update={"number": n}) for n in (1, 2, 3))
    house.work.record("4183", (silent.model_copy(update={"number": 3}), *wrong))
    assert (await house.queue.counters()).models_down == ("strong",)
    house.work.record("4183", (Attempt(step="classify", model="strong", number=4),))
    assert (await house.queue.counters()).models_down == ()


async def test_a_ticket_that_changes_its_route_or_falls_back_is_a_switch(house: House) -> None:
    for number, name in (("m1", "routine"), ("m2", "routine"), ("m3", "messy"), ("m4", "fallback")):
        await house.queue.submit(shop.message(number))
        shop.handle(house.work, house.judge, number, how="close", route=route(name))
    assert (await house.queue.counters()).route_switches == 2


async def test_a_repeat_contact_is_linked_once_to_its_reply_and_route(house: House) -> None:
    await house.queue.submit(shop.message())
    shop.handle(house.work, house.judge, "m1", how="send")
    house.run()
    reply, proposal = house.work.ai_replies("4183")[0]
    await house.queue.submit(shop.message("m2", text="I do not understand this."))
    repeat = RepeatContact(
        ticket_id="4183",
        message_id="m2",
        reply_id=reply.id,
        route=proposal.route.name,
        prompt_version="v1",
        why="same_thread",
        confusion=True,
        at=now(),
    )
    house.work.link_repeat(repeat)
    house.work.link_repeat(repeat)
    counters = await house.queue.counters()
    assert (counters.routes[0].repeats, counters.routes[0].replies, counters.confusions) == (1, 1, 1)


async def test_waiting_held_and_oldest_follow_every_move(house: House) -> None:
    first = await house.waiting("m1", "t1")
    await house.waiting("m2", "t2")
    counters = await house.queue.counters()
    assert (counters.waiting, counters.oldest_at) == (2, first.created_at)
    await house.queue.decide(shop.decision(first), await shop.held(house.queue, first))
    await house.queue.submit(shop.message("m3", "t2"))
    counters = await house.queue.counters()
    assert (counters.waiting, counters.oldest_at) == (0, None)
    assert (await house.queue.counts(View(state="decided"))) == {"all": 1, "reason:refund_over_limit": 1}


async def test_no_case_is_lost(house: House) -> None:
    """open + snoozed + held + decided + superseded + expired = filed."""
    for n in range(6):
        await house.waiting(f"m{n}", f"t{n}")
    first, second, *_ = (await house.queue.page(View())).rows
    for number, row in (("d1", first), ("d2", second)):
        review = await house.queue.review(row.review_id)
        await house.queue.decide(shop.decision(review, number=number), await shop.held(house.queue, review))
    await house.queue.submit(shop.message("m9", "t5"))
    states = [row.state for row in (await house.queue.page(View(state="all"))).rows]
    assert sorted(states) == ["decided"] * 2 + ["open"] * 3 + ["superseded"]


async def test_workers_beat_die_and_are_buried_once(house: House) -> None:
    house.work.beat("w1", "here", 1)
    house.work.beat("w1", "here", 1)
    assert (await house.queue.counters()).workers == 1
    assert house.work.dead(60) == []
    assert house.work.dead(0) == ["w1"]
    house.work.bury("w1")
    house.work.bury("w1")
    assert house.work.dead(0) == []
    assert (await house.queue.counters()).workers == 0
