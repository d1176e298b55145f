"""Everything can be clicked, in a real terminal, and nothing risky is clicked by accident."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.terminal import Terminal


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal([sys.executable, "-m", "tests.desk.play"]) as played:
        played.wait_for("WHY", "4190", "approve")
        yield played


@pytest.fixture
def narrow() -> Iterator[Terminal]:
    with Terminal([sys.executable, "-m", "tests.desk.play"], columns=80, rows=24) as played:
        played.wait_for("4190", "panes")
        yield played


def test_rows_sources_and_marks(terminal: Terminal) -> None:
    terminal.click("4201 two things")
    terminal.wait_for("▸ 1/2 Refund €35.00")
    terminal.click("2 policy: dup")
    terminal.wait_for("source 2 of 3", "▸The second one is refunded")
    terminal.click("[1]")
    terminal.wait_for("source 1 of 3", "status: delivered")
    terminal.click("Esc back to the message")
    terminal.wait_until_gone("source 1 of 3")


def test_a_decision_takes_two_places(terminal: Terminal) -> None:
    terminal.click("a approve", times=2)
    terminal.wait_for("This will happen:")
    terminal.click("y do it", last=True)  # the line of keys stands where the first click was: it does not count
    terminal.read(0.5)
    assert "This will happen:" in terminal.screen()
    terminal.click("Esc not yet")
    terminal.wait_until_gone("This will happen:")
    terminal.click("a approve")
    terminal.wait_for("This will happen:")
    terminal.click("y do it")
    terminal.wait_for("13 waiting", "to undo: Refund €120.00")
    terminal.click("u undo")
    terminal.wait_for("14 waiting", "taken back")


def test_dialogs(terminal: Terminal) -> None:
    terminal.click("? keys")
    terminal.wait_for("Keys that work here", "filter and sort")
    terminal.read(0.4)  # what was clicked before it was there does not count
    terminal.click("filter and sort")
    terminal.wait_for("everything that waits", "high risk")
    terminal.read(0.4)
    terminal.click("high risk")
    terminal.wait_until_gone("everything that waits")
    terminal.wait_for("high risk ·")
    terminal.click("r reject")
    terminal.wait_for("Reject: why?", "Esc back")
    terminal.click("Esc back")
    terminal.wait_until_gone("Reject: why?")
    terminal.click("e edit")
    terminal.wait_for("What changes")
    terminal.click("lastclick")  # beside the dialog
    terminal.wait_until_gone("What changes")


def test_the_panes_of_a_narrow_screen(narrow: Terminal) -> None:
    narrow.click("Tab panes")
    narrow.wait_for("WHY")
    narrow.click("Tab panes")
    narrow.wait_for("Repeat contacts")
    narrow.click("Tab panes")
    narrow.wait_for("4190 wo ist mein")
    narrow.click("4190 wo ist mein")
    narrow.wait_for("WHY", "Only one model could answer", "Hello Jonas")
    narrow.click("a approve")
    narrow.wait_for("13 waiting", "to undo: Ask the carrier")
