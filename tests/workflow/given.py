"""Cases, replies and proposals for tests of the pure rules: a verified customer with one order, unless said otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from config.load import load
from config.rules import ReviewEntry, Rules
from store.case import Case, Classification, Clues, Facts, Intent, Record, Reply
from store.contract import (
    Action,
    Alternative,
    Claim,
    Customer,
    Evidence,
    Message,
    Money,
    Precondition,
    Proposal,
    Route,
    Ticket,
    Watermark,
)

AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
MIA = Customer(id="C-1001", name="Mia Garcia", identity="verified", how="e-mail")
ORDER = Evidence(
    id="order",
    kind="record",
    title="Order HF-10012",
    quote="order HF-10012\nstatus: pending\ntotal: $120.00\nplaced: 2026-06-03\npaid with card ••9212\ncarrier: PostNL",
    read_at=AT,
)
POLICY = Evidence(
    id="policy",
    kind="passage",
    title="Returns",
    quote="You can return items within 30 days of delivery. Items must be unused. Opened cosmetics cannot be returned. "
    "Refunds take 5 to 7 business days. Members of the Gold plan get a 10% discount.",
    read_at=AT,
)


@cache
def rules() -> Rules:
    """The defaults, read once."""
    return load()


def with_reviews(*reviews: dict[str, Any]) -> Rules:
    """The defaults with other review rules."""
    return rules().model_copy(update={"reviews": tuple(ReviewEntry.model_validate(each) for each in reviews)})


def message(text: str = "Where is my order HF-10012?", **more: Any) -> Message:
    """What Mia wrote."""
    given: dict[str, Any] = {"id": "m1", "ticket_id": "t1", "direction": "inbound", "at": AT, "author": "Mia Garcia"}
    return Message(**{**given, "text": text, **more})


def seen(*intents: str, confidence: float = 0.95, **more: Any) -> Classification:
    """What the models made of it."""
    found = tuple(Intent(name=name, p=confidence) for name in intents or ("order_status",))
    return Classification(intents=found, confidence=confidence, agree=True, **more)


def facts(identity: str = "verified", **more: Any) -> Facts:
    """What look-up found: her order, when she is verified."""
    order = Record(kind="order", id="HF-10012", values={"status": "pending"}, read_at=AT)
    known = {"records": (order,) if identity == "verified" else (), "clues": Clues(order_ids=("HF-10012",))}
    return Facts(customer=MIA.model_copy(update={"identity": identity}), **{**known, **more})


def case(**more: Any) -> Case:
    """A clear ticket of one wish with all facts at hand."""
    asked = more.pop("message", message())
    given: dict[str, Any] = {"ticket": Ticket(id="t1", customer=MIA, created_at=AT), "messages": (asked,)}
    return Case(**{**given, "message": asked, "classification": seen(), "facts": facts(), **more})


def reply(*sentences: Claim | str, **more: Any) -> Reply:
    """A draft whose sentences name both pieces of evidence."""
    claims = tuple(Claim(text=s, evidence_ids=("order", "policy")) if isinstance(s, str) else s for s in sentences)
    return Reply(model="cheap", sentences=claims, evidence=(ORDER, POLICY), **more)


def action(kind: str = "refund", amount: int | None = 1000, currency: str = "EUR", **more: Any) -> Action:
    """An action that keeps every rule of the shop, to the payment method that paid."""
    entry = rules().actions.get(kind)
    needs = tuple(
        Precondition(record=need.record, record_id="HF-10012", field=need.field, expected=need.is_[0])
        for need in (entry.require if entry else ())
    )
    schema = {
        "properties": {
            "order": {"x-read": {"HF-10012": {"payment_method": "card ••9212"}}},
            "payment_method": {"x-title": {"card_1": "card ••9212", "gift_1": "gift card"}},
        }
    }
    given: dict[str, Any] = {
        "action_id": "a1",
        "kind": kind,
        "args": {"order": "HF-10012", "payment_method": "card_1"},
        "args_schema": schema,
        "description": f"{kind} of HF-10012",
        "target": "HF-10012",
        "amount": None if amount is None else Money(minor=amount, currency=currency),
        "preconditions": needs,
    }
    return Action(**{**given, **more})


def proposal(*actions: Action, text: str | None = "Hello,", **more: Any) -> Proposal:
    """A proposal that nothing stops when it has no action: proved, verified, both models of one mind."""
    given: dict[str, Any] = {
        "request_id": "m1",
        "ticket": Ticket(id="t1", customer=MIA, created_at=AT),
        "watermark": Watermark(last_customer_message_id="m1", ticket_version=1),
        "route": Route(name="routine", model="cheap", code="clear", reason="one clear wish"),
        "intents": ("order_status",),
        "actions": actions,
        "message": "Where is my order HF-10012?",
        "customer_reply": text,
        "claims": () if text is None else (Claim(text=text, kind="courtesy"),),
        "alternatives": (Alternative(model="strong", actions=actions),),
        "created_at": AT,
    }
    return Proposal(**{**given, **more})
