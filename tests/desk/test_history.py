"""The history of a ticket, notes on it, and copying: on the desk, and as lines without one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from app.desk import beside, chronicle, letters
from app.desk.dialogs.note import NoteDialog
from app.desk.screens.history import HistoryLines, HistoryScreen
from store.contract import Attempt, Customer, Execution, Failure, Message, Note, Ticket
from store.live import Event, Page, Row, TicketHistory
from store.local import LocalQueue
from tests.contract.honest_judge import HonestJudge
from tests.desk import samples
from tests.desk.conftest import desk, on_screen, until, words
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import typed_dialog

SIZE = (120, 36)
AT = samples.AT - timedelta(minutes=30)
MIA = Customer(id="mia_1", name="Mia Garcia", identity="verified", how="e-mail")


def at(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def event(seq: int, kind: str, actor: str = "lastclick", subject: str = "4183", **data: Any) -> Event:
    return Event(seq=seq, at=at(seq), actor=actor, kind=kind, subject=subject, data={"ticket_id": "4183", **data})


def history(more: int = 0, ticket_id: str = "4183") -> TicketHistory:
    """A refund's way; `more` attempts make it as long as one likes."""
    failure = Failure(
        step="carry_out", class_="temporary", code="peer_busy", customer_text="We will try again.",
        internal_note="The shop answered 503 twice.", next_step="retry",
    )  # fmt: skip
    refund = samples.refund("120.00")
    return TicketHistory(
        ticket=Ticket(id=ticket_id, subject="Charged twice", customer=MIA, state="in_review", created_at=AT),
        messages=(
            Message(id="m1", ticket_id=ticket_id, direction="inbound", at=at(0), author="Mia Garcia",
                    text="You took the money twice.\n[@click=app.quit]x[/]"),
            Message(id="m2", ticket_id=ticket_id, direction="outbound", at=at(12), text="Which card?", ai_handled=True),
        ),
        attempts=(
            Attempt(step="classify", at=at(1), model="cheap", ms=0.4),
            Attempt(step="draft", at=at(2), model="strong", prompt="draft", prompt_version="a1b2c3d4e5f6a7b8", ms=812,
                    outcome="temporary", code="rate_limited", tokens_in=900),
            Attempt(step="draft", number=2, at=at(3), model="strong", prompt="draft", prompt_version="a1b2c3d4e5f6a7b8",
                    ms=640, tokens_in=900, tokens_out=304, cost_micros=3100),
            *(Attempt(step="lookup", number=n + 1, at=at(3.5), ms=1) for n in range(more)),
        ),
        executions=(
            Execution(id="x1", ticket_id=ticket_id, action=refund, envelope_hash="h", state="failed", due_at=at(9),
                      failure=failure),
        ),
        events=(
            event(1, "message.received"),
            event(5, "review.opened", subject="r4183", shown="ab" * 32, reasons=["refund_over_limit"]),
            event(7, "decision.made", "bo", "r4183", verdicts=["approve"]),
            event(10, "execution.failed", subject="x1", code="peer_busy"),
            event(11, "note.added", "cara"),
        ),
        reviews=(),
        notes=(Note(at=at(11), actor="cara", text="@anna please call the shop\nbefore noon"),),
    )  # fmt: skip


class Known(FakeQueue):
    """A queue in which the customer wrote before."""

    async def search(self, words: str, after: str | None = None, limit: int = 50) -> Page:
        rows = [_row("4183", 0), _row("4100", 90), _row("4090", 95), _row("4100", 90)]
        return Page(rows=tuple(rows) if words == "mia_1" else ())


def _row(ticket_id: str, minutes: int) -> Row:
    return Row(
        review_id="", ticket_id=ticket_id, subject=f"About {ticket_id}", reason="", route="routine", risk="low",
        state="decided", created_at=at(-minutes),
    )  # fmt: skip


@pytest.fixture
def queue() -> Known:
    queue = Known(samples.day(3))
    queue.histories = {"4183": history(), "4100": history(ticket_id="4100")}
    other = history(ticket_id="4090")
    queue.histories["4090"] = other.model_copy(
        update={"ticket": other.ticket.model_copy(update={"customer": Customer(id="somebody_else")})}
    )
    return queue


def drawn(pilot: Pilot[Any]) -> str:
    lines = pilot.app.screen.query_one(HistoryLines)
    return "\n".join(f"{head}{text}" for _, head, text in lines._laid)


async def in_history(pilot: Pilot[Any]) -> None:
    await on_screen(pilot)
    await pilot.press("h")
    await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen), "the screen")
    await until(pilot, lambda: drawn(pilot) and pilot.app.screen._earlier, "the lines")  # type: ignore[attr-defined]
    await pilot.pause()


def test_a_history_tells_everything_once_in_time_order() -> None:
    told = "\n".join(f"{head}{text}" for _, head, text in chronicle.laid_out(chronicle.entries(history()), 110))
    in_order = [
        "» Mia Garcia: You took the money twice.", "· classify: cheap · 0 ms",
        "✗ draft: strong · 812 ms · temporary (rate_limited)", "prompt draft@a1b2c3d4e5f6 · 900 tokens in, 0 out",
        "· draft: try 2 · strong · 640 ms", "cost 0.003100", "review opened",
        "shown abababababab · reasons refund_over_limit",
        "◆ bo: decision made", "✗ Refund €120.00 to card ••9212: failed", "The shop answered 503 twice.",
        "✎ cara → anna: @anna please call the shop", "before noon", "» sent by itself: Which card?",
    ]  # fmt: skip
    places = [told.find(each) for each in in_order]
    assert -1 not in places, [each for each in in_order if each not in told]
    assert places == sorted(places)
    assert told.count("please call the shop") == 1


def test_what_the_models_cost_is_summed() -> None:
    assert chronicle.cost(history()) == "3 steps · 1 retry · 2,104 tokens · cost 0.0031"


def test_no_line_is_wider_than_the_screen() -> None:
    for width in (40, 78, 118):
        assert all(
            len(head + text) <= width for _, head, text in chronicle.laid_out(chronicle.entries(history()), width)
        )


async def test_the_history_opens_and_goes_back(queue: Known) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_history(pilot)
        assert "decision made" in drawn(pilot)
        await pilot.press("a", "y")
        assert not queue.decisions
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, HistoryScreen), "back")


async def test_only_conversations_of_the_same_customer_are_earlier_ones(queue: Known) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_history(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, HistoryScreen)
        assert [row.ticket_id for row in screen._earlier] == ["4100"]
        await pilot.press("e")
        await typed_dialog(pilot)
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, HistoryScreen) and pilot.app.screen is not screen, "4100"
        )
        assert pilot.app.screen._ticket_id == "4100"  # type: ignore[attr-defined]


async def test_a_note_is_kept_from_the_history_and_from_the_case(queue: Known) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("N")
        await typed_dialog(pilot)
        await pilot.press(*"ask @bo", "ctrl+s")
        await until(pilot, lambda: queue.notes == [("4183", "anna", "ask @bo")], "the note")
        await until(pilot, lambda: "note kept on 4183" in words(pilot, "#keys"), "said")
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen) and drawn(pilot), "the history")
        await pilot.press("N")
        await typed_dialog(pilot)
        assert isinstance(pilot.app.screen, NoteDialog)
        assert "@bo" in str(pilot.app.screen.query_one("#back", Static).visual)
        await pilot.press(*"done", "ctrl+s")
        await until(
            pilot,
            lambda: isinstance(pilot.app.screen, HistoryScreen) and "anna: done" in drawn(pilot),
            "it stands there",
        )


async def test_a_note_that_speaks_to_me_stands_above_the_case() -> None:
    note = Note(at=samples.AT, actor="bo", text="@anna the card is blocked")
    queue = FakeQueue([samples.review(4183).model_copy(update={"notes": (note,)})])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        assert "bo, 14:08: @anna the card is blocked" in words(pilot, "#notice")


async def test_a_history_of_twenty_thousand_steps_draws_only_what_is_seen(queue: Known) -> None:
    queue.histories["4183"] = history(20_000)
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_history(pilot)
        lines = pilot.app.screen.query_one(HistoryLines)
        assert len(lines._laid) > 20_000
        calls = []
        render = lines.render_line
        lines.render_line = lambda y: calls.append(y) or render(y)  # type: ignore[func-returns-value, method-assign]
        await pilot.press("g")
        await pilot.pause(0.1)
        assert lines.scroll_offset.y == 0
        assert 0 < len(calls) <= 4 * SIZE[1]


async def test_a_note_does_not_reorder_the_queue(tmp_path: Path) -> None:
    queue = LocalQueue(tmp_path / "queue.db", HonestJudge())
    try:
        from store.live import View

        for n in (1, 2, 3):
            await queue.submit(samples.review(n).proposal)
        for sort in ("oldest", "newest", "due", "amount"):
            before = [row.review_id for row in (await queue.page(View(sort=sort))).rows]
            await queue.note("2", "anna", "@bo look")
            assert [row.review_id for row in (await queue.page(View(sort=sort))).rows] == before
        assert [note.text for note in (await queue.history("2")).notes] == ["@bo look"] * 4
    finally:
        await queue.close()


async def test_copy_asks_the_terminal_and_never_says_copied(queue: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with desk(queue).run_test(size=(160, 36)) as pilot:
        await on_screen(pilot)
        assert pilot.app.clipboard == ""
        await pilot.press("C")
        assert pilot.app.clipboard == "4183"
        assert "it gives no answer" in words(pilot, "#keys")
        await pilot.press("c")
        assert pilot.app.clipboard == samples.review(4183).proposal.customer_reply
        await pilot.press("2", "c")
        assert pilot.app.clipboard == samples.EVIDENCE[1].quote


def test_what_can_be_known_of_a_copy() -> None:
    assert "set-clipboard" in beside.asked_to_copy("the reply", "x", {"TMUX": "1"})
    assert "nothing to copy" in beside.asked_to_copy("the message", "", {})
    without = samples.review(1, reply=None, claims=())
    assert beside.copied(without, None)[1] == letters.latest(without.messages)[0].text


BY_SIZE = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])


@BY_SIZE
def test_the_history_as_it_looks(snap_compare: Any, queue: Known, size: tuple[int, int]) -> None:
    assert snap_compare(desk(queue), terminal_size=size, run_before=in_history)


@BY_SIZE
@pytest.mark.parametrize("key", ["N", "s", "o"])
def test_a_dialog_as_it_looks(
    snap_compare: Any, queue: Known, key: str, size: tuple[int, int], monkeypatch: Any
) -> None:
    from app.desk.dialogs import later

    monkeypatch.setattr(later, "now", lambda: samples.AT)
    monkeypatch.setattr("app.desk.handling.now", lambda: samples.AT)
    queue.reviews["r4190"] = queue.reviews["r4190"].model_copy(update={"assignee": "billing", "claimed_by": "bo"})

    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "anna" in str(queue._leases), "claimed")
        await pilot.pause()
        await pilot.press(key)
        await typed_dialog(pilot)
        await pilot.press(*{"N": "@bo is the card blocked?", "s": "friday 14:30", "o": "bi"}[key])

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)
