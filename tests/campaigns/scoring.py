"""What became of one ticket of a campaign, compared with what should have happened, and the figures over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.workflow import proof
from app.workflow.stops import uncovered
from config.rules import Rules
from store.case import Case, Ending

KINDS = {
    "cancel_pending_order": "cancel_order",
    "modify_pending_order_items": "change_items",
    "modify_pending_order_address": "change_order_address",
    "modify_pending_order_payment": "change_payment",
    "return_delivered_order_items": "return_items",
    "exchange_delivered_order_items": "exchange_items",
    "modify_user_address": "change_address",
}
"""Their tool names and our action kinds. `transfer_to_human_agents` is no write: it means stopped at a person."""
TO_A_PERSON = "transfer_to_human_agents"
ADDRESS = ("address1", "address2", "city", "state", "zip", "country")
Change = tuple[str, str, tuple[str, ...]]
"""Kind, target, arguments in one normal form."""


@dataclass(frozen=True)
class Result:
    """One ticket: what should have been done, what was proposed, and how it ended."""

    part: str
    ticket_id: str
    customer_id: str
    text: str
    single_shot: bool
    identity_in_text: str
    wanted: tuple[Change, ...]
    proposed: tuple[Change, ...]
    to_a_person: bool
    how: str
    why: str
    identity: str
    found_customer: str | None
    risky_unapproved: int
    unproven_sent: int
    cost_micros: int
    needed: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def misses(self) -> tuple[str, ...]:
        """Which of kind, target, args are not as they should be."""
        levels = {"kind": 1, "target": 2, "args": 3}
        return tuple(name for name, depth in levels.items() if not self.same(depth))

    def same(self, depth: int) -> bool:
        """Whether the proposed changes are the wanted ones, as sets, by their first `depth` parts."""
        return {change[:depth] for change in self.wanted} == {change[:depth] for change in self.proposed}

    @property
    def counted(self) -> bool:
        """Whether the ticket says all that its writes need (single-shot), and has writes."""
        return self.single_shot and bool(self.wanted)


def result(part: str, row: Mapping[str, Any], case: Case, ending: Ending, rules: Rules) -> Result:
    """Compare one ending with its row."""
    proposal = ending.proposal
    expected = row.get("expected_actions") or ()
    return Result(
        part=part,
        ticket_id=row["id"],
        customer_id=row["expected_customer_id"],
        text=row["customer_text"],
        single_shot=bool(row.get("single_shot")),
        identity_in_text=str(row.get("identity_in_text") or ""),
        wanted=tuple(_wanted(each) for each in expected if each["name"] in KINDS),
        proposed=tuple(_change(each.kind, each.args) for each in proposal.actions),
        to_a_person=any(each["name"] == TO_A_PERSON for each in expected),
        how=ending.how,
        why=ending.why,
        identity=proposal.ticket.customer.identity,
        found_customer=proposal.ticket.customer.id,
        risky_unapproved=_risky(ending, rules),
        unproven_sent=_unproven(ending, case, rules),
        cost_micros=proposal.route.cost_micros,
        needed=bool(row.get("must_review") or row.get("must_review_weak") or row.get("policy_exception_read")),
        notes=tuple(proposal.internal_note.splitlines()[1:]),
    )


def _risky(ending: Ending, rules: Rules) -> int:
    """Actions that would run without a person although their kind is of high risk, unknown, or nobody is verified."""
    if ending.how not in ("send", "ask"):
        return 0
    known = rules.actions
    risky = [each for each in ending.proposal.actions if each.kind not in known or known[each.kind].risk == "high"]
    unverified = ending.proposal.ticket.customer.identity != "verified"
    return len(ending.proposal.actions) if unverified else len(risky)


def _unproven(ending: Ending, case: Case, rules: Rules) -> int:
    """Sentences that would go out and do not stand in the evidence, proved once more from the proposal's own values."""
    proposal = ending.proposal
    if ending.how != "send" or not proposal.customer_reply:
        return 0
    claims = proof.prove_text(proposal.customer_reply, proposal, rules)
    return sum(1 for claim in claims if claim.problem) + bool(uncovered(proposal))


def _wanted(action: Mapping[str, Any]) -> Change:
    """A gold write as a change of ours."""
    kind, args = KINDS[action["name"]], dict(action["arguments"])
    named = {
        "order": args.get("order_id"),
        "items": args.get("item_ids"),
        "new_items": args.get("new_item_ids"),
        "payment_method": args.get("payment_method_id"),
        "reason": args.get("reason"),
        "customer": args.get("user_id"),
        "address": {name: args.get(name, "") for name in ADDRESS} if "address1" in args else None,
    }
    return _change(kind, {name: value for name, value in named.items() if value is not None})


def _change(kind: str, args: Mapping[str, Any]) -> Change:
    """Ids without case and #; items as a bag, exchanges as a bag of pairs; an address as its lines."""
    target = str(args.get("order") or args.get("customer") or "").lstrip("#").casefold()
    items, news = list(args.get("items") or ()), args.get("new_items")
    rows = sorted(map("->".join, zip(items, news, strict=False))) if news else sorted(items)
    address = args.get("address") or {}
    rest = (
        *rows,
        str(args.get("payment_method") or ""),
        str(args.get("reason") or ""),
        "|".join(str(address.get(name) or "").casefold() for name in ADDRESS) if address else "",
    )
    return kind, target, tuple(part for part in rest if part)


def figures(results: Iterable[Result]) -> dict[str, float | int]:
    """The campaign's figures; a share over nothing is 1.0 where it is a hard limit, else 0.0."""
    rows = list(results)
    writes = [row for row in rows if row.wanted]
    free = [
        row for row in rows if not row.wanted and not row.to_a_person and not row.needed and row.identity == "verified"
    ]
    counted = [row for row in rows if row.counted]
    return {
        "tickets": len(rows),
        "risky_effects_unapproved": sum(row.risky_unapproved for row in rows),
        "writes_stopped_share": _share([row.how in ("review", "ask") for row in writes], 1.0),
        "needless_stops_share": _share([row.how == "review" for row in free], 0.0),
        "action_kind_match": _share([row.same(1) for row in counted], 0.0),
        "action_target_match": _share([row.same(2) for row in counted], 0.0),
        "action_args_match": _share([row.same(3) for row in counted], 0.0),
        "unproven_claims_sent": sum(row.unproven_sent for row in rows),
    }


def _share(hits: list[bool], empty: float) -> float:
    return round(sum(hits) / len(hits), 4) if hits else empty
