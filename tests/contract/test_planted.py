"""Planted cases: to the agent like any other, carried out through no door, counted nowhere, told kindly to who answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.contract import REPLY, Approve, ChangedFact, Edit, Lease, Reject, Retry, Review, action_hash, now
from store.live import Question, View
from store.planted_told import Planting
from store.queue import Conflict, Forbidden, Invalid
from store.tables import ExecutionRow
from store.work import Refused
from tests.contract import shop
from tests.contract.conftest import House

LEA = "lea"


async def approved(house: House, number: str = "m1", thread: str = "4183") -> None:
    """A case that was let go as it was proposed, and ran: what a planted one is made from."""
    review = await house.waiting(number, thread)
    await house.queue.decide(shop.decision(review, number=f"d-{number}"), await shop.held(house.queue, review))
    house.run()


async def planted(house: House, *kinds: str) -> Review:
    made = await house.queue.plant(Planting(by=LEA, kinds=kinds or ("amount",)))
    ticket = made.cases[0].ticket_id
    assert ticket is not None
    history = await house.queue.history(ticket)
    return await house.queue.review(history.reviews[-1].review_id)


async def test_to_an_agent_it_is_a_case_like_any_other(house: House) -> None:
    await approved(house)
    real = await house.waiting("m2", "4184")
    review = await planted(house)
    assert {row.review_id for row in (await house.queue.page(View())).rows} == {real.id, review.id}
    assert (await house.queue.counts(View()))["all"] == 2
    mine, theirs = await house.queue.history(review.proposal.ticket.id), await house.queue.history("4184")
    seen = [[(one.kind, one.actor, set(one.data)) for one in history.events] for history in (mine, theirs)]
    assert [one for one in seen[0] if one[0] != "attempts.made"] == seen[1]
    assert "planted" not in review.model_dump_json() + mine.model_dump_json()
    assert review.messages[0].text == "I was charged twice."
    assert review.proposal.to_decide() == real.proposal.to_decide()


async def test_what_is_wrong_stands_against_the_sources(house: House) -> None:
    await approved(house)
    review = await planted(house, "amount")
    assert review.proposal.actions[0].amount.minor == 21_000
    assert "€120.00" in review.proposal.evidence[0].quote
    assert "€210.00" in review.gate.reasons[0].text


async def test_nothing_of_it_is_carried_out_whatever_is_decided(house: House) -> None:
    for number, answer in enumerate((Approve, Reject, Edit, None)):
        await approved(house, f"m{number}", f"41{number}0")
        review = await planted(house)
        ids = review.proposal.to_decide()
        if answer is Approve:
            given = {"verdicts": tuple(Approve(action_id=one) for one in ids)}
        elif answer is Reject:
            given = {"verdicts": tuple(Reject(action_id=one, code="wrong_facts") for one in ids)}
        elif answer is Edit:
            first = Edit(action_id=ids[0], args={"order": "W2378156", "minor": 100, "currency": "EUR"})
            given = {"verdicts": (first, Approve(action_id=REPLY))}
        else:
            given = {"verdicts": (), "instead": Retry(details="look again")}
        decision = shop.decision(review, number=f"p{number}").model_copy(update=given)
        outcome = await house.queue.decide(decision, await shop.held(house.queue, review))
        assert outcome.undo_until is None
        assert "planted" in outcome.told
        assert house.run() == []
        history = await house.queue.history(review.proposal.ticket.id)
        assert history.executions == ()
        assert [one.direction for one in history.messages] == ["inbound"]
        assert await house.queue.decide(decision, _old_lease(review)) == outcome
        with pytest.raises(Conflict, match="too late"):
            await house.queue.undo(decision.id, "ana")


def _old_lease(review: Review) -> Lease:
    return Lease(review_id=review.id, actor="ana", fence=1, until=now())


async def test_the_same_ticket_takes_nothing_through_another_door(house: House) -> None:
    """A message cannot name its thread, and a proposal from outside is refused."""
    await approved(house)
    review = await planted(house)
    ticket = review.proposal.ticket
    assert await house.queue.submit(shop.message("m9", ticket.id)) != ticket.id
    outside = shop.proposal(ticket, shop.refund(), request_id="outside-1")
    with pytest.raises(Conflict, match="takes no proposals"):
        await house.queue.submit(outside)


async def test_what_stands_in_the_outbox_all_the_same_is_not_dispatched(house: House) -> None:
    """The last door: whatever wrote an execution of it, the store hands it to no worker."""
    await approved(house)
    review = await planted(house)
    action = review.proposal.actions[0]
    row = ExecutionRow(
        id="x1", batch="b1", position=0, ticket_id=review.proposal.ticket.id, message_id=review.messages[0].id,
        request_id=review.proposal.request_id, kind=action.kind, action=action.model_dump_json(),
        envelope_hash=action_hash(action), idempotency_key=action.idempotency_key, due_at=now(), created_at=now(),
    )  # fmt: skip
    house.work._database.write(lambda session: session.add(row), journaled=False)  # type: ignore[attr-defined]
    assert house.work.due() == ["x1"]
    with pytest.raises(Refused, match="planted case"):
        house.work.dispatch("x1", "w1")
    assert house.run() == []
    assert (await house.queue.review(review.id)).state == "open"


async def test_found_or_missed_is_told_to_the_person_and_counted_apart(open_house: Callable[..., House]) -> None:
    house = open_house(planted_by_person=True)
    for number in range(2):
        await approved(house, f"m{number}", f"41{number}0")
    before = await house.queue.stats(Question(), "ana")
    missed, caught = await planted(house), await planted(house)
    outcome = await house.queue.decide(shop.decision(missed, number="p1"), await shop.held(house.queue, missed))
    assert "the sources say €120.00" in outcome.told
    assert "Your lead sees" in outcome.told
    no = [Reject(action_id=one, code="wrong_facts") for one in caught.proposal.to_decide()]
    outcome = await house.queue.decide(
        shop.decision(caught, "ana", *no, number="p2"), await shop.held(house.queue, caught)
    )
    assert "you found it" in outcome.told
    after = await house.queue.stats(Question(), "ana")
    assert (after.care.mine_planted.part, after.care.mine_planted.whole) == (1, 2)
    assert (after.care.planted.part, after.care.planted.whole) == (1, 2)
    same = before.model_copy(update={"care": after.care, "at": after.at})
    assert after == same
    assert (after.care.approvals, after.care.streak) == (before.care.approvals, before.care.streak)
    told = await house.queue.planted()
    assert (told.found.part, told.found.whole, told.kinds["amount"].whole) == (1, 2, 2)
    assert told.people["ana"].whole == 2
    assert {one.state for one in told.cases} == {"caught", "missed"}


async def test_a_lead_sees_no_person_unless_the_rules_say_so(house: House) -> None:
    await approved(house)
    review = await planted(house)
    outcome = await house.queue.decide(shop.decision(review, number="p1"), await shop.held(house.queue, review))
    assert "Nobody else is told" in outcome.told
    told = await house.queue.planted()
    assert (told.found.part, told.found.whole, told.people) == (0, 1, {})
    assert "ana" not in told.model_dump_json()
    assert told.cases[0].ticket_id is None


async def test_figures_queue_age_and_reports_do_not_know_them(house: House) -> None:
    await approved(house)
    before = await house.queue.stats(Question(), "ana")
    past = await house.queue.past()
    await planted(house)
    after = await house.queue.stats(Question(), "ana")
    assert after.waiting == before.waiting
    assert await house.queue.past() == past


async def test_what_waits_can_be_taken_back(house: House) -> None:
    await approved(house)
    review = await planted(house)
    gone = await house.queue.withdraw_planted(LEA)
    assert [one.state for one in gone.cases] == ["withdrawn"]
    assert (await house.queue.review(review.id)).state == "superseded"
    assert (await house.queue.planted()).waiting == 0


async def test_without_anything_approved_there_is_nothing_to_plant(house: House) -> None:
    with pytest.raises(Invalid, match="Only 0 of 1"):
        await house.queue.plant(Planting(by=LEA))


async def test_only_a_lead_plants_and_reads(house: House) -> None:
    from tests.server.serving import Everyone

    if not isinstance(house.queue, Everyone):
        pytest.skip("roles are the server's")
    agent = await house.queue.of("ben", "agent")
    for asked in (agent.plant(Planting(by="ben")), agent.planted(), agent.withdraw_planted("ben")):
        with pytest.raises(Forbidden):
            await asked


async def test_a_share_of_what_stops_is_planted(open_house: Callable[..., House]) -> None:
    house = open_house(planted_share=1.0)
    await approved(house)
    await house.waiting("m2", "4184")
    assert (await house.queue.counts(View()))["all"] == 2
    assert (await house.queue.planted()).waiting == 1


async def test_facts_that_changed_since_its_origin_ran_do_not_tell_it_apart(house: House) -> None:
    await approved(house)
    review = await planted(house)
    moved = ChangedFact(record="order", record_id="W2378156", field="refunded", expected=0, actual=12_000)
    house.work.reread(review.id, review.fingerprint, (moved,))
    facts = (await house.queue.review(review.id)).facts
    assert facts is not None
    assert facts.changed == ()
