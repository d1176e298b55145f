"""The command line: what it prints, what it refuses, and that it says what to do next."""

import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__
from app.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]


def test_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lastclick {__version__}\n"


def test_help_names_every_command_and_where_a_newcomer_starts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in COMMANDS)
    assert "lastclick demo" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_a_mistyped_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dmeo"]) == 2
    assert "Did you mean `demo`?" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    printed = capsys.readouterr().out
    assert f"lastclick {name}" in printed
    assert "--home" in printed


def test_the_desk_says_that_it_needs_a_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", "--home", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_never_clears_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "queue.sqlite").write_text("somebody's queue")
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 2
    assert "not a demo" in done.stderr
    assert (tmp_path / "queue.sqlite").read_text() == "somebody's queue"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)
