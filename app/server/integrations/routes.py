"""Requests of other systems in their own words, and the answer to what was filed, for who asks rather than waits."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from app.server.asking import V1, Asking, Writing, asking, said, writing
from app.server.ids import ReviewId
from app.server.integrations.answers import SHAPES
from app.server.integrations.asked import Envelope, Misread, proposal
from app.server.proposals import Filed, own
from store.contract import Json, ReviewState, Verdict
from store.queue import Invalid

router = APIRouter(prefix=V1, tags=["integrations"])

ShapeName = Literal["langchain", "agent-inbox", "humanlayer"]


class Request(Envelope):
    """`request` as the other system made it: an interrupt's value, a list of them, a function call."""

    request: Json


class Answered(BaseModel):
    """`decided` when it is final: then `answer` is in the filer's own words, and nothing can be undone any more."""

    review_id: str
    request_id: str
    run_id: str = ""
    thread_id: str = ""
    review_state: ReviewState
    decided: bool = False
    decided_by: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    answer: Any = Field(default=None)
    state: Any = Field(default=None)


@router.post("/integrations/{shape}", response_model=Filed)
async def file_request(shape: ShapeName, body: Request, here: Annotated[Writing, Depends(writing)]) -> Response:
    """Files it for a person. What the sender did not supply is shown as missing; each call is decided by itself."""
    try:
        asked = SHAPES[shape].read(body.request)
    except Misread as problem:
        raise Invalid(f"request: {problem}") from problem
    item = proposal(asked, body, body.request)
    item = item.model_copy(update={"source": item.source.model_copy(update={"system": here.name})})
    return said(Filed(id=await here.once(str, lambda: here.queue.submit(item))))


@router.get("/proposals/{review_id:id}/answer", response_model=Answered)
async def answer(review_id: ReviewId, here: Annotated[Asking, Depends(asking)]) -> Response:
    """What became of it. Ask again while `decided` is false, or give a `callback_url` and be told."""
    await own(here, review_id)
    return said(Answered.model_validate(await here.house.ask(lambda: here.house.posting.answered(review_id))))
