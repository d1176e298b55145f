"""What a team may trust more, and what less, from what people made of each proposal: by rule, route, prompt and wish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.reports.markdown import cell
from app.reports.what_if import OVERRIDES
from store.live import Counters, Past, Stats

RELAX_CASES, RELAX_SHARE = 50, 0.95
"""A rule is a candidate to relax when so many decided cases were approved unedited to this share."""
REMOVE_CASES, REMOVE_SHARE = 20, 0.5
"""A rule, way, prompt or wish is a candidate to take from the workflow when people changed so much of it."""
EXAMPLES = 5

Key = tuple[str, str]
"""Kind (rule, route, prompt, wish) and name."""


@dataclass
class Tally:
    """What people made of the proposals of one rule, route, prompt version or wish."""

    kind: str
    name: str
    decided: int = 0
    overridden: int = 0
    alone: int = 0
    """Decided cases that nothing else stopped: relaxing the rule lets just these out."""
    cases: list[str] = field(default_factory=list)
    """Tickets that people changed, newest first."""

    @property
    def share(self) -> float:
        """Share of decided cases that people changed."""
        return self.overridden / self.decided if self.decided else 0.0


@dataclass(frozen=True)
class Trust:
    """All of it, over the cases since `since`."""

    since: datetime
    handled: int
    sent: int
    decided: int
    overridden: int
    tallies: tuple[Tally, ...]

    def relax(self) -> list[Tally]:
        """Rules that people let go as they are."""
        fit = [one for one in self.tallies if one.decided >= RELAX_CASES and 1 - one.share >= RELAX_SHARE]
        return sorted(fit, key=lambda one: (-one.alone, -one.decided, one.name))

    def remove(self) -> list[Tally]:
        """What people keep changing."""
        fit = [one for one in self.tallies if one.decided >= REMOVE_CASES and one.share >= REMOVE_SHARE]
        return sorted(fit, key=lambda one: (-one.share, -one.decided, one.name))


def trust(past: Iterable[Past], since: datetime) -> Trust:
    """Count what was proposed since then. `past` is newest first; older ones end it."""
    tallies: dict[Key, Tally] = {}
    handled = sent = decided = overridden = 0
    for each in past:
        if each.proposal.created_at < since:
            break
        handled += 1
        sent += each.how in ("send", "ask")
        if each.state != "decided" or not each.verdicts or each.verdicts[0] in ("hand_over", "snooze"):
            continue
        changed = bool(OVERRIDES & set(each.verdicts))
        decided, overridden = decided + 1, overridden + changed
        rules = list(dict.fromkeys(reason.code for reason in each.gate.reasons))
        for kind, name in _keys(each, rules):
            tally = tallies.setdefault((kind, name), Tally(kind, name))
            tally.decided += 1
            tally.overridden += changed
            tally.alone += kind == "rule" and rules == [name]
            if changed and len(tally.cases) < EXAMPLES:
                tally.cases.append(each.proposal.ticket.id)
    return Trust(since, handled, sent, decided, overridden, tuple(tallies.values()))


def _keys(each: Past, rules: Sequence[str]) -> Iterator[Key]:
    route = each.proposal.route
    yield from (("rule", name) for name in rules)
    yield "route", route.name
    if route.prompt_version:
        yield "prompt", f"{route.prompt} {route.prompt_version}"
    yield from (("wish", name) for name in each.proposal.intents)


# ── told ─────────────────────────────────────────────────────────────────────


def as_json(found: Trust) -> dict[str, Any]:
    """For programs."""
    rows = {
        "relax": found.relax(),
        "remove": found.remove(),
        "all": sorted(found.tallies, key=lambda one: -one.decided),
    }
    return {
        "since": found.since.isoformat(timespec="seconds"),
        "handled": found.handled,
        "sent_by_itself": found.sent,
        "decided": found.decided,
        "overridden": found.overridden,
    } | {name: [vars(one) | {"share_overridden": round(one.share, 4)} for one in list_] for name, list_ in rows.items()}


def markdown(found: Trust, live: Counters, figures: Stats) -> str:
    """The roll-out report on one page. `live` and `figures`: of the queue, over the same time."""
    return "\n".join(_page(found, live, figures)) + "\n"


def _page(found: Trust, live: Counters, figures: Stats) -> Iterator[str]:
    yield f"# Roll-out report since {found.since:%Y-%m-%d}\n"
    yield "| | |\n|---|--:|"
    yield f"| messages handled | {found.handled} |"
    yield f"| answered without a person | {found.sent} |"
    yield f"| decided by people | {found.decided} |"
    yield f"| changed by people (edited, rejected, rewritten, sent round again) | {_of(found.overridden, found.decided)} |"
    yield f"| customers who came back after an automatic reply | {_of(figures.repeats.part, figures.repeats.whole)} |"
    yield f"| of these, customers who did not understand it | {figures.confusions.part} |"
    yield f"| resolved tickets that were opened again | {_of(figures.reopened.part, figures.reopened.whole)} |"
    spot = figures.spot
    yield f"| automatic replies that a person read and found wrong | {_of(spot.wrong, spot.graded)} |"
    yield "\n## By way\n\n| way | handled | replies | came back | changed by people | failed |\n|---|--:|--:|--:|--:|--:|"
    for one in live.routes:
        name, back = cell(one.name) + ("" if one.on else " (off)"), _of(one.repeats, one.replies)
        yield f"| {name} | {one.handled} | {one.replies} | {back} | {one.overrides} | {one.failures} |"
    yield f"\n## To relax: approved unedited in {RELAX_SHARE:.0%} of at least {RELAX_CASES} cases\n"
    yield from _table(found.relax(), "Nothing yet.")
    yield f"\n## To take from the workflow: changed in {REMOVE_SHARE:.0%} of at least {REMOVE_CASES} cases\n"
    yield from _table(found.remove(), "Nothing.")
    yield "\nTry a change before you make it: `lastclick what-if --set review.NAME=off`."


def _table(tallies: Sequence[Tally], nothing: str) -> Iterator[str]:
    if not tallies:
        yield nothing
        return
    yield "| what | decided | changed | nothing else stopped it | cases people changed |\n|---|--:|--:|--:|---|"
    for one in tallies:
        cases = ", ".join(map(cell, one.cases)) or "none"
        changed = _of(one.overridden, one.decided)
        yield f"| {one.kind} {cell(one.name)} | {one.decided} | {changed} | {one.alone} | {cases} |"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else f"{part}"
