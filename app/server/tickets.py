"""Tickets: one conversation with one customer, its history, and notes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from app.server.asking import V1, Asking, Writing, asking, said, writing
from app.server.ids import TicketId
from app.server.reviews import Done
from store.contract import Ticket
from store.live import TicketHistory

router = APIRouter(prefix=V1, tags=["tickets"])


class NoteBody(BaseModel):
    text: str = Field(max_length=100_000)


@router.get("/tickets/{ticket_id:id}", response_model=Ticket)
async def ticket(ticket_id: TicketId, here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(await here.queue.ticket(ticket_id))


@router.get("/tickets/{ticket_id:id}/history", response_model=TicketHistory)
async def history(ticket_id: TicketId, here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(await here.queue.history(ticket_id))


@router.post("/tickets/{ticket_id:id}/notes", response_model=Done)
async def note(ticket_id: TicketId, body: NoteBody, here: Annotated[Writing, Depends(writing)]) -> Response:
    await here.once(None, lambda: here.queue.note(ticket_id, here.name, body.text))
    return said(Done())
