"""The report of a replay: figures as JSON, and a page of Markdown that begins with what to read first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from app.reports.markdown import cell, quoted
from app.reports.replay.compared import WORDS, WORST, Compared

CASES = 20
"""Cases told one by one."""
SHOWN = 600
"""Characters of a message or reply in the report; `results.jsonl` has all of it."""


def figures(found: Sequence[Compared], marks: Mapping[str, str] = {}) -> dict[str, Any]:
    """Counts by verdict, how proposals match, wrong amounts, cost and seconds."""
    verdicts = Counter(each.verdict for each in found)
    acted = [each for each in found if each.theirs]
    return {
        "tickets": len(found),
        "verdicts": {name: verdicts.get(name, 0) for name in WORST},
        "matches": dict(Counter(each.match for each in acted)),
        "right_proposals": _share(sum(each.match == "same" for each in acted), len(acted)),
        "wrong_amounts": sum(each.wrong_amount for each in found),
        "by_route": dict(Counter(each.route for each in found)),
        "stop_reasons": dict(Counter(rule for each in found for rule in each.rules).most_common()),
        "marks": dict(Counter(marks.get(each.id, "not marked") for each in found)),
        "cost_micros": sum(each.cost_micros for each in found),
        "seconds": round(sum(each.seconds for each in found), 2),
        "seconds_median": round(median([each.seconds for each in found]), 4) if found else 0.0,
    }


def markdown(found: Sequence[Compared], source: str, rules_version: str, marks: Mapping[str, str] = {}) -> str:
    """The page. Outside text is cleaned and cannot be read as Markdown of ours."""
    return "\n".join(_page(found, source, rules_version, marks)) + "\n"


def worst_first(found: Sequence[Compared]) -> list[Compared]:
    """What to read first: a missed stop, then what differs, wrong amounts before the rest."""
    return sorted(
        found, key=lambda each: (WORST.index(each.verdict), not each.wrong_amount, each.match == "same", each.id)
    )


def _page(found: Sequence[Compared], source: str, rules_version: str, marks: Mapping[str, str]) -> Iterator[str]:
    told = figures(found, marks)
    yield f"# Replay of {told['tickets']} tickets\n"
    yield f"From {cell(source)}, with rules {rules_version}. Nothing was sent, recorded or changed. Records are read as"
    yield "they are today: an order that was refunded since is seen as refunded.\n"
    yield "| would have | tickets | |\n|---|--:|---|"
    for name, count in told["verdicts"].items():
        yield f"| {name.replace('_', ' ')} | {count} | {WORDS[name]} |"
    yield "\n| figure | |\n|---|--:|"
    yield f"| proposals that are what people did, of those where people changed something | {told['right_proposals']} |"
    yield f"| wrong amounts | {told['wrong_amounts']} |"
    yield f"| seconds a ticket, median | {told['seconds_median']} |"
    yield f"| cost | {told['cost_micros'] / 1_000_000:.4f} |"
    if marks:
        yield "\n" + ", ".join(f"{count} {mark}" for mark, count in sorted(told["marks"].items())) + ".\n"
    yield "\n## Why it stopped\n\n| reason | tickets |\n|---|--:|"
    for reason, count in told["stop_reasons"].items():
        yield f"| {cell(reason)} | {count} |"
    yield "\n## What to read first"
    for each in worst_first(found)[:CASES]:
        yield from _case(each, marks.get(each.id))


def _case(each: Compared, mark: str | None) -> Iterator[str]:
    title = each.verdict.replace("_", " ") + (f", {each.match}" if each.match != "same" else "")
    yield f"\n### {cell(each.ticket_id)} · {title}{f' · marked {mark}' if mark else ''}\n"
    yield quoted(_begun(each.message))
    yield f"- way: {cell(each.route)}, {cell(each.route_reason)}"
    yield f"- people: {_list(each.theirs) or ('handed it over or refused' if each.handed_over else 'changed nothing')}"
    yield f"- Lastclick: {_list(each.ours) or 'no change'} ({each.how})"
    for difference in each.differences:
        theirs, ours = cell(str(difference.before)), cell(str(difference.after))
        yield f"  - {cell(difference.field)}: people {theirs}, Lastclick {ours}"
    if each.reasons:
        yield f"- stops: {_list(each.reasons)}"
    if each.reply:
        yield "- would have written:\n\n" + quoted(_begun(each.reply))


def _begun(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN].rstrip()}…"


def _list(texts: Sequence[str]) -> str:
    return "; ".join(cell(text) for text in texts)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
