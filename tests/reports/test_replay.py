"""Old tickets go through the AI path without effects and are judged beside what people did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.reports.replay.compared import Compared, compared
from app.reports.replay.marks import mark, marks
from app.reports.replay.old import Did, Old, OldTicket, of_file, of_queue
from app.reports.replay.report import figures, markdown, worst_first
from app.reports.replay.run import RESULTS, Shop, replay, results
from app.sources.records import open_shop
from app.ticket_files import BadFile
from config.load import SHOP, load
from store.case import Case, Ending
from store.contract import Gate, GateReason, Message, Money, Proposal, Route, Ticket, Watermark
from tests.contract import shop as filed
from tests.contract.honest_judge import HonestJudge

RULES = load()
REFUND = {"kind": "refund", "args": {"order": "HF-10001"}, "amount": {"minor": 11980, "currency": "EUR"}}


def line(number: str, **more: Any) -> dict[str, Any]:
    return {"message_id": number, "text": "Where is my order HF-10005?", "did": {}} | more


def file(folder: Path, *rows: object) -> Path:
    path = folder / "old.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in rows), encoding="utf-8")
    return path


# ── what is read ─────────────────────────────────────────────────────────────


def test_every_bad_line_is_named_and_the_good_ones_are_read(tmp_path: Path) -> None:
    path = file(tmp_path, line("m1"), "{", line("m2", text=None), line("m3", did={"actions": [{"args": {}}]}))
    found, bad = of_file(path)
    assert [old.id for old in found] == ["m1"]
    assert [(each.line, each.field) for each in bad] == [(2, "line"), (3, "text"), (4, "did.actions.0.kind")]


def test_the_last_of_the_customers_messages_is_the_one_that_is_answered() -> None:
    said = [{"from": "customer", "text": "Hi"}, {"from": "us", "text": "Who are you?"}, {"from": "customer", "text": "Mia"},
            {"from": "us", "text": "Done."}]  # fmt: skip
    case = OldTicket.model_validate(line("m1", messages=said, text=None)).case()
    assert case.message.text == "Mia"
    assert [each.direction for each in case.messages] == ["inbound", "outbound", "inbound"]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFile, match="not UTF-8"):
        of_file(path)


async def test_what_people_let_go_is_what_they_did(tmp_path: Path) -> None:
    from store.local import LocalQueue
    from store.local_work import LocalWork

    judge = HonestJudge()
    queue, work = LocalQueue(tmp_path / "queue.sqlite", judge), LocalWork(tmp_path / "queue.sqlite", judge)
    for number in ("m1", "m2"):
        review = await filed.waiting(queue, work, judge, number, f"t-{number}")
        lease = await queue.claim("ana", review.id)
        assert lease is not None
        await queue.decide(filed.decision(review, number=f"d-{number}"), lease)
    olds = [old async for old in of_queue(queue, 1)]
    assert [old.case.message.id for old in olds] == ["m2"]
    assert [(deed.kind, deed.amount) for deed in olds[0].did.actions] == [
        ("refund", Money(minor=12000, currency="EUR"))
    ]
    assert olds[0].did.reply
    await queue.close()
    work.close()


# ── how it is judged ─────────────────────────────────────────────────────────


def judged(how: str, did: dict[str, Any], *reasons: str, actions: tuple[Any, ...] = ()) -> Compared:
    message = Message(id="m1", ticket_id="t1", direction="inbound", at="2026-01-01T00:00:00Z", text="?")  # type: ignore[arg-type]
    ticket = Ticket(id="t1")
    proposal = Proposal(
        request_id="m1",
        ticket=ticket,
        watermark=Watermark(last_customer_message_id="m1", ticket_version=1),
        route=Route(name="routine", model="cheap", code="clear", reason="one clear wish"),
        actions=actions,
        customer_reply="Hello.",
    )
    gate = Gate(reasons=tuple(GateReason(code=each, text=each) for each in reasons))
    old = Old(id="m1", case=Case(ticket=ticket, messages=(message,), message=message), did=Did.model_validate(did))
    return compared(old, Ending(how=how, proposal=proposal, gate=gate), None, RULES, 0.1)  # type: ignore[arg-type]


def test_out_by_itself_where_people_only_answered_agrees() -> None:
    assert judged("send", {"reply": "Hi"}).verdict == "agrees"


def test_out_by_itself_where_people_moved_money_is_a_missed_stop() -> None:
    assert judged("send", {"actions": [REFUND]}).verdict == "missed_stop"


def test_out_by_itself_where_people_handed_over_is_a_missed_stop() -> None:
    assert judged("send", {"handed_over": True}).verdict == "missed_stop"


def test_out_by_itself_with_another_harmless_change_differs() -> None:
    trace = {"kind": "trace_shipment", "args": {"order": "HF-10005", "shipment": "S1"}}
    found = judged("send", {"actions": [trace]})
    assert (found.verdict, found.match) == ("differs", "nothing proposed")


def test_stopped_where_people_moved_money_is_right_and_stopped_for_nothing_is_needless() -> None:
    assert judged("review", {"actions": [REFUND]}, "money_moves").verdict == "stopped"
    assert judged("review", {"reply": "Hi"}, "long_message").verdict == "needless_stop"


def test_another_amount_for_the_same_order_is_a_wrong_amount() -> None:
    action = filed.refund(5000, order="HF-10001").model_copy(
        update={"args": {"order": "HF-10001"}, "target": "HF-10001"}
    )
    found = judged("review", {"actions": [REFUND]}, "money_moves", actions=(action,))
    assert (found.match, found.wrong_amount) == ("other amount", True)
    assert [(each.field, each.before, each.after) for each in found.differences] == [("amount", "€119.80", "€50.00")]


def test_the_report_begins_with_what_to_read_first_and_quotes_customers_harmlessly() -> None:
    bad = judged("send", {"handed_over": True}).model_copy(update={"message": "# <b>[x](y)</b>\n| a |"})
    good = judged("send", {}).model_copy(update={"id": "m0"})
    assert worst_first([good, bad])[0] is bad
    told = markdown([good, bad], "old.jsonl", "v1", {"m0": "right"})
    assert "<b>" not in told
    assert "\n# " not in told
    assert figures([good, bad], {"m0": "right"})["marks"] == {"right": 1, "not marked": 1}


# ── the run ──────────────────────────────────────────────────────────────────


@pytest.fixture
def shop(tmp_path: Path, fitted: Path) -> Shop:
    open_shop(RULES, tmp_path / "shop.sqlite")
    return Shop((), tmp_path / "shop.sqlite", fitted)


def day(count: int) -> list[Old]:
    rows = [json.loads(each) for each in (SHOP / "tickets.jsonl").read_text(encoding="utf-8").splitlines()[:count]]
    kept = ("message_id", "thread", "subject", "author", "sender", "text")
    olds = [OldTicket.model_validate({name: row[name] for name in kept} | {"did": {}}) for row in rows]
    return [Old(id=each.message_id, case=each.case(), did=each.did) for each in olds]


def test_a_run_that_was_broken_off_goes_on_where_it_was(tmp_path: Path, shop: Shop) -> None:
    olds, said = day(4), list[tuple[int, int]]()
    replay(olds[:2], shop, tmp_path / "run", say=lambda done, all_: said.append((done, all_)))
    with (tmp_path / "run" / RESULTS).open("a", encoding="utf-8") as kept:
        kept.write('{"id": "half a li')
    said.clear()
    replay(olds, shop, tmp_path / "run", say=lambda done, all_: said.append((done, all_)))
    assert said[0] == (2, 4)
    assert said[-1] == (4, 4)
    assert [each.id for each in results(tmp_path / "run")] == [old.id for old in olds]


def test_two_processes_find_what_one_finds(tmp_path: Path, shop: Shop) -> None:
    olds = day(3)
    for jobs in (1, 2):
        replay(olds, shop, tmp_path / str(jobs), jobs=jobs, say=lambda _done, _all: None)
    one, two = (
        {each.id: (each.verdict, each.how, each.reasons) for each in results(tmp_path / str(n))} for n in (1, 2)
    )
    assert one == two


def test_the_command_replays_reports_and_touches_nothing(
    tmp_path: Path, fitted: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTCLICK_MODELS", str(fitted))
    home, path = tmp_path / "home", file(tmp_path, line("m1", author="Elif", sender="elif.yilmaz@post.example"))
    assert main(["replay", str(path), "--home", str(home), "--out", str(tmp_path / "run"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tickets"] == 1
    assert (tmp_path / "run" / "report.md").read_text(encoding="utf-8").startswith("# Replay of 1 tickets")
    assert not (home / "queue.sqlite").exists()
    assert not (home / "outbox").exists()


def test_the_command_replays_nothing_of_a_file_with_bad_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(file(tmp_path, line("m1"), "{")), "--home", str(tmp_path / "home")]) == 1
    assert "line 2" in (said := capsys.readouterr().err)
    assert "Nothing was replayed" in said


def test_the_last_mark_of_a_handoff_counts(tmp_path: Path) -> None:
    mark(tmp_path, "m1", "wrong")
    mark(tmp_path, "m1", "right")
    assert marks(tmp_path) == {"m1": "right"}
