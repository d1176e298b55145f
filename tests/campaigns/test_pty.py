"""The pty campaign passes on the desk, and notices one whose two gates for outside text are open."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.campaigns import pty, widgets
from tests.campaigns.widgets import WIDGETS


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pty, "SHORT", 60)
    monkeypatch.setattr(pty, "PER_DESK", 8)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = pty.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_hostile_text_is_drawn_and_obeyed_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys)
    assert code == 0, found
    assert found["texts"] >= 60
    assert len(found["widgets"]) > 2


def test_every_dialog_and_every_screen_is_opened_and_written_into(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pty, "_in_tmux", lambda *_: 0)
    code, found = run(capsys, "--texts", "0", "--every")
    assert code == 0, found
    assert set(found["widgets"]) == set(pty.NAMES)


def test_a_widget_whose_own_lines_differ_is_noticed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = tuple(each for each in WIDGETS if each.name in ("note", "grade"))
    monkeypatch.setattr(pty, "WIDGETS", kinds)
    monkeypatch.setattr(pty, "LASTLY", ())
    monkeypatch.setattr(pty, "NAMES", ("note", "grade"))
    monkeypatch.setattr(pty, "_in_tmux", lambda *_: 0)
    honest = widgets._ours
    monkeypatch.setattr(widgets, "_ours", lambda terminal, widget: [*honest(terminal, widget), str(next(moved))])
    moved = itertools.count()
    code, found = run(capsys, "--texts", "0", "--every")
    assert code == 1
    assert found["widgets_changed"] > 0


def test_a_desk_that_writes_what_it_is_given_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--break", "raw")
    assert code == 1
    assert found["sequences"] + found["bare"] > 0
