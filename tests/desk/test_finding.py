"""Search, sections, order, the ticket alone, the next case ready, and one key between two proposals."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from app.desk import deciding, sections, times
from app.desk.dialogs.find import AgeDialog, FilterDialog
from app.desk.panes.ticket import Drawn, TicketPane
from app.desk.window import Window
from store.contract import Edit, Reject
from store.live import Page, View
from tests.desk import samples
from tests.desk.conftest import claimed, desk, main, on_screen, shown, until, words
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import typed_dialog

BY_SIZE = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue(samples.day())


async def searched(pilot: Pilot[Any], word: str = "kettle") -> None:
    await on_screen(pilot)
    await pilot.press("slash")
    await typed_dialog(pilot)
    await pilot.press(*word, "enter")
    await until(pilot, lambda: f"“{word}”" in main(pilot)._queue_title, "the title")


async def choosing(pilot: Pilot[Any]) -> None:
    await on_screen(pilot)
    await pilot.press("f")
    await until(pilot, lambda: isinstance(pilot.app.screen, FilterDialog), "the menu")
    await typed_dialog(pilot)


async def test_a_search_lists_what_it_finds_and_escape_shows_everything(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await searched(pilot)
        await on_screen(pilot, "r4201")
        assert "1 of 1" in main(pilot)._queue_title
        await pilot.press("escape")
        await until(pilot, lambda: "1 of 14" in main(pilot)._queue_title, "all of it")
        await on_screen(pilot)


async def test_a_search_without_a_hit_says_so_and_how_to_go_back(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await searched(pilot, "zebra")
        await until(pilot, lambda: "Nothing waits under: “zebra”" in words(pilot, "#empty"), "the words")
        assert "Esc shows everything" in words(pilot, "#empty")
        assert shown(pilot) is None


async def test_a_section_is_chosen_with_its_count(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await choosing(pilot)
        menu = pilot.app.screen
        assert isinstance(menu, FilterDialog)
        high = next(each for each in menu._sections.values() if each.view.risk == "high")
        assert high.count == sum(each.gate.risk == "high" for each in queue.reviews.values())
        await pilot.press(*["down"] * 4, "enter")
        await until(pilot, lambda: f"high risk · 1 of {high.count}" in main(pilot)._queue_title, "the section")


async def test_zoom_shows_the_ticket_alone_and_goes_back(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        await pilot.press("z")
        await until(pilot, lambda: main(pilot).query_one(TicketPane).size.width > 110, "the whole width")
        await pilot.press("z")
        await until(pilot, lambda: main(pilot).query_one(TicketPane).size.width < 70, "the list again")


async def test_the_next_case_was_read_before_it_is_asked_for(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        talk = main(pilot).talk
        assert talk is not None
        await until(pilot, lambda: "r4190" in talk._ahead, "read ahead")


async def test_at_two_hundred_columns_the_next_case_stands_beside(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(200, 50)) as pilot:
        await on_screen(pilot)
        await until(pilot, lambda: bool(main(pilot).query("#beside #fact-why")), "a second pane")
        beside = main(pilot).query_one("#beside", TicketPane)
        why = beside.query_one("#fact-why", Drawn)
        await until(pilot, lambda: why._drawn.plain == "Only one model could answer", "the next one")


async def test_the_right_proposal_is_taken_as_an_edit_and_judged_first(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        await pilot.press("enter")
        await claimed(pilot)
        await pilot.press("v")
        await typed_dialog(pilot)
        await pilot.press("r")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        assert "€240.00 is over the €50.00 limit" in words(pilot, "#prompt")
        await pilot.press("y")
        await until(pilot, lambda: bool(queue.decisions), "sent")
        edit, reply = next(iter(queue.decisions.values())).verdicts
        assert isinstance(edit, Edit)
        assert edit.args["amount"]["minor"] == 24000
        assert isinstance(reply, Edit)
        assert reply.args["text"] == "Hi Mia, we refund €240.00."


async def test_neither_proposal_is_a_rejection_of_everything(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        await pilot.press("v")
        await typed_dialog(pilot)
        await pilot.press("n")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        await pilot.press("y")
        await until(pilot, lambda: bool(queue.decisions), "sent")
        assert all(isinstance(each, Reject) for each in next(iter(queue.decisions.values())).verdicts)


def test_another_kind_of_action_is_no_edit() -> None:
    ours = samples.review(4183).proposal
    other = ours.alternatives[0].model_copy(update={"actions": (samples.trace("b1"),)})
    assert deciding.other_edits(ours.model_copy(update={"alternatives": (other,)})) is None


def test_a_view_is_called_by_what_it_leaves_out() -> None:
    assert sections.called(View()) == "Queue"
    assert sections.whole(View(sort="due"))
    assert sections.called(View(reason="models_disagree", sort="due")) == "models disagree, due first"
    assert not sections.whole(View(overdue=True))
    assert sections.called(View(), "kettle") == "“kettle”"


async def test_a_search_that_does_not_know_its_total_grows_as_it_is_read() -> None:
    async def fetch(after: str | None, limit: int) -> Page:
        row = FakeQueue(samples.day(1))
        one = (await row.page(View())).rows[0]
        return Page(rows=(one,) * (limit if after is None else 3), next="more" if after is None else None)

    window = Window(fetch)
    await window.again(0, 10, None)
    assert window.total == 51
    await window.want(50, 50)
    assert window.total == 53


@BY_SIZE
def test_the_sections_as_they_look(snap_compare: Any, queue: FakeQueue, size: tuple[int, int]) -> None:
    assert snap_compare(desk(queue), terminal_size=size, run_before=choosing)


@BY_SIZE
def test_a_search_as_it_looks(snap_compare: Any, queue: FakeQueue, size: tuple[int, int]) -> None:
    assert snap_compare(desk(queue), terminal_size=size, run_before=searched)


@BY_SIZE
def test_the_ticket_alone_as_it_looks(snap_compare: Any, queue: FakeQueue, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot)
        await pilot.press("z")
        await pilot.pause(0.2)

    assert snap_compare(desk(queue), terminal_size=size, run_before=steps)


async def test_from_a_sentence_to_what_it_stands_on_and_back(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        claims = samples.review(4183).proposal.claims
        carried = [each for each in claims if each.evidence_ids]
        assert len(carried) > 1
        await pilot.press("full_stop")
        assert words(pilot, "#reply-text").count("▸") == 1
        assert f"▸{carried[0].text}" in words(pilot, "#reply-text")
        assert main(pilot).source is not None
        await pilot.press("full_stop")
        assert f"▸{carried[1].text}" in words(pilot, "#reply-text")
        await pilot.press("comma", "comma")
        assert f"▸{carried[-1].text}" in words(pilot, "#reply-text")
        case = main(pilot)._handling.case  # type: ignore[union-attr]
        assert case is not None
        assert set(case.sources_opened) >= {carried[0].evidence_ids[0], carried[-1].evidence_ids[0]}
        await pilot.press("escape")
        assert main(pilot).source is None
        assert "▸" not in words(pilot, "#reply-text")


async def test_an_age_of_ones_own_narrows_what_is_shown(queue: FakeQueue) -> None:
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await choosing(pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, AgeDialog), "how old")
        await typed_dialog(pilot)
        await pilot.press(*"soon", "enter")
        await until(
            pilot, lambda: "no length of time I know" in str(pilot.app.screen.query_one("#problem").render()), "why"
        )
        await pilot.press("ctrl+u", *"1h 30 min", "enter")
        await until(pilot, lambda: "older than 1h 30m" in main(pilot)._queue_title, "what is shown")


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("90 min", 90),
        ("older than 2 hours", 120),
        ("1h 30 m", 90),
        ("half a day", 720),
        ("3 days", 4320),
        ("a week", 10080),
    ],
)
def test_a_length_of_time_is_said_in_words(words: str, minutes: int) -> None:
    assert times.span(words) == minutes


@pytest.mark.parametrize("words", ["", "soon", "0 min", "-5 min", "9 years", "3", "99999 weeks", "tomorrow"])
def test_what_is_no_length_of_time_is_refused_with_an_example(words: str) -> None:
    with pytest.raises(times.NotATimeError, match="2 hours"):
        times.span(words)
