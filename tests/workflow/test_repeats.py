"""A customer who writes again after an AI-handled reply on the same matter is linked to that reply."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.workflow import repeats
from app.workflow.failures import failure
from app.workflow.matters import answered, said
from app.workflow.repeats import confused, link
from store.contract import Message, Proposal
from tests.workflow.given import AT, action, message, proposal, rules


def answer(days: float = 1, thread: str = "t1", **more: Any) -> Message:
    given: dict[str, Any] = {"id": f"r{days}", "ticket_id": thread, "direction": "outbound", "ai_handled": True}
    return Message(**{**given, "at": AT - timedelta(days=days), "text": "Hello,", **more})


def found(text: str, *replies: tuple[Message, Proposal], intents: tuple[str, ...] = (), days: float = 7) -> Any:
    return link(message(text), intents, replies, days)


def test_the_same_thread_is_a_repeat_whatever_it_says() -> None:
    contact = found("And another thing", (answer(), proposal()))
    assert (contact.why, contact.reply_id, contact.route) == ("same_thread", "r1", "routine")


def test_another_thread_is_one_only_on_the_same_matter() -> None:
    other = (answer(thread="t9"), proposal(action()))
    assert found("hello", other) is None
    assert found("Still nothing on HF-10012", other).why == "same_matter"
    assert found("still nothing on #hf-10012", other).why == "same_matter"
    assert found("hello", other, intents=("order_status",)).why == "same_matter"
    assert found("hello", other, intents=("invoice_copy",)) is None
    assert found("hello about HF-1001", other) is None


@pytest.mark.parametrize(("days", "linked"), [(0.5, True), (7, True), (7.001, False), (30, False)])
def test_only_within_the_window(days: float, linked: bool) -> None:
    assert (found("hi", (answer(days), proposal())) is not None) is linked


def test_a_persons_reply_and_a_later_reply_do_not_count() -> None:
    assert found("hi", (answer(ai_handled=False), proposal())) is None
    assert found("hi", (answer(days=-1), proposal())) is None
    assert found("hi", (answer(days=0), proposal())) is None
    assert link(message("hi", direction="outbound"), (), [(answer(), proposal())], 7) is None


def test_the_newest_reply_of_the_thread_wins_over_a_newer_one_elsewhere() -> None:
    old, new, elsewhere = (answer(3), proposal()), (answer(2), proposal()), (answer(1, thread="t9"), proposal())
    assert found("hi", old, elsewhere, new, intents=("order_status",)).reply_id == "r2"


def test_a_new_matter_in_an_old_thread_is_no_repeat() -> None:
    lamp = (
        answer(text="The lamp was sent on Monday."),
        proposal(message="My lamp has not come", text="The lamp was sent."),
    )
    assert found("Thanks, and the lamp?", lamp).why == "same_thread"
    new = "How do I change the password of my account? The page for it shows nothing since your update of last week."
    assert found(new, lamp) is None
    assert found(new, lamp, intents=("order_status",)).why == "same_thread"


def test_who_comes_back_in_a_new_thread_is_linked_to_the_answer_that_speaks_of_the_same() -> None:
    lamp = (
        answer(1, "t8", id="lamp", text="Screw the bulb of the lamp in again."),
        proposal(message="The lamp is dark"),
    )
    tent = (answer(0.5, "t9", id="tent", text="Wash the tent cold."), proposal(message="Mould on my tent"))
    assert found("I tried another bulb, the lamp stays dark", lamp, tent).reply_id == "lamp"
    assert found("Thanks, the tent looks good after washing", lamp, tent).reply_id == "tent"
    assert found("I bought a kettle and the lid is missing", lamp, tent) is None


def test_the_subject_of_a_new_thread_says_what_it_is_about() -> None:
    other = (answer(thread="t9"), proposal(action()))
    assert link(message("It has not come."), (), [other], 7, "Order HF-10012").why == "same_matter"
    assert link(message("It has not come."), (), [other], 7, "Order HF-10099") is None


def test_the_same_wish_for_another_order_is_another_matter() -> None:
    other = (answer(thread="t9"), proposal(action()))
    assert found("Where is HF-10099?", other, intents=("order_status",)) is None
    assert found("Where is HF-10012?", other, intents=("order_status",)) is not None


def test_of_equal_answers_the_newest_is_meant() -> None:
    first, second = (answer(2, "t8", id="first"), proposal()), (answer(2, "t9", id="second"), proposal())
    assert found("hello", first, second, intents=("order_status",)).reply_id == "second"


def test_who_did_not_understand_comes_back_in_whatever_words() -> None:
    key = (answer(text="Press the red key."), proposal(message="The heating is off", text="Press the red key."))
    assert found("What do you mean? How do I find anything of that sort in my cellar", key).confusion


def test_the_link_names_the_failure_message_the_customer_had_read() -> None:
    failed = failure("missing_order_id", "routing", rules())
    contact = found("I do not understand this", (answer(), proposal(failure=failed)))
    assert (contact.failure_code, contact.confusion) == ("missing_order_id", True)


def points(text: str, *replies: tuple[Message, Proposal]) -> list[float]:
    answers = [repeats._Answer(reply, given, answered(given, reply.text)) for reply, given in replies]
    return [round(each, 2) for each in repeats._points(message(text), said(text), frozenset(), answers)]


def told(text: str, thread: str = "t9", hours: float = 1, number: str = "r") -> tuple[Message, Proposal]:
    return answer(hours / 24, thread, text=text, id=number), proposal(message=None, text=text)


def test_points_of_an_answer_elsewhere_sink_with_its_age() -> None:
    assert points("kettle", told("lamp", hours=1)) == [0.85]
    assert points("kettle", told("lamp", hours=7 * 24)) == [-1.36]
    assert points("kettle", told("lamp", "t1", hours=7 * 24)) == [4.0]


def test_a_word_tells_the_more_the_fewer_threads_speak_of_it() -> None:
    assert points("lamp", told("lamp")) == [3.26]
    assert points("lamp", told("lamp", "t8"), told("lamp", "t9")) == [2.06, 2.06]
    assert points("lamp kettle stove", told("lamp")) == [2.55]


def test_only_the_newest_answer_of_a_thread_has_the_points_for_that() -> None:
    assert points("kettle", told("lamp", hours=2, number="a"), told("lamp", hours=1, number="b")) == [-0.55, 0.85]
    assert points("lamp", told("lamp", "t1", number="a"), told("", "t1", number="b")) == [5.2, 4.28]


@pytest.mark.parametrize(
    ("text", "here", "demanded"),
    [
        ("lamp", False, 1.21),
        ("lamp", True, 3.01),
        ("lamp " * 500, False, 2.2),
        ("My lamp", False, 3.33),
        ("Still dark", False, 0.03),
        ("The link you sent", False, 0.68),
        ("That lamp makes no sense", False, 0.74),
    ],
)
def test_how_much_a_message_demands(text: str, here: bool, demanded: float) -> None:
    assert round(repeats._demanded(text, here=here), 2) == demanded


@pytest.mark.parametrize(
    "text",
    [
        "I do not understand this.",
        "I don’t understand your answer",
        "that makes no sense",
        "This doesn't answer my question",
        "What do you mean?",
        "I'm confused",
        "As I already said, it is the blue one",
        "huh?",
        "That is not what I asked",
        "You didn't read my mail",
    ],
)
def test_words_of_confusion(text: str) -> None:
    assert confused(text)


@pytest.mark.parametrize(
    "text", ["Thank you, all clear now.", "It is HF-10012", "I understand, thanks", "Send it again?"]
)
def test_words_that_are_not(text: str) -> None:
    assert not confused(text)
