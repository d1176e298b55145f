"""What `doctor` says of terminal and keymap: only what it knows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.cli import main
from app.desk import capabilities
from tests.terminal import Terminal

PROBE = """
import sys, termios
from app.desk import capabilities
before = termios.tcgetattr(0)
found = capabilities.measured(sys.stdin, sys.stdout)
print("found", found, "same mode", before == termios.tcgetattr(0), "end")
"""


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, "none, NO_COLOR"),
        ({"COLORTERM": "truecolor"}, "16 million"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "linux"}, "16,"),
        ({"TERM": "dumb"}, "! none"),
        ({}, "! none"),
    ],
)
def test_colours_are_what_the_terminal_says(environment: dict[str, str], said: str) -> None:
    assert capabilities.colours(environment).startswith(said)


def test_a_terminal_that_counts_otherwise_is_named() -> None:
    assert capabilities.widths({"wide": 1}) == "! columns will shift: wide 1 instead of 2"
    assert capabilities.widths({name: cells for name, _, cells in capabilities.SAMPLES}) == "as the desk counts them"
    assert capabilities.widths(None).startswith("not asked")


def test_the_clipboard_is_never_said_to_work() -> None:
    assert all("not known" in capabilities.clipboard(each) for each in ({}, {"TMUX": "x"}))


def test_a_terminal_that_answers_is_measured_and_left_as_it_was() -> None:
    with Terminal([sys.executable, "-c", PROBE]) as terminal:
        for _, _, cells in capabilities.SAMPLES:
            before = terminal.output.count(b"\x1b[6n")
            while terminal.output.count(b"\x1b[6n") == before:
                terminal.read(0.02)
            terminal.type(f"\x1b[1;{cells + 1}R")
        screen = terminal.wait_for("end").replace("\n", "")
        assert "'wide': 2" in screen
        assert "same mode True" in screen


def test_a_terminal_that_does_not_answer_is_not_waited_for() -> None:
    with Terminal([sys.executable, "-c", PROBE]) as terminal:
        assert "found None same mode True" in terminal.wait_for("end")


def test_doctor_names_what_is_wrong_in_a_keymap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LASTCLICK_KEYMAP", raising=False)
    (tmp_path / "keymap.toml").write_text('[keys]\nsnooze = "r"\naprove = "A"\n', "utf-8")
    assert main(["doctor", "--home", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert 'keymap.toml:2: snooze: "r" is given to both "reject" and "snooze"' in out
    assert 'keymap.toml:3: aprove: no such action; did you mean "approve"?' in out


def test_a_desk_does_not_open_with_a_keymap_that_clashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LASTCLICK_KEYMAP", raising=False)
    (tmp_path / "keymap.toml").write_text('[keys]\nsnooze = "r"\n', "utf-8")
    assert main(["desk", "--plain", "--no-worker", "--home", str(tmp_path)]) == 2
    assert '"reject" and "snooze"' in capsys.readouterr().err
