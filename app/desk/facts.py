"""The trusted part of a ticket as it is drawn: why it stopped, which way it went, what would run, for whom. Pure.

Amounts, targets and ids stand on lines of their own, made from typed fields: no customer or model text beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from app.desk.deciding import OpenCase, action_words
from app.desk.words import line, lines, short, words
from store.contract import REPLY, Action, Json, Review, Verdict

SOURCES_ON_A_LINE = 9
REASON_CAP = 300
NAME_CELLS = 40


def why(review: Review) -> Content:
    """Every gate reason, the first one strongest."""
    if not review.gate.reasons:
        return words("No rule stopped it: it was sent here by hand.", "$quiet")
    first, *rest = review.gate.reasons
    rows = [words(short(first.text, REASON_CAP), "bold $warning")]
    rows += [words(short(reason.text, REASON_CAP), "$warning") for reason in rest]
    if review.gate.needs == "two":
        given = f"; {', '.join(review.approvals)} approved" if review.approvals else ""
        rows.append(words(f"Two people must approve{given}", "bold $accent"))
    return lines(rows)


def route(review: Review) -> Content:
    """The route, the model, and the reason in a plain sentence."""
    way = review.proposal.route
    return line(
        (way.name, "bold"), (" → ", "$quiet"), (way.model, ""), ("   ", ""), (short(way.reason, REASON_CAP), "")
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
                (f"{n}/{len(proposal.actions)} ", "$quiet"),
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
    """Identity and how it is known, then the name."""
    customer = review.proposal.ticket.customer
    style = {"verified": "bold $success", "weak": "bold $warning", "unknown": "bold $error"}[customer.identity]
    sign = {"verified": "✓", "weak": "◐", "unknown": "✗"}[customer.identity]
    how = f": {customer.how}" if customer.how else ""
    return line(
        (f"{sign} {customer.identity}", style),
        (short(how, NAME_CELLS), ""),
        ("   ", ""),
        (short(customer.name, NAME_CELLS), "bold"),
    )


def sources(review: Review, shown: int | None = None) -> Content:
    """The sources by number; the one that is open is lit."""
    evidence = review.proposal.evidence
    if not evidence:
        return words("None: nothing in this proposal is proven.", "$warning")
    parts: list[Content] = []
    for n, each in enumerate(evidence[:SOURCES_ON_A_LINE], start=1):
        lit = n == shown
        parts.append(
            line(
                (f"{n}", "bold reverse $primary" if lit else "bold $primary"),
                (f" {short(each.title, 34)}", "bold" if lit else ""),
            )
        )
    more = len(evidence) - SOURCES_ON_A_LINE
    if more > 0:
        parts.append(words(f"and {more} more", "$quiet"))
    return Content("   ").join(parts)


def _details(action: Action) -> list[Content]:
    rows: list[Content] = []
    about = [("amount ", "$quiet"), (str(action.amount), "bold $accent")] if action.amount else []
    if action.target:
        about += [("   " if about else "", ""), ("target ", "$quiet"), (action.target, "bold")]
    about += [("   " if about else "", ""), _reversible(action)]
    rows.append(line(*about))
    for diff in action.diff[:4]:
        rows.append(
            line(
                (f"{diff.field} ", "$quiet"), (value(diff.before), "$quiet"), (" → ", "$quiet"), (value(diff.after), "")
            )
        )
    if len(action.diff) > 4:
        rows.append(words(f"and {len(action.diff) - 4} more changes", "$quiet"))
    return rows


def _reversible(action: Action) -> tuple[str, str]:
    return ("can be reversed", "$quiet") if action.reversible else ("final", "bold $warning")


def value(of: Json) -> str:
    """A record's value in a few words."""
    if of is None or of == "":
        return "–"
    if isinstance(of, Mapping):
        if set(of) == {"minor", "currency"}:
            return f"{of['minor'] / 100:.2f} {of['currency']}"
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
