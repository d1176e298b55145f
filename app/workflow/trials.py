"""Which prompt drafts a ticket: the job's own, or a new one that is tried on a share of the tickets."""

from __future__ import annotations

import hashlib

from config.rules import Job
from store.contract import Line

Off = frozenset[tuple[str, str]]


def prompt(job: Job, ticket_id: Line, off: Off) -> str:
    """The prompt's name, empty where the model's own is meant. A trial that is switched off gives way to the job's own."""
    trial = job.trial
    if trial is not None and ("prompt", trial.prompt) not in off and drawn(trial.prompt, ticket_id) < trial.share:
        return trial.prompt
    return job.prompt or ""


def drawn(name: str, ticket_id: Line) -> float:
    """A number from 0 to 1 that is always the same for this prompt and ticket, and even over tickets."""
    digest = hashlib.sha256(f"{name}\0{ticket_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
