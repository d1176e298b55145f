"""Where the agent left off comes back; a file that is broken costs nothing but itself."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.widgets import Input

from app.desk import session
from app.desk.dialogs.edit import EditDialog
from app.desk.dialogs.frame import Dialog
from app.desk.dialogs.note import NoteDialog
from app.desk.session import Session, Written
from store.live import View
from tests.desk import samples
from tests.desk.conftest import desk, main, on_screen, until, words
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import edit_amount, typed_dialog

SIZE = (120, 36)


def queue() -> FakeQueue:
    return FakeQueue(samples.day(6))


def test_a_session_is_for_its_owner_alone_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    left = Session(review_id="r1", view=View(route="messy", sort="due"), pane="live", edits={"r1": Written(reply="Hi")})
    assert session.save(path, left)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert session.load(path) == (left, "")
    assert [each.name for each in tmp_path.iterdir()] == ["session.json"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"null", b"\x00\xff\xfe", b'{"version": 2}', b'{"view": {"sort": "random"}}', b'{"pane": 7}',
     b'{"review_id": ["r1"]}', b'{"unknown": 1}', b"9" * 5_000_000],
    ids=["empty", "cut", "null", "binary", "newer", "sort", "pane", "list", "unknown", "huge"],
)  # fmt: skip
def test_a_broken_file_is_set_aside_and_said(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(raw)
    found, problem = session.load(path)
    assert found == Session()
    assert problem == "The last session could not be read and is kept as session.json.unreadable."
    assert (tmp_path / "session.json.unreadable").read_bytes() == raw


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "session.json"
    assert session.save(path, Session(review_id="r1"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(session.os, "open", full)
    assert not session.save(path, Session(review_id="r2"))
    assert session.load(path)[0].review_id == "r1"


async def test_ticket_and_half_written_edits_come_back(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    async with desk(queue(), session=path).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("j")
        await on_screen(pilot, "r4190")
        await pilot.press("j", "k", "k")
        await on_screen(pilot, "r4183")
        await edit_amount(pilot, "77.00")
        pilot.app.exit(return_code=143)
    kept = json.loads(path.read_text("utf-8"))
    assert kept["edits"]["r4183"]["args"]["a1"]["amount"]["minor"] == 7700
    async with desk(queue(), session=path).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press("e")
        await typed_dialog(pilot)
        assert pilot.app.screen.query_one("#edit-form Input", Input).value == "77.00"


async def test_the_ticket_that_was_open_is_open_again(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    session.save(path, Session(review_id="r4201", pane="ticket"))
    async with desk(queue(), session=path).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r4201")
        await until(pilot, lambda: "Queue · 3 of 6" in main(pilot).query_one("#queue").border_title, "the cursor")
        assert main(pilot).pane == "ticket"


async def test_a_ticket_that_no_longer_waits_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    session.save(path, Session(review_id="r9999"))
    async with desk(queue(), session=path).run_test(size=SIZE) as pilot:
        await on_screen(pilot, "r4183")


async def test_a_filter_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    session.save(path, Session(view=View(route="messy")))
    async with desk(queue(), session=path).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: main(pilot).reading is not None, "open")
        await until(pilot, lambda: main(pilot).reading.view == View(route="messy"), "the filter")  # type: ignore[union-attr]


async def test_a_broken_session_opens_a_desk_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text("{", "utf-8")
    async with desk(queue(), session=path).run_test(size=(160, 36)) as pilot:
        await on_screen(pilot)
        assert "The last session could not be read" in words(pilot, "#keys")


def typed(text: str) -> list[str]:
    return ["space" if char == " " else char for char in text]


@pytest.mark.parametrize("key", ["x", "t", "r", "N"])
async def test_words_left_unsent_are_there_again_also_after_the_desk_was_closed(tmp_path: Path, key: str) -> None:
    path = tmp_path / "session.json"
    async with desk(queue(), session=path).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press(key)
        await typed_dialog(pilot)
        await pilot.press(*(["1"] if key == "r" else []), *typed("half a"))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, Dialog), "back")
        await pilot.press(key)
        await typed_dialog(pilot)
        await pilot.press(*(["1"] if key == "r" else []), "end", *typed(" word"))
        assert isinstance(pilot.app.screen, Dialog)
        assert pilot.app.screen.written() == "half a word"
        pilot.app.exit()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with desk(queue(), session=path).run_test(size=SIZE) as pilot:
        await on_screen(pilot)
        await pilot.press(key)
        await typed_dialog(pilot)
        assert isinstance(pilot.app.screen, Dialog)
        assert pilot.app.screen.written() == "half a word"


async def test_a_form_that_is_just_opening_can_be_saved_over(tmp_path: Path) -> None:
    """What an agent wrote is kept every few seconds, also in the moment in which the form is not there yet."""
    async with desk(FakeQueue(samples.day())).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        screen = main(pilot)
        for dialog in (EditDialog(screen.review, screen.review.proposal.actions, None), NoteDialog(())):  # type: ignore[union-attr]
            dialog.about = "note"
            pilot.app.push_screen(dialog)
            assert session.of(screen).edits == {}
            await until(pilot, lambda dialog=dialog: dialog.is_mounted, "the form")  # type: ignore[misc]
            await pilot.press("escape")
