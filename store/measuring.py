"""What is counted when something happens: one function for each event, the same for life and for a recount.

Each function adds to a sheet and decides nothing. A reply counts in the hour it went out; that a customer came back on it
counts there too, once, so a rate is a share of what went out. A decision counts in the hour it was made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.contract import REPLY, Attempt, Decision, Edit, Proposal, Reject, Respond, Retry
from store.sheets import Sheet

QUICK_MS = 1000
"""An approval in less time than this was not read. 0 says that the client did not measure."""

_GREETING = re.compile(r"^\s*(hi|hello|dear|hey)\b[^,\n!]{0,60}[,!]?", re.IGNORECASE)
_PARTICULAR = re.compile(r"\S*\d\S*")
_CHANGED = {"edit": "edited", "reject": "rejected", "respond": "rewritten"}


def dims(proposal: Proposal, text: str | None = None) -> dict[str, tuple[str, ...]]:
    """What a proposal is told apart by; with the text that went out also by that."""
    route = proposal.route
    found: dict[str, tuple[str, ...]] = {
        "all": ("",),
        "route": (route.name,),
        "model": (route.model,) if route.model else (),
        "prompt": (route.prompt,) if route.prompt else (),
        "version": (version(route.prompt, route.prompt_version),) if route.prompt else (),
        "intent": proposal.intents,
        "action": tuple({action.kind for action in proposal.actions}),
        "message": (proposal.failure.code,) if proposal.failure else (),
    }
    return found if text is None else found | {"reply": (pattern(text),)}


def version(prompt: str, of: str) -> str:
    """A prompt with its version, short enough to read."""
    return f"{prompt} {of[:12]}" if of else f"{prompt} (built in)"


def pattern(text: str) -> str:
    """A reply without what is particular to one customer: numbers, dates, ids, the name it greets. The same answer sent to
    many is one pattern."""
    general = _PARTICULAR.sub("…", _GREETING.sub("", text, count=1))
    words = " ".join(general.split())
    return f"{hashlib.sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()[:6]} {words[:80]}"


# ── the workflow ─────────────────────────────────────────────────────────────


def handled(sheet: Sheet, at: datetime, proposal: Proposal, *, how: str, failed: bool, ms: float | None) -> None:
    """The workflow left a message somewhere. A question to the customer is no failure."""
    apart = dims(proposal)
    sheet.add("handled", at, apart)
    if failed and how != "ask":
        sheet.add("stopped", at, apart)
    if ms is not None:
        sheet.took("handle_ms", at, {"route": apart["route"]}, ms)


def tried(sheet: Sheet, one: Attempt) -> None:
    """One try of one step."""
    apart = attempt_dims(one)
    sheet.add("calls", one.at, apart)
    if one.outcome != "ok":
        sheet.add("call_errors", one.at, apart)
    if one.number > 1:
        sheet.add("call_retries", one.at, apart)
    if one.cost_micros:
        sheet.add("cost", one.at, apart, n=one.cost_micros)
    sheet.took("call_ms", one.at, {by: apart[by] for by in ("model", "prompt")}, one.ms)


def attempt_dims(one: Attempt) -> dict[str, tuple[str, ...]]:
    """What a try is told apart by. A step that no model answers has none."""
    named = bool(one.model and one.prompt)
    return {
        "all": ("",),
        "step": (one.step,),
        "route": (one.route,) if one.route else (),
        "model": (one.model,) if one.model else (),
        "prompt": (one.prompt,) if named else (),
        "version": (version(one.prompt, one.prompt_version),) if named else (),
    }


def carried(sheet: Sheet, at: datetime, kind: str, route: str, *, state: str, ms: float) -> None:
    """An action was carried out, failed, or nobody knows."""
    apart = {"action": (kind,), "route": (route,) if route else ()}
    sheet.add("carried", at, apart)
    if state != "done":
        sheet.add("carry_errors", at, apart)
    sheet.took("carry_ms", at, {"action": (kind,)}, ms)


# ── replies ──────────────────────────────────────────────────────────────────


def replied(sheet: Sheet, at: datetime, proposal: Proposal, text: str) -> None:
    """A reply went out that no person decided."""
    sheet.add("replies", at, dims(proposal, text))


def returned(sheet: Sheet, at: datetime, proposal: Proposal, text: str) -> None:
    """A customer came back on a reply that went out at `at`, for the first time."""
    sheet.add("returned", at, dims(proposal, text))


def confused(sheet: Sheet, at: datetime, proposal: Proposal, text: str) -> None:
    """A customer said, for the first time, that this reply was not understood."""
    sheet.add("confused", at, dims(proposal, text))


def first_answer(sheet: Sheet, at: datetime, route: str, waited_ms: float) -> None:
    """The first answer a customer got on a ticket."""
    sheet.took("first_reply_ms", at, {"all": ("",), "route": (route,)}, waited_ms)


def resolved(sheet: Sheet, at: datetime, route: str | None) -> None:
    """A ticket was answered for good, or closed."""
    sheet.add("resolved", at, {"all": ("",), "route": (route or "",)})


def reopened(sheet: Sheet, at: datetime, route: str | None) -> None:
    """A resolved ticket is open again."""
    sheet.add("reopened", at, {"all": ("",), "route": (route or "",)})


# ── decisions ────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Judged:
    """A decision on what was shown. `reasons`: the gate's codes; `waited_ms`: since it was filed."""

    at: datetime
    actor: str
    proposal: Proposal
    reasons: Sequence[str]
    changes: Sequence[str]
    waited_ms: float
    took_ms: int


def changes(decision: Decision) -> tuple[str, ...]:
    """What a person did other than approve: edited, rejected, rewritten, sent round."""
    if isinstance(decision.instead, Retry):
        return ("sent round",)
    kinds = []
    for verdict in decision.verdicts:
        if isinstance(verdict, Edit) and verdict.action_id == REPLY:
            kinds.append("rewritten")
        elif isinstance(verdict, Edit | Reject | Respond):
            kinds.append(_CHANGED[verdict.type])
    return tuple(dict.fromkeys(kinds))


def decided(sheet: Sheet, one: Judged) -> None:
    """A person answered what was proposed, or sent it round again."""
    apart = decision_dims(one)
    sheet.add("decided", one.at, apart)
    sheet.took("decide_ms", one.at, {"all": ("",), "route": apart["route"]}, one.waited_ms)
    if one.changes:
        sheet.add("overrides", one.at, apart)
        sheet.add("override", one.at, {"kind": one.changes})
        return
    people = {"all": ("",), "person": (one.actor,)}
    sheet.add("approved", one.at, people)
    if 0 < one.took_ms < QUICK_MS:
        sheet.add("quick", one.at, people)


def decision_dims(one: Judged) -> dict[str, tuple[str, ...]]:
    return dims(one.proposal) | {"reason": tuple(one.reasons)}


# ── spot checks ──────────────────────────────────────────────────────────────


def drawn(sheet: Sheet, at: datetime, route: str) -> None:
    sheet.add("spot_drawn", at, {"all": ("",), "route": (route,)})


def graded(sheet: Sheet, at: datetime, route: str, verdicts: Sequence[str]) -> None:
    """What people said of a reply that was drawn at `at`: the first word counts; two tell whether they agree."""
    apart = {"all": ("",), "route": (route,)}
    if verdicts:
        sheet.add("spot_graded", at, apart)
        sheet.add(f"spot_{verdicts[0]}", at, apart)
    if len(verdicts) > 1:
        sheet.add("spot_twice", at, apart)
        if verdicts[0] == verdicts[1]:
            sheet.add("spot_agreed", at, apart)
