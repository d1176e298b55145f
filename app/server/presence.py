"""Who looks at what, over HTTP: a desk says what it has on screen and hears what the others have."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from app.server.asking import V1, Asking, asking, said
from store.contract import Line
from store.live import Looking

router = APIRouter(prefix=V1, tags=["presence"])


class LookBody(BaseModel):
    review_id: Line | None = None


class LookingAnswer(BaseModel):
    looking: tuple[Looking, ...]


@router.get("/presence", response_model=LookingAnswer)
async def who_looks(here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(LookingAnswer(looking=here.house.presence.others(here.name)))


@router.post("/presence", response_model=LookingAnswer)
async def look(body: LookBody, here: Annotated[Asking, Depends(asking)]) -> Response:
    """Says what the asker has on screen, and hears what the others have."""
    here.house.presence.look(here.name, body.review_id)
    return said(LookingAnswer(looking=here.house.presence.others(here.name)))
