"""What comes in is kept once, and a newer customer message overtakes everything that was not dispatched."""

from __future__ import annotations

import pytest

from store.contract import Proposal, Route, Source, Ticket, Watermark
from store.live import View
from store.outside import asked
from store.queue import Conflict, Invalid, NotFound
from tests.contract import shop
from tests.contract.conftest import House


async def test_the_same_message_again_is_the_same_ticket(house: House) -> None:
    first = await house.queue.submit(shop.message())
    assert await house.queue.submit(shop.message()) == first
    assert len((await house.queue.history(first)).messages) == 1
    assert house.work.inbox() == ["m1"]


@pytest.mark.parametrize("field", ["thread", "channel", "subject", "author", "sender", "text"])
async def test_the_same_message_id_with_another_body_is_refused_by_field(house: House, field: str) -> None:
    await house.queue.submit(shop.message())
    with pytest.raises(Conflict) as refused:
        await house.queue.submit(shop.message(**{field: "other"}))
    assert refused.value.field == field


async def test_a_thread_is_a_ticket_and_channels_do_not_share_threads(house: House) -> None:
    one = await house.queue.submit(shop.message("m1", "t1"))
    assert await house.queue.submit(shop.message("m2", "t1")) == one
    other = await house.queue.submit(shop.message("m3", "t1", channel="chat"))
    assert other != one
    assert (await house.queue.ticket(other)).channel == "chat"


@pytest.mark.parametrize("number", ["", "  ", "x" * 501])
async def test_a_message_without_a_usable_id_is_refused(house: House, number: str) -> None:
    with pytest.raises(Invalid, match="message_id"):
        await house.queue.submit(shop.message(number))


async def test_a_message_of_ten_megabytes_is_refused_with_its_limit_and_nothing_else_is_lost(house: House) -> None:
    await house.queue.submit(shop.message("m1"))
    with pytest.raises(Invalid, match="text is longer than 1000000 characters"):
        await house.queue.submit(shop.message("m2", text="x" * 10_000_000))
    assert [each.id for each in (await house.queue.history("4183")).messages] == ["m1"]
    await house.queue.submit(shop.message("m2", text="shorter"))
    assert house.work.inbox() == ["m2"]


async def test_hostile_characters_are_kept_raw_shown_plain_and_counted(house: House) -> None:
    ticket = await house.queue.submit(shop.message(text="pay\x1b[5n \u202eme\x00", subject="a\x07b"))
    shown = await house.queue.history(ticket)
    assert "\x1b" not in shown.messages[0].text
    assert "\u202e" not in shown.messages[0].text
    assert shown.messages[0].hidden == 4
    assert "\x07" not in shown.ticket.subject


async def test_an_id_that_looks_like_a_second_round_does_not_collide(house: House) -> None:
    review = await house.waiting("m1")
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, instead={"type": "retry", "details": "see W1"}), lease)
    assert house.work.inbox() == ["m1@2"]
    await house.queue.submit(shop.message("m1@2", "other"))
    assert len(house.work.inbox()) == 2


async def test_a_newer_message_closes_the_review_and_goes_to_work(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.submit(shop.message("m2"))
    assert (await house.queue.review(review.id)).state == "superseded"
    assert house.work.inbox() == ["m2"]
    with pytest.raises(Conflict) as refused:
        await house.queue.decide(shop.decision(review), lease)
    assert refused.value.review is not None
    assert refused.value.review.newest_customer_message_id == "m2"


async def test_a_newer_message_voids_the_approval_before_it_runs(open_house: object) -> None:
    house: House = open_house(undo_seconds=60)  # type: ignore[operator]
    review = await house.waiting()
    outcome = await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    await house.queue.submit(shop.message("m2"))
    history = await house.queue.history("4183")
    assert [one.state for one in history.executions] == ["void", "void"]
    assert [e.kind for e in history.events].count("execution.void") == 2
    assert "decision.void" in [e.kind for e in history.events]
    assert house.work.due() == []
    with pytest.raises(Conflict, match="newer"):
        await house.queue.undo(outcome.decision_id, "ana")


async def test_an_ending_the_customer_has_overtaken_leads_to_nothing(house: House) -> None:
    await house.queue.submit(shop.message("m1"))
    house.work.case("m1")
    await house.queue.submit(shop.message("m2"))
    shop.handle(house.work, house.judge, "m1", how="send")
    assert house.work.due() == []
    assert "proposal.outdated" in [e.kind for e in (await house.queue.history("4183")).events]
    assert house.work.inbox() == ["m2"]


async def test_older_unread_messages_are_handled_with_the_newest(house: House) -> None:
    await house.queue.submit(shop.message("m1"))
    await house.queue.submit(shop.message("m2", text="Still waiting."))
    assert house.work.inbox() == ["m2"]
    assert [m.id for m in house.work.case("m2").messages] == ["m1", "m2"]


def outside(number: str = "ext-1", version: int = 1, **more: object) -> Proposal:
    fields: dict[str, object] = {
        "request_id": number,
        "source": Source(system="acme-bot", run_id="r1", state={"opaque": [1, 2.5, None]}),
        "ticket": Ticket(id="ext-ticket", channel="api", subject="Refund me"),
        "watermark": Watermark(last_customer_message_id="ext-m1", ticket_version=version),
        "route": Route(name="acme", model="theirs", code="external", reason="filed from outside"),
        "actions": (shop.refund(),),
        "customer_reply": "Done.",
    }
    return Proposal(**(fields | more))


async def test_an_outside_proposal_is_one_row_and_returns_its_state_untouched(house: House) -> None:
    first = await house.queue.submit(outside())
    assert await house.queue.submit(outside()) == first
    assert (await house.queue.counts(View()))["all"] == 1
    assert (await house.queue.review(first)).proposal.source.state == {"opaque": [1, 2.5, None]}


async def test_the_same_request_with_another_body_is_refused_by_field(house: House) -> None:
    await house.queue.submit(outside())
    with pytest.raises(Conflict) as refused:
        await house.queue.submit(outside(customer_reply="Other."))
    assert refused.value.field == "customer_reply"


async def test_an_outside_proposal_without_gate_reasons_still_stops(house: House) -> None:
    review = await house.queue.submit(outside(actions=()))
    assert (await house.queue.review(review)).state == "open"
    assert house.work.due() == []


async def test_a_newer_outside_proposal_supersedes_the_older(house: House) -> None:
    first = await house.queue.submit(outside())
    second = await house.queue.submit(outside("ext-2", version=2))
    assert (await house.queue.review(first)).state == "superseded"
    assert (await house.queue.review(second)).state == "open"


async def test_a_filer_s_request_is_neither_another_filer_s_nor_a_customer_s_message(house: House) -> None:
    await house.queue.submit(shop.message("m1"))
    first = await house.queue.submit(outside("m1"))
    other = outside("m1", source=Source(system="other-bot"), ticket=Ticket(id="other-ticket", subject="Refund"))
    second = await house.queue.submit(other)
    assert first != second
    assert await house.queue.submit(outside("m1")) == first
    shop.handle(house.work, house.judge, "m1", shop.refund())
    assert house.work.inbox() == []
    assert (await house.queue.counts(View()))["all"] == 3
    found = [(await house.queue.review(one)).proposal for one in (first, second)]
    assert [asked(one).request_id for one in found] == ["m1", "m1"]


async def test_a_message_cannot_take_the_name_of_a_filer_s_request(house: House) -> None:
    review = await house.queue.submit(outside("x1"))
    kept = (await house.queue.review(review)).proposal.request_id
    ticket = await house.queue.submit(shop.message(kept))
    (work_id,) = house.work.inbox()
    shop.handle(house.work, house.judge, work_id, shop.refund(700))
    assert [each.id for each in (await house.queue.history(ticket)).messages] == [work_id]
    assert (await house.queue.review(review)).state == "open"


async def test_an_outside_proposal_behind_the_customer_is_refused(house: House) -> None:
    await house.queue.submit(shop.message("m1", "ext-ticket"))
    with pytest.raises(Conflict) as refused:
        await house.queue.submit(outside())
    assert refused.value.field == "watermark"


async def test_what_is_not_there_is_named(house: House) -> None:
    for ask in (house.queue.review, house.queue.ticket, house.queue.history):
        with pytest.raises(NotFound, match="nope"):
            await ask("nope")
