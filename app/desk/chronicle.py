"""The history of a ticket as dated lines: messages, steps, reviews, decisions, executions, notes, in time's order. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.desk import people
from store.contract import Attempt, Execution, Json, Message, Note
from store.live import Event, Row, TicketHistory

Tone = Literal["said", "step", "bad", "good", "person", "note", "quiet"]
SIGNS: Mapping[Tone, str] = {
    "said": "»", "step": "·", "bad": "✗", "good": "✓", "person": "◆", "note": "✎", "quiet": " ",
}  # fmt: skip
"""Every tone has its sign: none is told by colour alone."""

TOLD_ELSEWHERE = {"message.received", "message.sent", "note.added", "attempts.made"}
"""Events whose content stands in the history as a value of its own."""
MESSAGE_LINES = 12


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `rest` is what stands below the first line."""

    at: datetime
    who: str
    what: str
    tone: Tone
    rest: tuple[str, ...] = ()


def entries(history: TicketHistory) -> tuple[Entry, ...]:
    """Everything, oldest first."""
    actions = {each.id: each for each in history.executions}
    found = [_message(each) for each in history.messages]
    found += [_attempt(each) for each in history.attempts]
    found += [_note(each) for each in history.notes]
    found += [_event(each, actions) for each in history.events if each.kind not in TOLD_ELSEWHERE]
    return tuple(sorted(found, key=lambda entry: entry.at))


def cost(history: TicketHistory) -> str:
    """What the models took for this ticket: `5 steps · 1 retry · 1,204 tokens · 0.0031`."""
    tries = history.attempts
    retries = sum(each.number > 1 for each in tries)
    tokens = sum(each.tokens_in + each.tokens_out for each in tries)
    money = sum(each.cost_micros for each in tries) / 1e6
    counted = (_many(len(tries), "step"), _many(retries, "retry", "retries"), _many(tokens, "token"))
    return f"{' · '.join(counted)} · cost {money:.4f}"


def laid_out(shown: tuple[Entry, ...], width: int) -> list[tuple[Tone, str, str]]:
    """Lines so many cells wide at most: (tone, the dated head, the text). Drawn as they are, a window at a time."""
    lines: list[tuple[Tone, str, str]] = []
    day = ""
    for entry in shown:
        local = entry.at.astimezone()
        if day != (day := f"{local:%A, %d %B %Y}"):
            lines.append(("quiet", "", day))
        head = f"{local:%H:%M:%S} {SIGNS[entry.tone]} "
        first, *more = _wrapped(f"{entry.who}: {entry.what}" if entry.who else entry.what, width - len(head))
        lines.append((entry.tone, head, first))
        lines += [(entry.tone, " " * len(head), text) for text in more]
        for text in entry.rest:
            lines += [("quiet", " " * len(head), each) for each in _wrapped(text, width - len(head))]
    return lines


def earlier(rows: tuple[Row, ...], ticket_id: str) -> tuple[Row, ...]:
    """Other tickets of a search, newest first, each once."""
    return tuple({row.ticket_id: row for row in rows if row.ticket_id != ticket_id}.values())


def _message(message: Message) -> Entry:
    who = message.author or "customer"
    if message.direction == "outbound":
        who = "sent by itself" if message.ai_handled else "sent"
    lines = [line for line in message.text.splitlines() if line.strip()]
    more = len(lines) - MESSAGE_LINES
    shown = (*lines[:MESSAGE_LINES], *([f"… {_many(more, 'more line')}"] if more > 0 else []))
    first, *rest = shown or ("(no words)",)
    hidden = (f"{_many(message.hidden, 'hidden character')}",) if message.hidden else ()
    return Entry(message.at, who, first, "said", (*rest, *hidden))


def _attempt(attempt: Attempt) -> Entry:
    again = f" · try {attempt.number}" if attempt.number > 1 else ""
    model = f" · {attempt.model}" if attempt.model else ""
    outcome = "" if attempt.outcome == "ok" else f" · {attempt.outcome}{f' ({attempt.code})' if attempt.code else ''}"
    rest = []
    if attempt.prompt:
        version = f"@{attempt.prompt_version[:12]}" if attempt.prompt_version else ""
        rest.append(f"prompt {attempt.prompt}{version}")
    if attempt.tokens_in or attempt.tokens_out or attempt.cost_micros:
        rest.append(
            f"{attempt.tokens_in:,} tokens in, {attempt.tokens_out:,} out · cost {attempt.cost_micros / 1e6:.6f}"
        )
    if attempt.detail:
        rest.append(attempt.detail)
    took = f" · {attempt.ms:.0f} ms" if attempt.ms else ""
    tone: Tone = "step" if attempt.outcome == "ok" else "bad"
    below = (" · ".join(rest[:2]), *rest[2:]) if rest else ()
    return Entry(attempt.at, attempt.step.replace("_", " "), f"{again}{model}{took}{outcome}".lstrip(" ·"), tone, below)


def _note(note: Note) -> Entry:
    names = people.mentions(note.text)
    first, *rest = note.text.splitlines() or [""]
    return Entry(note.at, f"{note.actor} → {', '.join(names)}" if names else note.actor, first, "note", tuple(rest))


def _event(event: Event, actions: Mapping[str, Execution]) -> Entry:
    room, _, what = event.kind.partition(".")
    who = "" if event.actor == people.SYSTEM else event.actor
    ran = actions.get(event.subject)
    words = f"{room} {what.replace('_', ' ')}".strip()
    if ran is not None:
        words = f"{ran.action.description or ran.action.kind.replace('_', ' ')}: {what.replace('_', ' ')}"
        if ran.failure is not None and what in {"failed", "unknown"}:
            return Entry(event.at, who, words, "bad", (ran.failure.internal_note,))
    return Entry(event.at, who, words, _tone(event), _data(event.data))


def _tone(event: Event) -> Tone:
    if event.kind in {"execution.failed", "execution.unknown", "execution.void", "decision.void", "review.expired"}:
        return "bad"
    if event.kind in {"execution.done", "ticket.closed", "proposal.send"}:
        return "good"
    return "quiet" if event.actor == people.SYSTEM else "person"


def _data(data: Mapping[str, Json]) -> tuple[str, ...]:
    """What an entry holds beside the ticket: codes and numbers; digests only by their beginning."""
    told = [f"{name.replace('_', ' ')} {text}" for name, value in data.items() if (text := _value(name, value))]
    return (" · ".join(told),) if told else ()


def _value(name: str, value: Json) -> str:
    if name in {"ticket_id", "fence"} or value in (None, "", [], {}):
        return ""
    if name in {"shown", "ran"}:
        return str(value)[:12] if isinstance(value, str) else ""
    if isinstance(value, list):
        return ", ".join(_short(each) for each in value[:6])
    return _short(value)


def _short(value: Json) -> str:
    if isinstance(value, dict):
        return " ".join(
            str(each) for each in value.values() if isinstance(each, str | int) and not isinstance(each, bool)
        )
    return str(value)[:120]


def _wrapped(text: str, width: int) -> Iterator[str]:
    yield from textwrap.wrap(text, max(16, width), break_long_words=True, drop_whitespace=True) or [""]


def _many(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
