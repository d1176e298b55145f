"""Reviews: lists, one review with its ETag, claims, drafts, and what the gate says of edited values."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, Field

from app.server.asking import V1, Asking, Writing, asking, said, writing
from app.server.ids import ReviewId
from store.contract import Draft, Gate, Lease, Review, Verdict
from store.live import Page, View
from store.queue import Invalid

router = APIRouter(prefix=V1, tags=["reviews"])


class Wanted(View):
    """A view as query parameters."""

    older_than_minutes: int | None = Field(default=None, ge=0, le=10_000_000)


class Listing(Wanted):
    """A page of a view; `after` is the `next` of the page before."""

    after: str | None = Field(default=None, max_length=500)
    limit: int = Field(default=50, ge=1, le=500)


class Search(BaseModel):
    words: str = Field(max_length=1000)
    after: str | None = Field(default=None, max_length=500)
    limit: int = Field(default=50, ge=1, le=500)


class CountsAnswer(BaseModel):
    counts: dict[str, int]


class ClaimBody(BaseModel):
    """Either a review, or a view whose first free review is wanted."""

    review_id: str | None = Field(default=None, max_length=500)
    view: Wanted | None = None


class LeaseAnswer(BaseModel):
    """`lease` is null when nothing waits."""

    lease: Lease | None


class GateBody(BaseModel):
    verdicts: tuple[Verdict, ...] = Field(max_length=500)


class Done(BaseModel):
    done: bool = True


@router.get("/reviews", response_model=Page)
async def page(listing: Annotated[Listing, Query()], here: Annotated[Asking, Depends(asking)]) -> Response:
    view = View.model_validate(listing.model_dump(exclude={"after", "limit"}))
    return said(await here.queue.page(view, listing.after, listing.limit))


@router.get("/counts", response_model=CountsAnswer)
async def counts(view: Annotated[Wanted, Query()], here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(CountsAnswer(counts=await here.queue.counts(View.model_validate(view.model_dump()))))


@router.post("/search", response_model=Page)
async def search(body: Search, here: Annotated[Asking, Depends(asking)]) -> Response:
    """Reads only. The words stand in the body, since addresses are logged on the way and words are personal."""
    return said(await here.queue.search(body.words, body.after, body.limit))


@router.get(
    "/reviews/{review_id:id}",
    response_model=Review,
    responses={304: {"description": "It is what the given ETag stands for"}},
)
async def review(
    review_id: ReviewId,
    here: Annotated[Asking, Depends(asking)],
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """The review as it is shown, with an ETag over all of it."""
    body = (await here.queue.review(review_id)).model_dump_json().encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, headers={"etag": tag}, media_type="application/json")


@router.post("/reviews/{review_id:id}/gate", response_model=Gate)
async def regate(review_id: ReviewId, body: GateBody, here: Annotated[Asking, Depends(asking)]) -> Response:
    """What the gate says of edited values; nothing is changed."""
    return said(await here.queue.regate(review_id, body.verdicts))


@router.put("/reviews/{review_id:id}/draft", response_model=Done)
async def keep_draft(review_id: ReviewId, body: Draft, here: Annotated[Writing, Depends(writing)]) -> Response:
    here.own(body.actor, "actor")
    if body.review_id != review_id:
        raise Invalid("review_id: the draft is of another review.")
    await here.once(None, lambda: here.queue.keep_draft(body))
    return said(Done())


@router.post("/claims", response_model=LeaseAnswer)
async def claim(body: ClaimBody, here: Annotated[Writing, Depends(writing)]) -> Response:
    """A lease on that review, or on the first free one of the view."""
    view = View.model_validate(body.view.model_dump()) if body.view else None
    lease = await here.once(Lease | None, lambda: here.queue.claim(here.name, body.review_id, view))
    return said(LeaseAnswer(lease=lease))


@router.post("/claims/renew", response_model=Lease)
async def renew(body: Lease, here: Annotated[Writing, Depends(writing)]) -> Response:
    here.own(body.actor, "actor")
    return said(await here.once(Lease, lambda: here.queue.renew(body)))


@router.post("/claims/release", response_model=Done)
async def release(body: Lease, here: Annotated[Writing, Depends(writing)]) -> Response:
    here.own(body.actor, "actor")
    await here.once(None, lambda: here.queue.release(body))
    return said(Done())
