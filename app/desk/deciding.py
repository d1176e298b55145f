"""What a person is about to decide, in values and in words. Pure: no widget, no queue."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.desk import form
from store.contract import (
    REPLY,
    Action,
    Approve,
    ChangedFact,
    Decision,
    Edit,
    HandOver,
    Lease,
    Precondition,
    Proposal,
    Reject,
    Respond,
    Retry,
    Review,
    Snooze,
    Verdict,
)

REJECT_CODES: tuple[tuple[str, str], ...] = (
    ("wrong_facts", "The facts are wrong"),
    ("not_allowed", "Policy does not allow it"),
    ("wrong_customer", "Wrong customer or order"),
    ("wrong_action", "Another action is right"),
    ("bad_reply", "The reply is not good enough"),
    ("not_needed", "Nothing needs to be done"),
    ("fraud", "Suspected fraud"),
)
"""Why a proposal is rejected; the code is what reports count."""


@dataclass
class OpenCase:
    """The review on screen, and what its reader has done with it so far."""

    review: Review
    opened_at: float
    lease: Lease | None = None
    cursor: int = 0
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    note: str | None = None
    sources_opened: list[str] = field(default_factory=list)
    sources_listed: list[str] = field(default_factory=list)
    """Those that stood on screen by name."""

    @property
    def units(self) -> tuple[tuple[str, ...], ...]:
        """What is decided with one key: with several actions each id alone, else everything together."""
        return units(self.review)

    @property
    def unit(self) -> tuple[str, ...]:
        return self.units[min(self.cursor, len(self.units) - 1)] if self.units else ()

    def open_ids(self) -> tuple[str, ...]:
        return tuple(each for each in self.review.proposal.to_decide() if each not in self.verdicts)

    def answer(self, verdicts: Iterable[Verdict]) -> None:
        """Keep verdicts and move the cursor to the first unit that still waits."""
        for verdict in verdicts:
            self.verdicts[verdict.action_id] = verdict
        waiting = [n for n, unit in enumerate(self.units) if any(each not in self.verdicts for each in unit)]
        self.cursor = waiting[0] if waiting else self.cursor


def units(review: Review) -> tuple[tuple[str, ...], ...]:
    """The ids of a review in the groups that one key decides."""
    ids = review.proposal.to_decide()
    if len(review.proposal.actions) <= 1:
        return (ids,) if ids else ()
    return tuple((each,) for each in ids)


def approvals(ids: Iterable[str]) -> tuple[Verdict, ...]:
    return tuple(Approve(action_id=each) for each in ids)


def rejections(ids: Iterable[str], code: str, message: str) -> tuple[Verdict, ...]:
    return tuple(Reject(action_id=each, code=code, message=message) for each in ids)


def responses(review: Review, message: str) -> tuple[Verdict, ...]:
    """The customer gets this message; no action runs and the drafted reply does not go out."""
    ids = review.proposal.to_decide()
    if REPLY in ids:
        return (
            *rejections((each for each in ids if each != REPLY), "responded", ""),
            Respond(action_id=REPLY, message=message),
        )
    return (Respond(action_id=ids[0], message=message), *rejections(ids[1:], "responded", "")) if ids else ()


def edits(
    review: Review, args: Mapping[str, dict[str, object]], reply: str | None, ids: Iterable[str]
) -> tuple[Verdict, ...]:
    """An edit where something differs from the proposal, an approval where nothing does."""
    actions = {action.action_id: action for action in review.proposal.actions}
    made: list[Verdict] = []
    for each in ids:
        if each == REPLY:
            changed = reply is not None and reply != (review.proposal.customer_reply or "")
            made.append(Edit(action_id=REPLY, args={"text": reply}) if changed else Approve(action_id=REPLY))
        elif each in args and args[each] != actions[each].args:
            made.append(Edit(action_id=each, args=dict(args[each])))
        else:
            made.append(Approve(action_id=each))
    return tuple(made)


def empty(proposal: Proposal) -> bool:
    """Whether nothing is proposed: no action and no reply. Then there is nothing that an approval would let go."""
    return not proposal.actions and proposal.customer_reply is None


def other_edits(proposal: Proposal) -> tuple[dict[str, dict[str, object]], str | None] | None:
    """The first alternative as an edit of this proposal: arguments by action id, and its reply. None when its actions
    are not of the same kinds in the same order: then it is no edit but another proposal."""
    other = proposal.alternatives[0]
    if [action.kind for action in other.actions] != [action.kind for action in proposal.actions]:
        return None
    args = {ours.action_id: dict(theirs.args) for ours, theirs in zip(proposal.actions, other.actions, strict=True)}
    return args, other.reply if proposal.customer_reply is not None and other.reply else None


def new_id() -> str:
    """A decision's id. It is made before the first try, so that trying again is the same decision."""
    return str(uuid.uuid4())


def decision(
    case: OpenCase,
    actor: str,
    took_ms: int,
    *,
    verdicts: Iterable[Verdict] = (),
    instead: Retry | HandOver | Snooze | None = None,
    note: str | None = None,
) -> Decision:
    """The decision, bound to the fingerprint and the watermark that were on screen, every id answered in its order."""
    given = {verdict.action_id: verdict for verdict in verdicts}
    ids = case.review.proposal.to_decide()
    return Decision(
        id=new_id(),
        review_id=case.review.id,
        fingerprint=case.review.fingerprint,
        watermark=case.review.proposal.watermark,
        actor=actor,
        took_ms=max(took_ms, 0),
        evidence_opened=tuple(case.sources_opened),
        evidence_shown=tuple(case.sources_listed),
        verdicts=() if instead else tuple(given[each] for each in ids if each in given),
        internal_note=note,
        instead=instead,
    )


def effect(review: Review, verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """What will happen, one plain clause for each verdict, from typed fields only."""
    actions = {action.action_id: action for action in review.proposal.actions}
    return tuple(_clause(verdict, actions.get(verdict.action_id)) for verdict in verdicts)


def checks(review: Review, verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """The facts that are read again before these verdicts run; one that is another then stops them."""
    running = {verdict.action_id for verdict in verdicts if isinstance(verdict, Approve | Edit)}
    needs = [need for action in review.proposal.actions if action.action_id in running for need in action.preconditions]
    return tuple(dict.fromkeys(f"{_fact(each)} is {each.expected}" for each in needs))


def outdated(review: Review) -> tuple[str, ...]:
    """The facts that were read again and are another by now, one clause each."""
    changed = review.facts.changed if review.facts is not None else ()
    return tuple(dict.fromkeys(f"{_fact(each)} is {each.actual} now" for each in changed))


def _fact(of: Precondition | ChangedFact) -> str:
    return f"{of.record} {of.record_id} {of.field.replace('_', ' ')}"


def _clause(verdict: Verdict, action: Action | None) -> str:
    what = exact_words(action) if action else "the reply to the customer"
    match verdict:
        case Approve():
            return what if action else "send the reply to the customer"
        case Edit():
            return f"{what}, but {_changed_fields(action, verdict)}" if action else "send the reply as you wrote it"
        case Reject():
            return f"do not: {what}" if action else "do not send the drafted reply"
        case Respond():
            return "send your message to the customer instead"


def _changed_fields(action: Action, edit: Edit) -> str:
    """What the edit makes of the action: `amount 10.00 instead of 16.90`."""
    found = form.differences(action.args, edit.args, form.fields(action.args_schema, edit.args))
    told = (f"{title.lower()} {after} instead of {before}" for title, before, after in found)
    return ", ".join(told) or "with your changes"


def action_words(action: Action) -> str:
    """An action in one clause: what is done, and the amount when the words do not say it already."""
    words = action.description or action.kind.replace("_", " ")
    if action.amount is not None and str(action.amount) not in words:
        words = f"{words} · {action.amount}"
    return words


def exact_words(action: Action) -> str:
    """An action in full, as it is confirmed: with its target, when the words do not say it already."""
    words = action_words(action)
    return words if not action.target or action.target in words else f"{words} · {action.target}"


def risky(review: Review, verdicts: Iterable[Verdict]) -> bool:
    """Whether a second key is asked: the gate says high, or a change that cannot be taken back would run."""
    running = {verdict.action_id for verdict in verdicts if isinstance(verdict, Approve | Edit)}
    final = any(not action.reversible for action in review.proposal.actions if action.action_id in running)
    return bool(running) and (review.gate.risk == "high" or final)


def changes(old: Review, new: Review) -> tuple[str, ...]:
    """What differs between the review that was read and the one that is there now, one sentence each."""
    a, b = old.proposal, new.proposal
    told: list[str] = []
    if old.newest_customer_message_id != new.newest_customer_message_id or len(new.messages) > len(old.messages):
        told.append("the customer wrote again")
    if a.customer_reply != b.customer_reply:
        told.append("the reply is another")
    if a.internal_note != b.internal_note:
        told.append("the internal note is another")
    before, after = {each.action_id: each for each in a.actions}, {each.action_id: each for each in b.actions}
    for action_id in dict.fromkeys((*before, *after)):
        told.extend(_action_changes(before.get(action_id), after.get(action_id)))
    if old.gate != new.gate:
        told.append("the reasons why it stopped changed")
    if old.state != new.state:
        told.append(f"it is {new.state.replace('_', ' ')} now")
    return tuple(told)


def _action_changes(old: Action | None, new: Action | None) -> list[str]:
    if old is None or new is None:
        only = new or old
        assert only is not None
        return [f"{'new' if old is None else 'gone'}: {action_words(only)}"]
    told = [
        f"{name}: {before} → {after}"
        for name, before, after in (("amount", old.amount, new.amount), ("target", old.target, new.target))
        if before != after
    ]
    if old.args != new.args and not told:
        fields = sorted(key for key in {*old.args, *new.args} if old.args.get(key) != new.args.get(key))
        told.append(f"changed in {action_words(new)}: {', '.join(fields)}")
    return told


def settled(review: Review, by: str | None, at: datetime | None, clock: str) -> str:
    """Why a review that is no longer open cannot be decided, in one sentence; empty when it can."""
    who = f" by {by}" if by else ""
    when = f" at {clock}" if at else ""
    return {
        "open": "",
        "snoozed": "It is snoozed.",
        "held": f"It is held{f' by {review.held_by}' if review.held_by else ''}: a switch is off.",
        "decided": f"It was decided{who}{when}.",
        "superseded": "A newer proposal has taken its place.",
        "expired": "It expired before anybody decided.",
        "handed_over": f"It was handed over{f' to {review.assignee}' if review.assignee else ''}.",
    }[review.state]
