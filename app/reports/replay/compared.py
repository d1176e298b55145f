"""What the AI path would have done with an old ticket, beside what people did. Pure."""

from __future__ import annotations

from typing import Literal

from app.actions import actions
from app.reports.replay.old import Deed, Did, Old
from app.workflow.differences import differences
from config.rules import Rules
from store.case import Ending, Facts
from store.contract import Action, Body, FieldDiff, Line, Money, Value
from store.queue import Invalid

Verdict = Literal["agrees", "differs", "stopped", "asks", "missed_stop", "needless_stop"]
WORDS: dict[Verdict, str] = {
    "agrees": "would have gone out by itself, and is what people did",
    "differs": "would have gone out by itself, and people did something else",
    "stopped": "the gate would have stopped it before a person, rightly",
    "asks": "one question would have gone to the customer",
    "missed_stop": "would have gone out by itself, though people handed it over or changed something of high risk",
    "needless_stop": "would have stopped before a person, though people changed nothing of high risk and did the same",
}
WORST: tuple[Verdict, ...] = ("missed_stop", "differs", "needless_stop", "asks", "stopped", "agrees")
"""Which to read first."""

Match = Literal["same", "nothing proposed", "other kind", "other target", "other amount", "other values"]


class Compared(Value):
    """One replayed ticket. `seconds` of the AI path; `cost_micros` in millionths of the models' currency."""

    id: Line
    ticket_id: Line
    subject: Line
    message: Body
    verdict: Verdict
    match: Match
    wrong_amount: bool = False
    how: Line
    route: Line
    route_reason: Line
    intents: tuple[Line, ...] = ()
    rules: tuple[Line, ...] = ()
    """The review rules that stop it, by name."""
    reasons: tuple[Line, ...] = ()
    ours: tuple[Line, ...] = ()
    theirs: tuple[Line, ...] = ()
    differences: tuple[FieldDiff, ...] = ()
    reply: Body = ""
    their_reply: Body = ""
    handed_over: bool = False
    seconds: float = 0.0
    cost_micros: int = 0


def compared(old: Old, ending: Ending, facts: Facts | None, rules: Rules, seconds: float) -> Compared:
    """Judge one ending. `facts`: what look-up found, from which people's deeds get their target and amount."""
    proposal, did = ending.proposal, old.did
    deeds = tuple(_deed(each, number, facts, rules) for number, each in enumerate(did.actions, 1))
    found = differences(proposal.actions, deeds)
    match = _match(proposal.actions, deeds, {each.field for each in found})
    return Compared(
        id=old.id,
        ticket_id=old.case.ticket.id,
        subject=old.case.ticket.subject,
        message=old.case.message.text,
        verdict=_verdict(ending, did, rules, same=match == "same"),
        match=match,
        wrong_amount=any(each.field == "amount" for each in found),
        how=ending.how,
        route=proposal.route.name,
        route_reason=proposal.route.reason,
        intents=proposal.intents,
        rules=tuple(dict.fromkeys(reason.code for reason in ending.gate.reasons)),
        reasons=tuple(reason.text for reason in ending.gate.reasons),
        ours=tuple(_told(each) for each in proposal.actions),
        theirs=tuple(_told(each) for each in deeds),
        differences=tuple(FieldDiff(field=each.field, before=each.right, after=each.left) for each in found),
        reply=proposal.customer_reply or "",
        their_reply=did.reply or "",
        handed_over=did.handed_over,
        seconds=seconds,
        cost_micros=proposal.route.cost_micros,
    )


def _verdict(ending: Ending, did: Did, rules: Rules, *, same: bool) -> Verdict:
    risky = did.handed_over or any(_high(each.kind, rules) for each in did.actions)
    if ending.how == "ask":
        return "asks"
    if ending.how in ("review", "hold"):
        return "stopped" if risky or not same else "needless_stop"
    if risky:
        return "missed_stop"
    return "agrees" if same else "differs"


def _high(kind: str, rules: Rules) -> bool:
    return kind not in rules.actions or rules.actions[kind].risk == "high"


def _match(ours: tuple[Action, ...], theirs: tuple[Action, ...], fields: set[str]) -> Match:
    if not fields:
        return "same"
    if theirs and not ours:
        return "nothing proposed"
    if "action" in fields:
        return "other kind"
    if "target" in fields:
        return "other target"
    return "other amount" if "amount" in fields else "other values"


def _deed(deed: Deed, number: int, facts: Facts | None, rules: Rules) -> Action:
    """A deed as an action: made from today's records where they have them, else as it was told."""
    try:
        made = actions.build(deed.kind, deed.args, facts or Facts(), rules, f"theirs.{number}")
    except Invalid:
        target = str(deed.args.get("order") or deed.args.get("customer") or "")
        made = Action(action_id=f"theirs.{number}", kind=deed.kind, args=deed.args, target=target)
    return made if deed.amount is None else made.model_copy(update={"amount": _signed(deed.amount, made.amount)})


def _signed(told: Money, made: Money | None) -> Money:
    """An amount that a file tells without a sign takes the direction of the action."""
    if made is not None and made.minor < 0 < told.minor:
        return told.model_copy(update={"minor": -told.minor})
    return told


def _told(action: Action) -> str:
    amount = f" {action.amount}" if action.amount is not None and str(action.amount) not in action.description else ""
    named = action.description or f"{action.kind} {action.target} {_values(action)}".strip()
    return named + amount


def _values(action: Action) -> str:
    return ", ".join(f"{name} {value}" for name, value in action.args.items() if name not in ("order", "customer"))
