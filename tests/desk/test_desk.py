"""An agent at the desk: every key, every refusal, and what other people do meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Input, TextArea

from app.desk import guard
from app.desk.dialogs.edit import EditDialog
from app.desk.dialogs.frame import Dialog
from store.contract import REPLY, Approve, Edit, HandOver, Reject, Respond, Retry, Snooze
from store.live import Switch
from store.queue import Queue, Unavailable
from tests.desk import samples
from tests.desk.conftest import claimed, desk, main, on_screen, shown, until, words
from tests.desk.fake_queue import FakeQueue

SIZE = (120, 36)


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue(samples.day(6))


def decided(queue: FakeQueue) -> list:  # type: ignore[type-arg]
    return list(queue.decisions.values())


async def typed_dialog(pilot) -> None:  # type: ignore[no-untyped-def]
    """A dialog is open and takes keys."""
    await until(pilot, lambda: isinstance(pilot.app.screen, Dialog) and pilot.app.screen.settled, "a dialog")


async def test_the_frame_is_painted_before_the_store_answers(queue: FakeQueue) -> None:
    gate = asyncio.Event()
    app = desk(queue)

    async def slowly() -> Queue:
        await gate.wait()
        return queue

    app._open_queue = slowly
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "opening the queue" in words(pilot, "#status"), "the frame")
        assert queue.calls == []
        gate.set()
        await on_screen(pilot)


async def test_the_ticket_has_everything_on_it(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        assert words(pilot, "#fact-why").splitlines() == [
            "Refund of €120.00 is over the €50.00 limit",
            "Claim not in sources: 30 days",
        ]
        assert "messy → strong · multiple intents: billing, order lookup" in words(pilot, "#fact-route")
        assert "Refund €120.00 to card ••9212" in words(pilot, "#fact-action")
        assert "amount €120.00   target order #W2378156" in words(pilot, "#fact-action")
        assert "verified: e-mail + zip" in words(pilot, "#fact-who")
        assert "2 policy: duplicate charges" in words(pilot, "#fact-sources")
        assert "you took the money twice" in words(pilot, "#message-text")
        assert "⚠ It arrives within 30 days." in words(pilot, "#reply-text")
        assert "€120.00 for order #W2378156. [1]" in words(pilot, "#reply-text")
        assert "claim not in sources" not in words(pilot, "#note-text")  # said above, under WHY
        assert "6 waiting · oldest 6m · due 2" in words(pilot, "#status")


async def test_enter_and_a_verdict_in_one_breath_are_both_heard(queue: FakeQueue) -> None:
    """The claim that Enter asks for takes a moment; the key behind it must not be lost in it."""
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        claim, gate = queue.claim, asyncio.Event()

        async def slowly(*words: object, **more: object) -> object:
            await gate.wait()
            return await claim(*words, **more)  # type: ignore[arg-type]

        queue.claim = slowly  # type: ignore[method-assign,assignment]
        await pilot.press("enter", "a")
        assert main(pilot).situation().mode != "confirm"
        gate.set()
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        assert not decided(queue)


async def test_a_risky_approval_needs_its_second_key(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        assert "Refund €120.00 to card ••9212 · order #W2378156" in words(pilot, "#prompt")
        await pilot.press("a", "a")
        assert not decided(queue)
        await pilot.press("y")
        await until(pilot, lambda: decided(queue), "the decision")
        (decision,) = decided(queue)
        assert decision.verdicts == (Approve(action_id="a1"), Approve(action_id=REPLY))
        assert decision.fingerprint == samples.review(4183).fingerprint
        assert decision.watermark.last_customer_message_id == "4183-m3"
        assert decision.took_ms > 0
        await claimed(pilot, "r4190")


async def test_a_question_can_be_left_without_a_trace(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        await pilot.press("escape", "y")
        assert not decided(queue)
        assert words(pilot, "#prompt") == ""


async def test_a_harmless_reply_goes_with_one_key_and_can_be_undone() -> None:
    queue = FakeQueue([samples.low_risk(1), samples.low_risk(2)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("a")
        await claimed(pilot, "r2")
        (decision,) = decided(queue)
        assert "Ask the carrier to trace parcel JD014" in words(pilot, "#keys")
        await pilot.press("u")
        await until(pilot, lambda: queue.undone == [decision.id], "undone")
        await until(pilot, lambda: "2 waiting" in words(pilot, "#status"), "it waits again")


@pytest.mark.parametrize("risk", ["low", "high"])
async def test_a_paste_of_five_hundred_a_decides_at_most_one_case(risk: str) -> None:
    queue = FakeQueue([samples.low_risk(n, risk=risk) for n in range(1, 30)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        for _ in range(500):
            pilot.app.screen.action_do("approve") if main(pilot).check_action("do", ("approve",)) else None
            await asyncio.sleep(0)
        await pilot.press(*["a"] * 20)
        await pilot.pause(0.2)
        assert len(decided(queue)) == (1 if risk == "low" else 0)


async def test_the_key_counts_again_after_a_rest(queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "REST_SECONDS", 0.15)
    monkeypatch.setattr(guard, "SETTLE_SECONDS", 0.05)
    queue = FakeQueue([samples.low_risk(n) for n in (1, 2, 3)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("a")
        await claimed(pilot, "r2")
        await pilot.pause(0.3)
        await pilot.press("a")
        await until(pilot, lambda: len(decided(queue)) == 2, "the second decision")


async def test_reject_asks_for_a_reason(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("r")
        await typed_dialog(pilot)
        await pilot.press("2")
        await pilot.press(*"no receipt", "enter")
        await until(pilot, lambda: decided(queue), "the decision")
        (decision,) = decided(queue)
        assert decision.verdicts == tuple(
            Reject(action_id=each, code="not_allowed", message="no receipt") for each in ("a1", REPLY)
        )


async def test_respond_sends_words_instead_of_the_action(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("x")
        await typed_dialog(pilot)
        await pilot.press(*"Which card was it", "ctrl+s")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        await pilot.press("y")
        await until(pilot, lambda: decided(queue), "the decision")
        (decision,) = decided(queue)
        rejected, responded = decision.verdicts
        assert isinstance(rejected, Reject)
        assert responded == Respond(action_id=REPLY, message="Which card was it")


async def test_retry_hand_over_and_snooze() -> None:
    queue = FakeQueue([samples.review(n) for n in (1, 2, 3)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("t")
        await typed_dialog(pilot)
        await pilot.press(*"card is 9213", "ctrl+s")
        await claimed(pilot, "r2")
        await pilot.pause(guard.SETTLE_SECONDS + 0.05)
        await pilot.press("o")
        await typed_dialog(pilot)
        await pilot.press(*"billing", "enter")
        await claimed(pilot, "r3")
        await pilot.pause(guard.SETTLE_SECONDS + 0.05)
        await pilot.press("s")
        await typed_dialog(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(decided(queue)) == 3, "three decisions")
        retry, over, snooze = (decision.instead for decision in decided(queue))
        assert retry == Retry(details="card is 9213")
        assert over == HandOver(to="billing")
        assert isinstance(snooze, Snooze)


async def test_where_nothing_is_proposed_approve_says_what_to_do_and_a_reply_can_be_written() -> None:
    queue = FakeQueue([samples.review(1, reply=None, claims=(), actions=())])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("a")
        await until(pilot, lambda: "Nothing is proposed" in main(pilot)._handling.notice.plain, "what to do instead")  # type: ignore[union-attr]
        await pilot.press("e")
        await typed_dialog(pilot)
        await pilot.press("ctrl+s")
        assert isinstance(pilot.app.screen, EditDialog)
        pilot.app.screen.query_one("#edit-reply", TextArea).text = "Hello"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        await pilot.press("y")
        await until(pilot, lambda: decided(queue), "a decision")
        assert decided(queue)[0].verdicts == (Edit(action_id=REPLY, args={"text": "Hello"}),)


async def test_empty_words_are_refused_in_a_sentence(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("t")
        await typed_dialog(pilot)
        await pilot.press("ctrl+s")
        assert isinstance(pilot.app.screen, Dialog)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot), "back")
        assert not decided(queue)


async def edit_amount(pilot, amount: str) -> None:  # type: ignore[no-untyped-def]
    await pilot.press("e")
    await typed_dialog(pilot)
    field = pilot.app.screen.query_one("#edit-form Input", Input)
    field.focus()
    field.value = amount
    await pilot.pause()


async def test_an_edit_is_judged_again_and_keeps_its_types(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await edit_amount(pilot, "99.50")
        diff = str(pilot.app.screen.query_one("#edit-diff").visual)  # type: ignore[attr-defined]
        assert "120.00" in diff
        assert "99.50" in diff
        pilot.app.screen.query_one("#edit-reply", TextArea).text = "Hi Mia, €99.50 is on its way."
        pilot.app.screen.query_one("#edit-note", TextArea).text = "Only the difference."
        await pilot.press("ctrl+s")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        assert "Refund of €99.50 is over the €50.00 limit" in words(pilot, "#prompt")
        await pilot.press("y")
        await until(pilot, lambda: decided(queue), "the decision")
        (decision,) = decided(queue)
        action, reply = decision.verdicts
        assert isinstance(action, Edit)
        assert action.args["amount"] == {"minor": 9950, "currency": "EUR"}
        assert action.args["payment_method"] == "card_9212"
        assert reply == Edit(action_id=REPLY, args={"text": "Hi Mia, €99.50 is on its way."})
        assert decision.internal_note == "Only the difference."


async def test_a_wrong_value_stays_in_the_form_and_a_refused_one_says_why(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await edit_amount(pilot, "1.2.3")
        await pilot.press("ctrl+s")
        assert isinstance(pilot.app.screen, EditDialog)
        pilot.app.screen.query_one("#edit-form Input", Input).value = "700.00"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "at most €500.00" in words(pilot, "#notice"), "the refusal")
        await pilot.press("e")
        await typed_dialog(pilot)
        assert pilot.app.screen.query_one("#edit-form Input", Input).value == "700.00"


async def test_several_actions_are_decided_one_by_one_and_sent_once() -> None:
    queue = FakeQueue([samples.several(1)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("a")
        await until(pilot, lambda: "✓ approved" in words(pilot, "#fact-action"), "the first verdict")
        assert not decided(queue)
        await pilot.press("r")
        await typed_dialog(pilot)
        await pilot.press("1", "enter")
        await until(pilot, lambda: "✗ rejected" in words(pilot, "#fact-action"), "the second verdict")
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        await pilot.press("y")
        await until(pilot, lambda: decided(queue), "the decision")
        (decision,) = decided(queue)
        assert [type(verdict) for verdict in decision.verdicts] == [Approve, Reject, Approve]
        assert [verdict.action_id for verdict in decision.verdicts] == ["a1", "a2", REPLY]


async def test_a_source_opens_by_its_number_and_lights_its_claims(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("2")
        assert "twice, the second charge is refunded in full" in words(pilot, "#message-text")
        assert "▸The second one is refunded" in words(pilot, "#reply-text")
        await pilot.press("escape")
        assert "you took the money twice" in words(pilot, "#message-text")
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        await pilot.press("y")
        await until(pilot, lambda: decided(queue), "the decision")
        assert decided(queue)[0].evidence_opened == ("e2",)
        assert decided(queue)[0].evidence_shown == ("e1", "e2", "e3")


async def test_all_messages_and_the_other_proposal(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("m")
        assert "I cannot find my order" in words(pilot, "#message-text")
        await pilot.press("v")
        await typed_dialog(pilot)
        await pilot.press("escape")


async def test_moving_shows_and_lets_the_last_case_go(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("enter")
        await claimed(pilot)
        await pilot.press("j")
        await on_screen(pilot, "r4190")
        await until(pilot, lambda: queue.released == ["r4183"], "released")
        await pilot.press("k")
        await on_screen(pilot, "r4183")
        await pilot.press("n")
        await claimed(pilot, "r4190")


async def test_a_change_under_the_hand_is_said_and_cannot_be_approved_unseen(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("enter")
        await claimed(pilot)
        queue.customer_writes("r4183", "forget it, I found it")
        await until(pilot, lambda: "the customer wrote again" in words(pilot, "#notice"), "the notice")
        await pilot.press("a", "y")
        assert not decided(queue)
        await pilot.press("enter")
        await until(pilot, lambda: "forget it, I found it" in words(pilot, "#message-text"), "the newer message")


async def test_a_conflict_at_the_decision_names_what_changed(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        queue.reviews["r4183"] = samples.review(4183, actions=(samples.refund("180.00"),))
        await pilot.press("y")
        await until(pilot, lambda: "amount: €120.00 → €180.00" in words(pilot, "#notice"), "the notice")
        assert not decided(queue)


async def test_a_case_that_another_holds_can_be_read_only(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        queue.take("r4183", "bo")
        await until(pilot, lambda: "bo has it open" in words(pilot, "#notice"), "who holds it")
        await pilot.press("a")
        await until(pilot, lambda: "bo holds it until" in words(pilot, "#notice"), "the refusal")
        assert not decided(queue)


async def test_a_lost_lease_keeps_the_edits(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await edit_amount(pilot, "40.00")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        queue.lose("r4183")
        await pilot.press("y")
        await until(pilot, lambda: "goes on with your edits" in words(pilot, "#notice"), "the notice")
        await until(pilot, lambda: queue.drafts, "the draft")
        assert queue.drafts[0].args["a1"]["amount"]["minor"] == 4000
        assert not decided(queue)


async def test_without_the_store_nothing_is_sent_and_nothing_queued(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("enter")
        await claimed(pilot)
        queue.down = "The disk is full: free some space."
        await pilot.press("a")
        await pilot.press("y")
        await until(pilot, lambda: "Not sent. The disk is full" in words(pilot, "#notice"), "the notice")
        await until(pilot, lambda: "The disk is full" in words(pilot, "#status"), "the banner")
        queue.down = ""
        await until(pilot, lambda: "The disk is full" not in words(pilot, "#status"), "the banner gone")
        assert not decided(queue)


async def test_a_queue_that_cannot_be_opened_is_tried_again(queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.desk.desk.RETRY_SECONDS", 0.05)
    tries = []

    async def second_time() -> Queue:
        tries.append(1)
        if len(tries) < 2:
            raise Unavailable("The folder is read-only.")
        return queue

    app = desk(queue)
    app._open_queue = second_time
    async with app.run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        assert len(tries) == 2


async def test_changes_of_others_are_on_screen_as_their_event_comes(
    queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desk.reading.SLOWEST", 600.0)  # not by looking now and then
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.pause(0.3)
        queue.change(samples.low_risk(9999))
        await until(pilot, lambda: "7 waiting" in words(pilot, "#status"), "the new case")


async def test_a_burst_of_events_is_read_at_most_four_times_a_second(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.pause(0.3)
        queue.calls.clear()
        start = asyncio.get_running_loop().time()
        for _ in range(100):
            queue.tell("r4183")
            await asyncio.sleep(0.01)
        took = asyncio.get_running_loop().time() - start
        assert queue.calls.count("counters") <= 4 * took + 2


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"routes": (), "workers": 0}, "This queue is empty."),
        ({}, "Nothing waits."),
        ({"held": 3}, "All 3 cases are held."),
    ],
)
async def test_an_empty_queue_says_what_is_so(figures: dict[str, object], said: str) -> None:
    async with desk(FakeQueue([], **figures)).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: said in words(pilot, "#empty"), said)


async def test_no_worker_and_a_switch_are_said_in_the_status_line(queue: FakeQueue) -> None:
    queue.figures = {"workers": 0}
    async with desk(queue).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "no worker runs" in words(pilot, "#status"), "no worker")
        queue.off = (Switch(kind="route", name="messy", on=False, who="bo", why="prompt loops", held=3),)
        queue.tell("messy")
        await until(pilot, lambda: "messy OFF bo: prompt loops (3 held)" in words(pilot, "#status"), "the switch")
        assert "○ messy" in words(pilot, "#live-text")


async def test_a_read_only_desk_decides_nothing(queue: FakeQueue) -> None:
    async with desk(queue, read_only=True).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("a", "enter", "r", "e")
        assert "claim" not in queue.calls
        assert "approve" not in words(pilot, "#keys")


async def test_a_narrow_screen_folds_and_unfolds(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(80, 24)) as pilot:
        await on_screen(pilot)
        screen = main(pilot)
        assert screen.query_one("#queue").display
        assert not screen.query_one("#ticket").display
        await pilot.press("a")
        assert not decided(queue)
        await pilot.press("enter")
        await claimed(pilot)
        assert screen.query_one("#ticket").display
        await pilot.press("tab")
        assert screen.query_one("#live").display
        await pilot.press("tab")
        assert screen.query_one("#queue").display


async def test_help_lists_the_keys_that_work_here(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("question_mark")
        await typed_dialog(pilot)
        text = str(pilot.app.screen.query_one("#help Static").visual)  # type: ignore[attr-defined]
        assert "approve" in text
        assert "undo" not in text
        assert "panes" not in text


async def test_five_thousand_rows_are_never_in_memory() -> None:
    queue = FakeQueue([samples.low_risk(n) for n in range(1, 1001)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        window = main(pilot)._reading.window  # type: ignore[union-attr]
        for _ in range(40):
            await pilot.press("n")
        await until(pilot, lambda: shown(pilot) == "r41", "the forty-first")
        assert window.total == 1000
        assert sum(len(rows) for rows in window._pages.values()) <= 300


async def test_quit(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("q")
        await until(pilot, lambda: pilot.app._exit, "the end")


async def test_the_cursor_walks_over_the_end_of_a_page_and_stays_where_it_is_put_while_the_list_is_read() -> None:
    queue = FakeQueue([samples.low_risk(1000 + n) for n in range(60)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1000")
        for number in range(1, 56):
            await pilot.press("j")
            if number in {1, 30, 49, 50, 51}:
                queue.tell("something else")  # the list is read anew under the moving cursor
        await on_screen(pilot, "r1055")
        queue.tell("again")
        await pilot.pause(0.4)
        assert shown(pilot) == "r1055"


async def test_next_goes_where_nobody_else_is(queue: FakeQueue) -> None:
    ids = list(queue.reviews)
    queue.take(ids[1], "bo")
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("n")
        await claimed(pilot, ids[2])
        for each in ids[3:]:
            queue.take(each, "bo")
        await until(
            pilot, lambda: words(pilot, "#status") and main(pilot).query_one("QueueList").following(3) == 0, "bo"
        )  # type: ignore[attr-defined]
        await pilot.press("n")
        await claimed(pilot, ids[0])


async def test_the_last_case_can_be_reached_from_one_that_another_has_decided() -> None:
    queue = FakeQueue([samples.low_risk(1), samples.low_risk(2)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        queue.change(queue.reviews["r1"].model_copy(update={"state": "decided"}))
        await until(pilot, lambda: "It was decided" in words(pilot, "#notice"), "the notice")
        await until(pilot, lambda: "n next" in words(pilot, "#keys"), "the key that goes on")
        await pilot.press("n")
        await claimed(pilot, "r2")


async def test_what_another_took_back_is_as_it_was(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        queue.change(queue.reviews["r4183"].model_copy(update={"state": "decided"}))
        await until(pilot, lambda: main(pilot).situation().stale, "decided by another")
        queue.change(queue.reviews["r4183"].model_copy(update={"state": "open"}))
        await until(pilot, lambda: not main(pilot).situation().stale, "as it was")
        await until(pilot, lambda: main(pilot).query_one("QueueList").cursor == 0, "the cursor")  # type: ignore[attr-defined]
        assert words(pilot, "#notice") == ""


async def test_a_claim_that_another_has_now_is_told_at_once_and_its_question_is_gone(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        queue.take("r4183", "bo")
        await until(pilot, lambda: main(pilot).situation().mode == "look", "no question")
        assert "Your claim on this case ran out." in words(pilot, "#notice")
        await pilot.press("y")
        assert not decided(queue)


async def test_a_verdict_that_comes_too_soon_says_so() -> None:
    queue = FakeQueue([samples.low_risk(n) for n in (1, 2, 3)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("a")
        await claimed(pilot, "r2")
        await pilot.press("a")
        assert "a not heard: this case has just come" in words(pilot, "#keys")
        assert len(decided(queue)) == 1
