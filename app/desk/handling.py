"""Takes one case from open to decided: claim first, ask for the second key, bind the decision to what was on screen.

Holds no widget. What it wants drawn, asked or sent it says through `Counter`, which the screen is.
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
from app.desk.dialogs.edit import EditDialog, Edits
from app.desk.dialogs.frame import Dialog
from app.desk.dialogs.later import HandOverDialog, SnoozeDialog
from app.desk.dialogs.other import OtherDialog, Side
from app.desk.dialogs.texts import RejectDialog, TextDialog
from app.desk.figures import clock
from app.desk.guard import RepeatGuard
from app.desk.talk import Talk
from app.desk.words import line, words
from store.contract import Draft, Edit, Gate, HandOver, Lease, Outcome, Retry, Review, Snooze, Verdict, now
from store.queue import Conflict, LeaseLost, QueueError, Taken, Unavailable


class Counter(Protocol):
    """What handling needs of the screen."""

    def redraw(self) -> None: ...
    def say(self, text: str, style: str = "") -> None: ...
    def ask(self, dialog: ModalScreen[Any], answered: Callable[[Any], None]) -> None: ...
    def spawn(self, work: Coroutine[Any, Any, Any], group: str) -> None: ...
    def case_left(self, review_id: str) -> None: ...
    def names(self) -> tuple[str, ...]: ...
    def begun(self, about: str) -> str: ...


@dataclass
class Pending:
    """A decision that waits for its second key: what will happen, in words."""

    effect: tuple[str, ...]
    send: Callable[[], None]
    gate: Gate | None = None


class Handling:
    """The case on screen and the keys that decide it."""

    def __init__(self, talk: Talk, actor: str, counter: Counter) -> None:
        self.talk = talk
        self._actor = actor
        self._counter = counter
        self.guard = RepeatGuard()
        self.case: OpenCase | None = None
        self.pending: Pending | None = None
        self.busy = False
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
        elif case.lease is None and review.claimed_by != case.review.claimed_by:
            case.review = review
            self.notice = notices.first(review, self._actor)
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
        self.notice = notices.draft(review)
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

    # ── keys ─────────────────────────────────────────────────────────────────

    def press(self, key_id: str) -> None:
        """A verdict key. What is deaf is silently nothing; Enter and a verdict in one breath are both heard."""
        if not self.guard.allows(key_id, time.monotonic()):
            return
        if self.busy:
            if self.opening and key_id not in ("confirm", "back_out"):
                self._used.add(key_id)
                self._after_claim = getattr(self, f"_{key_id}")
            return
        self._used.add(key_id)
        if key_id == "confirm":
            self._confirm()
        elif key_id == "back_out":
            self._back_out()
        else:
            then: Callable[[], None] = getattr(self, f"_{key_id}")
            self.claim(then)

    @property
    def opening(self) -> bool:
        """Whether the case is being claimed and nothing waits for the claim yet."""
        return self.busy and self.case is not None and self.case.lease is None and self._after_claim is None

    def _back_out(self) -> None:
        """Not yet: with one thing to decide nothing is answered any more, with several the answers stand."""
        self.pending = None
        if self.case is not None and len(self.case.units) == 1:
            self.case.verdicts.clear()
        self._counter.redraw()

    def other(self) -> None:
        """Both proposals side by side; one key takes the left, the right or neither."""
        case = self.case
        if case is None:
            return

        def answered(side: Side | None) -> None:
            if side in {"right", "neither"} and self.case is case and not self.stale and case.review.state == "open":
                self.claim(self._take_right if side == "right" else self._take_neither)

        self._counter.ask(OtherDialog(case.review.proposal), answered)

    def _take_right(self) -> None:
        """The other model's arguments and reply, judged like any edit; another kind of action goes round again."""
        case = self._the_case()
        taken = deciding.other_edits(case.review.proposal)
        if taken is not None:
            self._judge(case, *taken, ids=case.review.proposal.to_decide(), note=None)
            return
        other = case.review.proposal.alternatives[0]
        wanted = "; ".join(map(deciding.action_words, other.actions)) or "no action"
        title = words("The other model wants another kind of action: send it round again?")
        needed = words("Write what it should know.", "$warning")
        dialog = TextDialog(title, needed, f"Do this instead, as {other.model} proposed: {wanted}")
        self._instead(dialog, lambda text: Retry(details=text))

    def _take_neither(self) -> None:
        case = self._the_case()
        ids = case.review.proposal.to_decide()
        self._pend(deciding.rejections(ids, "wrong_action", "Neither of the two proposals is right."))

    def _approve(self) -> None:
        case = self._the_case()
        if deciding.empty(case.review.proposal):
            self.notice = notices.nothing_to_approve()
            self._counter.redraw()
            return
        self._answer(deciding.approvals(case.unit))

    def _reject(self) -> None:
        case = self._the_case()
        ids = case.unit

        def answered(reason: tuple[str, str] | None) -> None:
            if reason is not None and self.case is case:
                self._answer(deciding.rejections(ids, *reason))

        self._write("reject", RejectDialog(words("Reject: why?"), self._counter.begun("reject")), answered)

    def _respond(self) -> None:
        case = self._the_case()

        def answered(text: str | None) -> None:
            if text is not None and self.case is case:
                case.verdicts.clear()
                self._pend(deciding.responses(case.review, text))

        title = words("Message to the customer, instead of what is proposed")
        needed = words("Write what the customer should read.", "$warning")
        self._write("respond", TextDialog(title, needed, self._counter.begun("respond")), answered)

    def _retry(self) -> None:
        title, needed = (
            words("Send it round again: what did the model not know?"),
            words("Write what it should know.", "$warning"),
        )
        dialog = TextDialog(title, needed, self._counter.begun("retry"))
        self._instead(dialog, lambda text: Retry(details=text), about="retry")

    def _hand_over(self) -> None:
        self._instead(HandOverDialog(words("Hand over to"), self._counter.names()), lambda text: HandOver(to=text))

    def _snooze(self) -> None:
        self._instead(SnoozeDialog(words("Snooze until"), now()), lambda until: Snooze(until=until))

    def _edit(self) -> None:
        case = self._the_case()
        unit = set(case.unit)
        actions = [action for action in case.review.proposal.actions if action.action_id in unit]
        kept = self.kept.get(case.review.id) or _from_draft(case.review)

        def answered(edits: Edits | None) -> None:
            if edits is None or self.case is not case:
                return
            self.kept[case.review.id] = edits
            if not edits.send:
                return
            ids = case.unit if len(case.units) > 1 else case.review.proposal.to_decide()
            note = edits.note if edits.note != case.review.proposal.internal_note else None
            self._judge(case, edits.args, edits.reply, ids=ids, note=note)

        self._counter.ask(EditDialog(case.review, actions, kept), answered)

    def _judge(
        self,
        case: OpenCase,
        args: dict[str, dict[str, Any]],
        reply: str | None,
        *,
        ids: tuple[str, ...],
        note: str | None,
    ) -> None:
        """Ask the gate what it says of edited values, before anything is sent."""
        verdicts = deciding.edits(case.review, args, reply, ids)
        everything = {v.action_id: v for v in deciding.approvals(case.review.proposal.to_decide())}
        everything |= case.verdicts | {verdict.action_id: verdict for verdict in verdicts}
        self.busy, self._edited = True, verdicts
        self._counter.spawn(self.talk.regate(case.review.id, tuple(everything.values()), note), "talk")

    def gated(self, review_id: str, note: str | None, gate: Gate) -> None:
        """The gate has judged the edit: keep it, and show what it says before anything is sent."""
        case = self.case
        self.busy = False
        if case is None or case.review.id != review_id:
            return
        case.note = note
        self._answer(self._edited, gate)

    # ── sending ──────────────────────────────────────────────────────────────

    def _answer(self, verdicts: tuple[Verdict, ...], gate: Gate | None = None) -> None:
        """Keep these verdicts; when every id has one, ask or send."""
        case = self._the_case()
        case.answer(verdicts)
        if case.open_ids():
            self._counter.redraw()
            return
        every = tuple(case.verdicts[each] for each in case.review.proposal.to_decide())
        edited = any(isinstance(verdict, Edit) for verdict in every)
        if len(case.units) > 1 or edited or gate is not None or deciding.risky(case.review, every):
            self._pend(every, gate)
        else:
            self._send(every)

    def _pend(self, verdicts: tuple[Verdict, ...], gate: Gate | None = None) -> None:
        case = self._the_case()
        self.pending = Pending(deciding.effect(case.review, verdicts), lambda: self._send(verdicts), gate)
        self._counter.redraw()

    def _confirm(self) -> None:
        pending, self.pending = self.pending, None
        if pending is not None:
            pending.send()

    def _write(self, about: str, dialog: Dialog[Any], answered: Callable[[Any], None]) -> None:
        """Ask for words; what is left unsent is there again when the same key is pressed."""
        dialog.about = about
        self._counter.ask(dialog, answered)

    def _instead(
        self, dialog: Dialog[Any], make: Callable[[Any], Retry | HandOver | Snooze], *, about: str = ""
    ) -> None:
        case = self._the_case()

        def answered(given: Any) -> None:
            if given is not None and self.case is case:
                self._send((), make(given))

        self._write(about, dialog, answered)

    def _send(self, verdicts: tuple[Verdict, ...], instead: Retry | HandOver | Snooze | None = None) -> None:
        case = self._the_case()
        if case.lease is None:
            self._lost(LeaseLost("The claim on this case ran out."))
            return
        self.busy = True
        took = int((time.monotonic() - case.opened_at) * 1000)
        decision = deciding.decision(case, self._actor, took, verdicts=verdicts, instead=instead, note=case.note)
        self._counter.redraw()
        self._counter.spawn(self.talk.decide(decision, case.lease), "talk")

    def decided(self, outcome: Outcome) -> None:
        """The store has it: the case leaves the screen, the claim is over, the same keys rest."""
        self.busy = False
        self.guard.decided(self._used, time.monotonic())
        self._used = set()
        self.kept.pop(outcome.review_id, None)
        if self.case is not None and self.case.review.id == outcome.review_id:
            self.case.lease = None
            self.case = None
        self._counter.case_left(outcome.review_id)

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
            self._lost(error)
        elif isinstance(error, Taken):
            self.notice = line(
                ("◆ ", "bold $warning"),
                (f"{error.by} holds it until {clock(error.until)}. You can read it.", "$warning"),
            )
        elif isinstance(error, Conflict):
            self._conflict(error)
        else:
            said = "Not sent. " if what == "decide" or isinstance(error, Unavailable) else ""
            self.notice = line(("✗ ", "bold $error"), (f"{said}{error}", "$error"))
        if what in {"decide", "edit"} and case is not None:
            case.verdicts.clear()
        self._counter.redraw()

    def _lost(self, error: QueueError) -> None:
        case = self._the_case()
        case.lease = None
        self.pending = None
        kept = self._draft()
        tail = f" Your edits are kept as a draft: {keys.shown('edit')} goes on with them." if kept else ""
        if kept is not None:
            self._counter.spawn(self.talk.keep_draft(kept), "draft")
        self.notice = line(("✗ ", "bold $error"), (f"Not sent. {error}{tail}", "$error"))

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

    _edited: tuple[Verdict, ...] = ()


def _from_draft(review: Review) -> Edits | None:
    draft = review.draft
    if draft is None:
        return None
    note = review.proposal.internal_note if draft.internal_note is None else draft.internal_note
    return Edits({**{a.action_id: a.args for a in review.proposal.actions}, **draft.args}, draft.reply, note)
