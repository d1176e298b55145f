"""What a person said of each replayed handoff: right, wrong, unclear. Appended, so that nothing said is lost."""

from __future__ import annotations

import json
from pathlib import Path

from app.reports.replay.run import MARKS

KINDS = ("right", "wrong", "unclear")


def marks(folder: Path) -> dict[str, str]:
    """The last mark of each case."""
    path = folder / MARKS
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["id"]] = row["mark"]
    return found


def mark(folder: Path, case_id: str, kind: str) -> None:
    """Say it of one case."""
    with (folder / MARKS).open("a", encoding="utf-8") as kept:
        kept.write(json.dumps({"id": case_id, "mark": kind}) + "\n")
