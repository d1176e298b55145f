"""The shop file is read and written by many processes: one that stops in the middle of reading holds nobody up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.sources import shop_file
from store.driver import driver, trusted_with_wal

READ_AND_STOP = """
import os, signal, sys
from pathlib import Path
from app.sources import shop_file
with shop_file.reading(Path(sys.argv[1])) as connection:
    rows = connection.execute("SELECT * FROM record")
    rows.fetchone()
    print("reading", flush=True)
    signal.pause()
"""


@pytest.mark.skipif(not trusted_with_wal(driver().sqlite_version_info), reason="this SQLite has no sound WAL")
def test_a_reader_that_was_stopped_holds_no_writer_up(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with shop_file.writing(path) as connection:
        shop_file.prepare(connection)
        for number in range(200):
            shop_file.put(connection, "customer", {"id": f"C{number}", "email": f"c{number}@example.com"})
    reader = subprocess.Popen([sys.executable, "-c", READ_AND_STOP, str(path)], stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    os.kill(reader.pid, signal.SIGSTOP)
    os.waitpid(reader.pid, os.WUNTRACED)
    try:
        # With a rollback journal: "database is locked", after the whole of its patience.
        with shop_file.writing(path) as connection:
            shop_file.put(connection, "customer", {"id": "C1", "email": "other@example.com"})
    finally:
        reader.kill()
        reader.wait(30)
    with shop_file.reading(path) as connection:
        found = shop_file.get(connection, "customer", "C1")
    assert found is not None
    assert found.values["email"] == "other@example.com"
