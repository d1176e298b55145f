"""Snooze and hand over: a time or a name in words is shown back before it is set."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from app.desk import people
from app.desk.dialogs import later
from store.contract import GateReason, HandOver, Note, Snooze
from store.live import Event, TicketHistory
from tests.desk import samples
from tests.desk.conftest import desk, on_screen, until
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import decided, typed_dialog

SIZE = (120, 36)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> FakeQueue:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(later, "now", lambda: samples.AT)
    return FakeQueue(
        [
            samples.review(1, reasons=(GateReason(code="x", text="Billing must look", to="billing"),)),
            samples.low_risk(2).model_copy(update={"assignee": "cara"}),
            samples.low_risk(3).model_copy(update={"claimed_by": "bo"}),
        ]
    )


def back(pilot: Pilot[Any]) -> str:
    return str(pilot.app.screen.query_one("#back", Static).visual)


async def test_a_time_in_words_is_said_back_and_then_set(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("s")
        await typed_dialog(pilot)
        await pilot.press(*"friday 14:30")
        await until(pilot, lambda: "14:30" in back(pilot), "said back")
        assert "Fri " in back(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: decided(queue), "the decision")
        (snooze,) = (each.instead for each in decided(queue))
        assert isinstance(snooze, Snooze)
        assert f"{snooze.until:%a %H:%M}" == "Fri 14:30"
        assert timedelta(0) < snooze.until - samples.AT <= timedelta(days=7, hours=24)


async def test_words_that_are_no_time_set_nothing(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("s")
        await typed_dialog(pilot)
        await pilot.press(*"soon", "enter")
        assert isinstance(pilot.app.screen, later.SnoozeDialog)
        assert "is no time I know" in back(pilot)
        await pilot.press("escape")
        assert not decided(queue)


async def test_a_usual_time_is_chosen_and_read_as_words(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("s")
        await typed_dialog(pilot)
        await pilot.press("down", "down")
        assert pilot.app.screen.query_one("#text", Input).value == "in 1 hour"
        await pilot.press("enter")
        await until(pilot, lambda: decided(queue), "the decision")
        assert decided(queue)[0].instead == Snooze(until=(samples.AT + timedelta(hours=1)).replace(second=0))


async def test_the_groups_and_people_of_the_queue_are_offered(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("o")
        await typed_dialog(pilot)
        dialog = pilot.app.screen
        assert isinstance(dialog, later.HandOverDialog)
        assert dialog._shown == ("billing", "bo", "cara")
        await pilot.press("c")
        assert dialog._shown == ("cara",)
        await pilot.press("down")
        assert back(pilot) == "to cara"
        await pilot.press("enter")
        await until(pilot, lambda: decided(queue), "the decision")
        assert decided(queue)[0].instead == HandOver(to="cara")


async def test_a_name_that_nobody_knows_is_said_to_be_new(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("o")
        await typed_dialog(pilot)
        await pilot.press(*"dora")
        assert "has not seen yet" in back(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: decided(queue), "the decision")
        assert decided(queue)[0].instead == HandOver(to="dora")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@bo please look", ("bo",)),
        ("ask @anna.lee, @bo-2 and @bo-2.", ("anna.lee", "bo-2")),
        ("write to mia@example.com", ()),
        ("(@cara)", ("cara",)),
        ("@ nobody, @@x", ()),
    ],
)
def test_a_note_mentions(text: str, names: tuple[str, ...]) -> None:
    assert people.mentions(text) == names


def test_notes_that_speak_to_me() -> None:
    at = datetime.fromisoformat("2026-03-01T10:00:00+00:00")
    notes = [Note(at=at, actor="bo", text=text) for text in ("@Anna look", "@bob look", "anna")]
    assert people.mentioned(notes, "anna") == (notes[0],)


def test_people_of_a_history_are_the_most_recent_first() -> None:
    at = samples.AT
    events = tuple(
        Event(seq=n, at=at, actor=actor, kind="note.added", subject="t")
        for n, actor in enumerate(("bo", "lastclick", "cara", "anna", "worker-1"))
    )
    review = samples.review(1)
    history = TicketHistory(
        ticket=review.proposal.ticket, messages=(), events=events, attempts=(), executions=(), reviews=(), notes=()
    )
    assert people.of_history(history, "anna") == ("cara", "bo")
