"""Planted cases: a lead files them, reads what became of them, and takes back what waits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.server.asking import V1, Asking, Writing, asking, said, writing
from store.planted_told import Planted, PlantedFigures, Planting

router = APIRouter(prefix=V1, tags=["planted"])


@router.get("/planted", response_model=PlantedFigures)
async def planted(here: Annotated[Asking, Depends(asking)]) -> Response:
    """Persons are in it only where the rules allow it."""
    return said(await here.queue.planted())


@router.post("/planted", response_model=Planted)
async def plant(body: Planting, here: Annotated[Writing, Depends(writing)]) -> Response:
    """`by` must be the token's user."""
    here.own(body.by, "by")
    return said(await here.once(Planted, lambda: here.queue.plant(body)))


@router.post("/planted/withdraw", response_model=Planted)
async def withdraw_planted(here: Annotated[Writing, Depends(writing)]) -> Response:
    return said(await here.once(Planted, lambda: here.queue.withdraw_planted(here.name)))
