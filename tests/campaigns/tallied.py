"""What the figures of repeat contacts must be, counted by other code than the product's: plain loops over plain rows.

A `Told` is what is taken for true: which replies went out by themselves and who came back on which. It is read from the
rows that the store recorded, or made from the threads, the outbox and the memory of who decided (`from_threads`).
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from store.driver import driver
from tests.campaigns.weeks import Arrival

HOUR, DAY = 3600, 86_400
LISTED = 50
"""Lines that a list of figures shows at most."""
_GREETED = re.compile(r"(?i)\s*(?:hi|hello|dear|hey)\b[^,\n!]{0,60}[,!]?")

Cell = tuple[str, int, str]


@dataclass(frozen=True)
class Reply:
    """One that went out by itself at a second, in answer to a message, with the keys it counts under by dimension."""

    at: int
    answers: str
    keys: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Told:
    """`contacts`: the customer's message, the reply it comes back on, and whether the customer is confused."""

    replies: dict[str, Reply]
    contacts: list[tuple[str, str, bool]]

    def returned(self) -> dict[str, Reply]:
        """The replies that somebody came back on, each once."""
        return {reply: self.replies[reply] for _, reply, _ in self.contacts}

    def confused(self) -> dict[str, Reply]:
        return {reply: self.replies[reply] for _, reply, confused in self.contacts if confused}


def recorded(queue: Path) -> Told:
    """As the rows of the store say."""
    with driver().connect(f"file:{queue}?mode=ro", uri=True) as store:
        sent = store.execute(
            "SELECT m.id, m.at, m.text, x.message_id, p.body FROM messages m JOIN executions x ON x.id = m.execution_id"
            " JOIN proposals p ON p.request_id = m.request_id WHERE m.direction = 'outbound' AND m.ai_handled"
        ).fetchall()
        links = store.execute("SELECT message_id, reply_id, confusion FROM repeats ORDER BY rowid").fetchall()
    replies = {
        name: Reply(at // 1_000_000, answers, _keys(json.loads(body), bytes(said).decode()))
        for name, at, said, answers, body in sent
    }
    return Told(replies, [(message, reply, bool(confused)) for message, reply, confused in links])


def closed(queue: Path) -> set[str]:
    """Messages that wanted no answer, as the store recorded it: a plain thank-you comes back on nothing."""
    with driver().connect(f"file:{queue}?mode=ro", uri=True) as store:
        return {one for (one,) in store.execute("SELECT message_id FROM work WHERE ended = 'close'")}


def from_threads(
    messages: Sequence[Arrival], outbox: Path, decided: Collection[str], wants_none: Collection[str], days: float
) -> dict[str, str]:
    """Who came back on what, for threads in which a customer has one matter: each message that wants an answer, by the
    message that was answered last by itself within so many days before. Read from the mails that went out."""
    matter_of = {one.message.message_id: one.matter for one in messages}
    mails: dict[str, list[tuple[datetime, str]]] = {}
    for at, answers in alone(outbox, decided):
        mails.setdefault(matter_of[answers], []).append((at, answers))
    found = {}
    for one in messages:
        before = [
            mail
            for mail in mails.get(one.matter, ())
            if one.at - timedelta(days=days) <= mail[0] < one.at.replace(microsecond=0)
        ]
        if before and one.message.message_id not in wants_none:
            found[one.message.message_id] = max(before)[1]
    return found


def alone(outbox: Path, decided: Collection[str]) -> Iterator[tuple[datetime, str]]:
    """The mails that went out though nobody decided: when, and in answer to which message."""
    for path in outbox.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        answers = str(mail["In-Reply-To"]).strip("<>").partition("@")[0]
        if answers not in decided:
            yield email.utils.parsedate_to_datetime(str(mail["Date"])), answers


# ── roll-ups ─────────────────────────────────────────────────────────────────


def cells(told: Told) -> Counter[Cell]:
    """Every cell of the roll-ups that tell of replies: by each dimension, in the hour and the day the reply went out."""
    found: Counter[Cell] = Counter()
    for name, replies in (("replies", told.replies), ("returned", told.returned()), ("confused", told.confused())):
        for one in replies.values():
            for by, keys in one.keys.items():
                for key in keys:
                    found[f"{name}.{by}", one.at - one.at % HOUR, key] += 1
                    found[f"{name}.{by}/day", one.at - one.at % DAY, key] += 1
    return found


def kept(queue: Path) -> Counter[Cell]:
    """The same cells as the store keeps them."""
    with driver().connect(f"file:{queue}?mode=ro", uri=True) as store:
        rows = store.execute("SELECT name, at, key, count FROM figures WHERE count != 0").fetchall()
    names = ("replies", "returned", "confused")
    return Counter({(name, at, key): n for name, at, key, n in rows if name.partition(".")[0] in names})


def differing(counted: Counter[Cell], said: Counter[Cell]) -> list[str]:
    return [
        f"{name} {key or '(all)'} at {at}: kept {said[name, at, key]}, counted {counted[name, at, key]}"
        for name, at, key in sorted(counted.keys() | said.keys())
        if counted[name, at, key] != said[name, at, key]
    ]


# ── answers ──────────────────────────────────────────────────────────────────


def shares(told: Told, now: datetime, hours: int, by: str, ago: int = 0) -> dict[str, tuple[int, int]]:
    """By key: how many replies of the last hours somebody came back on, of how many; the running hour included.

    `ago`: the window so many hours earlier.
    """
    second = int(now.timestamp())
    start = second - second % HOUR - (hours - 1 + ago) * HOUR
    end = start + hours * HOUR if ago else second + 1
    found: dict[str, list[int]] = {}
    for place, replies in enumerate((told.returned(), told.replies)):
        for one in replies.values():
            for key in one.keys.get(by, ()) if start <= one.at < end else ():
                found.setdefault(key, [0, 0])[place] += 1
    return {key: (part, whole) for key, (part, whole) in found.items()}


def behind(told: Told, now: datetime, hours: int, by: str, key: str) -> list[str]:
    """The messages that came back first on the replies of such a cell."""
    second = int(now.timestamp())
    start = second - second % HOUR - (hours - 1) * HOUR
    first: dict[str, str] = {}
    for message, reply, _ in told.contacts:
        first.setdefault(reply, message)
    return sorted(
        message
        for reply, message in first.items()
        if told.replies[reply].at >= start and key in told.replies[reply].keys.get(by, ())
    )


# ── what a reply counts under ────────────────────────────────────────────────


def _keys(proposal: dict[str, Any], text: str) -> dict[str, tuple[str, ...]]:
    route = proposal["route"]
    prompt, version = route.get("prompt", ""), route.get("prompt_version", "")
    failure = proposal.get("failure")
    return {
        "all": ("",),
        "route": (route["name"],),
        "model": (route["model"],) if route.get("model") else (),
        "prompt": (prompt,) if prompt else (),
        "version": (f"{prompt} {version[:12]}" if version else f"{prompt} (built in)",) if prompt else (),
        "intent": tuple(dict.fromkeys(proposal.get("intents", ()))),
        "action": tuple(dict.fromkeys(one["kind"] for one in proposal.get("actions", ()))),
        "message": (failure["code"],) if failure else (),
        "reply": (_pattern(text),),
    }


def _pattern(text: str) -> str:
    """The reply without its greeting, and a … for every word that has a digit."""
    greeted = _GREETED.match(text)
    words = text[greeted.end() if greeted else 0 :].split()
    general = " ".join("…" if any(letter.isdecimal() for letter in word) else word for word in words)
    digest = hashlib.sha256(general.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{digest} {general[:80]}"
