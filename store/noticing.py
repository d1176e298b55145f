"""When a route, model, prompt or action leaves its own usual range: pure arithmetic over shares. It only suggests."""

from __future__ import annotations

from store.live import Share

FEWEST = 3
"""Below so many events chance explains everything."""
KNOWN = 100
"""So much must have been counted before a usual range is one."""
TIMES = 1.5
"""A rate must be at least so many times the usual one: with much traffic a hair's breadth would be certain, and idle."""

WORDS = {
    "errors": "failures",
    "retries": "retries",
    "repeats": "repeat contacts",
    "overrides": "changed by people",
}


def outside(recent: Share, usual: Share) -> bool:
    """Whether the recent rate lies above the usual range: their 95 % intervals do not meet, and the difference matters."""
    if recent.part < FEWEST or usual.whole < KNOWN or not recent.whole:
        return False
    return recent.interval[0] > usual.interval[1] and recent.rate >= TIMES * usual.rate


def remark(recent: dict[str, Share], usual: dict[str, Share], hours: int) -> str:
    """The sentence about what is out of its usual range, the clearest first; empty when all is as it always was."""
    found = [name for name in WORDS if name in recent and name in usual and outside(recent[name], usual[name])]
    if not found:
        return ""
    name = max(found, key=lambda one: recent[one].rate - usual[one].interval[1])
    low, high = usual[name].interval
    now = recent[name]
    also = f"; also {', '.join(WORDS[one] for one in found if one != name)}" if len(found) > 1 else ""
    return (
        f"{WORDS[name]} {percent(now.rate)} ({now.part} of {now.whole}) in {hours} h, usually {percent(low)} to "
        f"{percent(high)}{also}"
    )


def percent(rate: float) -> str:
    """A rate with one decimal below ten."""
    return f"{100 * rate:.1f}%" if rate < 0.1 else f"{100 * rate:.0f}%"
