"""Approved actions change the shop's records once, whole, and only where everything adds up."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from app.connectors.shop import Shop
from app.sources import shop_file
from config.rules import Rules
from store.contract import Money
from tests.connectors.conftest import Approved, execution

MIA, JONAS, MARCO = "mia.garcia@post.example", "jonas.weber@post.example", "marco.bianchi@post.example"


@pytest.fixture
def shop(rules: Rules, shop_path: Path) -> Shop:
    return Shop(rules, shop_path)


def record(path: Path, kind: str, record_id: str) -> dict[str, Any]:
    with shop_file.reading(path) as connection:
        found = shop_file.get(connection, kind, record_id)
    assert found is not None
    return found.values


def whole(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT kind, id, version FROM record ORDER BY 1, 2").fetchall()


def mail_of(path: Path, customer_id: str) -> str:
    return str(record(path, "customer", customer_id)["email"])


def method_of(path: Path, customer_id: str, kind: str) -> str:
    methods = record(path, "customer", customer_id)["payment_methods"]
    return next(str(method["id"]) for method in methods if method["kind"] == kind)


def refund(approved: Approved, path: Path, minor: int, key: str = "key-1") -> Any:
    card = method_of(path, "C-1001", "credit_card")
    return approved(
        MIA, "refund", key, order="HF-10001", amount={"minor": minor, "currency": "EUR"}, payment_method=card
    )


def test_a_refund_is_booked_against_the_card_that_paid(shop: Shop, shop_path: Path, approved: Approved) -> None:
    result = shop.perform(refund(approved, shop_path, 11980))
    assert result.state == "done"
    last = record(shop_path, "order", "HF-10001")["payments"][-1]
    assert (last["kind"], last["amount"], last["id"]) == ("refund", 11980, result.external_id)


def test_the_same_key_and_bytes_run_once_and_tell_the_same(shop: Shop, shop_path: Path, approved: Approved) -> None:
    asked = refund(approved, shop_path, 11980)
    assert shop.outcome(asked).state == "missing"
    first = shop.perform(asked)
    assert shop.perform(asked) == first == shop.outcome(asked)
    assert [row["kind"] for row in record(shop_path, "order", "HF-10001")["payments"]].count("refund") == 1


def test_the_same_key_with_other_bytes_never_runs(shop: Shop, shop_path: Path, approved: Approved) -> None:
    other = refund(approved, shop_path, 500)
    shop.perform(refund(approved, shop_path, 11980))
    before = whole(shop_path)
    assert shop.perform(other).state == "failed"
    assert shop.outcome(other).state == "failed"
    assert whole(shop_path) == before


def test_more_than_was_paid_is_refused_and_nothing_is_kept(shop: Shop, shop_path: Path, approved: Approved) -> None:
    first, second = refund(approved, shop_path, 20000, "k1"), refund(approved, shop_path, 5000, "k2")
    assert shop.perform(first).state == "done"
    before = whole(shop_path)
    refused = shop.perform(second)
    assert (refused.state, refused.code) == ("failed", "connector_refused")
    assert "more than what is still paid" in refused.detail
    assert whole(shop_path) == before
    assert shop.outcome(second).state == "missing"


def test_a_precondition_that_no_longer_holds_stops_it_inside(shop: Shop, shop_path: Path, approved: Approved) -> None:
    cancel = approved(mail_of(shop_path, "C-1002"), "cancel_order", order="HF-10003", reason="no longer needed")
    with shop_file.writing(shop_path) as connection:
        found = shop_file.get(connection, "order", "HF-10003")
        assert found is not None
        shop_file.put(connection, "order", found.values | {"status": "shipped"})
    result = shop.perform(cancel)
    assert (result.code, result.detail) == ("stale_facts", "order HF-10003 status")
    assert len(record(shop_path, "order", "HF-10003")["payments"]) == 1


def test_a_cancelled_order_gives_everything_back_and_is_cancelled_once(
    shop: Shop, shop_path: Path, approved: Approved
) -> None:
    cancel = approved(mail_of(shop_path, "C-1002"), "cancel_order", order="HF-10003", reason="no longer needed")
    again = execution(cancel.action.model_copy(update={"preconditions": ()}), "k2")
    assert shop.perform(cancel).state == "done"
    order = record(shop_path, "order", "HF-10003")
    assert order["status"] == "cancelled"
    assert sum(row["amount"] * (1 if row["kind"] == "payment" else -1) for row in order["payments"]) == 0
    assert "cancelled already" in shop.perform(again).detail


def test_another_customers_order_is_never_touched(shop: Shop, shop_path: Path, approved: Approved) -> None:
    asked = refund(approved, shop_path, 11980)
    stolen = execution(asked.action.model_copy(update={"args": {**asked.action.args, "order": "HF-10007"}}), "k9")
    before = whole(shop_path)
    assert "not a record of this customer" in shop.perform(stolen).detail
    assert whole(shop_path) == before


def test_an_amount_in_another_currency_is_refused(shop: Shop, shop_path: Path, approved: Approved) -> None:
    asked = refund(approved, shop_path, 100)
    other = execution(asked.action.model_copy(update={"amount": Money(minor=100, currency="USD")}), "k9")
    assert "was paid in EUR, not USD" in shop.perform(other).detail


def test_an_exchange_keeps_the_items_until_they_came_back(shop: Shop, shop_path: Path, approved: Approved) -> None:
    card = method_of(shop_path, "C-1008", "credit_card")
    asked = approved(
        mail_of(shop_path, "C-1008"),
        "exchange_items",
        order="HF-10011",
        items=["104-02"],
        new_items=["104-03"],
        payment_method=card,
    )
    assert shop.perform(asked).state == "done"
    order = record(shop_path, "order", "HF-10011")
    assert order["status"] == "exchange requested"
    assert (order["exchange"]["new_item_ids"], order["items"][0]["item_id"]) == (["104-03"], "104-02")


def test_a_return_waits_for_the_goods_before_money_moves(shop: Shop, shop_path: Path, approved: Approved) -> None:
    card = method_of(shop_path, "C-1004", "credit_card")
    mail = mail_of(shop_path, "C-1004")
    asked = approved(mail, "return_items", order="HF-10007", items=["101-02"], payment_method=card)
    assert shop.perform(asked).state == "done"
    order = record(shop_path, "order", "HF-10007")
    assert (order["status"], order["return"]["amount"]) == ("return requested", 23900)
    assert [row["kind"] for row in order["payments"]] == ["payment"]


def test_items_of_a_pending_order_change_once_and_the_difference_is_charged(
    shop: Shop, shop_path: Path, approved: Approved
) -> None:
    mail, card = mail_of(shop_path, "C-1014"), method_of(shop_path, "C-1014", "credit_card")

    def change(old: str, new: str, key: str) -> Any:
        return approved(mail, "change_items", key, order="HF-10023", items=[old], new_items=[new], payment_method=card)

    assert shop.perform(change("109-01", "109-02", "k1")).state == "done"
    order = record(shop_path, "order", "HF-10023")
    assert order["total"] == sum(item["price"] for item in order["items"]) + order["shipping"]
    assert order["payments"][-1]["amount"] == 1000
    assert "changed before" in shop.perform(change("109-02", "109-01", "k2")).detail


def test_a_gift_card_pays_only_what_it_holds_and_gets_refunds_back(
    shop: Shop, shop_path: Path, approved: Approved
) -> None:
    gift = method_of(shop_path, "C-1008", "gift_card")
    with shop_file.writing(shop_path) as connection:
        found = shop_file.get(connection, "customer", "C-1008")
        assert found is not None
        rich = [
            method | {"balance": 30000} if method["kind"] == "gift_card" else method
            for method in found.values["payment_methods"]
        ]
        shop_file.put(connection, "customer", found.values | {"payment_methods": rich})
    asked = approved(mail_of(shop_path, "C-1008"), "change_payment", order="HF-10012", payment_method=gift)
    poor = execution(asked.action, "k2")
    assert shop.perform(asked).state == "done"
    held = next(m for m in record(shop_path, "customer", "C-1008")["payment_methods"] if m["id"] == gift)
    assert held["balance"] == 30000 - 19100
    assert "paid with that method already" in shop.perform(poor).detail


def test_account_changes_reach_the_record_and_the_way_it_is_found(
    shop: Shop, shop_path: Path, approved: Approved
) -> None:
    mail = mail_of(shop_path, "C-1022")
    assert (
        shop.perform(approved(mail, "change_email", "k1", customer="C-1022", email="new@post.example")).state == "done"
    )
    with shop_file.reading(shop_path) as connection:
        assert shop_file.holders(connection, "email", "new@post.example") == {"C-1022"}
        assert shop_file.holders(connection, "email", mail) == set()
        assert shop_file.holders(connection, "order", "HF-10033") == {"C-1022"}
    locked = mail_of(shop_path, "C-1018")
    assert shop.perform(approved(locked, "unlock_account", "k2", customer="C-1018")).state == "done"
    assert shop.read("customer", "C-1018", "status") == "active"
    assert shop.perform(approved(locked, "close_account", "k3", customer="C-1018")).state == "done"
    assert shop.read("customer", "C-1018", "status") == "closed"


def test_a_trace_and_an_invoice_copy_change_no_money(shop: Shop, shop_path: Path, approved: Approved) -> None:
    tom, clinic = mail_of(shop_path, "C-1006"), mail_of(shop_path, "C-1020")
    tracking = record(shop_path, "order", "HF-10009")["shipments"][0]["tracking_id"]
    assert shop.perform(approved(tom, "trace_shipment", "k1", order="HF-10009", shipment=tracking)).state == "done"
    assert record(shop_path, "order", "HF-10009")["shipments"][0]["trace"]["id"].startswith("trace_")
    with sqlite3.connect(shop_path) as connection:
        (invoice,) = connection.execute(
            "SELECT id FROM record WHERE kind = 'invoice' AND json_extract(body, '$.order_id') = 'HF-10031'"
        ).fetchone()
    assert shop.perform(approved(clinic, "resend_invoice", "k2", invoice=invoice)).state == "done"
    assert record(shop_path, "invoice", invoice)["sent_again"][0]["to"] == clinic


def test_every_kind_of_action_that_the_shop_carries_out_has_its_booking(rules: Rules) -> None:
    from app.connectors.bookings import EFFECTS

    assert {kind for kind, entry in rules.actions.items() if entry.connector == "shop"} <= EFFECTS.keys()


def test_an_action_without_a_key_or_of_an_unknown_kind_does_not_run(
    shop: Shop, shop_path: Path, approved: Approved
) -> None:
    asked = refund(approved, shop_path, 100)
    assert shop.perform(execution(asked.action, "")).state == "failed"
    assert shop.perform(execution(asked.action.model_copy(update={"kind": "burn_down"}))).state == "failed"


def test_a_shop_file_that_is_locked_or_gone_is_a_result_and_no_crash(
    rules: Rules, shop_path: Path, approved: Approved, tmp_path: Path
) -> None:
    asked = refund(approved, shop_path, 100)
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database at all" * 64)
    assert Shop(rules, broken).perform(asked).state in ("failed", "unknown")
    assert Shop(rules, tmp_path / "gone" / "shop.sqlite").outcome(asked).state == "unknown"
    with pytest.raises(OSError, match="cannot be read"):
        Shop(rules, broken).read("order", "HF-10001", "status")


def _perform(path: Path, asked: str, answers: Any) -> None:
    from config.load import load
    from store.contract import Execution

    answers.put(Shop(load(), path).perform(Execution.model_validate_json(asked)).model_dump_json())


def test_two_workers_with_one_key_book_once(shop_path: Path, approved: Approved) -> None:
    asked = refund(approved, shop_path, 11980).model_dump_json()
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    workers = [context.Process(target=_perform, args=(shop_path, asked, answers)) for _ in range(3)]
    for worker in workers:
        worker.start()
    told = {answers.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(10)
    assert len(told) == 1
    assert '"done"' in told.pop()
    assert len(record(shop_path, "order", "HF-10001")["payments"]) == 3
