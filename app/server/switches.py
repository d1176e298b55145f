"""Switches: what is off, what throwing one would touch, and throwing it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from app.server.asking import V1, Asking, Writing, asking, said, writing
from store.live import Switch, SwitchPreview

router = APIRouter(prefix=V1, tags=["switches"])


class SwitchesAnswer(BaseModel):
    switches: tuple[Switch, ...]


@router.get("/switches", response_model=SwitchesAnswer)
async def switches(here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(SwitchesAnswer(switches=await here.queue.switches()))


@router.post("/switches/preview", response_model=SwitchPreview)
async def preview(body: Switch, here: Annotated[Asking, Depends(asking)]) -> Response:
    """What throwing it will touch; nothing is changed."""
    return said(await here.queue.preview(body))


@router.post("/switches", response_model=Switch)
async def throw(body: Switch, here: Annotated[Writing, Depends(writing)]) -> Response:
    """`who` must be the token's user."""
    here.own(body.who, "who")
    return said(await here.once(Switch, lambda: here.queue.throw(body)))
