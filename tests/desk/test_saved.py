"""Parts of the queue that an agent gave a name to."""

from __future__ import annotations

from pathlib import Path

from app.desk import saved, sections
from app.desk.dialogs.find import FilterDialog, NameDialog
from store.live import View
from tests.desk import samples
from tests.desk.conftest import desk, main, on_screen, until, words
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import typed_dialog
from tests.desk.test_finding import choosing


def test_what_is_saved_is_there_again_whatever_its_name_holds(tmp_path: Path) -> None:
    file = tmp_path / "own" / "views.toml"
    view = View(reason="refund_over_limit", older_than_minutes=60, overdue=True, sort="amount")
    for name in ('say "hi"\\', "größer als 50 €", "[view]"):
        assert saved.keep(file, name, view) == ""
    assert saved.keep(file, "[view]", View(route="messy")) == ""
    kept, problem = saved.load(file)
    assert problem == ""
    assert [(each.title, each.view) for each in kept] == [
        ('say "hi"\\', view), ("größer als 50 €", view), ("[view]", View(route="messy")),
    ]  # fmt: skip
    assert saved.drop(file, "[view]") == ""
    assert len(saved.load(file)[0]) == 2


def test_a_mistake_in_the_file_is_named_and_the_file_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "views.toml"
    file.write_text(
        '[[view]]\nname = "fine"\nroute = "messy"\n[[view]]\nname = "bad"\nroute = 3\n[[view]]\nrisk = "low"\n'
    )
    kept, problem = saved.load(file)
    assert [each.title for each in kept] == ["fine"]
    assert "view 2: route" in problem
    assert "view 3: it has no name" in problem
    before = file.read_text()
    assert "Not saved" in saved.keep(file, "new", View())
    assert file.read_text() == before
    file.write_text("[[view")
    assert "views.toml cannot be read" in saved.load(file)[1]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in saved.keep(tmp_path / "file" / "views.toml", "x", View(route="messy"))


def test_narrowing_keeps_what_was_asked_before() -> None:
    assert sections.narrowed(View(route="messy", sort="due"), View(risk="high")) == View(
        route="messy", risk="high", sort="due"
    )


async def test_narrow_save_and_choose_it_again_with_its_count(tmp_path: Path) -> None:
    file = tmp_path / "views.toml"
    queue = FakeQueue(samples.day())
    async with desk(queue, views=file).run_test(size=(120, 36)) as pilot:
        await choosing(pilot)
        await pilot.press(*["down"] * 4, "enter")
        await until(pilot, lambda: "high risk" in main(pilot)._queue_title, "high risk")
        await pilot.press("f")
        await typed_dialog(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameDialog), "a name is asked for")
        await pilot.press("ctrl+u", *"mine", "enter")
        await until(pilot, lambda: "saved as “mine”" in words(pilot, "#keys"), "saved")
        await pilot.press("escape", "f")
        await until(pilot, lambda: isinstance(pilot.app.screen, FilterDialog), "the menu")
        menu = pilot.app.screen
        assert isinstance(menu, FilterDialog)
        mine = menu._sections["0"]
        assert (mine.heading, mine.title, mine.view) == (sections.SAVED, "mine", View(risk="high"))
        assert mine.count == sum(each.gate.risk == "high" for each in queue.reviews.values())


async def test_cases_handed_to_others_have_sections_of_their_own() -> None:
    queue = FakeQueue(samples.day(3))
    queue.reviews["r4190"] = queue.reviews["r4190"].model_copy(update={"assignee": "billing"})
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, FilterDialog), "the menu")
        menu = pilot.app.screen
        assert isinstance(menu, FilterDialog)
        (billing,) = [each for each in menu._sections.values() if each.heading == "Handed to"]
        assert (billing.title, billing.count, billing.view.assignee) == ("billing", 1, "billing")
