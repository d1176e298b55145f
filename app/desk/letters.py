"""The reply as it is drawn: its sources numbered, what is not proven marked with a sign and a colour. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from app.desk.words import NOTHING, capped, line, lines, words
from store.contract import Claim, Evidence, Message, Proposal

BODY_CAP = 16_000
MESSAGE_CAP = 64_000


def reply(proposal: Proposal, chosen: str | None = None) -> Content:
    """The reply with `[n]` behind each claim, `⚠` before each that its sources do not carry; claims that stand on the
    chosen evidence are lit."""
    text = proposal.customer_reply
    if text is None:
        return words("No reply is proposed.", "$quiet italic")
    return _marked(capped(text, BODY_CAP), proposal.claims, numbers(proposal.evidence), chosen)


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


def _marked(text: str, claims: Sequence[Claim], number: dict[str, int], chosen: str | None) -> Content:
    parts: list[Content] = []
    at = 0
    for claim in claims:
        found = text.find(claim.text, at) if claim.text else -1
        if found < 0:
            continue
        parts.append(words(text[at:found]))
        at = found + len(claim.text)
        parts.append(_sentence(claim, number, chosen))
    parts.append(words(text[at:]))
    return Content("").join(parts)


def _sentence(claim: Claim, number: dict[str, int], chosen: str | None) -> Content:
    if claim.problem:
        return line(("⚠ ", "bold $error"), (claim.text, "underline $error"))
    marks = "".join(f"[{number[each]}]" for each in claim.evidence_ids if each in number)
    lit = chosen is not None and chosen in claim.evidence_ids
    body = line(("▸", "bold $accent"), (claim.text, "bold $accent")) if lit else words(claim.text)
    return line(body, (f" {marks}", "$secondary")) if marks else body
