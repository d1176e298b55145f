"""The trusted part of a ticket as it is drawn: why it stopped, which way it went, what would run, for whom. Pure.

Amounts, targets and ids stand on lines of their own, made from typed fields: no customer or model text beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from textual.content import Content

from app.desk import deciding
from app.desk.deciding import OpenCase, action_words
from app.desk.figures import ago
from app.desk.words import line, lines, press, short, words
from store.contract import REPLY, Action, Json, Money, Review, Verdict

SOURCES_SHOWN = 9
REASON_CAP = 300
NAME_CELLS = 40
HOW_CELLS = 80
TITLE_CELLS = 60
OLD_FACTS = timedelta(hours=1)


def why(review: Review) -> Content:
    """Every gate reason: the telling ones first, the first strongest; what many proposals share on one quiet line."""
    reasons = review.gate.reasons
    if not reasons:
        return words("No rule stopped it: it was sent here by hand.", "$quiet")
    telling = [each for each in reasons if not each.general] or list(reasons[:1])
    first, *rest = telling
    rows = [words(short(first.text, REASON_CAP), "bold $warning")]
    rows += [words(short(reason.text, REASON_CAP), "$warning") for reason in rest]
    if shared := [short(each.text, REASON_CAP) for each in reasons if each not in telling]:
        rows.append(words(f"also: {' · '.join(shared)}", "$quiet"))
    if review.gate.needs == "two":
        given = f"; {', '.join(review.approvals)} approved" if review.approvals else ""
        rows.append(words(f"Two people must approve{given}", "bold $accent"))
    return lines(rows)


def route(review: Review) -> Content:
    """The route, the model, and the reason in a plain sentence."""
    way = review.proposal.route
    return line(
        (way.name, "bold"),
        (" → " if way.model else "", "$quiet"),
        (way.model, ""),
        (" · ", "$quiet"),
        (short(way.reason, REASON_CAP), ""),
    )


def actions(case: OpenCase) -> Content:
    """Each action with its number and, once given, its verdict; under the one at the cursor its target, amount, change."""
    proposal = case.review.proposal
    if not proposal.actions:
        return (
            words("None: only the reply goes out.", "$quiet") if proposal.customer_reply else words("None.", "$quiet")
        )
    several = len(proposal.actions) > 1
    rows: list[Content] = []
    for n, action in enumerate(proposal.actions, start=1):
        here = several and case.unit == (action.action_id,)
        sign = ("▸ ", "bold $accent") if here else (("  ", "") if several else ("", ""))
        rows.append(
            line(
                sign,
                (f"{n}/{len(proposal.actions)} " if several else "", "$quiet"),
                (action_words(action), "bold"),
                _verdict(case.verdicts.get(action.action_id) if several else None),
            )
        )
        if here or not several:
            rows += [line(("    " if several else "", ""), row) for row in _details(action)]
    if several and REPLY in proposal.to_decide():
        here = case.unit == (REPLY,)
        rows.append(
            line(
                ("▸ " if here else "  ", "bold $accent"),
                ("reply ", "$quiet"),
                ("Send the reply", "bold"),
                _verdict(case.verdicts.get(REPLY)),
            )
        )
    return lines(rows)


def who(review: Review) -> Content:
    """The name, then identity and how it is known."""
    customer = review.proposal.ticket.customer
    style = {"verified": "bold $success", "weak": "bold $warning", "unknown": "bold $error"}[customer.identity]
    sign = {"verified": "✓", "weak": "◐", "unknown": "✗"}[customer.identity]
    how = f": {short(customer.how, HOW_CELLS)}" if customer.how else ""
    name = (short(customer.name, NAME_CELLS), "bold") if customer.name else ("no name", "$quiet")
    return line(name, (" · ", "$quiet"), (f"{sign} {customer.identity}", style), (how, ""))


def sources(review: Review, shown: int | None = None, cells: int = 60, rows: int = 3) -> Content:
    """The sources by number, the open one lit: each begins a line where they are so many or fewer (a long title takes
    two), else one after the other."""
    evidence = review.proposal.evidence
    if not evidence:
        return words("None: nothing in this proposal is proven.", "$warning")
    apart = len(evidence) <= rows
    parts = [
        press(
            f"source_{n}",
            (f"{n}", "bold reverse $primary" if n == shown else "bold $primary"),
            (f" {short(each.title, 2 * cells - 4 if apart else TITLE_CELLS)}", "bold" if n == shown else ""),
        )
        for n, each in enumerate(evidence[:SOURCES_SHOWN], start=1)
    ]
    if (more := len(evidence) - SOURCES_SHOWN) > 0:
        parts.append(words(f"and {more} more", "$quiet"))
    return lines(parts) if apart else Content("   ").join(parts)


def freshness(review: Review, stale: bool, now: datetime) -> Content:
    """Whether what is shown is what is so: the newest customer message, when the facts were read, and the envelope."""
    newest = review.newest_customer_message_id == review.proposal.watermark.last_customer_message_id
    facts = _facts(review, now)
    shown, between = review.fingerprint[:6], (" · ", "$quiet")
    if stale:
        return words(f" ≠ {shown} changed since you opened it ", "bold $error")
    same = (f" ✓ {shown}", "$success")
    message = ("✓ newest message", "$success") if newest else ("✗ the customer wrote since", "bold $error")
    return line(same, between, message, *((between, facts) if facts else ()), (" ", ""))


def _facts(review: Review, now: datetime) -> tuple[str, str] | None:
    """Whether the facts are still so, or how old they are: green while they are young.

    Whatever is said here, they are read once more before anything runs.
    """
    if stale := deciding.outdated(review):
        return f"✗ {len(stale)} fact{'s' if len(stale) > 1 else ''} changed", "bold $error"
    read = [each.read_at for each in review.proposal.evidence]
    at = review.facts.at if review.facts is not None else max(read, default=None)
    if at is None:
        return None
    old = now - at > OLD_FACTS
    when = ago(at, now) if review.facts is None else f"again {ago(at, now).removeprefix('just ')}"
    return f"{'◐' if old else '✓'} facts read {when}", "$warning" if old else "$success"


def _details(action: Action) -> list[Content]:
    rows: list[Content] = []
    about = [("amount ", "$quiet"), (str(action.amount), "bold $accent")] if action.amount else []
    if action.target:
        about += [("   " if about else "", ""), ("target ", "$quiet"), (action.target, "bold")]
    about += [("   " if about else "", ""), _reversible(action)]
    rows.append(line(*about))
    for diff in action.diff[:4]:
        before, after = (value(diff.before), "$quiet"), (value(diff.after), "")
        rows.append(line((f"{field_words(diff.field)} ", "$quiet"), before, (" → ", "$quiet"), after))
    if len(action.diff) > 4:
        rows.append(words(f"and {len(action.diff) - 4} more changes", "$quiet"))
    return rows


def _reversible(action: Action) -> tuple[str, str]:
    return ("can be reversed", "$quiet") if action.reversible else ("final", "bold $warning")


def field_words(field: str) -> str:
    """A record's field as it is spoken of: `order.refunded` is "order refunded"."""
    return field.replace(".", " ").replace("_", " ")


def value(of: Json) -> str:
    """A record's value in a few words."""
    if of is None or of == "":
        return "–"
    if isinstance(of, Mapping):
        if set(of) == {"minor", "currency"} and isinstance(of["minor"], int):
            return str(Money.model_construct(minor=of["minor"], currency=short(str(of["currency"]), 8)))
        return short(", ".join(str(each) for each in of.values() if each), 60)
    if isinstance(of, list):
        return short(", ".join(value(each) for each in of), 60)
    return short(str(of), 60)


def _verdict(verdict: Verdict | None) -> tuple[str, str]:
    if verdict is None:
        return ("", "")
    said = {
        "approve": ("  ✓ approved", "$success"),
        "edit": ("  ✎ edited", "$accent"),
        "reject": ("  ✗ rejected", "$error"),
    }
    return said.get(verdict.type, ("  ↩ responded", "$secondary"))
