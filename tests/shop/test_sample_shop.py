"""The sample shop adds up, and its day of tickets speaks of what is really there."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from app import arrivals
from app.sources import shop_file
from app.sources.records import load as load_shop
from config.load import SHOP, load
from config.rules import Rules

TODAY = date(2027, 3, 1)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load()


@pytest.fixture(scope="module")
def records(rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, Any]]]:
    path = tmp_path_factory.mktemp("shop") / "shop.sqlite"
    load_shop(rules, path, today=TODAY)
    with shop_file.reading(path) as connection:
        return {
            kind: {record.id: record.values for record in shop_file.all_of(connection, kind)}
            for kind in rules.sources.records
        }


Records = dict[str, dict[str, dict[str, Any]]]


def test_the_shop_has_the_size_of_a_small_shop(records: Records) -> None:
    assert {kind: len(rows) for kind, rows in records.items() if kind in ("customer", "order", "product")} == {
        "customer": 62,
        "order": 151,
        "product": 40,
    }
    assert Counter(row["status"] for row in records["order"].values()).keys() == {
        "pending",
        "processed",
        "shipped",
        "delivered",
        "cancelled",
    }


def test_every_total_is_its_items_and_shipping(records: Records) -> None:
    for order in records["order"].values():
        assert order["total"] == sum(item["price"] for item in order["items"]) + order["shipping"], order["id"]


def test_every_item_is_a_variant_of_its_product_at_its_price(records: Records) -> None:
    for order in records["order"].values():
        for item in order["items"]:
            variants = {one["item_id"]: one for one in records["product"][item["product_id"]]["variants"]}
            assert (variants[item["item_id"]]["price"], variants[item["item_id"]]["options"]) == (
                item["price"],
                item["options"],
            )


def test_payments_match_the_total_but_for_one_duplicate_charge(records: Records) -> None:
    twice = []
    for order in records["order"].values():
        paid = [row["amount"] for row in order["payments"] if row["kind"] == "payment"]
        assert set(paid) == {order["total"]}
        twice += [order["id"]] if len(paid) > 1 else []
        back = sum(row["amount"] for row in order["payments"] if row["kind"] == "refund")
        assert back == order["total"] if order["status"] == "cancelled" else back <= order["total"]
    assert twice == ["HF-10001"]


def test_orders_are_paid_with_a_method_of_their_customer(records: Records) -> None:
    for order in records["order"].values():
        own = {method["id"] for method in records["customer"][order["customer_id"]]["payment_methods"]}
        assert {row["payment_method_id"] for row in order["payments"]} <= own


def test_what_was_sent_has_its_own_tracking_id_and_nothing_else_has(records: Records) -> None:
    tracking = []
    for order in records["order"].values():
        sent = order["status"] in ("shipped", "delivered")
        assert bool(order["shipments"]) == sent, order["id"]
        if sent:
            assert sorted(item for row in order["shipments"] for item in row["item_ids"]) == sorted(
                item["item_id"] for item in order["items"]
            )
        tracking += [row["tracking_id"] for row in order["shipments"]]
    assert len(set(tracking)) == len(tracking)


def test_invoices_belong_to_their_order_and_carry_its_amount(records: Records) -> None:
    for invoice in records["invoice"].values():
        order = records["order"][invoice["order_id"]]
        assert (invoice["customer_id"], invoice["amount"], invoice["currency"]) == (
            order["customer_id"],
            order["total"],
            order["currency"],
        )


def test_dates_move_with_today_and_nothing_lies_ahead_of_it(records: Records) -> None:
    placed = [datetime.fromisoformat(order["placed_at"]).date() for order in records["order"].values()]
    assert max(placed) <= TODAY
    assert (TODAY - max(placed)).days == 1
    eta = [row["eta"] for order in records["order"].values() for row in order["shipments"] if row.get("eta")]
    assert any(date.fromisoformat(day) > TODAY for day in eta), "some parcels are still expected"
    for order in records["order"].values():
        for row in (*order["payments"], *order["shipments"]):
            assert order["placed_at"] <= row["at"] <= f"{TODAY}T23:59:59Z"


def test_several_customers_share_a_name_and_no_two_an_address(records: Records) -> None:
    names = Counter(row["name"] for row in records["customer"].values())
    assert {name for name, count in names.items() if count > 1} == {"Anna Schmidt", "Tom Jansen", "Maria Silva"}
    assert len({row["email"] for row in records["customer"].values()}) == 62


def test_plans_and_their_prices_are_those_the_knowledge_tells(records: Records, rules: Rules) -> None:
    account = (SHOP / "knowledge" / "account.md").read_text(encoding="utf-8")
    for plan in records["plan"].values():
        if plan["price"]:
            assert f"{plan['name']} costs €{plan['price'] // 100} a year" in account
    assert {row["plan"] for row in records["customer"].values()} <= records["plan"].keys()


def test_every_address_is_one_that_can_never_be_somebodys() -> None:
    for file in SHOP.rglob("*.*"):
        for address in re.findall(r"[\w.+-]+@[\w.-]+\w", file.read_text(encoding="utf-8")):
            assert address.endswith(".example"), f"{file.name}: {address}"


# ── the day ──────────────────────────────────────────────────────────────────

DAY = arrivals.day(SHOP / "tickets.jsonl")


def test_the_day_has_sixty_tickets_and_more_and_customers_who_write_again() -> None:
    assert len({one.message.thread for one in DAY}) >= 60
    assert sum(one.after is not None for one in DAY) >= 6
    assert len({one.message.message_id for one in DAY}) == len(DAY)


def test_follow_ups_answer_a_ticket_that_came_before_on_its_thread() -> None:
    seen: dict[str, str] = {}
    for one in DAY:
        assert (one.at is None) == (one.after is not None)
        if one.after:
            assert seen[one.after] == one.message.thread
        seen[one.message.message_id] = one.message.thread


def test_proven_senders_are_customers_or_strangers_and_orders_exist(records: Records) -> None:
    on_file = {row["email"] for row in records["customer"].values()}
    strangers = [one.message.sender for one in DAY if one.message.sender and one.message.sender not in on_file]
    assert len(strangers) <= 4
    for one in DAY:
        for order in re.findall(r"HF-\d{5}", one.message.text):
            assert order in records["order"], one.message.message_id


def test_the_mess_is_there() -> None:
    raw = (SHOP / "tickets.jsonl").read_text(encoding="utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", raw), (
        "only as JSON escapes"
    )
    texts = "\n".join(one.message.text + one.message.subject + one.message.author for one in DAY)
    for what in (
        "\x1b]52;",
        "\x1b[5n",
        "\u202e",
        "\u200b",
        "[@click=",
        "Ignore all previous instructions",
        "<div",
        "=cmd|",
    ):
        assert what in texts, repr(what)
    for script in (r"[\u4e00-\u9fff]", r"[\u0600-\u06ff]", "🌿", "möchte", "> Dear"):
        assert re.search(script, texts), script
    assert max(len(one.message.text) for one in DAY) > 1500
    assert min(len(one.message.text) for one in DAY) < 5


@pytest.mark.parametrize("one", DAY, ids=lambda one: one.message.message_id.split("@")[0])
def test_what_a_ticket_is_meant_to_show_has_a_name_in_the_rules(one: arrivals.Arrival, rules: Rules) -> None:
    meant = one.meant
    assert meant["ends"] in ("send", "ask", "review", "close", "hold")
    assert meant["what"]
    assert meant.keys() <= {"ends", "trigger", "gate", "failure", "what"}
    assert "trigger" not in meant or meant["trigger"] in {trigger.name for trigger in rules.triggers}
    assert set(meant.get("gate", ())) <= {review.name for review in rules.reviews}
    assert "failure" not in meant or meant["failure"] in rules.messages


def test_files_hold_one_record_a_line() -> None:
    for file in SHOP.glob("*.jsonl"):
        lines = Path(file).read_text(encoding="utf-8").splitlines()
        assert lines
        assert all(isinstance(json.loads(line), dict) for line in lines), file.name
