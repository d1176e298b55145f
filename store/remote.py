"""The queue over HTTP: the same door, somewhere else. Each method is one request; what came of a lost one is asked first."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from urllib.parse import quote

from store import limits
from store.account import Account
from store.calling import Caller
from store.contract import (
    Decision,
    Draft,
    Gate,
    IncomingMessage,
    Lease,
    Outcome,
    Proposal,
    Review,
    Ticket,
    Verdict,
    now,
)
from store.live import (
    Behind,
    CasePage,
    Counters,
    Event,
    Grade,
    Graded,
    Looking,
    Operation,
    Page,
    PastPage,
    PromptUse,
    Question,
    SpotPage,
    Stats,
    Switch,
    SwitchPreview,
    TicketHistory,
    View,
)
from store.planted_told import Planted, PlantedFigures, Planting
from store.queue import Invalid, NotSignedIn, TooOld, Unavailable
from store.roles import User

T = TypeVar("T")

_ID_ANSWER: Any = dict[str, str] | str
_LEASE_ANSWER: Any = dict[str, Lease | None] | Lease | None
"""As the route says it, or as the store itself did when it was asked for after a cut."""

_ANY: Any = Any

_BRIDGED = 3
"""Cuts of a stream that are bridged before the caller hears of it."""
_KEPT_REVIEWS = 32
_SAME_CLOCK = timedelta(seconds=2)


class RemoteQueue:
    """`Queue` over a server. `open` greets it first; `remarks` is what a person should know of it, in sentences."""

    def __init__(self, url: str, token: str) -> None:
        self._call = Caller(url, token)
        self._reviews: dict[str, tuple[str, Review]] = {}
        self.user: User | None = None
        self.remarks: tuple[str, ...] = ()
        self._ahead = timedelta()
        """By how much this computer's clock is ahead of the server's."""

    @classmethod
    async def open(cls, url: str, token: str) -> RemoteQueue:
        """A queue that has been greeted. Raises `Unavailable`, `NotSignedIn`, or `Invalid` for what is no address."""
        queue = cls(url, token)
        try:
            await queue.greet()
        except BaseException:
            await queue.close()
            raise
        return queue

    async def greet(self) -> User:
        """Who we are over there. Raises `Unavailable` for a server of another contract."""
        account = Account(self._call)
        await account.contract()
        me, self.remarks = await account.me()
        self.user, self._ahead = me.user, now() - me.now
        return me.user

    # ── reading ──────────────────────────────────────────────────────────────

    async def page(self, view: View, after: str | None = None, limit: int = 50) -> Page:
        return await self._get("reviews", Page, **_view(view), after=after, limit=_limit(limit))

    async def counts(self, view: View) -> dict[str, int]:
        return (await self._get("counts", dict[str, dict[str, int]], **_view(view)))["counts"]

    async def search(self, words: str, after: str | None = None, limit: int = 50) -> Page:
        body = {"words": words[:1000], "after": after, "limit": _limit(limit)}
        return await self._call.ask("search", Page, body)

    async def review(self, review_id: str) -> Review:
        """Read again only when it changed."""
        tag, kept = self._reviews.get(review_id, ("", None))
        response = await self._call.fetch(f"reviews/{_id(review_id)}", {"if-none-match": tag} if kept else None)
        if response.status_code == 304 and kept is not None:
            return kept
        found: Review = self._call.understood(response, Review)
        self._reviews.pop(review_id, None)
        self._reviews[review_id] = (response.headers.get("etag", ""), found)
        if len(self._reviews) > _KEPT_REVIEWS:
            del self._reviews[next(iter(self._reviews))]
        return found

    async def ticket(self, ticket_id: str) -> Ticket:
        return await self._get(f"tickets/{_id(ticket_id)}", Ticket)

    async def history(self, ticket_id: str) -> TicketHistory:
        return await self._get(f"tickets/{_id(ticket_id)}/history", TicketHistory)

    async def switches(self) -> tuple[Switch, ...]:
        return (await self._get("switches", dict[str, tuple[Switch, ...]]))["switches"]

    async def preview(self, switch: Switch) -> SwitchPreview:
        return await self._call.ask("switches/preview", SwitchPreview, switch)

    async def counters(self, hours: int = 168) -> Counters:
        return await self._get("counters", Counters, hours=max(1, min(hours, 24 * 366)))

    async def stats(self, question: Question, actor: str = "") -> Stats:
        return await self._get("stats", Stats, hours=question.hours, by=question.by)

    async def cases(self, asked: Behind, after: str | None = None, limit: int = 50) -> CasePage:
        named = asked.model_dump(mode="json", exclude_none=True)
        return await self._get("stats/cases", CasePage, **named, after=after, limit=_limit(limit))

    async def operations(self, hours: int = 24) -> tuple[Operation, ...]:
        found = await self._get("operations", dict[str, tuple[Operation, ...]], hours=max(1, min(hours, 672)))
        return found["operations"]

    async def spot_checks(self, actor: str, after: str | None = None, limit: int = 50) -> SpotPage:
        self._own(actor)
        return await self._get("spot-checks", SpotPage, after=after, limit=_limit(limit))

    async def past(self, after: str | None = None, limit: int = 100) -> PastPage:
        return await self._get("past", PastPage, after=after, limit=_limit(limit))

    async def prompts(self) -> tuple[PromptUse, ...]:
        return (await self._get("prompts", dict[str, tuple[PromptUse, ...]]))["prompts"]

    async def planted(self) -> PlantedFigures:
        return await self._get("planted", PlantedFigures)

    async def regate(self, review_id: str, verdicts: tuple[Verdict, ...]) -> Gate:
        body = {"verdicts": verdicts}
        return await self._call.ask(f"reviews/{_id(review_id)}/gate", Gate, body)

    async def head(self) -> int:
        return (await self._get("events/head", dict[str, int]))["seq"]

    async def look(self, actor: str, review_id: str | None) -> tuple[Looking, ...]:
        self._own(actor)
        found = await self._call.ask("presence", dict[str, tuple[Looking, ...]], {"review_id": review_id})
        return found["looking"]

    # ── writing ──────────────────────────────────────────────────────────────

    async def submit(self, item: IncomingMessage | Proposal) -> str:
        """Only what the caller said is sent: the same request again is compared with that."""
        if isinstance(item, IncomingMessage):
            limits.short_enough(item)
        where = "proposals" if isinstance(item, Proposal) else "messages"
        said = item.model_dump(exclude_unset=True)
        return _named(await self._call.write(where, _ID_ANSWER, said), "id")

    async def claim(self, actor: str, review_id: str | None = None, view: View | None = None) -> Lease | None:
        self._own(actor)
        body = {"review_id": review_id, "view": view}
        return _lease(await self._call.write("claims", _LEASE_ANSWER, body))

    async def renew(self, lease: Lease) -> Lease:
        return await self._call.write("claims/renew", Lease, lease)

    async def release(self, lease: Lease) -> None:
        await self._call.write("claims/release", _ANY, lease)

    async def decide(self, decision: Decision, lease: Lease) -> Outcome:
        body = {"decision": decision, "lease": lease}
        outcome = await self._call.write("decisions", Outcome, body)
        return outcome.model_copy(update={"undo_until": self._here(outcome.undo_until)})

    async def undo(self, decision_id: str, actor: str) -> None:
        self._own(actor)
        await self._call.write(f"decisions/{_id(decision_id)}/undo", _ANY, {})

    async def keep_draft(self, draft: Draft) -> None:
        await self._call.write(f"reviews/{_id(draft.review_id)}/draft", _ANY, draft, method="PUT")

    async def note(self, ticket_id: str, actor: str, text: str) -> None:
        self._own(actor)
        await self._call.write(f"tickets/{_id(ticket_id)}/notes", _ANY, {"text": text})

    async def throw(self, switch: Switch) -> Switch:
        return await self._call.write("switches", Switch, switch)

    async def grade(self, grade: Grade) -> Graded:
        return await self._call.write("spot-checks/grade", Graded, grade)

    async def plant(self, asked: Planting) -> Planted:
        self._own(asked.by)
        return await self._call.write("planted", Planted, asked)

    async def withdraw_planted(self, actor: str) -> Planted:
        self._own(actor)
        return await self._call.write("planted/withdraw", Planted, {})

    # ── events ───────────────────────────────────────────────────────────────

    async def follow(self, after: int | None = None) -> AsyncIterator[Event]:
        """Short cuts are bridged where the stream was; then `Unavailable`, and whoever follows goes on at their number."""
        seq, cuts = after, 0
        while True:
            try:
                headers = {} if seq is None else {"last-event-id": str(seq)}
                stream = self._call.stream("events", headers)
                async with aclosing(cast("Any", stream)) as blocks:
                    async for kind, number, data in blocks:
                        cuts = 0
                        if kind == "ready" and number is not None:
                            seq = number
                        elif kind == "entry":
                            event = Event.model_validate_json(data)
                            if seq is None or event.seq > seq:
                                seq = event.seq
                                yield event
                        elif kind in ("reset", "over"):
                            raise (TooOld if kind == "reset" else NotSignedIn)(json.loads(data)["detail"])
            except Unavailable:
                if cuts >= _BRIDGED:
                    raise
            cuts += 1
            if cuts > _BRIDGED:
                raise Unavailable(f"{self._call.url} ended the stream of events.")
            await asyncio.sleep(random.uniform(0.0, 0.1 * 2**cuts))

    async def close(self) -> None:
        await self._call.close()

    async def _get(self, path: str, shape: type[T], **asked: Any) -> T:
        return await self._call.get(path, shape, **asked)

    def _here(self, at: datetime | None) -> datetime | None:
        """A time of the server's clock in this computer's: what is counted down here ends when it ends there."""
        return at if at is None or abs(self._ahead) < _SAME_CLOCK else at + self._ahead

    def _own(self, actor: str) -> None:
        if self.user is not None and actor != self.user.name:
            raise Invalid(f"actor: you are signed in as {self.user.name}, and act in no other name.")


def _view(view: View) -> dict[str, Any]:
    return view.model_dump(mode="json", exclude_defaults=True)


def _limit(limit: int) -> int:
    return max(1, min(limit, 500))


def _id(text: str) -> str:
    """One segment of an address. Dots alone would be taken for folders."""
    found = quote(text, safe="") if text.isprintable() else quote(text.encode("utf-8", "replace"), safe="")
    return found.replace(".", "%2E") if not text.strip(".") else found or "%20"


def _named(found: Any, name: str) -> str:
    return str(found[name]) if isinstance(found, dict) else str(found)


def _lease(found: Any) -> Lease | None:
    lease: Lease | None = found["lease"] if isinstance(found, dict) else found
    return lease
