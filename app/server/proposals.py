"""What comes in from outside: customers' messages and proposals. A producer files, and reads what it filed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from app.server.asking import V1, Asking, Writing, asking, said, writing
from app.server.ids import ReviewId
from store import outside
from store.contract import IncomingMessage, Proposal, Review
from store.queue import NotFound

router = APIRouter(prefix=V1, tags=["proposals"])


class Filed(BaseModel):
    """`id`: of the ticket a message went to, or of the review a proposal waits in."""

    id: str


@router.post("/messages", response_model=Filed)
async def file_message(body: IncomingMessage, here: Annotated[Writing, Depends(writing)]) -> Response:
    """The same message again is the same ticket; another body under the same id is a conflict that names the field."""
    return said(Filed(id=await here.once(str, lambda: here.queue.submit(body))))


@router.post("/proposals", response_model=Filed)
async def file_proposal(body: Proposal, here: Annotated[Writing, Depends(writing)]) -> Response:
    """`source.system` is who files: the token's user, whatever the body says."""
    source = body.source.model_copy(update={"system": here.name})
    item = body.model_copy(update={"source": source})
    return said(Filed(id=await here.once(str, lambda: here.queue.submit(item))))


@router.get("/proposals/{review_id:id}", response_model=Review)
async def proposal(review_id: ReviewId, here: Annotated[Asking, Depends(asking)]) -> Response:
    """The review that a proposal waits in, or was decided in, by the id that filing returned."""
    await own(here, review_id)
    found = await here.queue.review(review_id)
    return said(found.model_copy(update={"proposal": outside.asked(found.proposal)}))


async def own(here: Asking, review_id: str) -> None:
    """A producer reads what it filed. Raises `NotFound` for what another did."""
    if here.bearer.user.role == "producer":
        filer = await here.house.ask(lambda: here.house.people.filer(review_id))
        if filer != here.name:
            raise NotFound(f"There is no review {review_id} that {here.name} filed.")
