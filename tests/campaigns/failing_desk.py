"""The real desk in a terminal on a disk that fails, while it opens and while it decides: what it says, and what is so.

The error must stand on the screen whole, with the file and the way out; nothing may be acknowledged; nothing may have
changed; and once the fault is gone the same desk goes on, without a new start.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from app.workflow.judge import RulesJudge
from config.load import load
from config.settings import settings
from store.engine import open_database
from store.local import LocalQueue
from tests.desk.test_real_queue import proposal
from tests.terminal import Terminal

FILE = "queue.sqlite"
PANE = (35, 95)
ASKED, DONE, READABLE = "This will happen", "to undo", "WHY "
PATIENCE = 60.0
DESK = """
import sys
from app.cli import main
from store import local, place, queue
place.PATIENCE = 0.5
if sys.argv[1] == "network":
    place._mounts = lambda: [("/", "nfs4")]
if sys.argv[2] == "sync":
    from store.contract import Outcome, now
    honest = local.LocalQueue.decide
    async def decide(self, decision, lease):
        try:
            return await honest(self, decision, lease)
        except queue.Unavailable:
            told = {"decision_id": decision.id, "review_id": decision.review_id, "at": now(), "effect": "all done"}
            return Outcome.model_validate(told | {"undo_until": now().replace(year=2999)})
    local.LocalQueue.decide = decide
sys.exit(main(["desk", "--no-worker", "--home", sys.argv[3], "--actor", "ann"]))
"""
HOLD = """
import sys; from store.driver import driver
held = driver().connect(sys.argv[1], isolation_level=None); held.execute("BEGIN IMMEDIATE"); print("held", flush=True)
sys.stdin.readline()
"""


@dataclass(frozen=True)
class Seen:
    """One desk: what it said, and what of it is not as it must be."""

    said: str
    acknowledged: bool = False
    changed: bool = False
    stuck: bool = False


class Desks:
    """Homes with a case that waits, each for one desk on it."""

    def __init__(self, folder: Path, broken: str, library: Path | None, disk: Path | None) -> None:
        """`library`: what makes calls fail with EIO; `disk`: a small one that is mounted. Without one its forms are left
        out."""
        self._folder, self._broken, self.library, self.disk = folder, broken, library, disk
        self._template = folder / "waiting"
        self._template.mkdir()
        asyncio.run(_file(self._template))

    def home(self, name: str, on: Path | None = None) -> Path:
        home = (on or self._folder) / name.replace(" ", "-")
        shutil.copytree(self._template, home)
        return home

    def desk(self, home: Path, how: str = "", **env: str) -> Terminal:
        return Terminal([sys.executable, "-c", DESK, how, self._broken, str(home)], env=env)

    # ── while it opens ───────────────────────────────────────────────────────

    def opens(self, name: str, spoil: Callable[[Path], None], mend: Callable[[Path], None] | None = None) -> Seen:
        """A file that cannot be opened: said in full, left as it is, and opened when it is mended."""
        home = self.home(name)
        good = (home / FILE).read_bytes()
        spoil(home / FILE)
        before = (home / FILE).read_bytes()
        with self.desk(home, name) as terminal:
            said = _said(terminal, "The queue is not open.")
            changed = (home / FILE).read_bytes() != before
            (mend or (lambda file: _put_back(file, good)))(home / FILE)
            stuck = name != "network" and not _comes(terminal, READABLE)
        return Seen(said, changed=changed, stuck=stuck)

    def opens_read_only(self) -> Seen | None:
        if self.disk is None:
            return None
        home = self.home("read only", self.disk)
        _remount(self.disk, "ro")
        try:
            with self.desk(home) as terminal:
                said = _said(terminal, "The queue is not open.")
                _remount(self.disk, "rw")
                return Seen(said, stuck=not _comes(terminal, READABLE))
        finally:
            _remount(self.disk, "rw")
            shutil.rmtree(home)

    # ── while it decides ─────────────────────────────────────────────────────

    def decides(self, home: Path, fault: Callable[[Terminal], Callable[[], None]], **env: str) -> Seen:
        """A decision that cannot be kept: refused on the screen, and made by the same keys when the fault is gone."""
        with self.desk(home, **env) as terminal:
            _ask(terminal)
            gone = fault(terminal)
            try:
                terminal.type("y")
                found = _comes(terminal, "Not sent", DONE)
                said = _pane(terminal)
            finally:
                gone()
            acknowledged = found == DONE
            changed = _decided(home) != 0
            if acknowledged:
                return Seen(said, acknowledged=not changed)
            _ask(terminal)
            terminal.type("y")
            stuck = not _comes(terminal, DONE) or _decided(home) != 1
        return Seen(said, changed=changed, stuck=stuck)

    def full(self) -> Seen | None:
        if self.disk is None:
            return None
        home, ballast = self.home("full", self.disk), self.disk / "ballast"

        def fault(_: Terminal) -> Callable[[], None]:
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass
            return ballast.unlink

        try:
            return self.decides(home, fault)
        finally:
            shutil.rmtree(home)

    def quota(self) -> Seen:
        def fault(terminal: Terminal) -> Callable[[], None]:
            _, most = resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE, (4096, most))
            return lambda: _unlimited(terminal.pid, most)

        return self.decides(self.home("quota"), fault)

    def eio(self, *, once: bool) -> Seen | None:
        if self.library is None:
            return None
        home = self.home(f"eio {once}")
        switch = home / "armed"

        def fault(_: Terminal) -> Callable[[], None]:
            switch.touch()
            return switch.unlink

        env = {"LD_PRELOAD": str(self.library), "EIO_SWITCH": str(switch), "EIO_AT": "1", "EIO_ONCE": str(int(once))}
        return self.decides(home, fault, **env)

    def held(self) -> Seen:
        home = self.home("held")

        def fault(_: Terminal) -> Callable[[], None]:
            command = [sys.executable, "-c", HOLD, str(home / FILE)]
            other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert other.stdout is not None
            other.stdout.readline()
            return lambda: other.communicate("\n", timeout=30) and None

        return self.decides(home, fault)

    def newer(self) -> Seen:
        def spoil(file: Path) -> None:
            database = open_database(file)
            with database.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
            database.close()

        return self.opens("newer", spoil)


FORMS: dict[str, Callable[[Desks], Seen | None]] = {
    "full": Desks.full,
    "eio lasting": lambda desks: desks.eio(once=False),
    "newer": Desks.newer,
    "eio once": lambda desks: desks.eio(once=True),
    "quota": Desks.quota,
    "held": Desks.held,
    "corrupt": lambda desks: desks.opens("corrupt", lambda file: _overwrite(file, 4096, os.urandom(60_000))),
    "foreign": lambda desks: desks.opens("foreign", lambda file: _put_back(file, b"Dear diary, " * 999)),
    "network": lambda desks: desks.opens("network", lambda _: None),
    "read only": Desks.opens_read_only,
}


async def _file(home: Path) -> None:
    where = settings(home=home)
    assert Path(where.queue).name == FILE
    queue = LocalQueue(where.queue, RulesJudge(load(where.rules)))
    await queue.submit(proposal(1))
    await queue.close()


def _said(terminal: Terminal, first: str) -> str:
    """What the ticket pane says, in one line, when these words have come."""
    _comes(terminal, first)
    return _pane(terminal)


def _pane(terminal: Terminal) -> str:
    terminal.read(0.3)
    return " ".join(" ".join(terminal.columns(*PANE)[2:]).replace("─", " ").split())


def _comes(terminal: Terminal, *words: str, seconds: float | None = None) -> str:
    """Which of these came to stand on the screen; empty: none."""
    until = time.monotonic() + (PATIENCE if seconds is None else seconds)
    while time.monotonic() < until:
        terminal.read()
        screen = terminal.screen()
        for each in words:
            if each in screen:
                return each
    return ""


def _ask(terminal: Terminal) -> None:
    """The first key of an approval, again until it is heard: a desk that has just opened, or decided, is deaf a moment."""
    _comes(terminal, READABLE)
    for _ in range(20):
        terminal.type("a")
        if _comes(terminal, ASKED, seconds=2.0):
            return


def _decided(home: Path) -> int:
    database = open_database(home / FILE)
    with database.reading() as session:
        found = int(session.execute(text("SELECT count(*) FROM decisions")).scalar_one())
    database.close()
    return found


def _put_back(file: Path, content: bytes) -> None:
    fresh = file.with_name("fresh")
    fresh.write_bytes(content)
    fresh.replace(file)


def _overwrite(file: Path, at: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(content)


def _unlimited(pid: int, most: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


def _remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A tmpfs of a few MB; None where this machine cannot mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.getuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
