"""Whether a step is tried again, and after how long."""

from __future__ import annotations

from typing import Literal

Result = Literal["ok", "temporary", "permanent", "unclear"]

MOST_WAIT = 60.0
"""Seconds. A peer that asks for more is not waited for inside a step."""
FIRST_WAIT, LONGEST_BACKOFF = 0.5, 8.0
"""Seconds before the second attempt, doubled for each further one, up to the longest."""

_RETRIES: dict[Result, int] = {"ok": 0, "permanent": 0, "unclear": 1, "temporary": 3}


def next_try(
    attempts: int,
    outcome: Result,
    *,
    is_action: bool,
    left: float,
    retry_after: float | None = None,
    jitter: float = 0.0,
) -> float | None:
    """Seconds to wait before the next attempt; None: no more.

    `attempts` were made so far, the last with `outcome`; `left` seconds of the step's deadline remain; `jitter` is 0..1.
    Permanent: none. Unclear: one, and none for an action, because it may already have run. Temporary: at most three.
    """
    if attempts > _RETRIES[outcome] or (is_action and outcome == "unclear"):
        return None
    if retry_after is not None:
        if retry_after > MOST_WAIT:
            return None
        wait = max(0.0, retry_after) + jitter * FIRST_WAIT  # never before the peer said
    else:
        wait = min(FIRST_WAIT * 2.0 ** (attempts - 1), LONGEST_BACKOFF) * (0.5 + jitter)
    return wait if wait < left else None
