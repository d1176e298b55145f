"""The desk's main states, as they look. A picture that changes is looked at before it is accepted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from app.desk import figures
from store.live import Switch
from tests.desk import samples
from tests.desk.conftest import claimed, desk, main, on_screen, until, words
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import typed_dialog

Steps = Callable[[Pilot[Any]], Awaitable[None]]
SIZES = [(120, 36), (80, 24)]
BY_SIZE = pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])


async def opened(pilot: Pilot[Any]) -> None:
    await on_screen(pilot)
    await pilot.press("enter")
    await claimed(pilot)


async def asked(pilot: Pilot[Any]) -> None:
    await opened(pilot)
    await pilot.press("a")
    await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")


async def rejecting(pilot: Pilot[Any]) -> None:
    await opened(pilot)
    await pilot.press("r")
    await typed_dialog(pilot)


async def editing(pilot: Pilot[Any]) -> None:
    await opened(pilot)
    await pilot.press("e")
    await typed_dialog(pilot)
    await pilot.press("tab", "tab", "end", *["backspace"] * 6, *"99.50")


async def helped(pilot: Pilot[Any]) -> None:
    await opened(pilot)
    await pilot.press("question_mark")
    await typed_dialog(pilot)


async def with_source(pilot: Pilot[Any]) -> None:
    await opened(pilot)
    await pilot.press("2")


async def comparing(pilot: Pilot[Any]) -> None:
    await opened(pilot)
    await pilot.press("v")
    await typed_dialog(pilot)


async def responding(pilot: Pilot[Any]) -> None:
    await opened(pilot)
    await pilot.press("x")
    await typed_dialog(pilot)


async def retrying(pilot: Pilot[Any]) -> None:
    await opened(pilot)
    await pilot.press("t")
    await typed_dialog(pilot)
    await pilot.press("ctrl+s")  # nothing was written: it says what is needed


STATES: dict[str, Steps] = {
    "open": opened,
    "confirm": asked,
    "reject": rejecting,
    "edit": editing,
    "help": helped,
    "source": with_source,
    "other": comparing,
    "respond": responding,
    "retry": retrying,
}


@BY_SIZE
@pytest.mark.parametrize("state", STATES)
def test_a_state_of_the_desk(snap_compare: Any, state: str, size: tuple[int, int]) -> None:
    queue = FakeQueue(samples.day())
    assert snap_compare(desk(queue), terminal_size=size, run_before=STATES[state])


@BY_SIZE
def test_changed_under_the_hand(snap_compare: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    queue = FakeQueue(samples.day())

    async def steps(pilot: Pilot[Any]) -> None:
        await asked(pilot)
        queue.reviews["r4183"] = samples.review(4183, actions=(samples.refund("180.00"),))
        await pilot.press("y")
        await until(pilot, lambda: "180.00" in words(pilot, "#notice"), "the notice")

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)


@BY_SIZE
@pytest.mark.parametrize(
    ("state", "figures_"),
    [
        ("first_run", {"routes": (), "workers": 0, "retries_by_step": {}, "retries_series": (), "route_switches": 0}),
        ("all_done", {}),
        ("all_held", {"held": 3}),
    ],
    ids=["first-run", "all-done", "all-held"],
)
def test_an_empty_queue(snap_compare: Any, state: str, figures_: dict[str, Any], size: tuple[int, int]) -> None:
    queue = FakeQueue([], **figures_)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "Opening" not in words(pilot, "#empty"), "the words")

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)


@BY_SIZE
def test_several_actions(snap_compare: Any, size: tuple[int, int]) -> None:
    queue = FakeQueue([samples.several(4201), *samples.day()])

    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot, "r4201")
        await pilot.press("enter")
        await claimed(pilot, "r4201")
        await pilot.press("a")
        await until(pilot, lambda: "approved" in words(pilot, "#fact-action"), "the first verdict")

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)


@BY_SIZE
def test_hostile_text(snap_compare: Any, size: tuple[int, int]) -> None:
    queue = FakeQueue(samples.day()[3:])

    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot, "r4207")
        await pilot.press("enter")
        await claimed(pilot, "r4207")

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)


@BY_SIZE
def test_no_worker_and_a_switch(snap_compare: Any, size: tuple[int, int]) -> None:
    queue = FakeQueue(samples.day(), workers=0, held=3, executions_unknown=1)
    queue.off = (Switch(kind="route", name="messy", on=False, who="bo", why="prompt loops", since=samples.AT, held=3),)
    assert figures.clock(samples.AT) == "14:08"
    assert snap_compare(desk(queue), terminal_size=size, run_before=on_screen)


@BY_SIZE
def test_a_model_that_does_not_answer(snap_compare: Any, size: tuple[int, int]) -> None:
    queue = FakeQueue(samples.day(), models_down=("strong",))
    assert snap_compare(desk(queue), terminal_size=size, run_before=on_screen)


@BY_SIZE
def test_a_disk_that_takes_nothing(snap_compare: Any, size: tuple[int, int]) -> None:
    queue = FakeQueue(samples.day())

    async def steps(pilot: Pilot[Any]) -> None:
        await asked(pilot)
        queue.down = "The queue's folder is read-only: make it writable, then it goes on."
        await pilot.press("y")
        await until(pilot, lambda: "Not sent" in words(pilot, "#notice"), "the notice")
        await until(pilot, lambda: "read-only" in words(pilot, "#status"), "the status")

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)


@BY_SIZE
def test_a_lost_lease(snap_compare: Any, size: tuple[int, int]) -> None:
    queue = FakeQueue(samples.day())

    async def steps(pilot: Pilot[Any]) -> None:
        await asked(pilot)
        queue.lose("r4183")
        await pilot.press("y")
        await until(pilot, lambda: "Not sent" in words(pilot, "#notice"), "the notice")

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)


@BY_SIZE
def test_a_case_that_another_has_open(snap_compare: Any, size: tuple[int, int]) -> None:
    queue = FakeQueue(samples.day())
    old = queue.reviews["r4183"]
    until_ = samples.AT + timedelta(minutes=2)
    queue.reviews["r4183"] = old.model_copy(update={"claimed_by": "bo", "claimed_until": until_})

    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot)
        await pilot.press(*(["tab"] if size[0] < 100 else []))

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)


def test_the_live_figures_of_a_narrow_screen(snap_compare: Any) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot)
        await pilot.press("tab", "tab")

    assert snap_compare(desk(FakeQueue(samples.day())), terminal_size=(80, 24), run_before=steps)


@pytest.mark.parametrize("theme", ["lastclick-light", "lastclick-contrast", "ansi-dark"])
def test_a_theme(snap_compare: Any, theme: str) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await asked(pilot)
        pilot.app.theme = theme
        await pilot.pause()

    assert snap_compare(desk(FakeQueue(samples.day())), terminal_size=(120, 36), run_before=steps)


def test_two_hundred_columns(snap_compare: Any) -> None:
    assert snap_compare(desk(FakeQueue(samples.day(9))), terminal_size=(200, 50), run_before=asked)
