"""Counters: the live figures over a window; what was proposed before, and which prompts are in use, for reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from app.server.asking import V1, Asking, asking, said
from store.live import Counters, PastPage, PromptUse

router = APIRouter(prefix=V1, tags=["counters"])


class PromptsAnswer(BaseModel):
    prompts: tuple[PromptUse, ...]


@router.get("/counters", response_model=Counters)
async def counters(
    here: Annotated[Asking, Depends(asking)], hours: Annotated[int, Query(ge=1, le=24 * 366)] = 168
) -> Response:
    return said(await here.queue.counters(hours))


@router.get("/past", response_model=PastPage)
async def past(
    here: Annotated[Asking, Depends(asking)],
    after: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    return said(await here.queue.past(after, limit))


@router.get("/prompts", response_model=PromptsAnswer)
async def prompts(here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(PromptsAnswer(prompts=await here.queue.prompts()))
