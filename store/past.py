"""What the workflow proposed, newest first, how it ended and what people made of it: for reports, never for work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from store.contract import Gate, Proposal
from store.live import Past, PastPage
from store.queue import Invalid
from store.tables import DecisionRow, ProposalRow, ReviewRow, WorkRow, table

_work, _proposals, _reviews, _decisions = table(WorkRow), table(ProposalRow), table(ReviewRow), table(DecisionRow)


def page(session: Session, after: str | None, limit: int) -> PastPage:
    """One page of handled messages. Raises `Invalid` for a marker that is not ours."""
    wanted = (
        select(_work.c.n, _work.c.id, _proposals.c.body, _proposals.c.how)
        .join(_proposals, _proposals.c.request_id == _work.c.id)
        .where(_work.c.state == "done")
        .order_by(_work.c.n.desc())
        .limit(limit)
    )
    rows = session.execute(wanted if after is None else wanted.where(_work.c.n < _number(after))).all()
    decided = _decided(session, [review_id(row.id) for row in rows])
    found = tuple(_past(row, decided.get(review_id(row.id))) for row in rows)
    return PastPage(rows=found, next=str(rows[-1].n) if len(rows) == limit else None)


def review_id(request_id: str) -> str:
    """The id of the review that a proposal stopped for: one proposal, one review."""
    return "r" + hashlib.sha256(request_id.encode()).hexdigest()[:16]


def _number(after: str) -> int:
    if not after.isdigit():
        raise Invalid("after: this marker is not one of ours.")
    return int(after)


def _past(row: Any, decided: tuple[Gate, str, tuple[str, ...]] | None) -> Past:
    gate, state, verdicts = decided or (Gate(), "", ())
    item = Proposal.model_validate_json(row.body)
    return Past(proposal=item, how=row.how, gate=gate, state=state, verdicts=verdicts)


def _decided(session: Session, ids: Sequence[str]) -> dict[str, tuple[Gate, str, tuple[str, ...]]]:
    """Gate, state and verdicts of the reviews."""
    stopped = session.execute(select(_reviews.c.id, _reviews.c.gate, _reviews.c.state).where(_reviews.c.id.in_(ids)))
    made = session.execute(
        select(_decisions.c.review_id, _decisions.c.body)
        .where(_decisions.c.review_id.in_(ids), _decisions.c.state == "standing")
        .order_by(_decisions.c.at)
    )
    verdicts = {row.review_id: _verdicts(json.loads(row.body)) for row in made}
    return {
        row.id: (Gate.model_validate_json(row.gate), row.state, verdicts.get(row.id, ()))
        for row in stopped
    }  # fmt: skip


def _verdicts(decision: dict[str, Any]) -> tuple[str, ...]:
    instead = decision.get("instead")
    return (instead["type"],) if instead else tuple(one["type"] for one in decision["verdicts"])
