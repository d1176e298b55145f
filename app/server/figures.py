"""Figures: what a lead and the person on call read, the tickets behind a figure, and spot checks to be graded."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from app.server.asking import V1, Asking, Writing, asking, said, writing
from store.live import Behind, CasePage, Dimension, Grade, Graded, Measure, Operation, Question, SpotPage, Stats

router = APIRouter(prefix=V1, tags=["figures"])

Hours = Annotated[int, Query(ge=1, le=672)]
After = Annotated[str | None, Query(max_length=1000)]
Limit = Annotated[int, Query(ge=1, le=500)]


class OperationsAnswer(BaseModel):
    operations: tuple[Operation, ...]


@router.get("/stats", response_model=Stats)
async def stats(
    here: Annotated[Asking, Depends(asking)], hours: Hours = 168, by: Annotated[Dimension, Query()] = "route"
) -> Response:
    """`care.mine` is of who asks."""
    return said(await here.queue.stats(Question(hours=hours, by=by), here.name))


def _figure(
    measure: Annotated[Measure, Query()],
    by: Annotated[Dimension | None, Query()] = None,
    key: Annotated[str, Query(max_length=500)] = "",
    hours: Hours = 168,
) -> Behind:
    return Behind(measure=measure, by=by, key=key, hours=hours)


@router.get("/stats/cases", response_model=CasePage)
async def cases(
    here: Annotated[Asking, Depends(asking)],
    figure: Annotated[Behind, Depends(_figure)],
    after: After = None,
    limit: Limit = 50,
) -> Response:
    return said(await here.queue.cases(figure, after, limit))


@router.get("/operations", response_model=OperationsAnswer)
async def operations(here: Annotated[Asking, Depends(asking)], hours: Hours = 24) -> Response:
    """Everything that can be switched, as it runs."""
    return said(OperationsAnswer(operations=await here.queue.operations(hours)))


@router.get("/spot-checks", response_model=SpotPage)
async def spot_checks(here: Annotated[Asking, Depends(asking)], after: After = None, limit: Limit = 50) -> Response:
    """Those that who asks has not graded."""
    return said(await here.queue.spot_checks(here.name, after, limit))


@router.post("/spot-checks/grade", response_model=Graded)
async def grade(body: Grade, here: Annotated[Writing, Depends(writing)]) -> Response:
    """`actor` must be the token's user."""
    here.own(body.actor, "actor")
    return said(await here.once(Graded, lambda: here.queue.grade(body)))
