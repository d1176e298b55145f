"""Who looks at what: kept in memory for some seconds after the last word of a desk, written down nowhere."""

from __future__ import annotations

import time
from datetime import datetime

from store.contract import now
from store.live import Looking

SECONDS = 15.0


class Presence:
    """The desks that spoke within the last seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, str | None, datetime]] = {}

    def look(self, who: str, review_id: str | None) -> None:
        before = self._seen.get(who)
        since = before[2] if before is not None and before[1] == review_id else now()
        self._seen[who] = (time.monotonic(), review_id, since)

    def others(self, who: str) -> tuple[Looking, ...]:
        """What everybody else looks at, the longest first."""
        live = time.monotonic() - SECONDS
        self._seen = {name: one for name, one in self._seen.items() if one[0] >= live}
        found = [Looking(who=name, review_id=one[1], since=one[2]) for name, one in self._seen.items() if name != who]
        return tuple(sorted(found, key=lambda one: one.since))
