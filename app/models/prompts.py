"""Prompts: filled with a case as data, and versioned by everything that shapes the answer."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from store.contract import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.rules import ModelEntry, Rules
    from store.case import Case, Record

_SLOT = re.compile(r"\{(\w+)\}")
_MARKER = re.compile(r"</?\s*(?:ticket|evidence|details)\s*>", re.I)
MOST_TICKET, MOST_QUOTE = 24_000, 2_000
"""Characters of a ticket and of one quote that go to a model; the newest words of a ticket are kept."""


@dataclass(frozen=True)
class Prompt:
    """A prompt ready to send."""

    name: str
    text: str
    version: str


def version(template: str, entry: ModelEntry, schema: dict[str, Any]) -> str:
    """Hash of template, model, parameters and schema. `schema`: over all that the rules know, so that it is one a prompt
    and not one a ticket."""
    parameters = [entry.model, entry.temperature, entry.max_tokens]
    return hashlib.sha256(json.dumps([template, parameters, schema], sort_keys=True).encode()).hexdigest()[:12]


def filled(template: str, slots: dict[str, str]) -> str:
    """The text that is sent."""
    return _SLOT.sub(lambda slot: slots.get(slot[1], slot[0]), template)


def ticket_text(case: Case) -> str:
    """The conversation, oldest first, the newest message last; cut at its beginning when it is very long."""
    lines = [f"Subject: {case.ticket.subject}"] if case.ticket.subject else []
    for message in case.messages or (case.message,):
        who = "customer" if message.direction == "inbound" else "us"
        lines.append(f"[{who}, {message.at:%Y-%m-%d %H:%M}]\n{message.text}")
    return data("\n\n".join(lines)[-MOST_TICKET:])


def data(text: str) -> str:
    """Outside text that cannot close the markers around it."""
    return _MARKER.sub("[marker]", text)


def details_text(details: str) -> str:
    """What a colleague added, between markers of its own; empty without any."""
    return f"<details>\n{data(details)}\n</details>\n" if details else ""


def evidence_of(case: Case) -> tuple[Evidence, ...]:
    """All that a draft may stand on: the customer's records, the passages, the earlier conversations."""
    facts = case.facts
    if facts is None:
        return ()
    return (*(_of_record(record) for record in facts.records), *facts.passages, *facts.conversations)


def evidence_text(evidence: Sequence[Evidence]) -> str:
    parts = [f"[{each.id}] {each.title}\n{each.quote[:MOST_QUOTE]}" for each in evidence]
    return data("\n\n".join(parts)) or "(none)"


def actions_text(kinds: Sequence[str], rules: Rules) -> str:
    """One line an action: its kind, what it does, its arguments."""
    lines = []
    for kind in kinds:
        entry = rules.actions[kind]
        args = ", ".join(name if arg.required else f"{name} (may be null)" for name, arg in entry.args.items())
        lines.append(f"- {kind}: {entry.description} Arguments: {args or 'none'}.")
    return "\n".join(lines) or "(none)"


def _of_record(record: Record) -> Evidence:
    lines = [f"{field}: {json.dumps(value, ensure_ascii=False)}" for field, value in record.values.items()]
    return Evidence(
        id=f"{record.kind}:{record.id}",
        kind="record",
        title=f"{record.kind} {record.id}",
        quote="\n".join(lines),
        uri=record.uri,
        read_at=record.read_at,
        version=record.version or None,
    )
