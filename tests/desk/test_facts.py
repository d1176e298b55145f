"""What a case rests on: named before it is approved, read again while somebody has it before them, told when it changed."""

from __future__ import annotations

from app.desk import told
from app.desk.deciding import OpenCase
from store.contract import Review
from tests.desk import samples
from tests.desk.conftest import desk, main, until, words
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import SIZE, typed_dialog
from tests.desk.test_pictures import opened

CHANGED = "order #W2378156 status is returned now"


def subtitle(pilot: object) -> str:
    from app.desk.panes.ticket import TicketPane

    return str(main(pilot).query_one(TicketPane).border_subtitle)  # type: ignore[arg-type]


def read_again(queue: FakeQueue, *, changed: bool) -> None:
    queue.change(queue.reviews["r4183"].model_copy(update={"facts": samples.resting(changed).facts}))


async def test_the_question_before_a_risky_action_names_the_facts_that_must_still_hold() -> None:
    queue = FakeQueue([samples.resting()])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await opened(pilot)
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        asked = " ".join(words(pilot, "#prompt").split())  # its lines are broken where the pane ends
        assert "order #W2378156 status is delivered" in asked


async def test_facts_that_were_read_again_say_so_beside_the_fingerprint() -> None:
    queue = FakeQueue([samples.resting()])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "✓ facts read" in subtitle(pilot)
        read_again(queue, changed=False)
        await until(pilot, lambda: "✓ facts read again" in subtitle(pilot), "read again")
        assert words(pilot, "#notice") == ""


async def test_a_fact_that_changed_is_told_with_the_key_that_goes_on_and_goes_when_it_holds_again() -> None:
    queue = FakeQueue([samples.resting(False)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await opened(pilot)
        read_again(queue, changed=True)
        await until(pilot, lambda: f"No longer so: {CHANGED}" in words(pilot, "#notice"), "the notice")
        assert "t sends it round again" in words(pilot, "#notice")
        assert "✗ 1 fact changed" in subtitle(pilot)
        read_again(queue, changed=False)
        await until(pilot, lambda: words(pilot, "#notice") == "", "as it was")
        assert main(pilot).situation().mine


async def test_an_edit_that_is_being_written_is_not_disturbed_by_facts_that_are_read_again() -> None:
    queue = FakeQueue([samples.resting(False)])
    async with desk(queue).run_test(size=SIZE) as pilot:
        await opened(pilot)
        await pilot.press("e")
        await typed_dialog(pilot)
        form = pilot.app.screen
        read_again(queue, changed=True)
        await until(pilot, lambda: f"No longer so: {CHANGED}" in words(pilot, "#notice"), "the notice beneath")
        assert pilot.app.screen is form


def test_an_ear_is_told_before_the_letters_are_read() -> None:
    def said(review: Review) -> str:
        return "\n".join(told.case(OpenCase(review, 0.0), "", "ana"))

    assert CHANGED not in said(samples.resting(False))
    text = said(samples.resting(True))
    assert text.index(f"No longer so: {CHANGED}") < text.index("The reply that would go out")
