"""What a client asks before anything else: whether this is a Lastclick, which contract it speaks, and who it is itself; and
what became of a request whose answer was lost."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from app import __version__
from app.server.asking import V1, Asking, asking, said
from store.contract import Line, Time, now
from store.problems import CONTRACT
from store.roles import User

router = APIRouter(prefix=V1, tags=["greeting"])


class Health(BaseModel):
    name: Literal["lastclick"] = "lastclick"
    contract: int = CONTRACT


class Me(BaseModel):
    user: User
    token_id: Line
    expires_at: Time
    version: str = __version__
    now: Time = Field(default_factory=now)


class WithdrawalBody(BaseModel):
    key: str = Field(min_length=8, max_length=200, pattern=r"^[!-~]+$")


class Withdrawal(BaseModel):
    """`written`: it was carried out, and `answer` is what it answered. Otherwise nothing was and nothing will be."""

    written: bool
    answer: Any = None


@router.get("/health", response_model=Health)
async def health() -> Response:
    """Asks nothing of the store: whether the server itself answers."""
    return said(Health())


@router.get("/me", response_model=Me)
async def me(here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(Me(user=here.bearer.user, token_id=here.bearer.token_id, expires_at=here.bearer.expires_at))


@router.post("/withdrawals", response_model=Withdrawal)
async def withdraw(body: WithdrawalBody, here: Annotated[Asking, Depends(asking)]) -> Response:
    """What became of the request under this Idempotency-Key. One that did not arrive is withdrawn: it never will."""
    answer = await here.house.ask(lambda: here.house.people.answer_or_withdraw(here.name, body.key))
    if answer is None:
        return said(Withdrawal(written=False))
    return Response(f'{{"written":true,"answer":{answer}}}', media_type="application/json")
