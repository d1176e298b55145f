"""The keys that decide the case on screen: claim first, ask for the second key, bind the decision to what was shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from app.desk import deciding, keys, notices
from app.desk.deciding import OpenCase
from app.desk.dialogs.edit import EditDialog, Edits
from app.desk.dialogs.frame import Dialog
from app.desk.dialogs.later import HandOverDialog, SnoozeDialog
from app.desk.dialogs.other import OtherDialog, Side
from app.desk.dialogs.texts import RejectDialog, TextDialog
from app.desk.holding import Holding, Pending
from app.desk.words import words
from store.contract import Decision, Edit, Gate, HandOver, Lease, Outcome, Retry, Review, Snooze, Verdict, now
from store.queue import LeaseLost

AT_ONCE_SECONDS = 0.1
"""An answer that comes within that is not announced: drawing that it is awaited would hold up what it brings."""


class Handling(Holding):
    """The case on screen and the keys that decide it."""

    # ── keys ─────────────────────────────────────────────────────────────────

    def press(self, key_id: str) -> None:
        """A verdict key. One that is deaf says so; Enter and a verdict in one breath are both heard."""
        if not self.guard.allows(key_id, time.monotonic()):
            self._counter.say(f"{keys.shown(key_id)} not heard: this case has just come", "$warning", first=True)
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
        effect, checks = deciding.effect(case.review, verdicts), deciding.checks(case.review, verdicts)
        self.pending = Pending(effect, lambda: self._send(verdicts), gate, checks)
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
            self._lost(LeaseLost("The claim on this case ran out."), sending=True)
            return
        self.busy = self.just_sent = True
        took = int((time.monotonic() - case.opened_at) * 1000)
        decision = deciding.decision(case, self._actor, took, verdicts=verdicts, instead=instead, note=case.note)
        self._counter.spawn(self._sent(decision, case.lease), "talk")

    async def _sent(self, decision: Decision, lease: Lease) -> None:
        """Ask the store; that it is being asked is drawn only when the answer is not there at once."""
        asked = asyncio.get_running_loop().call_later(AT_ONCE_SECONDS, self._draw_asked)
        try:
            await self.talk.decide(decision, lease)
        finally:
            asked.cancel()
            self.just_sent = False

    def _draw_asked(self) -> None:
        self.just_sent = False
        if self.busy:
            self._counter.redraw()

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

    _edited: tuple[Verdict, ...] = ()


def _from_draft(review: Review) -> Edits | None:
    draft = review.draft
    if draft is None:
        return None
    note = review.proposal.internal_note if draft.internal_note is None else draft.internal_note
    return Edits({**{a.action_id: a.args for a in review.proposal.actions}, **draft.args}, draft.reply, note)
