"""A small judge with real rules: refunds over 50.00 stop, over 500.00 need two people, closing an account needs security."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.rules import Windows
from store.contract import Action, Failure, FieldDiff, Gate, GateReason, Money, Proposal
from store.queue import Invalid

LIMIT, TWO, DAY = 5_000, 50_000, 80_000


class HonestJudge:
    """Everything follows from the values: no state, no clock."""

    def __init__(self, windows: Windows | None = None, rules_version: str = "rules-1", limit: int = LIMIT) -> None:
        self.windows = windows or Windows(undo_seconds=0.0, spot_check_share=0.0)
        self.rules_version = rules_version
        self.limits = {"one": limit, "two": TWO, "day": DAY}

    def gate(self, proposal: Proposal, refunded_today: Mapping[str, int]) -> Gate:
        refunds = [one.amount for one in proposal.actions if one.kind == "refund" and one.amount]
        reasons = [
            GateReason(code="refund_over_limit", text=f"Refund of {one} is over the limit", actual=str(one))
            for one in refunds
            if one.minor > self.limits["one"]
        ]
        total = sum(one.minor for one in refunds) + sum(refunded_today.values())
        if refunds and total > self.limits["day"]:
            reasons.append(GateReason(code="refunds_per_day", text="Refunds of this day are over the limit"))
        closing = any(one.kind == "close_account" for one in proposal.actions)
        if closing:
            reasons.append(GateReason(code="account_closure", text="Closing an account needs security"))
        if proposal.failure:
            reasons.append(GateReason(code=proposal.failure.code, text=proposal.failure.internal_note))
        needs = "two" if any(one.minor > self.limits["two"] for one in refunds) else "one"
        return Gate(
            reasons=tuple(reasons),
            risk="high" if reasons else "low",
            needs=needs,
            role="security" if closing else None,
        )

    def edited(self, action: Action, args: dict[str, Any]) -> Action:
        unknown = args.keys() - action.args.keys()
        if unknown:
            raise Invalid(f"{sorted(unknown)[0]}: there is no such argument.")
        minor = args.get("minor", 0)
        if isinstance(minor, bool) or not isinstance(minor, int) or minor < 0:
            raise Invalid("minor: a whole number of cents is wanted.")
        amount = Money(minor=minor, currency=str(args["currency"])) if "minor" in args else None
        return action.model_copy(
            update={
                "args": args,
                "amount": amount,
                "description": f"{action.kind} {amount}",
                "diff": (FieldDiff(field="minor", before=action.args.get("minor"), after=minor),),
            }
        )

    def instead(self, kind: str, name: str) -> str:
        return "routine" if (kind, name) == ("route", "messy") else ""

    def failure(self, code: str, step: str, **slots: str) -> Failure:
        return Failure(
            step=step,
            class_="unknown_outcome" if code in {"connector_timeout", "action_unknown"} else "permanent",
            code=code,
            customer_text="A colleague is taking care of it.",
            internal_note=f"{code} {' '.join(f'{k}={v}' for k, v in sorted(slots.items()))}".strip(),
            next_step="review",
        )
