"""The real `lastclick serve` in a process of its own, for the benches that ask it over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.engine import open_database
from store.people import People
from store.roles import Role

START_SECONDS = 60.0


class Server:
    """Where it is, which process, and a token for whom a bench needs."""

    def __init__(self, home: Path, database: str, port: int) -> None:
        self.home, self.database, self.port = home, database, port
        self._people = People(open_database(database))
        words = ("serve", "--home", str(home), "--database", database, "--port", str(port))
        with (home / "server.log").open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-m", "app.cli", *words], stdout=log, stderr=log)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def token(self, name: str, role: Role = "lead") -> str:
        """A new person with that role and their token."""
        return self._people.enrol(self._people.add(name, role, by="bench"))[0]

    def memory(self) -> float:
        """Kilobytes that nobody else shares, and its part of what others do."""
        rows = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return float(next(row for row in rows if row.startswith("Pss:")).split()[1])

    def processor(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise SystemExit((self.home / "server.log").read_text()[-2000:])
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit("the server did not start")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        self._people.close()


@contextmanager
def served(home: Path, database: str) -> Iterator[Server]:
    """A running server for the length of a block."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    home.mkdir(parents=True, exist_ok=True)
    server = Server(home, database, port)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
