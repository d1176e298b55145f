"""Queues of a size for the benches: filled once, kept in the user's cache folder, and migrated there."""

from __future__ import annotations

import shutil
import sys
from datetime import timedelta
from pathlib import Path

import platformdirs

from store import migrations
from store.contract import now
from store.engine import open_database
from tests import seed

KEPT = platformdirs.user_cache_path("lastclick-tests")


def home(waiting: int) -> Path:
    """A home folder whose queue holds so many waiting cases, all overdue, so that nothing changes while nobody does
    anything. A million take some minutes and 5 GB."""
    folder = KEPT / f"queue-{waiting}-{migrations.newest()}"
    older = sorted(each for each in KEPT.glob(f"queue-{waiting}-*") if each.suffix != ".part")
    if not folder.exists() and older:
        print(f"bringing {older[-1]} to the schema of this version …", file=sys.stderr)
        open_database(older[-1] / "queue.sqlite", check=False).close()
        for copy in older[-1].glob("queue.sqlite.before-*"):
            copy.unlink()
        older[-1].rename(folder)
    if not folder.exists():
        print(f"filling a queue with {waiting:,} cases in {folder} …", file=sys.stderr)
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        database = open_database(part / "queue.sqlite", check=False)
        seed.fill(database, waiting, until=now() - timedelta(days=1))
        database.close()
        part.rename(folder)
    return folder
