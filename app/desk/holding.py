"""The case on screen: claimed, renewed, changed under the hand, refused, let go, and what was written kept. Holds no
widget: what it wants drawn, asked or sent it says through `Counter`, which the screen is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from textual.content import Content
from textual.screen import ModalScreen

from app.desk import deciding, keys, notices
from app.desk.deciding import OpenCase
from app.desk.dialogs.edit import Edits
from app.desk.figures import clock
from app.desk.guard import RepeatGuard
from app.desk.talk import Talk
from app.desk.words import line
from store.contract import Draft, Gate, Lease, Review
from store.queue import Conflict, LeaseLost, QueueError, Taken, Unavailable


class Counter(Protocol):
    """What handling needs of the screen."""

    def redraw(self) -> None: ...
    def say(self, text: str, style: str = "", *, first: bool = False) -> None: ...
    def ask(self, dialog: ModalScreen[Any], answered: Callable[[Any], None]) -> None: ...
    def spawn(self, work: Coroutine[Any, Any, Any], group: str) -> None: ...
    def case_left(self, review_id: str) -> None: ...
    def names(self) -> tuple[str, ...]: ...
    def begun(self, about: str) -> str: ...


@dataclass
class Pending:
    """A decision that waits for its second key: what will happen, and which facts are read again before, in words."""

    effect: tuple[str, ...]
    send: Callable[[], None]
    gate: Gate | None = None
    checks: tuple[str, ...] = ()


class Holding:
    """Which case is on screen, whose it is, and what is true of it."""

    def __init__(self, talk: Talk, actor: str, counter: Counter) -> None:
        self.talk = talk
        self._actor = actor
        self._counter = counter
        self.guard = RepeatGuard()
        self.case: OpenCase | None = None
        self.pending: Pending | None = None
        self.busy = False
        self.just_sent = False
        """A decision went to the store, and nothing of that is drawn yet: the answer may be there first."""
        self.stale = False
        self.notice = Content("")
        self._after_claim: Callable[[], None] | None = None
        self.kept: dict[str, Edits] = {}
        self._used: set[str] = set()

    # ── which case ───────────────────────────────────────────────────────────

    def show(self, review: Review) -> None:
        """Another case comes on screen; the claim on the one before is let go."""
        self.leave()
        self.case = OpenCase(review, time.monotonic())
        self.stale = False
        self.notice = notices.first(review, self._actor)
        self._counter.redraw()

    def leave(self) -> None:
        """No case is on screen any more."""
        case, self.case, self.pending, self.busy = self.case, None, None, False
        if case is not None and case.lease is not None:
            self._counter.spawn(self.talk.release(case.lease), "release")

    def seen_again(self, review: Review) -> None:
        """The case on screen was read again: say what changed, never put it under the agent's hand unasked."""
        case = self.case
        if case is None or case.review.id != review.id or self.busy:
            return
        newer = review.newest_customer_message_id != case.review.newest_customer_message_id
        if review.fingerprint != case.review.fingerprint or review.state != case.review.state or newer:
            self._changed(review)
        elif self.stale:
            if not deciding.changes(case.review, review):  # taken back: what is on screen is what is there again
                self.stale = False
                self.notice = notices.first(review, self._actor)
                self._counter.redraw()
        elif case.lease is not None and review.claimed_by != self._actor:
            self.renew()  # another seems to have it: the store says whether that is so
        elif case.lease is None and review.claimed_by != case.review.claimed_by:
            case.review = review
            self.notice = notices.first(review, self._actor)
            self._counter.redraw()
        elif review.facts != case.review.facts:
            told = deciding.outdated(case.review) != deciding.outdated(review)
            case.review = case.review.model_copy(update={"facts": review.facts})
            if told:
                self.notice = notices.first(case.review, self._actor)
            self._counter.redraw()

    def claimed(self, review: Review, lease: Lease) -> None:
        case = self.case
        if case is None or case.review.id != review.id:
            self._counter.spawn(self.talk.release(lease), "release")
            return
        self.busy = False
        after, self._after_claim = self._after_claim, None
        told = deciding.changes(case.review, review)
        case.lease, case.opened_at = lease, case.opened_at if not told else time.monotonic()
        if case.review.fingerprint != review.fingerprint or told:
            self._changed(review)
            return
        case.review = review
        self.notice = notices.first(review, self._actor)
        if after is not None:
            after()
        self._counter.redraw()

    def claim(self, then: Callable[[], None] | None = None) -> None:
        """Claim the case on screen; `then` runs when it is ours."""
        case = self.case
        if case is None or self.busy:
            return
        if case.lease is not None:
            if then is not None:
                then()
            return
        self.busy, self._after_claim = True, then
        self._counter.spawn(self.talk.claim(case.review.id), "talk")

    def renew(self) -> None:
        if self.case is not None and self.case.lease is not None and not self.busy:
            self._counter.spawn(self.talk.renew(self.case.lease), "renew")

    def renewed(self, lease: Lease) -> None:
        if self.case is not None and self.case.review.id == lease.review_id:
            self.case.lease = lease

    @property
    def opening(self) -> bool:
        """Whether the case is being claimed and nothing waits for the claim yet."""
        return self.busy and self.case is not None and self.case.lease is None and self._after_claim is None

    # ── refusals ─────────────────────────────────────────────────────────────

    def refused(self, what: str, error: QueueError, review_id: str) -> None:
        """Say it in the store's words, and keep what the agent wrote."""
        if what == "renew" and not isinstance(error, LeaseLost):
            return
        self.busy, self._after_claim = False, None
        case = self.case
        if case is None or (review_id and case.review.id != review_id):
            self._counter.say(str(error), "bold $error")
        elif isinstance(error, LeaseLost):
            self._lost(error, sending=what != "renew")
        elif isinstance(error, Taken):
            self.notice = notices.held(f"{error.by} holds it until {clock(error.until)}.")
        elif isinstance(error, Conflict):
            self._conflict(error)
        elif isinstance(error, Unavailable):
            self.notice = notices.unreached(str(error))
        else:
            said = "Not sent. " if what == "decide" else ""
            self.notice = line(("✗ ", "bold $error"), (f"{said}{error}", "$error"))
        if what in {"decide", "edit"} and case is not None:
            case.verdicts.clear()
        self._counter.redraw()

    def _lost(self, error: QueueError, *, sending: bool) -> None:
        case = self._the_case()
        case.lease = None
        self.pending = None
        kept = self._draft()
        if kept is not None:
            self._counter.spawn(self.talk.keep_draft(kept), "draft")
        self.notice = notices.lost(str(error), kept=kept is not None, sending=sending)

    def _conflict(self, error: Conflict) -> None:
        if error.review is not None:
            self._changed(error.review, str(error), error)
            return
        who = f" {error.decided_by} was first" if error.decided_by else ""
        when = f" at {clock(error.decided_at)}." if error.decided_at else ("." if who else "")
        self.notice = line(("≠ ", "bold $error"), (f"Not sent. {error}{who}{when}", "$error"))

    def _changed(self, review: Review, said: str = "", error: Conflict | None = None) -> None:
        case = self._the_case()
        self.pending = None
        self.stale = True
        told = ", ".join(deciding.changes(case.review, review)) or said or "it is another version"
        by, at = (error.decided_by, error.decided_at) if error else (None, None)
        over = deciding.settled(review, by, at, clock(at) if at else "")
        self.notice = line(
            ("≠ Changed since you opened it: ", "bold $error"),
            (f"{told}. {over} ".replace("..", "."), "$error"),
            (keys.shown("renew"), "bold $primary"),
            (" shows it", ""),
        )
        draft = self._draft()
        if draft is not None:
            self._counter.spawn(self.talk.keep_draft(draft), "draft")
        self._counter.redraw()

    def _draft(self) -> Draft | None:
        case = self._the_case()
        edits = self.kept.get(case.review.id)
        if edits is None:
            return None
        return Draft(
            review_id=case.review.id, actor=self._actor, args=edits.args, reply=edits.reply, internal_note=edits.note
        )

    def _the_case(self) -> OpenCase:
        assert self.case is not None, "a verdict key works only with a case on screen"
        return self.case
