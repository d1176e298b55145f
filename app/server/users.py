"""Users and tokens: signing in by a one-time code, who is on the team, and ending a token at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from app.server.asking import V1, Asking, House, asking, said
from app.server.ids import Name, TokenId
from app.server.reviews import Done
from store.contract import Line, Money, Time
from store.queue import Forbidden
from store.roles import Bearer, Role, Token, User

router = APIRouter(prefix=V1, tags=["users"])


class Enrolment(BaseModel):
    code: str = Field(max_length=200)


class Enrolled(BaseModel):
    """The token is shown this once; the server keeps its digest only."""

    token: str
    user: User
    token_id: Line
    expires_at: Time


class NewUser(BaseModel):
    name: str = Field(max_length=64)
    role: Role
    limits: tuple[Money, ...] = Field(default=(), max_length=20)


class Invited(BaseModel):
    """The one-time code with which this user signs in; it is shown this once."""

    name: Line
    code: str


class UsersAnswer(BaseModel):
    users: tuple[User, ...]


class TokensAnswer(BaseModel):
    tokens: tuple[Token, ...]


@router.post("/enrolments", response_model=Enrolled)
async def enrol(body: Enrolment, here: Annotated[Asking, Depends(asking)]) -> Response:
    """A token for a one-time code. No token is asked for: who has the code has nothing else yet."""
    token, bearer = await here.house.ask(lambda: here.house.people.enrol(body.code))
    return said(_enrolled(token, bearer))


@router.get("/users", response_model=UsersAnswer)
async def users(here: Annotated[Asking, Depends(asking)]) -> Response:
    return said(UsersAnswer(users=await here.house.ask(here.house.people.users)))


@router.post("/users", response_model=Invited)
async def add(body: NewUser, here: Annotated[Asking, Depends(asking)]) -> Response:
    """Not repeatable by key: a code is not kept, so the same request again is told that the name is taken."""
    house: House = here.house
    code = await house.ask(lambda: house.people.add(body.name, body.role, body.limits, by=here.name))
    return said(Invited(name=body.name, code=code))


@router.post("/users/{name:id}/code", response_model=Invited)
async def invite(name: Name, here: Annotated[Asking, Depends(asking)]) -> Response:
    code = await here.house.ask(lambda: here.house.people.code(name, by=here.name))
    return said(Invited(name=name, code=code))


@router.post("/users/{name:id}/revoke", response_model=Done)
async def revoke(name: Name, here: Annotated[Asking, Depends(asking)]) -> Response:
    """Ends a user and all their tokens; open streams end with it."""
    await here.house.ask(lambda: here.house.people.revoke(name, by=here.name))
    return said(Done())


@router.get("/tokens", response_model=TokensAnswer)
async def tokens(
    here: Annotated[Asking, Depends(asking)],
    of: Annotated[str | None, Query(max_length=64, description="A lead's: of this user; `*`: of all")] = None,
) -> Response:
    """One's own tokens; a lead may list another's. Never the tokens themselves."""
    if of not in (None, here.name) and here.bearer.user.role not in ("lead", "auditor"):
        raise Forbidden("Only a lead or an auditor sees the tokens of others.")
    name = None if of == "*" else of or here.name
    return said(TokensAnswer(tokens=await here.house.ask(lambda: here.house.people.tokens(name))))


@router.post("/tokens/rotate", response_model=Enrolled)
async def rotate(here: Annotated[Asking, Depends(asking)]) -> Response:
    """A new token in the place of the one that asks, which ends."""
    token, bearer = await here.house.ask(lambda: here.house.people.rotate(here.bearer))
    return said(_enrolled(token, bearer))


@router.post("/tokens/{token_id:id}/revoke", response_model=Done)
async def revoke_token(token_id: TokenId, here: Annotated[Asking, Depends(asking)]) -> Response:
    """One's own; a lead ends anybody's."""
    of = None if here.bearer.user.role == "lead" else here.name
    await here.house.ask(lambda: here.house.people.revoke_token(token_id, by=here.name, of=of))
    return said(Done())


def _enrolled(token: str, bearer: Bearer) -> Enrolled:
    return Enrolled(token=token, user=bearer.user, token_id=bearer.token_id, expires_at=bearer.expires_at)
