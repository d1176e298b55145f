"""What the workers that talk to the queue tell the screen: one small message each."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from store.contract import Gate, Lease, Outcome, Review, Verdict
from store.live import Counters, Looking, Switch
from store.queue import QueueError


@dataclass
class Opened(Message):
    """The queue is open."""


@dataclass
class Listed(Message):
    """The window of rows was read. `anew`: it is another part of the queue."""

    anew: bool = False


@dataclass
class Live(Message):
    """The figures were read."""

    counters: Counters
    switches: tuple[Switch, ...]


@dataclass
class Others(Message):
    """What the others have on screen."""

    looking: tuple[Looking, ...]


@dataclass
class CaseRead(Message):
    """A review was read, to be shown. `again`: it is the one on screen, read after something changed."""

    review: Review
    again: bool = False


@dataclass
class Ahead(Message):
    """The next case was read, before it is asked for."""

    review: Review


@dataclass
class Claimed(Message):
    """The review is ours until the lease ends; `review` is what is there now."""

    review: Review
    lease: Lease


@dataclass
class Renewed(Message):
    lease: Lease


@dataclass
class Gated(Message):
    """What the gate says of edited values."""

    review_id: str
    verdicts: tuple[Verdict, ...]
    note: str | None
    gate: Gate


@dataclass
class Decided(Message):
    outcome: Outcome


@dataclass
class DecidedTogether(Message):
    """Several cases were decided as one; one outcome each."""

    outcomes: tuple[Outcome, ...]


@dataclass
class Undone(Message):
    """Taken back: what, of which cases, and what of it could not be (empty: nothing)."""

    effect: str
    reviews: tuple[str, ...] = ()
    problem: str = ""


@dataclass
class Refused(Message):
    """The queue said no, in a sentence. `what` was tried."""

    what: str
    error: QueueError
    review_id: str = ""


@dataclass
class Trouble(Message):
    """The store cannot be reached (a sentence), or can again (empty)."""

    text: str
