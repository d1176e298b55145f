"""Figures kept in the transaction of what they count: each function is called where its event is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session

from store import measuring, reading, sheets
from store.case import Ending
from store.contract import Attempt, Decision, Edit, Gate, Proposal, Reject, Respond, Retry
from store.live import RepeatContact
from store.measuring import Judged
from store.sheets import FIVE_MINUTES, Sheet
from store.tables import DecisionRow, ExecutionRow, MessageRow, RepeatRow, ReviewRow, TicketRow, table

_messages, _repeats = table(MessageRow), table(RepeatRow)
WAITING, STREAK = "waiting", "streak"
"""Open reviews by when they were filed: what the age of the queue is read from."""


def attempts(session: Session, ticket_id: str, fresh: Iterable[Attempt]) -> None:
    """Tries of the workflow, together."""
    sheet = Sheet()
    for one in fresh:
        measuring.tried(sheet, one)
        if one.outcome != "ok":
            apart = measuring.attempt_dims(one)
            said = f"{one.step}: {one.code.replace('_', ' ')}{f' · {one.detail}' if one.detail else ''}"
            some = {by: apart[by] for by in ("model", "prompt", "route")}
            sheets.behind(
                session, "errors", some, at=one.at, ticket=ticket_id, ref=f"{one.step}/{one.number}", text=said
            )
    sheet.write(session)


def ending(session: Session, ticket: TicketRow, end: Ending, at: datetime, ms: float | None) -> None:
    """Where the workflow left a message."""
    sheet, failure = Sheet(), end.failure
    measuring.handled(sheet, at, end.proposal, how=end.how, failed=failure is not None, ms=ms)
    sheet.write(session)
    if failure is not None and end.how != "ask":
        apart = {"all": ("",), "route": (end.proposal.route.name,)}
        said, ref = f"{failure.code.replace('_', ' ')}: {failure.internal_note}", end.proposal.request_id
        sheets.behind(session, "errors", apart, at=at, ticket=ticket.id, ref=ref, text=said)


def reply(session: Session, ticket: TicketRow, row: MessageRow, proposal: Proposal) -> None:
    """A reply that went out, and how long the customer had waited when it was the first one."""
    sheet = Sheet()
    if row.ai_handled:
        measuring.replied(sheet, row.at, proposal, row.text)
    mine = _messages.c.ticket_id == ticket.id
    before = select(_messages.c.n).where(mine, _messages.c.direction == "outbound", _messages.c.id != row.id).limit(1)
    if session.execute(before).first() is None:
        asked = select(func.min(_messages.c.at)).where(mine, _messages.c.direction == "inbound")
        if (since := session.execute(asked).scalar()) is not None:
            waited = max(0.0, (row.at - since).total_seconds() * 1000)
            measuring.first_answer(sheet, row.at, proposal.route.name, waited)
    sheet.write(session)


def repeat(session: Session, contact: RepeatContact) -> None:
    """A customer came back: called before the link itself is stored. Only the first link of a reply counts.

    The case stands behind the figure at the time of the reply, where the figure counts it: else the list behind the last
    day would hold contacts on older replies that its number does not count.
    """
    row = session.execute(select(MessageRow).where(_messages.c.id == contact.reply_id)).scalar_one_or_none()
    if row is None or row.request_id is None:
        return
    proposal = reading.proposal(session, row.request_id)
    apart = measuring.dims(proposal, row.text)
    told = {"at": row.at, "ticket": contact.ticket_id, "ref": contact.message_id}
    known = select(_repeats.c.confusion).where(_repeats.c.reply_id == contact.reply_id)
    earlier = list(session.execute(known).scalars())
    sheet = Sheet()
    if not earlier:
        sheets.mark_again(session, "returned.reply", measuring.pattern(row.text), row.at)
        measuring.returned(sheet, row.at, proposal, row.text)
        why = "wrote again on the thread" if contact.why == "same_thread" else "wrote again on the same matter"
        sheets.behind(session, "repeats", apart, text=f"{why}, {_later(contact.at - row.at)}", **told)
    if contact.confusion and not any(earlier):
        measuring.confused(sheet, row.at, proposal, row.text)
        sheets.behind(session, "confusions", apart, text="did not understand the reply", **told)
    sheet.write(session)


def _later(after: timedelta) -> str:
    minutes = max(0, after // timedelta(minutes=1))
    if minutes < 60:
        return f"{minutes} min later"
    return f"{minutes // 60} h later" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days later"


def execution(session: Session, row: ExecutionRow, state: str, ms: float, said: str) -> None:
    """How something that was carried out ended, the first time it ended."""
    assert row.settled_at is not None
    sheet = Sheet()
    measuring.carried(sheet, row.settled_at, row.kind, row.route, state=state, ms=ms)
    sheet.write(session)
    if state != "done":
        apart = {"action": (row.kind,), "route": (row.route,)}
        sheets.behind(session, "errors", apart, at=row.settled_at, ticket=row.ticket_id, ref=row.id, text=said)


def resolved(session: Session, at: datetime, route: str, sign: int = 1) -> None:
    sheet = Sheet()
    measuring.resolved(sheet, at, route)
    sheet.write(session, sign)


def reopened(session: Session, ticket: TicketRow, at: datetime, ref: str, why: str) -> None:
    """A ticket that was resolved is open again."""
    sheet = Sheet()
    measuring.reopened(sheet, at, ticket.route)
    sheet.write(session)
    apart = {"all": ("",), "route": (ticket.route or "",)}
    sheets.behind(session, "reopened", apart, at=at, ticket=ticket.id, ref=ref, text=why)


def waiting(session: Session, row: ReviewRow, step: int) -> None:
    """A review begins to wait for a person, or stops. A planted one is no ticket's."""
    if row.planted:
        return
    at, sheet = filed_in(row.created_at), Sheet()
    sheet.gauge(WAITING, "", step, at=at)
    sheet.write(session)
    if step < 0:
        sheets.drop_zero(session, WAITING, at)


def filed_in(at: datetime) -> int:
    """The five minutes in which a review was filed, by the second they begin."""
    second = int(at.timestamp())
    return second - second % FIVE_MINUTES


# ── decisions ────────────────────────────────────────────────────────────────


def gauge_of(session: Session, actor: str) -> int:
    """How many proposals this person has approved one after the other without changing anything."""
    return sheets.gauges(session, STREAK).get((sheets.key_of(actor), 0), 0)


def counts_as_decided(decision: Decision) -> bool:
    """Handing over and snoozing decide nothing."""
    return bool(decision.verdicts) or isinstance(decision.instead, Retry)


def decision(session: Session, kept: DecisionRow, row: ReviewRow, given: Decision) -> None:
    """A person answered a proposal."""
    if not counts_as_decided(given):
        return
    one = judged(session, kept, row, given, given.took_ms)
    sheet, run = Sheet(), gauge_of(session, kept.actor)
    measuring.decided(sheet, one)
    sheet.gauge(STREAK, kept.actor, -run if one.changes else 1)
    sheet.write(session)
    if one.changes:
        said = f"{kept.actor}: {', '.join(one.changes)}{_why(given)}"
        apart = measuring.decision_dims(one)
        sheets.behind(session, "overrides", apart, at=kept.at, ticket=row.ticket_id, ref=kept.id, text=said)


def undone(session: Session, kept: DecisionRow, row: ReviewRow) -> None:
    """A decision was taken back: it is as if it had not been made."""
    given = stored(kept)
    if not counts_as_decided(given):
        return
    sheet = Sheet()
    measuring.decided(sheet, judged(session, kept, row, given, json.loads(kept.before).get("took_ms", 0)))
    sheet.write(session, -1)
    sheets.forget(session, kept.id)


def judged(session: Session, kept: DecisionRow, row: ReviewRow, given: Decision, took_ms: int) -> Judged:
    """The decision with what was shown when it was made."""
    was = json.loads(kept.before)
    gate = Gate.model_validate_json(was["gate"])
    return Judged(
        at=kept.at,
        actor=kept.actor,
        proposal=reading.proposal(session, was["request"]),
        reasons=[reason.code for reason in gate.reasons],
        changes=measuring.changes(given),
        waited_ms=max(0.0, (kept.at - row.created_at).total_seconds() * 1000),
        took_ms=took_ms,
    )


def stored(kept: DecisionRow) -> Decision:
    """The decision as it was sent, as far as it is kept."""
    return Decision.model_validate(json.loads(kept.body))


def _why(given: Decision) -> str:
    """The person's reason, where they gave one."""
    if isinstance(given.instead, Retry):
        return f": {given.instead.details}"
    said = []
    for verdict in given.verdicts:
        if isinstance(verdict, Reject):
            said.append(": ".join(each for each in (verdict.code.replace("_", " "), verdict.message) if each))
        elif isinstance(verdict, Respond):
            said.append(verdict.message)
    return f": {said[0]}" if said else ""


def difference(proposal: Proposal, given: Decision) -> tuple[str, ...]:
    """What an override made of the proposal, line by line: arguments before and after, and the reply's first words."""
    actions = {action.action_id: action for action in proposal.actions}
    lines = []
    for verdict in given.verdicts:
        action = actions.get(verdict.action_id)
        name = action.description or action.kind if action else "reply"
        if isinstance(verdict, Edit):
            before = action.args if action else {"text": proposal.customer_reply or ""}
            lines += [
                f"{name} · {field}: {_shown(before.get(field))} → {_shown(verdict.args.get(field))}"
                for field in dict.fromkeys((*before, *verdict.args))
                if before.get(field) != verdict.args.get(field)
            ]
        elif isinstance(verdict, Respond):
            lines.append(f"{name} → told instead: {_shown(verdict.message)}")
        elif isinstance(verdict, Reject):
            lines.append(f"{name} → rejected, {verdict.code.replace('_', ' ')}")
    if isinstance(given.instead, Retry):
        lines.append(f"sent round again with: {_shown(given.instead.details)}")
    return tuple(lines)


def _shown(value: object) -> str:
    if isinstance(value, dict) and set(value) == {"minor", "currency"} and isinstance(value["minor"], int):
        return f"{value['minor'] / 100:.2f} {value['currency']}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:79] + "…"
