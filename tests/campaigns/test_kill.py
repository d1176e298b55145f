"""The kill campaign fails on a build that takes every carrying out for the first, or makes a new key for each request, and
ends what it started however it ends itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns import kill


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = kill.main(arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, found


def test_a_few_kills_lose_and_double_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "--kills", "4")
    assert code == 0, found


@pytest.mark.parametrize(("broken", "limit"), [("fresh", "unkeyed_twice"), ("keys", "keyed_wrong")])
def test_a_broken_build_is_noticed(capsys: pytest.CaptureFixture[str], broken: str, limit: str) -> None:
    code, found = run(capsys, "--kills", "8", "--break", broken)
    assert code == 1
    assert found[limit] > 0, found


def test_a_run_that_met_no_undo_and_no_edit_proves_nothing() -> None:
    found = dict.fromkeys((*kill.HAPPENED, *kill.IN_A_LONG_RUN), 1) | dict.fromkeys(kill.LIMITS, 0) | {"journal": True}
    assert kill.holds(found | {"kills": kill.ENOUGH})
    for each in kill.IN_A_LONG_RUN:
        assert kill.holds(found | {"kills": 8, each: 0})
        assert not kill.holds(found | {"kills": kill.ENOUGH, each: 0})


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_it_started_ends_with_it(tmp_path: Path, how: signal.Signals) -> None:
    campaign = subprocess.Popen(
        [sys.executable, "-m", "tests.campaigns.kill", "--kills", "50"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert _in_time(lambda: len(_running_in(tmp_path)) >= 5), "two workers, a decider and two desks"
        campaign.send_signal(how)
        campaign.wait(60)
        assert _in_time(lambda: not _running_in(tmp_path)), _running_in(tmp_path)
    finally:
        campaign.kill()
        for each in _running_in(tmp_path):
            os.kill(each, signal.SIGKILL)


def _in_time(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()


def _running_in(folder: Path) -> list[int]:
    """The processes that were started with something in the folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in each.read_bytes():
                found.append(int(each.parent.name))
        except OSError:  # it ended meanwhile
            continue
    return found
