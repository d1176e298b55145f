"""Where the queue's file lies: its permissions, its file system, and the lock that its writers take in turn."""

from __future__ import annotations

import fcntl
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store import plain
from store.queue import Unavailable

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "afs", "ncpfs", "9p", "drvfs", "fuse.sshfs", "fuse.rclone"}
    | {"ceph", "fuse.ceph", "glusterfs", "fuse.glusterfs", "lustre", "beegfs", "gpfs", "webdav", "davfs", "afpfs"}
)
"""File systems whose locks or shared memory SQLite cannot trust (https://sqlite.org/howtocorrupt.html §2)."""

MARK = 0x4C434C4B
"""SQLite's application id in the header of our files: "LCLK"."""

PATIENCE = 10.0
"""Seconds a writer waits for its turn."""


POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


def is_postgres(url: object) -> bool:
    """Whether a queue's address is a PostgreSQL URL rather than a file."""
    scheme, separator, _ = str(url).partition("://")
    return bool(separator) and scheme in POSTGRES


def prepare(path: Path, mounts: list[tuple[str, str]] | None = None) -> None:
    """Makes the folder and an empty file that only its owner can read. Raises `Unavailable`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = file_system(path, _mounts() if mounts is None else mounts)
    if kind in NETWORK:
        raise Unavailable(
            f"{path} lies on a network file system ({kind}), where SQLite can lose data. "
            "Put the queue on a local disk, or use PostgreSQL."
        )
    _refuse_foreign(path)
    for one in (path, lock_file(path)):
        try:
            os.close(os.open(one, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except PermissionError as error:
            raise Unavailable(f"{path} is read-only. Make the file and its folder writable, then try again.") from error
        if one.stat().st_uid == os.getuid() and one.stat().st_mode & 0o077:
            one.chmod(0o600)


def _refuse_foreign(path: Path) -> None:
    """Reads the header alone: a file that is not ours must not be touched, not even to ask it what it is."""
    if path.is_dir():
        raise Unavailable(f"{path} is a folder. Give the path of a file.")
    if not path.exists():
        return
    with path.open("rb") as file:
        header = file.read(100)
    if header and (header[:16] != b"SQLite format 3\0" or int.from_bytes(header[68:72], "big") != MARK):
        raise Unavailable(f"{path} is not a Lastclick queue. Give the right file, or move this one away.")


def file_system(path: Path, mounts: list[tuple[str, str]]) -> str:
    """The type of the file system that holds the path: that of the longest mount point above it."""
    real = os.path.realpath(path)
    best = max(
        (one for one in mounts if real == one[0] or real.startswith(one[0].rstrip("/") + "/")),
        key=lambda one: len(one[0]),
        default=("", ""),
    )
    return best[1]


def lock_file(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


class Turn:
    """Writers one after the other, in this process and among processes: SQLite's own busy wait starves (FIELD §Engine).

    Held from just before BEGIN IMMEDIATE until just after COMMIT. Who holds it writes its process id into the lock file,
    so that a writer whose turn does not come can say whose fault it is; readers need no turn and never wait.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = lock_file(path)
        self._here = threading.Lock()

    @contextmanager
    def taken(self, patience: float | None = None) -> Iterator[None]:
        """Holds the turn. Raises `Unavailable`, naming who has it, when it does not come within `patience` seconds."""
        until = time.monotonic() + (PATIENCE if patience is None else patience)
        if not self._here.acquire(timeout=max(until - time.monotonic(), 0.0)):
            raise self._busy()
        try:
            handle = os.open(self._file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                self._wait(handle, until)
                os.pwrite(handle, f"{os.getpid():<20}".encode(), 0)
                yield
            finally:
                os.close(handle)  # gives the lock back, also when the process dies
        finally:
            self._here.release()

    def _wait(self, handle: int, until: float) -> None:
        pause = 0.0005
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise self._busy() from None
                time.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(pause * 1.5, 0.005)
            else:
                return

    def _busy(self) -> Unavailable:
        return Unavailable(
            f"{self._path} is busy: {_who(self._file)} has held it for too long. Nothing was changed. "
            "Try again; if it stays, end that process: what it had not finished is undone."
        )


def _who(file: Path) -> str:
    """The process that has the turn, and whether it is stopped, as far as this system tells."""
    try:
        pid = int(file.read_text("ascii"))
    except (OSError, ValueError):
        return "another process"
    try:
        name, state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").split("(", 1)[1].rsplit(")", 1)
    except (OSError, ValueError, IndexError):
        return f"process {pid}"
    stopped = ", which is stopped," if state.split()[0] in "Tt" else ""
    return f"process {pid} ({plain.line(name)}){stopped}"


def _mounts() -> list[tuple[str, str]]:
    """Mount points with their types. Where the system does not tell, nothing is known and nothing refused."""
    if not sys.platform.startswith("linux"):
        return []
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    fields = (line.split(" ") for line in lines)
    return [(one[1].replace("\\040", " "), one[2]) for one in fields if len(one) > 2]
