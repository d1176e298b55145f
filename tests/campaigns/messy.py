"""Sends real, messy and hostile texts through the whole way of a ticket: `python -m tests.campaigns.messy [DATA_FOLDER]`.

Every thread of `messy/` (all customer messages of it, our answers in between) and every row of every file of `hostile/` is
a ticket of its own, by turns from a customer of the sample shop and from a stranger. The sample shop answers none of them
by rights; what counts is that each ends somewhere, with a reason. The last line is one of JSON:

- tickets, messages: how many. broke: the workflow raised. Limit 0.
- without_reason: ended without a route, a sentence why, or, before a person, a reason of the gate. Limit 0.
- unlike_text: a reason, a reply or a note with a control character, a traceback or an unfilled slot. Limit 0.
- risky_effects: actions of high risk, or for an unverified customer, that would go out by themselves. Limit 0.
- slowest_ms; shares: where the tickets ended, for each source; reasons: the commonest reasons before a person.

`--long` takes all, else a stable sample. `--break reasons` loses the reasons: the run must fail.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from app.models import minilm
from app.models.registry import models
from app.sources.lookup import Lookup
from app.sources.records import open_shop
from app.workflow.services import Services
from app.workflow.steps import handle_case
from config.load import load
from config.rules import Rules
from store import plain
from store.case import Case, Ending
from store.contract import Gate, Message, Ticket, now
from tests.campaigns.hostile import OWN, rows
from tests.workflow.shopfloor import sample_orders

THREADS = ("cfpb_complaints", "sumo_threads", "twitter_support")
HOSTILE = ("benign_lookalikes", "naughty_strings", "prompt_injections", "terminal_unicode_csv", "tickets_with_payload")
SAMPLE = 40
"""Tickets of each source in the short form."""
MOST_MESSAGES = 12
_SLOT = re.compile(r"\{[a-z_.]+\}")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every limit holds."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if options.break_ == "reasons":
            stack.enter_context(mock.patch("app.workflow.endings.GateReason", side_effect=KeyError("reason")))
            stack.enter_context(mock.patch("app.workflow.endings.gate", return_value=Gate()))
        found = _run(_sources(options.data, long=options.long), Path(folder))
    print(json.dumps(found))
    return 0 if holds(found) else 1


def holds(found: dict[str, Any]) -> bool:
    """Whether every limit holds over at least one ticket."""
    limits = ("broke", "without_reason", "unlike_text", "risky_effects")
    return found["tickets"] > 0 and all(found[name] == 0 for name in limits)


def _run(sources: dict[str, list[list[str]]], folder: Path) -> dict[str, Any]:
    rules = load()
    embed = minilm.embed if minilm.available() is None else None
    services = Services(
        rules,
        models(rules, folder / "models"),
        Lookup(rules, open_shop(rules, folder / "shop.sqlite"), embed),
        sleep=lambda _seconds: None,
    )
    services.models["strong"].classify("where is my order", timeout=60.0)  # loaded, so that no ticket pays for it
    shop = sample_orders()
    tally, reasons = _Tally(rules), Counter[str]()
    shares: dict[str, Counter[str]] = defaultdict(Counter)
    for source, threads in sources.items():
        for number, texts in enumerate(threads):
            sender = shop[number % len(shop)][1] if number % 2 else "somebody@elsewhere.example"
            for at in _turns(texts):
                ending = tally.one(f"{source}-{number}", texts, at, sender, services)
                if ending is not None:
                    shares[source][ending.how] += 1
                    reasons.update(_why(ending))
        print(f"{source}: {len(threads)} tickets, {dict(shares[source])}", file=sys.stderr)
    total = sum(shares.values(), Counter())
    return {
        "tickets": sum(map(len, sources.values())),
        **tally.figures(),
        "shares": {name: _shares(each) for name, each in [("all", total), *shares.items()]},
        "reasons": dict(reasons.most_common(12)),
    }


def _why(ending: Ending) -> list[str]:
    """The first reason before a person; a failure by its own name."""
    return [
        ending.failure.code if reason.code == "failure" and ending.failure else reason.code
        for reason in ending.gate.reasons[:1]
    ]


class _Tally:
    """What went wrong, counted; each case is told on standard error."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._counts = dict.fromkeys(("messages", "broke", "without_reason", "unlike_text", "risky_effects"), 0)
        self._slowest = (0.0, "")

    def one(self, name: str, texts: Sequence[str], at: int, sender: str, services: Services) -> Ending | None:
        """Handle the thread as it was when message `at` came."""
        self._counts["messages"] += 1
        begun = time.perf_counter()
        try:
            ending = handle_case(_case(name, texts[: at + 1], sender), services)
        except Exception as error:
            self._say("broke", name, f"{type(error).__name__}: {error}")
            return None
        self._slowest = max(self._slowest, (time.perf_counter() - begun, name))
        route = ending.proposal.route
        if not (route.name and route.code and route.reason and ending.why):
            self._say("without_reason", name, f"{ending.how}: {route.name} {route.code}")
        if ending.how == "review" and not all(reason.text.strip() for reason in ending.gate.reasons or (Gate(),)):
            self._say("without_reason", name, "before a person without a reason")
        if unlike := _unlike_text(ending):
            self._say("unlike_text", name, unlike)
        if ending.how in ("send", "ask") and self._risky(ending):
            self._say("risky_effects", name, str([action.kind for action in ending.proposal.actions]))
        return ending

    def figures(self) -> dict[str, Any]:
        return {**self._counts, "slowest_ms": round(self._slowest[0] * 1000), "slowest": self._slowest[1]}

    def _risky(self, ending: Ending) -> bool:
        found = ending.proposal.actions
        known = self._rules.actions
        unproven = ending.proposal.ticket.customer.identity != "verified"
        return any(unproven or each.kind not in known or known[each.kind].risk == "high" for each in found)

    def _say(self, what: str, name: str, why: str) -> None:
        self._counts[what] += 1
        print(f"{what}: {name}: {plain.line(why)[:300]}", file=sys.stderr)


def _unlike_text(ending: Ending) -> str:
    """What of the words that we wrote is no text for a person; the customer's own words may be anything."""
    proposal = ending.proposal
    ours = [proposal.route.reason, ending.why, *(reason.text for reason in ending.gate.reasons)]
    if ending.how in ("send", "ask"):
        ours.append(proposal.customer_reply or "")
    if ending.failure:
        ours += [ending.failure.customer_text, ending.failure.internal_note]
    for text in ours:
        if "Traceback (most recent" in text or "object at 0x" in text:
            return f"a traceback: {text}"
        if any(unicodedata.category(one) in ("Cc", "Cf", "Cs") and one not in "\n\u200d" for one in text):
            return f"a control character: {text!r}"
        if ending.how in ("send", "ask") and _SLOT.search(proposal.customer_reply or ""):
            return f"an unfilled slot: {proposal.customer_reply}"
    return ""


def _case(name: str, texts: Sequence[str], sender: str) -> Case:
    """As the store gives it: every text is plain, and what was hidden is counted."""
    messages = []
    for number, text in enumerate(texts):
        inbound = not text.startswith(_OURS)
        body = text if inbound else text.removeprefix(_OURS)
        messages.append(
            Message(
                id=f"{name}-{number}",
                ticket_id=name,
                direction="inbound" if inbound else "outbound",
                at=now(),
                author="Sam" if inbound else "",
                sender=sender if inbound else None,
                text=plain.body(body),
                hidden=plain.hidden(body),
            )
        )
    return Case(ticket=Ticket(id=name, version=len(messages)), messages=tuple(messages), message=messages[-1])


_OURS = "\x00ours\x00"
"""Marks an answer of the shop inside a thread."""


def _turns(texts: Sequence[str]) -> list[int]:
    """The places of the customer's messages that are handled: the first, and the last when there are more."""
    found = [place for place, text in enumerate(texts) if not text.startswith(_OURS)]
    return sorted({found[0], found[-1]}) if found else []


def _sources(data: Path | None, *, long: bool) -> dict[str, list[list[str]]]:
    """Threads by source; a thread is its texts in order."""
    found: dict[str, list[list[str]]] = {"own": [[text] for text in OWN]}
    for name in THREADS if data else ():
        found[name] = [_thread(row) for row in _sample(rows(data, "messy", name), long=long)]
    for name in HOSTILE if data else ():
        found[name] = [[row["text"]] for row in _sample(rows(data, "hostile", name), long=long)]
    return found


def _thread(row: dict[str, Any]) -> list[str]:
    if "messages" not in row:
        return [row["text"]]
    return [
        each["text"] if each["by"] == "customer" else _OURS + each["text"] for each in row["messages"][:MOST_MESSAGES]
    ]


def _sample(all_rows: list[dict[str, str]], *, long: bool) -> list[dict[str, str]]:
    """All, or the same few on every machine."""
    if long:
        return all_rows
    return sorted(all_rows, key=lambda row: hashlib.sha256(row["id"].encode()).hexdigest())[:SAMPLE]


def _shares(counts: Counter[str]) -> dict[str, float]:
    return {how: round(count / counts.total(), 3) for how, count in counts.most_common()}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.messy", description=__doc__.splitlines()[0])
    parser.add_argument(
        "data", type=Path, nargs="?", metavar="DATA_FOLDER", help="the folder that holds messy/, hostile/"
    )
    parser.add_argument("--long", action="store_true", help=f"all of them instead of {SAMPLE} of each source")
    parser.add_argument("--break", dest="break_", choices=["reasons"], help="positive control: the run must fail")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
