"""What customer text must never show: internal words, names of models, empty slots, and what is another customer's."""

from __future__ import annotations

import pytest

from app.workflow.proof import leaks, leaks_in
from config.rules import ModelEntry
from store.case import Record
from store.contract import Evidence
from tests.workflow.given import AT, action, case, facts, message, proposal, reply, rules


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Confidence is 0.41.", "Confidence"),
        ("The cheap model said so.", "cheap model"),
        ("As an AI I cannot.", "As an AI"),
        ("See the internal note.", "internal note"),
        ("Dear {name},", "{name}"),
        ("Ask bob@else.example.", "bob@else.example"),
        ("Like order HF-20000.", "HF-20000"),
        ("HTTP 500 from the peer", "HTTP 500"),
    ],
)
def test_what_a_customer_must_never_read(text: str, what: str) -> None:
    assert what in leaks(text, case(), rules())
    assert what in leaks_in(proposal(text=text), rules())


@pytest.mark.parametrize(
    "text", ["Your order HF-10012 is pending.", "A prompt reply helps.", "This table model is sold out."]
)
def test_plain_words_are_no_leak(text: str) -> None:
    assert leaks(text, case(), rules()) == ()


def passage(quote: str) -> Evidence:
    return Evidence(id="p1", kind="passage", title="Contact", quote=quote, read_at=AT)


@pytest.mark.parametrize("text", ["Dear [[name", "Dear name]]", "Hello<|end", "Total: {order.total}"])
def test_a_slot_that_nobody_filled_is_a_leak(text: str) -> None:
    assert leaks(text, case(), rules()) != ()


@pytest.mark.parametrize("text", ["Dear Mia [see below]", "It costs < 5", "In {curly brackets} as you wrote"])
def test_other_brackets_are_none(text: str) -> None:
    assert leaks(text, case(), rules()) == ()


def test_a_model_is_never_named() -> None:
    called = {"ask-it": "house-brain", "frontdesk": "abcd", "reviewer": "abc"}
    models = {name: ModelEntry(kind="openai", model=model) for name, model in called.items()}
    theirs = rules().model_copy(update={"models": models})
    named = {"A House-Brain": "house-brain", "Now ask-it": "ask-it", "Ask frontdesk": "frontdesk", "abcd": "abcd"}
    for text, name in named.items():
        assert name in leaks(text, case(), theirs)
        assert name not in leaks(text, case(), rules())  # another shop's models are no names here
    # Short names, and plain ones of up to eight letters, are words that customers read.
    for text in ("The reviewer liked it.", "As easy as abc.", "A house is no brain.", "No desk is in front"):
        assert leaks(text, case(), theirs) == ()
    both = leaks("frontdesk and abcd and house", case(), theirs)
    assert both == ("abcd", "frontdesk")


def test_what_is_the_customers_own_is_no_leak() -> None:
    told = facts(
        records=(Record(kind="order", id="HF-10012", values={"tracking": "TRK-88123"}, read_at=AT),),
        passages=(passage("Write to desk@shop.example about RMA-77."),),
    )
    before = message("My invoice is IN-55.", id="m0", sender="mia@old.example")
    known = case(facts=told, messages=(before, message()), reply=reply("It is pending."))
    own = ("TRK-88123", "desk@shop.example", "RMA-77", "IN-55", "mia@old.example", "HF-10012")
    for each in own:
        assert leaks(f"It is about {each} here.", known, rules()) == ()
        if each != "HF-10012":
            assert leaks(f"It is about {each} here.", case(facts=None), rules()) == (each,)


def test_what_we_wrote_once_proves_nothing_to_be_theirs() -> None:
    ours = message("Is it HF-77777, as wim@else.example says?", id="m0", direction="outbound", sender="us@shop.example")
    for each in ("HF-77777", "wim@else.example", "us@shop.example"):
        assert leaks(f"It is about {each} here.", case(messages=(ours, message())), rules()) == (each,)


def test_what_an_action_of_this_ticket_names_is_no_leak() -> None:
    change = action("change_email", None, args={"customer": "C-1001", "email": "mia@new.example"})
    text = "We have changed your e-mail to mia@new.example for C-1001."
    assert leaks(text, case(reply=reply("x", actions=(change,))), rules()) == ()
    assert leaks_in(proposal(change, text=text), rules()) == ()
    assert "mia@new.example" in leaks(text, case(), rules())
    other = "We have changed your e-mail to mia@new.example, not to bob@else.example."
    assert leaks_in(proposal(change, text=other), rules()) == ("bob@else.example",)


def test_a_circled_number_hides_no_id() -> None:
    assert leaks("Your code is ②.", case(), rules()) == ("②",)


def test_advice_from_one_to_one_is_no_id() -> None:
    assert leaks("We help 1-to-1.", case(), rules()) == ()


def test_a_proposal_is_read_against_its_own_message_and_failure() -> None:
    assert leaks_in(proposal(text=None), rules()) == ()
    assert leaks_in(proposal(text="Is it IN-55?", message="My invoice is IN-55."), rules()) == ()
    assert leaks_in(proposal(text="Is it IN-55?", message=None), rules()) == ("IN-55",)
