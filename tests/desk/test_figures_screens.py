"""The screens of figures: routes with their switches, stats with the tickets behind, spot checks graded by one key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from app.desk.dialogs import later, switch
from app.desk.dialogs.grade import GradeDialog
from app.desk.dialogs.switch import SwitchDialog
from app.desk.panes.ticket import Drawn
from app.desk.screens.cases import CasesScreen
from app.desk.screens.main import MainScreen
from app.desk.screens.readout import Readout
from app.desk.screens.routes import RoutesScreen
from app.desk.screens.spots import SpotsScreen
from app.desk.screens.stats import StatsScreen
from store.live import Question, Stats
from tests.desk import samples
from tests.desk.conftest import desk, on_screen, until
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import typed_dialog

SIZE = (120, 36)
BY_SIZE = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])
SCREENS: dict[str, type[Readout]] = {"R": RoutesScreen, "S": StatsScreen, "W": SpotsScreen}


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "now", lambda: samples.AT)
    monkeypatch.setattr(later, "now", lambda: samples.AT)


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue(samples.day(2))


def said(pilot: Pilot[Any], where: str = "#readout-body") -> str:
    return pilot.app.screen.query_one(where, Drawn)._drawn.plain


async def in_screen(pilot: Pilot[Any], key: str) -> None:
    await on_screen(pilot)
    await pilot.press(key)
    screen = SCREENS[key]
    await until(pilot, lambda: isinstance(pilot.app.screen, screen) and said(pilot), f"the screen of {key}")
    await pilot.pause()


async def switching(pilot: Pilot[Any], steps: int) -> None:
    await in_screen(pilot, "R")
    await pilot.press(*["j"] * steps, "space")
    await typed_dialog(pilot)
    await until(pilot, lambda: "Counting" not in str(pilot.app.screen.query_one("#touched", Static).visual), "counted")


# ── routes ───────────────────────────────────────────────────────────────────


async def test_what_is_off_and_what_is_unusual_is_told_with_why_and_by_whom(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "R")
        text = said(pilot)
        assert "OFF" in text.splitlines()[1]
        assert "switched off by bo" in text
        assert "the parser loops on forwarded mails" in text
        await pilot.press("j", "j")
        text = said(pilot)
        assert "▲ failures 15% (14 of 96) in 24 h, usually 2.1% to 4.0%" in text
        assert "Space switches it off" in text
        await until(
            pilot, lambda: "records down: the order records did not answer [red]now[/red]" in said(pilot), "fails"
        )


async def test_a_switch_needs_a_reason_shows_what_it_touches_and_says_what_waits(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await switching(pilot, 2)
        touched = str(pilot.app.screen.query_one("#touched", Static).visual)
        assert "3 wait for a person · 1 about to run · 2 tickets in work" in touched
        assert "4.2 tickets an hour: new ones take the route routine" in touched
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, SwitchDialog)
        assert queue.thrown == []
        await pilot.press(*"loops", "down", "tab")
        pilot.app.screen.query_one("#until", Input).focus()
        await pilot.press(*"18:00", "enter")
        await until(pilot, lambda: queue.thrown, "thrown")
        (thrown,) = queue.thrown
        assert (thrown.kind, thrown.name, thrown.on, thrown.why, thrown.waiting) == (
            "route", "messy", False, "loops", "review",
        )  # fmt: skip
        assert thrown.until is not None
        assert thrown.until.hour == 18
        await until(pilot, lambda: "OFF: route messy, for everybody" in said(pilot, "#readout-said"), "said")
        await until(pilot, lambda: "switched off by anna" in said(pilot), "it stands there")


async def test_an_end_that_is_no_time_is_refused_in_words(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await switching(pilot, 2)
        await pilot.press(*"loops")
        pilot.app.screen.query_one("#until", Input).focus()
        await pilot.press(*"soonish", "enter")
        assert queue.thrown == []
        assert "no time I know" in str(pilot.app.screen.query_one("#back", Static).visual)


async def test_switching_on_again_says_what_is_held(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await switching(pilot, 0)
        assert "3 held come back, oldest first" in str(pilot.app.screen.query_one("#touched", Static).visual)
        await pilot.press(*"mended", "enter")
        await until(pilot, lambda: queue.thrown, "thrown")
        assert queue.thrown[0].on
        await until(pilot, lambda: "is on again" in said(pilot, "#readout-said"), "said")


async def test_who_may_only_read_throws_no_switch_and_grades_nothing(queue: FakeQueue) -> None:
    async with desk(queue, read_only=True).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "R")
        await pilot.press("space")
        assert isinstance(pilot.app.screen, RoutesScreen)
        await pilot.press("escape")
        await in_screen(pilot, "W")
        await pilot.press("g")
        assert queue.grades == []


async def test_the_chosen_line_stays_chosen_when_the_order_changes(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "R")
        await pilot.press("j", "j")
        queue.running = queue.running[::-1]
        await until(pilot, lambda: said(pilot).splitlines()[1].split()[1] == "action", "the new order")
        screen = pilot.app.screen
        assert isinstance(screen, RoutesScreen)
        assert screen.chosen is not None
        assert screen.chosen.name == "messy"


# ── stats ────────────────────────────────────────────────────────────────────


async def test_the_one_number_stands_first_with_count_and_interval(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "S")
        first, second, *_ = said(pilot).splitlines()
        assert first == "4.2% of automatic replies came back · 13 of 309 in the last 7 days"
        assert second == "95 %: 2.5–7.1% · ≈ about as 3.1% in the 7 days before (290)"


async def test_told_apart_by_what_one_likes_over_the_time_one_likes(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "S")
        await pilot.press("tab")
        await until(pilot, lambda: "by intent" in said(pilot), "by intent")
        await pilot.press("w")
        await until(pilot, lambda: queue.asked[-1] == Question(hours=672, by="intent"), "28 days")
        await pilot.press("shift+tab")
        await until(pilot, lambda: queue.asked[-1] == Question(hours=672, by="route"), "back")


async def test_from_a_line_to_its_tickets_to_the_history_of_one(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "S")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CasesScreen) and "amount" in said(pilot), "the tickets")
        assert "≠ Refund €120.00 · amount: 120.00 EUR → 99.50 EUR" in said(pilot)
        assert "Changed by people · route messy" in said(pilot, "#readout-head")
        await pilot.press("enter")
        await until(pilot, lambda: "HistoryScreen" in type(pilot.app.screen).__name__, "the history")
        await pilot.press("escape", "escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, MainScreen), "home")


async def test_the_figures_are_written_to_files(
    queue: FakeQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "S")
        await pilot.press("x")
        await until(pilot, lambda: "written" in said(pilot, "#readout-said"), "written")
    table, kept = (next(iter(tmp_path.glob(f"*.{kind}"))).read_text() for kind in ("csv", "json"))  # noqa: ASYNC240
    assert "messy,88,9," in table
    assert Stats.model_validate_json(kept).repeats.part == 13


async def test_a_queue_that_cannot_be_reached_is_said_and_the_last_figures_stay(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "R")
        queue.down = "The server does not answer."
        await until(pilot, lambda: "✗ The server does not answer." in said(pilot, "#readout-head"), "trouble")
        assert pilot.app.screen.has_class("-stale")
        assert "messy" in said(pilot)
        queue.down = ""
        await until(pilot, lambda: not pilot.app.screen.has_class("-stale"), "well again")


# ── spot checks ──────────────────────────────────────────────────────────────


async def test_one_key_grades_and_brings_the_next(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "W")
        assert "Spot checks · 1 of 3" in said(pilot, "#readout-head")
        await pilot.press("g")
        await until(pilot, lambda: queue.grades, "graded")
        assert (queue.grades[0].message_id, queue.grades[0].verdict, queue.grades[0].actor) == (
            "x0:reply",
            "good",
            "anna",
        )
        await until(pilot, lambda: "4301" in said(pilot), "the next one")


@pytest.mark.parametrize(
    ("key", "verdict", "reopen"), [("w", "wrong", False), ("o", "wrong", True), ("u", "unclear", False)]
)
async def test_what_is_not_good_needs_a_reason_by_one_key(
    queue: FakeQueue, key: str, verdict: str, reopen: bool
) -> None:
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "W")
        await pilot.press(key)
        await typed_dialog(pilot)
        assert isinstance(pilot.app.screen, GradeDialog)
        await pilot.press("2")
        await until(pilot, lambda: queue.grades, "graded")
        given = queue.grades[0]
        assert (given.verdict, given.reopen, bool(given.why)) == (verdict, reopen, True)
        if reopen:
            await until(pilot, lambda: "before people again" in said(pilot, "#readout-said"), "said")


async def test_nothing_to_grade_says_where_the_share_is_set(queue: FakeQueue) -> None:
    queue.drawn = ()
    async with desk(queue).run_test(size=SIZE) as pilot:
        await in_screen(pilot, "W")
        assert "spot_check_share in review.toml" in said(pilot)


# ── as they look ─────────────────────────────────────────────────────────────


async def _routes(pilot: Pilot[Any]) -> None:
    await in_screen(pilot, "R")
    await pilot.press("j", "j")
    await until(pilot, lambda: "records down" in said(pilot), "failures")


async def _switch(pilot: Pilot[Any]) -> None:
    await switching(pilot, 2)
    await pilot.press(*"loops on forwarded mails")
    pilot.app.screen.query_one("#until", Input).focus()
    await pilot.press(*"18:00")


async def _stats(pilot: Pilot[Any]) -> None:
    await in_screen(pilot, "S")
    await pilot.press("j")


async def _behind(pilot: Pilot[Any]) -> None:
    await in_screen(pilot, "S")
    await pilot.press("c")
    await until(pilot, lambda: isinstance(pilot.app.screen, CasesScreen) and "amount" in said(pilot), "the tickets")


async def _spots(pilot: Pilot[Any]) -> None:
    await in_screen(pilot, "W")


async def _why(pilot: Pilot[Any]) -> None:
    await in_screen(pilot, "W")
    await pilot.press("w")
    await typed_dialog(pilot)


async def _empty(pilot: Pilot[Any]) -> None:
    await in_screen(pilot, "S")


PICTURES: dict[str, Callable[[Pilot[Any]], Any]] = {
    "routes": _routes,
    "switch": _switch,
    "stats": _stats,
    "tickets": _behind,
    "spots": _spots,
    "why": _why,
}


@BY_SIZE
@pytest.mark.parametrize("picture", PICTURES)
def test_a_screen_of_figures(snap_compare: Any, queue: FakeQueue, picture: str, size: tuple[int, int]) -> None:
    assert snap_compare(desk(queue), terminal_size=size, run_before=PICTURES[picture])


@BY_SIZE
def test_no_figures_yet(snap_compare: Any, queue: FakeQueue, size: tuple[int, int]) -> None:
    queue.told = lambda question: Stats(at=samples.AT, question=question)  # type: ignore[assignment]
    assert snap_compare(desk(queue), terminal_size=size, run_before=_empty)


def test_figures_on_a_wide_screen(snap_compare: Any, queue: FakeQueue) -> None:
    assert snap_compare(desk(queue), terminal_size=(200, 50), run_before=_stats)


def test_routes_without_colours(snap_compare: Any, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(queue), terminal_size=SIZE, run_before=_routes)
