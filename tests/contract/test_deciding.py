"""A decision is bound to what was shown, answers everything once, and is the same when sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from store.case import Ending
from store.contract import (
    Approve,
    Draft,
    Edit,
    Gate,
    GateReason,
    HandOver,
    Reject,
    Respond,
    Retry,
    Review,
    Snooze,
    Watermark,
    now,
)
from store.live import View
from store.queue import Conflict, Invalid, LeaseLost, NotFound
from tests.contract import shop
from tests.contract.conftest import House, until


@pytest.mark.parametrize(
    ("asked", "given", "refused"),
    [
        ("off", {}, False),
        ("listed", {}, True),
        ("listed", {"evidence_shown": ("e1",)}, False),
        ("listed", {"evidence_opened": ("e1",)}, False),
        ("opened", {"evidence_shown": ("e1",)}, True),
        ("opened", {"evidence_opened": ("e1",)}, False),
    ],
)
async def test_high_risk_is_let_go_only_by_who_had_the_sources_on_screen(
    open_house: Callable[..., House], asked: str, given: dict[str, tuple[str, ...]], refused: bool
) -> None:
    house = open_house(sources_seen=asked)
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    if not refused:
        await house.queue.decide(shop.decision(review, **given), lease)
        return
    with pytest.raises(Invalid, match=r"source 1, order W2378156, was not"):
        await house.queue.decide(shop.decision(review, **given), lease)
    rejected = [Reject(action_id=one, code="x") for one in review.proposal.to_decide()]
    await house.queue.decide(shop.decision(review, "ana", *rejected, number="d2"), lease)


async def test_approving_lets_the_actions_go_in_order_and_the_reply_last(house: House) -> None:
    review = await house.waiting("m1", "4183", shop.refund(action_id="a1"), shop.refund(6_000, "a2", "W2"))
    outcome = await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    assert outcome.effect == "Refund €120.00, Refund €60.00, reply"
    assert len(outcome.execution_ids) == 3
    assert house.run() == ["refund", "refund", "send_reply"]
    history = await house.queue.history("4183")
    assert history.ticket.state == "answered"
    assert history.messages[-1].direction == "outbound"
    assert not history.messages[-1].ai_handled


async def test_the_same_decision_again_is_a_no_op_with_the_same_answer(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    first = await house.queue.decide(shop.decision(review), lease)
    assert await house.queue.decide(shop.decision(review, at=now() + timedelta(seconds=3)), lease) == first
    assert len((await house.queue.history("4183")).executions) == 2


async def test_the_same_decision_id_with_another_verdict_is_refused(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review), lease)
    other = (Reject(action_id="a1", code="wrong"), Approve(action_id="reply"))
    with pytest.raises(Conflict) as refused:
        await house.queue.decide(shop.decision(review, "ana", *other), lease)
    assert refused.value.field == "verdicts"


async def test_a_contradicting_decision_hears_who_was_first_and_when(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review), lease)
    with pytest.raises(Conflict) as refused:
        await house.queue.decide(shop.decision(review, "bo", number="d2"), lease)
    assert refused.value.decided_by == "ana"
    assert refused.value.decided_at is not None


async def test_another_fingerprint_is_refused_with_the_current_review(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    with pytest.raises(Conflict) as refused:
        await house.queue.decide(shop.decision(review, fingerprint="0" * 64), lease)
    assert refused.value.field == "fingerprint"
    assert refused.value.review is not None
    assert (await house.queue.review(review.id)).state == "open"


async def test_another_watermark_is_refused(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    stale = Watermark(last_customer_message_id="m0", ticket_version=0)
    with pytest.raises(Conflict) as refused:
        await house.queue.decide(shop.decision(review, watermark=stale), lease)
    assert refused.value.field == "watermark"


BAD = [
    (Approve(action_id="a1"),),
    (Approve(action_id="a1"), Approve(action_id="a1"), Approve(action_id="reply")),
    (Approve(action_id="a1"), Approve(action_id="a9")),
    (Edit(action_id="a1", args={"minor": 1, "currency": "EUR", "to": "me"}), Approve(action_id="reply")),
    (Edit(action_id="a1", args={"order": "W1", "minor": "12", "currency": "EUR"}), Approve(action_id="reply")),
    (Approve(action_id="a1"), Edit(action_id="reply", args={"text": "  "})),
]


@pytest.mark.parametrize("verdicts", BAD, ids=["too few", "twice", "unknown", "unknown field", "string", "empty reply"])
async def test_a_wrong_answer_is_refused_whole(house: House, verdicts: tuple[object, ...]) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    before = await house.queue.history("4183")
    with pytest.raises(Invalid):
        await house.queue.decide(shop.decision(review, "ana", *verdicts), lease)  # type: ignore[arg-type]
    assert await house.queue.history("4183") == before


async def test_a_lost_lease_refuses_and_the_edits_stay_as_a_draft(open_house: object) -> None:
    house: House = open_house(lease_seconds=0.01)  # type: ignore[operator]
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.keep_draft(Draft(review_id=review.id, actor="ana", reply="half writ"))

    async def over() -> bool:
        return (await house.queue.review(review.id)).claimed_by is None

    await until(over)
    with pytest.raises(LeaseLost):
        await house.queue.decide(shop.decision(review), lease)
    kept = (await house.queue.review(review.id)).draft
    assert kept is not None
    assert kept.reply == "half writ"


async def test_an_edit_runs_as_edited_and_counts_as_an_override(house: House) -> None:
    review = await house.waiting()
    edit = Edit(action_id="a1", args={"order": "W2378156", "minor": 8_000, "currency": "EUR"})
    lease = await shop.held(house.queue, review)
    assert (await house.queue.regate(review.id, (edit,))).reasons[0].actual == "€80.00"
    outcome = await house.queue.decide(shop.decision(review, "ana", edit, Approve(action_id="reply")), lease)
    assert not outcome.waits_for_second
    ran = (await house.queue.history("4183")).executions[0].action
    assert (ran.args["minor"], str(ran.amount)) == (8_000, "€80.00")
    assert (await house.queue.counters()).routes[0].overrides == 1


async def test_an_edit_over_the_limit_waits_for_a_second_person_who_reads_what_will_run(house: House) -> None:
    review = await house.waiting()
    edit = Edit(action_id="a1", args={"order": "W2378156", "minor": 60_000, "currency": "EUR"})
    lease = await shop.held(house.queue, review)
    outcome = await house.queue.decide(shop.decision(review, "ana", edit, Approve(action_id="reply")), lease)
    assert outcome.waits_for_second
    assert house.work.due() == []
    shown = await house.queue.review(review.id)
    assert shown.state == "open"
    assert shown.approvals == ("ana",)
    assert str(shown.proposal.actions[0].amount) == "€600.00"
    again = await shop.held(house.queue, shown)
    with pytest.raises(Conflict, match="another person"):
        await house.queue.decide(shop.decision(shown, number="d2"), again)
    await house.queue.release(again)
    second = await house.queue.decide(
        shop.decision(shown, "bo", number="d3"), await shop.held(house.queue, shown, "bo")
    )
    assert not second.waits_for_second
    assert house.run() == ["refund", "send_reply"]


async def test_a_two_person_case_needs_two_and_one_may_reject_it(house: House) -> None:
    review = await house.waiting("m1", "4183", shop.refund(60_000))
    lease = await shop.held(house.queue, review)
    assert (await house.queue.decide(shop.decision(review), lease)).waits_for_second
    assert await house.queue.claim("ana") is None
    no = (Reject(action_id="a1", code="wrong"), Reject(action_id="reply", code="wrong"))
    outcome = await house.queue.decide(
        shop.decision(review, "bo", *no, number="d2"), await shop.held(house.queue, review, "bo")
    )
    assert outcome.execution_ids == ()
    assert (await house.queue.review(review.id)).state == "decided"


async def test_the_first_yes_does_not_survive_another_envelope(house: House) -> None:
    review = await house.waiting("m1", "4183", shop.refund(60_000))
    await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    edit = Edit(action_id="a1", args={"order": "W2378156", "minor": 70_000, "currency": "EUR"})
    second = await house.queue.decide(
        shop.decision(review, "bo", edit, Approve(action_id="reply"), number="d2"),
        await shop.held(house.queue, review, "bo"),
    )
    assert second.waits_for_second
    assert (await house.queue.review(review.id)).approvals == ("bo",)


async def test_a_respond_tells_the_customer_that_instead(house: House) -> None:
    review = await house.waiting()
    verdicts = (Respond(action_id="a1", message="Please send the bank statement."), Approve(action_id="reply"))
    await house.queue.decide(shop.decision(review, "ana", *verdicts), await shop.held(house.queue, review))
    assert house.run() == ["send_reply"]
    assert (await house.queue.history("4183")).messages[-1].text == "Please send the bank statement."


async def test_rejecting_everything_runs_nothing(house: House) -> None:
    review = await house.waiting()
    no = (Reject(action_id="a1", code="wrong"), Reject(action_id="reply", code="wrong"))
    outcome = await house.queue.decide(shop.decision(review, "ana", *no), await shop.held(house.queue, review))
    assert outcome.effect == "rejected"
    assert house.work.due() == []


async def test_undo_within_the_window_puts_it_back_as_it_was(open_house: object) -> None:
    house: House = open_house(undo_seconds=60)  # type: ignore[operator]
    review = await house.waiting()
    outcome = await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    assert house.work.due() == []
    with pytest.raises(Conflict, match="only they"):
        await house.queue.undo(outcome.decision_id, "bo")
    await house.queue.undo(outcome.decision_id, "ana")
    await house.queue.undo(outcome.decision_id, "ana")
    again = await house.queue.review(review.id)
    assert (again.state, again.approvals, again.fingerprint) == ("open", (), review.fingerprint)
    assert [one.state for one in (await house.queue.history("4183")).executions] == ["void", "void"]
    second = await house.queue.decide(shop.decision(again, number="d2"), await shop.held(house.queue, again))
    assert second.execution_ids != outcome.execution_ids


async def test_undo_does_not_bring_back_what_the_customer_overtook(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, instead=Snooze(until=now() + timedelta(hours=1))), lease)
    await house.queue.submit(shop.message("m2"))
    with pytest.raises(Conflict, match="customer has written"):
        await house.queue.undo("d1", "ana")
    assert (await house.queue.review(review.id)).state == "superseded"


async def test_undo_does_not_reopen_what_another_decided_since(open_house: object) -> None:
    house: House = open_house(undo_seconds=60)  # type: ignore[operator]
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, instead=HandOver(to="bo")), lease)
    await house.queue.decide(shop.decision(review, "bo", number="d2"), await shop.held(house.queue, review, "bo"))
    with pytest.raises(Conflict, match="bo has decided"):
        await house.queue.undo("d1", "ana")
    assert (await house.queue.review(review.id)).state == "decided"


async def test_undo_after_it_ran_or_of_nothing_is_refused(open_house: object) -> None:
    house: House = open_house(undo_seconds=0.3)  # type: ignore[operator]
    review = await house.waiting()
    outcome = await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))

    async def due() -> bool:
        return bool(house.work.due())

    await until(due)
    with pytest.raises(Conflict):
        await house.queue.undo(outcome.decision_id, "ana")
    with pytest.raises(NotFound):
        await house.queue.undo("nope", "ana")


async def test_retry_sends_it_round_with_the_details(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, instead=Retry(details="order is W2378156")), lease)
    assert (await house.queue.review(review.id)).state == "superseded"
    assert house.work.inbox() == ["m1@2"]
    case = house.work.case("m1@2")
    assert (case.details, case.message.id) == ("order is W2378156", "m1")
    shop.handle(house.work, house.judge, "m1@2", shop.refund())
    assert (await house.queue.counts(View()))["all"] == 1


async def test_hand_over_gives_it_to_somebody_and_can_be_taken_back(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    await house.queue.decide(shop.decision(review, instead=HandOver(to="billing")), lease)
    assert [row.assignee for row in (await house.queue.page(View(assignee="billing"))).rows] == ["billing"]
    assert await house.queue.claim("ana") is None
    await house.queue.undo("d1", "ana")
    assert (await house.queue.review(review.id)).assignee is None


async def test_a_snoozed_review_leaves_the_list_and_wakes(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    wake = now() + timedelta(seconds=1.5)
    await house.queue.decide(shop.decision(review, instead=Snooze(until=wake)), lease)
    assert (await house.queue.page(View())).rows == ()
    assert len((await house.queue.page(View(state="snoozed"))).rows) == 1

    async def awake() -> bool:
        house.work.tick()
        return bool((await house.queue.page(View())).rows)

    await until(awake)
    assert now() >= wake


async def test_a_snooze_into_the_past_is_refused(house: House) -> None:
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    with pytest.raises(Invalid, match="until"):
        await house.queue.decide(shop.decision(review, instead=Snooze(until=now() - timedelta(seconds=1))), lease)
    assert (await house.queue.review(review.id)).state == "open"


async def test_an_expired_proposal_goes_where_it_asked(house: House) -> None:
    soon = now() + timedelta(seconds=0.05)
    ways = {"hold": "held", "reject": "expired", "hand_over": "open"}
    reviews = {way: await house.waiting(f"m-{way}", way, expires_at=soon, on_expiry=way) for way in ways}

    async def over() -> bool:
        house.work.tick()
        return now() > soon and (await house.queue.review(reviews["reject"].id)).state == "expired"

    await until(over)
    house.work.tick()
    assert {way: (await house.queue.review(one.id)).state for way, one in reviews.items()} == ways
    assert (await house.queue.review(reviews["hand_over"].id)).assignee == "lead"


async def nothing_proposed(house: House) -> Review:
    """A ticket whose first step failed: it stopped before a person with neither reply nor action."""
    await house.queue.submit(shop.message("m9", "4190"))
    case = house.work.case("m9")
    failed = Gate(reasons=(GateReason(code="failure", text="lookup failed: records down"),))
    item = shop.proposal(case, reply=None, request_id="m9", evidence=())
    house.work.finish("m9", Ending(how="review", proposal=item, gate=failed, customer=case.ticket.customer))
    return await house.queue.review((await house.queue.history("4190")).reviews[-1].review_id)


async def test_where_nothing_is_proposed_a_person_writes_the_reply(house: House) -> None:
    review = await nothing_proposed(house)
    assert review.proposal.to_decide() == ("reply",)
    written = Respond(action_id="reply", message="Hi Mia, we look into it today.")
    await house.queue.decide(shop.decision(review, "ana", written), await shop.held(house.queue, review))
    assert house.run() == ["send_reply"]
    assert (await house.queue.history("4190")).messages[-1].text == "Hi Mia, we look into it today."


async def test_where_nothing_is_proposed_there_is_nothing_to_approve(house: House) -> None:
    review = await nothing_proposed(house)
    with pytest.raises(Invalid, match="write the reply"):
        await house.queue.decide(shop.decision(review), await shop.held(house.queue, review))
    assert (await house.queue.review(review.id)).state == "open"


async def test_where_nothing_is_proposed_nothing_may_be_sent(house: House) -> None:
    review = await nothing_proposed(house)
    no = Reject(action_id="reply", code="no_answer_needed")
    assert (
        await house.queue.decide(shop.decision(review, "ana", no), await shop.held(house.queue, review))
    ).effect == "rejected"
    assert house.work.due() == []


async def test_a_ticket_stays_before_a_person_while_a_review_of_it_waits(house: House) -> None:
    """A proposal came from outside while the workflow was at it: that nothing is to be done must not close the ticket."""
    await house.queue.submit(shop.message("m1", "4183"))
    case = house.work.case("m1")
    await house.queue.submit(shop.proposal(case, shop.refund(700, "b1"), request_id="outside-1"))
    item = shop.proposal(case, reply=None, request_id="m1", evidence=())
    house.work.finish("m1", Ending(how="close", proposal=item, customer=case.ticket.customer))
    history = await house.queue.history("4183")
    assert [row.state for row in history.reviews] == ["open"]
    assert history.ticket.state == "in_review"
