"""A desk on a queue in a folder, for a played shift: `python -m tests.desk.shift FOLDER ACTOR`."""

from __future__ import annotations

import sys
from pathlib import Path

from app.desk.desk import Desk, run
from config.rules import Windows
from store.local import LocalQueue
from store.queue import Queue
from tests.contract.honest_judge import HonestJudge

UNDO_SECONDS = 120.0
"""Nobody carries anything out here: what was decided can be taken back as long as the slowest machine needs for it."""
LEASE_SECONDS = 600.0


def opened(folder: Path) -> LocalQueue:
    windows = Windows(undo_seconds=UNDO_SECONDS, spot_check_share=0.0, lease_seconds=LEASE_SECONDS)
    return LocalQueue(folder / "queue.db", HonestJudge(windows))


def main() -> int:
    folder, actor = Path(sys.argv[1]), sys.argv[2]

    async def open_queue() -> Queue:
        return opened(folder)

    return run(Desk(open_queue, actor=actor, session=folder / f"{actor}.json", crashes=folder))


if __name__ == "__main__":
    sys.exit(main())
