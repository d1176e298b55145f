"""The reply as it is drawn: its sources numbered, what is not proven marked with a sign and a colour. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from app.desk.words import NOTHING, capped, line, lines, press, words
from store.contract import Claim, Evidence, Message, Proposal

BODY_CAP = 16_000
MESSAGE_CAP = 64_000


def reply(proposal: Proposal, chosen: str | None = None, claim: int | None = None) -> Content:
    """The reply with `[n]` behind each claim, `⚠` before each that its sources do not carry. Claims that stand on the
    chosen evidence are lit, or the one of that place alone."""
    text = proposal.customer_reply
    if text is None:
        return words("No reply is proposed.", "$quiet italic")
    lit = {
        place
        for place, each in enumerate(proposal.claims)
        if (place == claim if claim is not None else chosen is not None and chosen in each.evidence_ids)
    }
    return _marked(capped(text, BODY_CAP), proposal.claims, numbers(proposal.evidence), lit)


def next_claim(proposal: Proposal, after: int | None, by: int) -> tuple[int, int] | None:
    """The place of the next claim that names a source (or the one before), and its source's number; None: none does."""
    number = numbers(proposal.evidence)
    carried = [
        (n, number[each.evidence_ids[0]])
        for n, each in enumerate(proposal.claims)
        if each.evidence_ids and each.evidence_ids[0] in number
    ]
    if not carried:
        return None
    if after is None:
        return carried[0 if by > 0 else -1]
    at = next((n for n, (place, _) in enumerate(carried) if place == after), -1)
    return carried[(at + by) % len(carried)]


def note(proposal: Proposal, said: str = "") -> Content:
    """The internal note, then every claim's problem that was not said already."""
    open_ = dict.fromkeys(claim.problem for claim in proposal.claims if claim.problem)
    told = said.casefold()
    problems = [line(("⚠ ", "bold $error"), (problem, "$error")) for problem in open_ if problem.casefold() not in told]
    text = capped(proposal.internal_note, BODY_CAP)
    body = words(text) if text else words("No internal note.", "$quiet italic")
    return lines([body, *([NOTHING, *problems] if problems else [])])


def source(evidence: Evidence, number: int, claims: Sequence[Claim]) -> Content:
    """A source in full, where and when it was read, and how many claims of the reply stand on it."""
    carried = sum(evidence.id in claim.evidence_ids for claim in claims)
    when = evidence.read_at.astimezone().strftime("%Y-%m-%d %H:%M")
    where = f" · {evidence.uri}" if evidence.uri else ""
    about = f"{evidence.kind} · read {when}{where} · carries {carried} claim{'' if carried == 1 else 's'}"
    return lines(
        [
            line((f"[{number}] ", "bold $primary"), (evidence.title, "bold")),
            words(about, "$quiet"),
            words(evidence.quote),
        ]
    )


def conversation(messages: Sequence[Message], every: bool) -> Content:
    """The newest customer message, or all of them, newest last."""
    shown = list(messages) if every else latest(messages)
    if not shown:
        return words("No message is on file for this ticket.", "$quiet italic")
    parts: list[Content] = []
    for message in shown:
        if every:
            parts.append(words(f"{title(message)}", "$secondary bold"))
        parts.append(words(capped(message.text, MESSAGE_CAP)))
        if every:
            parts.append(NOTHING)
    return lines(parts)


def latest(messages: Sequence[Message]) -> list[Message]:
    inbound = [message for message in messages if message.direction == "inbound"]
    return inbound[-1:]


def title(message: Message) -> str:
    """Who wrote when: `customer · 14:02`."""
    who = (
        (message.author or "customer")
        if message.direction == "inbound"
        else f"to the customer{' (by itself)' if message.ai_handled else ''}"
    )
    return f"{who} · {message.at.astimezone().strftime('%d %b %H:%M')}"


def numbers(evidence: Sequence[Evidence]) -> dict[str, int]:
    """The number of each source by its id, in the order shown."""
    return {each.id: n for n, each in enumerate(evidence, start=1)}


def _marked(text: str, claims: Sequence[Claim], number: dict[str, int], lit: set[int]) -> Content:
    parts: list[Content] = []
    at = 0
    for place, claim in enumerate(claims):
        found = text.find(claim.text, at) if claim.text else -1
        if found < 0:
            continue
        parts.append(words(text[at:found]))
        at = found + len(claim.text)
        parts.append(_sentence(claim, number, lit=place in lit))
    parts.append(words(text[at:]))
    return Content("").join(parts)


def _sentence(claim: Claim, number: dict[str, int], *, lit: bool) -> Content:
    if claim.problem:
        return line(("⚠ ", "bold $error"), (claim.text, "underline $error"))
    marks = [
        press(f"source_{number[each]}", (f"[{number[each]}]", "$secondary"))
        for each in claim.evidence_ids
        if each in number
    ]
    body = line(("▸", "bold $accent"), (claim.text, "bold $accent")) if lit else words(claim.text)
    return line(body, (" ", ""), *marks) if marks else body
