"""The operator's page as it stands: its block brings up a server, two workers and three users; only the port is changed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from app.server.run import Address, listen

README = Path(__file__).parents[2] / "README.md"
WAIT = 120.0

PORT = "--port 7180"
HOME = 'LASTCLICK_HOME="$PWD/team"'
DATABASE = 'LASTCLICK_DATABASE="$PWD/team/queue.sqlite"'
IMPORT = "lastclick import --sample-day --speed 100 &"
MARKS = (PORT, HOME, DATABASE, IMPORT, "sleep 5", "lastclick worker --sample-shop & lastclick worker &")
"""What the block must say: what is told below stands and falls with it."""

CODE = r"^(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}$"


def block() -> str:
    operator = README.read_text().split("\n## Operator\n")[1].split("\n## ")[0]
    found = re.search(r"```sh\n(.*?)```", operator, re.S)
    assert found, "the operator's page has no block to copy"
    return found[1]


def test_the_block_brings_up_a_server_two_workers_and_three_users(tmp_path: Path) -> None:
    said = block()
    missing = [mark for mark in MARKS if said.count(mark) != 1]
    assert not missing, f"the block no longer says {missing}"
    port = _free_port()
    with running(said.replace(PORT, f"--port {port}"), tmp_path) as log:
        url = f"http://127.0.0.1:{port}"
        _until(lambda: _healthy(url), log)
        _until(lambda: len(re.findall(CODE, log.read_text(), re.M)) == 3, log)
        assert _people(tmp_path) == {("ana", "agent"), ("ola", "oncall"), ("lea", "lead")}
        _until(lambda: re.search(r"worker\s+2 alive", _lastclick(tmp_path, "doctor")) is not None, log)
        assert "Traceback" not in log.read_text()


@contextmanager
def running(script: str, folder: Path) -> Iterator[Path]:
    """The block in a shell and a folder of its own; whatever it started is ended."""
    log = folder / "said"
    with log.open("w") as out:
        # `wait`: what runs in the background belongs to the shell, as it does in a terminal.
        shell = subprocess.Popen(["bash", "-c", f"{script}\nwait"], cwd=folder, stdout=out, stderr=out, env=_env(),
                                 start_new_session=True)  # fmt: skip
    try:
        yield log
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        try:
            shell.wait(20)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)


def _env(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LASTCLICK_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "NO_COLOR": "1"} | more


def _lastclick(folder: Path, *words: str) -> str:
    team = folder / "team"
    env = _env(LASTCLICK_HOME=str(team), LASTCLICK_DATABASE=str(team / "queue.sqlite"))
    ran = subprocess.run(["lastclick", *words], capture_output=True, text=True, timeout=WAIT, check=False, env=env)
    return ran.stdout + ran.stderr


def _people(folder: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"(\w+)\s+(agent|oncall|lead)\b", _lastclick(folder, "user", "list")))


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/health").status_code == 200
    except httpx.TransportError:
        return False


def _until(so: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + WAIT
    while not so():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.3)


def _free_port() -> int:
    socket = listen(Address(port=0))
    port = int(socket.getsockname()[1])
    socket.close()
    return port
