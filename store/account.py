"""One's own account on a server: which contract it speaks, who one is there, signing in, and one's tokens."""

from __future__ import annotations

from pydantic import BaseModel

from store.calling import Caller
from store.contract import Line, Time, now
from store.problems import CONTRACT
from store.queue import Unavailable
from store.roles import Token, User

_ODD_CLOCK = 60.0
"""Seconds by which two clocks may differ before it is said."""


class _Health(BaseModel):
    name: str
    contract: int


class Me(BaseModel):
    """Who asks, as the server sees it, with its version and its clock."""

    user: User
    token_id: Line
    expires_at: Time
    version: str
    now: Time


class _Enrolled(BaseModel):
    token: str
    user: User


class Account:
    """What has to do with the token and not with the queue. Raises `QueueError`s only."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    async def contract(self) -> None:
        """Raises `Unavailable` for what is no Lastclick, or one of another contract."""
        health = await self._call.get("health", _Health)
        if health.contract != CONTRACT:
            older = "this Lastclick" if health.contract > CONTRACT else "the server"
            raise Unavailable(
                f"{self._call.url} speaks contract {health.contract}, this Lastclick {CONTRACT}. Update {older}."
            )

    async def me(self) -> tuple[Me, tuple[str, ...]]:
        """Who one is, and what one should know, in sentences: a clock that is off, a token that ends soon."""
        asked = now()
        me = await self._call.get("me", Me)
        remarks = []
        off = (me.now - asked).total_seconds()
        if abs(off) > _ODD_CLOCK:
            way = "behind" if off > 0 else "ahead of"
            remarks.append(
                f"This computer's clock is {_span(abs(off))} {way} the server's. Ages and times shown are off by that; "
                "claims and undo go by the server's. Set the clock."
            )
        left = (me.expires_at - me.now).total_seconds() / 86400
        if left < 7:
            remarks.append(f"Your token ends in {left:.0f} days. A new one in its place: lastclick token rotate")
        return me, tuple(remarks)

    async def enrol(self, code: str) -> tuple[str, User]:
        """The token for a one-time code. Raises `NotSignedIn` for a code that is not good."""
        found = await self._call.send_once("enrolments", _Enrolled, {"code": code})
        return found.token, found.user

    async def tokens(self) -> tuple[Token, ...]:
        return (await self._call.get("tokens", dict[str, tuple[Token, ...]]))["tokens"]

    async def rotate(self) -> tuple[str, User]:
        """A new token in the place of the one that asks, which ends."""
        found = await self._call.send_once("tokens/rotate", _Enrolled, {})
        return found.token, found.user

    async def revoke(self, token_id: str) -> None:
        await self._call.ask(f"tokens/{token_id}/revoke", dict[str, bool], {})

    async def end(self) -> None:
        """Ends the token that asks."""
        await self.revoke((await self.me())[0].token_id)

    async def close(self) -> None:
        await self._call.close()


def account(url: str, token: str = "") -> Account:
    """The account behind this token. Raises `Invalid` for what is no address."""
    return Account(Caller(url, token))


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"
