"""What operators copy from `config/deploy` is what their machine takes: units, container file, each command line in them."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from app import cli

DEPLOY = Path(__file__).parents[2] / "config" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
CONTAINER = DEPLOY / "Containerfile"
PROGRAM = "/opt/lastclick/bin/lastclick"
INSTRUCTIONS = {"FROM", "RUN", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL", "WORKDIR", "ENTRYPOINT", "CMD"}


class Wrong(AssertionError):
    pass


def taken(words: list[str]) -> None:
    """The command line is one that `lastclick` takes."""
    assert words, "no command"
    assert words[0] in cli.COMMANDS, f"no such command: {words}"
    try:
        cli.parser(words[0]).parse_args(words[1:])
    except SystemExit as refused:
        raise Wrong(f"lastclick {shlex.join(words)} is refused ({refused.code})") from refused


def unit(text: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read_string(text)
    return read


def test_there_is_a_unit_for_each_program_that_stays_up() -> None:
    assert [each.name for each in UNITS] == [
        "lastclick-server.service",
        "lastclick-web.service",
        "lastclick-worker@.service",
    ]


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_starts_a_command_that_lastclick_takes(file: Path) -> None:
    read = unit(file.read_text())
    assert set(read.sections()) == {"Unit", "Service", "Install"}
    program, *words = shlex.split(read["Service"]["ExecStart"])
    assert program == PROGRAM
    taken(words)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here: the units are parsed above")
@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_finds_nothing_wrong_with_a_unit(file: Path, tmp_path: Path) -> None:
    assert verified(file.name, file.read_text(), tmp_path) == ""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here: the units are parsed above")
def test_systemd_would_find_a_setting_that_it_does_not_know(tmp_path: Path) -> None:
    said = verified("lastclick-web.service", UNITS[1].read_text().replace("Restart=", "Restrat="), tmp_path)
    assert "Restrat" in said


def verified(name: str, text: str, folder: Path) -> str:
    """What systemd says against a unit, with a program that is there in place of the installed one."""
    copy = folder / name
    copy.write_text(text.replace(PROGRAM, shutil.which("true") or "/bin/true"))
    ran = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, timeout=60, check=False)
    return "\n".join(line for line in ran.stderr.splitlines() if line.startswith(("lastclick-", str(folder))))


def instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    found = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    for words in found:
        assert words[0] in INSTRUCTIONS, f"no instruction: {' '.join(words)}"
        assert len(words) == 2, f"{words[0]} says nothing"
    return [(name, rest) for name, rest in found]


def test_the_container_file_is_made_of_instructions_and_copies_what_is_there() -> None:
    found = instructions(CONTAINER.read_text())
    names = [name for name, _ in found]
    assert names[0] == "FROM"
    assert names[-2:] == ["ENTRYPOINT", "CMD"]
    said = dict(found)
    assert re.fullmatch(r"\S+/python:3\.11-slim", said["FROM"])
    assert said["USER"] in next(rest for name, rest in found if name == "RUN" and rest.startswith("useradd"))
    source = said["COPY"].split()[0]
    assert (DEPLOY.parents[1] / source / "pyproject.toml").is_file()
    assert said["EXPOSE"] == str(cli.parser("serve").get_default("port"))
    with pytest.raises(AssertionError, match="no instruction"):
        instructions("FORM python")


def test_every_command_line_of_the_container_file_is_taken() -> None:
    text = CONTAINER.read_text()
    said = dict(instructions(text))
    assert json.loads(said["ENTRYPOINT"]) == ["lastclick"]
    taken(json.loads(said["CMD"]))
    told = re.sub(r"\\\n#", " ", text)
    runs = re.findall(r"^#\s+podman run .*?\slastclick\s+(.+)$", told, re.M)
    assert len(runs) >= 2
    for each in runs:
        taken(shlex.split(each))
    with pytest.raises(Wrong):
        taken(["worker", "--no-such-flag"])
