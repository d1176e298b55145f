"""What a person is told of their own deciding, quietly and before anybody else sees it in a figure. Pure."""

from __future__ import annotations

from config.rules import Windows
from store.measuring import QUICK_MS
from store.tables import PlantedRow


def hasty(windows: Windows, took_ms: int, streak: int) -> str:
    """At an approval as proposed: in less time than it takes to read it, or one of many in a row. Else empty."""
    told = []
    if windows.quick_notice and 0 < took_ms < QUICK_MS:
        told.append(f"That took {took_ms / 1000:.1f} s")
    if windows.streak_notice and streak and streak % windows.streak_notice == 0:
        told.append(f"{streak} in a row approved as proposed")
    return f"{', and '.join(told)}. The sources are one key away." if told else ""


def planted(windows: Windows, row: PlantedRow) -> str:
    """What a planted case was, kindly, to who answered it."""
    seen = "Your lead sees that it was you." if windows.planted_by_person else "Nobody else is told that it was you."
    if row.state == "caught":
        return f"That case was planted to keep us all awake, and you found it. {row.said} {seen}"
    return f"That case was planted: no customer, nothing is carried out. Its fault is easy to miss. {row.said} {seen}"
