"""Decisions: what a person decided of what was shown, and taking it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from app.server.asking import V1, Writing, said, writing
from app.server.ids import DecisionId
from app.server.reviews import Done
from store.contract import Decision, Lease, Outcome

router = APIRouter(prefix=V1, tags=["decisions"])


class DecisionBody(BaseModel):
    """The decision, and the lease it is made under. Its actor must be the token's user."""

    decision: Decision
    lease: Lease


@router.post("/decisions", response_model=Outcome)
async def decide(body: DecisionBody, here: Annotated[Writing, Depends(writing)]) -> Response:
    here.own(body.decision.actor, "decision.actor")
    return said(await here.once(Outcome, lambda: here.queue.decide(body.decision, body.lease)))


@router.post("/decisions/{decision_id:id}/undo", response_model=Done)
async def undo(decision_id: DecisionId, here: Annotated[Writing, Depends(writing)]) -> Response:
    await here.once(None, lambda: here.queue.undo(decision_id, here.name))
    return said(Done())
