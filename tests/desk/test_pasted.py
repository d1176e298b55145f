"""A paste presses no keys, however it is cut into parts, and keys beside it are heard as before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual import events

from app.desk.pasted import BEGIN, END, Parser, Pasted
from tests.campaigns import pty
from tests.terminal import Terminal

HOSTILE = "\x1bay\x1b[A\x1b[Hy\x1b]0;x\x07\x1b"


def heard(*parts: str) -> tuple[list[str], list[str]]:
    """Keys and pastes that the desk hears of these parts."""
    parser = Parser()
    found = [event for part in parts for event in parser.feed(part)]
    return [each.key for each in found if isinstance(each, events.Key)], [
        each.text for each in found if isinstance(each, events.Paste)
    ]


def test_escapes_in_a_paste_are_left_out_and_press_nothing() -> None:
    keys, pastes = heard(f"j{BEGIN}{HOSTILE}{END}k")
    assert keys == ["j", "k"]
    assert pastes == [HOSTILE.replace("\x1b", "")]


@pytest.mark.parametrize("size", range(1, 12))
def test_however_it_is_cut_into_parts(size: int) -> None:
    whole = f"j{BEGIN}{HOSTILE}{END}k{BEGIN}{END}{BEGIN}x{END}"
    pasted = Pasted()
    passed = "".join(pasted.passed(whole[at : at + size]) for at in range(0, len(whole), size))
    assert passed == f"j{BEGIN}{HOSTILE.replace(chr(27), '')}{END}k{BEGIN}{END}{BEGIN}x{END}"


@pytest.mark.parametrize("keys", ["a", "\x1b[A", "\x1b[<0;3;4M", "\x1b[20~", "é"])
def test_what_is_typed_passes_at_once(keys: str) -> None:
    assert Pasted().passed(keys) == keys


def test_a_hostile_paste_leaves_the_dialog_and_the_case_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text(json.dumps(["a harmless text"] * 10))
    with Terminal(pty._command(tmp_path / "texts.json", None, None)) as terminal:
        terminal.wait_for("T-0000")
        terminal.type("x")
        terminal.wait_for("Ctrl+S send")
        terminal.type(f"{BEGIN}{HOSTILE}{END}{BEGIN}written{END}")
        screen = terminal.wait_for("written")
        assert "Ctrl+S send" in screen
        assert "This will happen" not in screen
