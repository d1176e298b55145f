"""A desk on a queue in a folder, for a played shift: `python -m tests.desk.shift FOLDER ACTOR`.

How long a claim lasts is read from the folder's file `lease` at each claim, as a lead could change it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from app.desk.desk import Desk, run
from config.rules import Windows
from store.local import LocalQueue
from store.queue import Queue
from tests.contract.honest_judge import HonestJudge

LEASE = "lease"
UNDO_SECONDS = 8.0


class PatientJudge(HonestJudge):
    """The honest judge, whose claims last as long as the folder says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        super().__init__()

    @property
    def windows(self) -> Windows:
        lease = self._folder / LEASE
        seconds = float(lease.read_text("utf-8")) if lease.exists() else 120.0
        return Windows(undo_seconds=UNDO_SECONDS, spot_check_share=0.0, lease_seconds=seconds)

    @windows.setter
    def windows(self, given: Windows) -> None:
        """The folder says it."""


def opened(folder: Path) -> LocalQueue:
    return LocalQueue(folder / "queue.db", PatientJudge(folder))


def main() -> int:
    folder, actor = Path(sys.argv[1]), sys.argv[2]

    async def open_queue() -> Queue:
        return opened(folder)

    return run(Desk(open_queue, actor=actor, session=folder / f"{actor}.json"))


if __name__ == "__main__":
    sys.exit(main())
