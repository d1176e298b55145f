"""What goes back to who filed a review from outside: written with the decision, due when nothing can be undone any more."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from store import journal, plain
from store.contract import now
from store.live import Returned
from store.tables import DecisionRow, ProposalRow, ReviewRow, WebhookRow, table

FINAL = ("decided", "superseded", "expired")
_PAUSES = (5, 30, 120, 600, 3_600, 3_600, 7_200, 14_400, 28_800)
"""Seconds before each further try, in all about a day: the schedule of the Standard Webhooks specification, rounded."""

_webhooks, _decisions = table(WebhookRow), table(DecisionRow)


def moved(session: Session, row: ReviewRow) -> None:
    """Called at every move of a review that came from outside: what is final is told, what was taken back is not."""
    waiting = select(WebhookRow).where(_webhooks.c.review_id == row.id, _webhooks.c.state == "waiting")
    for old in session.execute(waiting).scalars():
        session.delete(old)
    session.flush()
    url = _callback(session, row) if row.state in FINAL else None
    if url is None:
        return
    decision = _decision(session, row.id) if row.state == "decided" else None
    due = decision.undo_until if decision is not None and decision.undo_until is not None else now()
    told = f"{row.id}\n{row.state}\n{decision.id if decision is not None else row.fingerprint}"
    session.merge(
        WebhookRow(
            id="wh_" + hashlib.sha256(told.encode()).hexdigest()[:24],
            review_id=row.id,
            ticket_id=row.ticket_id,
            url=url,
            kind=f"review.{row.state}",
            due_at=due,
            created_at=now(),
        )
    )
    session.flush()


def due(session: Session, limit: int = 20) -> list[Returned]:
    """What is to be sent now, oldest first."""
    found = (
        select(_webhooks.c.id, _webhooks.c.review_id, _webhooks.c.url, _webhooks.c.kind, _webhooks.c.attempt)
        .where(_webhooks.c.state == "waiting", _webhooks.c.due_at <= now())
        .order_by(_webhooks.c.due_at, _webhooks.c.id)
        .limit(limit)
    )
    return [
        Returned(id=r.id, review_id=r.review_id, url=r.url, kind=r.kind, attempt=r.attempt)
        for r in session.execute(found)
    ]


def taken(session: Session, webhook_id: str, seconds: float) -> bool:
    """This sender has it for so long; another one that asks meanwhile does not. False when it is gone or taken."""
    row = session.get(WebhookRow, webhook_id, with_for_update=True)
    if row is None or row.state != "waiting" or row.due_at > now():
        return False
    row.due_at = now() + timedelta(seconds=seconds)
    row.attempt += 1
    return True


def settled(session: Session, webhook_id: str, problem: str | None, *, final: bool = False) -> None:
    """It arrived (`problem` None), or is tried again later, or never (`final`, or after about a day)."""
    row = session.get(WebhookRow, webhook_id)
    if row is None:
        return
    row.last = plain.line(problem or "")[:300]
    if problem is None:
        row.state = "sent"
    elif final or row.attempt > len(_PAUSES):
        row.state = "failed"
    else:
        row.due_at = now() + timedelta(seconds=_PAUSES[row.attempt - 1])
        return
    session.flush()
    kind = f"webhook.{row.state}"
    journal.append(session, kind, row.id, ticket=row.ticket_id, review=row.review_id, attempt=row.attempt, why=row.last)


def verdicts(session: Session, review_id: str) -> tuple[dict[str, Any], str] | None:
    """The standing decision's body and who decided; None while nobody has, or while it can be taken back."""
    row = _decision(session, review_id)
    if row is None or (row.undo_until is not None and row.undo_until > now()):
        return None
    return json.loads(row.body), row.actor


def _decision(session: Session, review_id: str) -> DecisionRow | None:
    standing = (
        select(DecisionRow)
        .where(_decisions.c.review_id == review_id, _decisions.c.state == "standing")
        .order_by(_decisions.c.at.desc())
        .limit(1)
    )
    found: DecisionRow | None = session.execute(standing).scalars().first()
    return found


def _callback(session: Session, row: ReviewRow) -> str | None:
    kept = session.get(ProposalRow, row.request_id)
    source = json.loads(kept.body if kept else "{}").get("source") or {}
    return source.get("callback_url") or None
