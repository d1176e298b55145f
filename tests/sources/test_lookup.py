"""Who is verified, what they may see, and where their words and the records disagree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.sources import shop_file
from app.sources.lookup import Lookup
from app.sources.port import SourceFailure
from config.rules import Rules
from store.case import Clues, Facts
from tests.sources.conftest import Ask

MIA = "mia.garcia@post.example"


@pytest.fixture
def lookup(rules: Rules, shop: Path) -> Lookup:
    return Lookup(rules, shop)


def zip_of(shop: Path, customer_id: str) -> str:
    with shop_file.reading(shop) as connection:
        record = shop_file.get(connection, "customer", customer_id)
    assert record is not None
    return str(record.values["zip"])


def ids(facts: Facts, kind: str) -> list[str]:
    return [record.id for record in facts.records if record.kind == kind]


# ── identity ─────────────────────────────────────────────────────────────────


def test_the_address_the_channel_proves_verifies_whatever_its_case(lookup: Lookup, ticket: Ask) -> None:
    customer = lookup.look_up(ticket("hello", sender="Mia.Garcia@POST.example"), Clues(), []).customer
    assert (customer.id, customer.identity, customer.how) == ("C-1001", "verified", "sent from the e-mail on file")


def test_an_address_that_only_stands_in_the_text_is_weak(lookup: Lookup, ticket: Ask) -> None:
    facts = lookup.look_up(ticket(f"I am {MIA}"), Clues(emails=(MIA,)), [])
    assert facts.customer.identity == "weak"
    assert facts.records == ()


@pytest.mark.parametrize("spelling", ["mia garcia", "MIA GARCÍA", "Mia  Garcia"])
def test_name_and_zip_verify_in_any_spelling(lookup: Lookup, shop: Path, ticket: Ask, spelling: str) -> None:
    clues = Clues(names=(spelling,), zips=(zip_of(shop, "C-1001"),))
    assert lookup.look_up(ticket("hi"), clues, []).customer.identity == "verified"


def test_a_first_name_and_a_zip_do_not_verify(lookup: Lookup, shop: Path, ticket: Ask) -> None:
    clues = Clues(names=("Mia",), zips=(zip_of(shop, "C-1001"),))
    assert lookup.look_up(ticket("hi"), clues, []).customer.identity == "unknown"


def test_a_name_and_the_zip_of_somebody_else_do_not_verify(lookup: Lookup, ticket: Ask) -> None:
    clues = Clues(names=("Mia Garcia",), zips=("10115",))
    facts = lookup.look_up(ticket("hi"), clues, [])
    assert (facts.customer.identity, facts.customer.how) == ("weak", "name only")


def test_two_customers_of_one_name_verify_nobody(lookup: Lookup, ticket: Ask) -> None:
    customer = lookup.look_up(ticket("I am Anna Schmidt"), Clues(names=("Anna Schmidt",)), []).customer
    assert (customer.id, customer.identity) == (None, "weak")
    assert "2 customers match" in customer.how


def test_a_zip_tells_namesakes_apart(lookup: Lookup, ticket: Ask) -> None:
    clues = Clues(names=("Anna Schmidt",), zips=("80331",))
    assert lookup.look_up(ticket("hi"), clues, []).customer.id == "C-1005"


def test_two_people_that_both_fit_a_strong_rule_verify_nobody(lookup: Lookup, ticket: Ask) -> None:
    clues = Clues(names=("Anna Schmidt",), zips=("10115", "80331"))
    assert lookup.look_up(ticket("hi"), clues, []).customer.identity == "weak"


def test_the_proven_sender_wins_over_what_the_text_says_about_itself(lookup: Lookup, ticket: Ask) -> None:
    clues = Clues(emails=("anna.schmidt@post.example",), order_ids=("HF-10007",))
    facts = lookup.look_up(ticket("I am Anna, order HF-10007", sender=MIA), clues, [])
    assert facts.customer.id == "C-1001"
    assert "HF-10007" not in ids(facts, "order")


def test_knowing_e_mail_and_order_from_another_address_is_told(lookup: Lookup, ticket: Ask) -> None:
    clues = Clues(emails=(MIA,), order_ids=("HF-10001",))
    facts = lookup.look_up(ticket("change my e-mail", sender="thief@post.example"), clues, [])
    assert "the message came from an address that is not on file" in facts.contradictions


def test_a_list_of_guesses_is_not_worked_through(lookup: Lookup, shop: Path, ticket: Ask) -> None:
    guesses = (*(f"{number:05d}" for number in range(200)), zip_of(shop, "C-1001"))
    facts = lookup.look_up(ticket("hi"), Clues(names=("Mia Garcia",), zips=guesses), [])
    assert facts.customer.identity == "weak"


def test_nobody_is_unknown(lookup: Lookup, ticket: Ask) -> None:
    facts = lookup.look_up(ticket("help", sender="stranger@post.example"), Clues(), [])
    assert (facts.customer.identity, facts.customer.id, facts.records) == ("unknown", None, ())


# ── records ──────────────────────────────────────────────────────────────────


def test_a_verified_customer_gets_their_records_and_nobody_elses(lookup: Lookup, ticket: Ask) -> None:
    facts = lookup.look_up(ticket("my orders", sender=MIA), Clues(), ["order_status"])
    assert ids(facts, "customer") == ["C-1001"]
    assert set(ids(facts, "order")) == {"HF-10001", "HF-10002"}
    assert all(record.values.get("customer_id", "C-1001") == "C-1001" for record in facts.records)
    assert ids(facts, "product"), "the variants of what they bought are needed for an exchange"


def test_the_named_order_comes_first_however_it_is_written(lookup: Lookup, ticket: Ask) -> None:
    facts = lookup.look_up(ticket("hf10002", sender=MIA), Clues(order_ids=("hf 10002",)), [])
    assert ids(facts, "order")[0] == "HF-10002"


def test_a_tracking_number_names_its_order(lookup: Lookup, ticket: Ask) -> None:
    facts = lookup.look_up(ticket("where", sender=MIA), Clues(tracking_ids=("053807300274",)), [])
    assert ids(facts, "order")[0] == "HF-10002"


def test_somebody_elses_order_and_one_that_does_not_exist_look_the_same(lookup: Lookup, ticket: Ask) -> None:
    told = []
    for order in ("HF-10003", "HF-99999"):
        case = ticket(f"What is in order {order}?", sender=MIA)
        facts = lookup.look_up(case, Clues(order_ids=(order,)), ["order_status"])
        told.append(
            (
                facts.contradictions[0].replace(order, "?"),
                ids(facts, "order"),
                "jonas" in facts.model_dump_json().lower(),
            )
        )
    assert told[0] == told[1]
    assert told[0][0] == "order ? is not among this customer's orders"
    assert told[0][2] is False


@pytest.mark.parametrize("clues", [Clues(order_ids=("HF-10001",)), Clues(names=("Mia Garcia",)), Clues(emails=(MIA,))])
def test_without_verified_identity_nothing_of_a_record_is_told(lookup: Lookup, ticket: Ask, clues: Clues) -> None:
    facts = lookup.look_up(ticket("I was charged twice"), clues, ["duplicate_charge"])
    assert facts.customer.identity == "weak"
    assert facts.records == facts.conversations == facts.contradictions == ()
    assert facts.customer.name == ""


def test_earlier_conversations_are_evidence_for_the_verified_one(lookup: Lookup, ticket: Ask) -> None:
    facts = lookup.look_up(ticket("hi", sender=MIA), Clues(), [])
    assert [evidence.kind for evidence in facts.conversations] == ["message"]
    assert "The boots are here" in facts.conversations[0].quote


def test_systems_are_those_of_the_intents(lookup: Lookup, ticket: Ask) -> None:
    facts = lookup.look_up(ticket("hi"), Clues(), ["invoice_copy", "duplicate_charge", "no_such_intent"])
    assert facts.systems == ("billing", "orders", "payments")


def test_a_shop_file_that_is_gone_or_broken_is_a_failure_and_no_crash(
    rules: Rules, tmp_path: Path, ticket: Ask
) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"not a database" * 100)
    for path in (tmp_path / "gone.sqlite", broken):
        with pytest.raises(SourceFailure) as failure:
            Lookup(rules, path).look_up(ticket("hi", sender=MIA), Clues(), [])
        assert failure.value.code == "records_down"


# ── contradictions ───────────────────────────────────────────────────────────


Says = Callable[[str, str, str], tuple[str, ...]]


@pytest.fixture
def disagreements(lookup: Lookup, ticket: Ask, shop: Path) -> Says:
    """What look-up finds when that customer writes about that order."""

    def found(customer: str, order: str, text: str) -> tuple[str, ...]:
        with shop_file.reading(shop) as connection:
            record = shop_file.get(connection, "customer", customer)
        assert record is not None
        return lookup.look_up(ticket(text, sender=record.values["email"]), Clues(order_ids=(order,)), []).contradictions

    return found


@pytest.mark.parametrize(
    ("customer", "order", "text", "said"),
    [
        ("C-1005", "HF-10008", "My order HF-10008 was delivered yesterday.", "says delivered, order HF-10008 is pending"),
        ("C-1012", "HF-10019", "Order HF-10019 has not arrived.", "says not received, order HF-10019 is delivered"),
        ("C-1014", "HF-10022", "You charged me twice for HF-10022.", "says charged twice, order HF-10022 shows one payment"),
        ("C-1001", "HF-10002", "I paid €99.50 for HF-10002.", "says €99.50 was paid, order HF-10002 shows no such payment"),
        ("C-1006", "HF-10009", "I have already cancelled HF-10009.", "says cancelled, order HF-10009 is shipped"),
    ],
)  # fmt: skip
def test_what_the_ticket_says_and_the_record_denies_is_named(
    disagreements: Says, customer: str, order: str, text: str, said: str
) -> None:
    assert disagreements(customer, order, text) == (f"the ticket {said}",)


@pytest.mark.parametrize(
    ("customer", "order", "text"),
    [
        ("C-1005", "HF-10008", "When will HF-10008 be delivered?"),
        ("C-1005", "HF-10008", "If HF-10008 was delivered I would have seen it."),
        ("C-1005", "HF-10008", "HF-10008 was not delivered."),
        ("C-1001", "HF-10001", "I was charged twice for order HF-10001."),
        ("C-1001", "HF-10001", "I paid €239.60 for HF-10001, that is €119.80 too much."),
        ("C-1001", "HF-10002", "HF-10002 arrived, I want it cancelled."),
        ("C-1015", "HF-10024", "One chair of HF-10024 has not arrived."),
        ("C-1012", "HF-10019", "> Order HF-10019 has not arrived.\nThat was my mistake."),
    ],
)
def test_questions_wishes_conditions_and_true_words_contradict_nothing(
    disagreements: Says, customer: str, order: str, text: str
) -> None:
    assert disagreements(customer, order, text) == ()
