"""A case as lines of text, for an ear: what it is, why it stopped, what would happen, what was written. Pure, no widget."""

from __future__ import annotations

from collections.abc import Iterator

from app.desk import deciding, figures, form, people
from app.desk.deciding import OpenCase
from store.contract import REPLY, Action, Edit, Gate, Reject, Respond, Review, Verdict
from store.live import Row


def case(case: OpenCase, place: str, me: str) -> Iterator[str]:
    """The whole case, the trusted part first, the customer's and the model's words last and named as such."""
    review = case.review
    proposal, customer = review.proposal, review.proposal.ticket.customer
    yield f"Ticket {proposal.ticket.id}{place}. {proposal.ticket.subject}"
    yield from (f"A note speaks to you. {note.actor}: {note.text}" for note in people.mentioned(review.notes, me))
    if review.state != "open":
        yield deciding.settled(review, None, None, "")
    for reason in review.gate.reasons or ():
        yield f"Why it stopped: {reason.text}."
    if not review.gate.reasons:
        yield "Why it stopped: no rule, it was sent here by hand."
    yield from (f"No longer so: {each}. It would be refused when it runs." for each in deciding.outdated(review))
    if review.gate.needs == "two":
        yield f"Two people must approve it.{f' {review.approvals[0]} did.' if review.approvals else ''}"
    yield f"Route: {proposal.route.name}, model {proposal.route.model}. {proposal.route.reason}."
    yield from actions(case)
    how = f", {customer.how}" if customer.how else ""
    yield f"Customer: {customer.name or 'not named'}, identity {customer.identity}{how}."
    titles = [f"{n} {each.title}" for n, each in enumerate(proposal.evidence, 1)]
    yield f"Sources: {'; '.join(titles)}." if titles else "Sources: none, nothing is proven."
    if proposal.hidden:
        yield f"{proposal.hidden} characters of the message were hidden."
    newest = [each for each in review.messages if each.direction == "inbound"][-1:]
    for message in newest:
        yield f"The customer wrote at {figures.clock(message.at)}:"
        yield from quoted(message.text)
    yield from letters(review)


def letters(review: Review) -> Iterator[str]:
    proposal = review.proposal
    if proposal.customer_reply is None:
        yield "No reply is proposed."
    else:
        yield "The reply that would go out:"
        yield from quoted(proposal.customer_reply)
    yield from (f"Not proven: “{each.text}” {each.problem}." for each in proposal.claims if each.problem)
    if proposal.internal_note:
        yield "The note for the team:"
        yield from quoted(proposal.internal_note)
    if review.draft is not None:
        yield f"{review.draft.actor} left a draft at {figures.clock(review.draft.at)}."


def actions(case: OpenCase) -> Iterator[str]:
    """Each action with what it changes and, once given, its verdict."""
    proposal = case.review.proposal
    total = len(proposal.actions)
    for n, action in enumerate(proposal.actions, 1):
        yield f"Action {n} of {total}: {deciding.exact_words(action)}. {_final(action)}{_verdict(case, action.action_id)}"
        for field in form.fields(action.args_schema, action.args):
            yield f"  {field.path[0]}: {form.shown(field)}"
    if not total:
        yield "Action: none, only the reply goes out."
    elif total > 1 and REPLY in proposal.to_decide():
        yield f"And the reply.{_verdict(case, REPLY)}"


def asked(effect: tuple[str, ...], gate: Gate | None) -> Iterator[str]:
    """The question before a decision goes out."""
    yield "This will happen:"
    yield from (f"  {clause}." for clause in effect)
    if gate is not None:
        yield from (f"The gate says: {reason.text}." for reason in gate.reasons)
        if gate.needs == "two":
            yield "A second person must approve it."
    yield "Say confirm to do it, or no."


def row(row: Row, at: str) -> str:
    """One line of the list."""
    risk = "high risk. " if row.risk == "high" else ""
    held = f" {row.claimed_by} has it." if row.claimed_by else ""
    return f"{row.ticket_id}, {at}: {risk}{row.reason}. {row.subject}{'' if row.subject[-1:] in '.!?' else '.'}{held}"


def quoted(text: str) -> Iterator[str]:
    """Outside words, each line behind a bar: none can pass for a line of ours."""
    yield from (f"| {line}" for line in text.splitlines() or [""])


def _final(action: Action) -> str:
    return "It can be reversed." if action.reversible else "It is final."


def _verdict(case: OpenCase, action_id: str) -> str:
    verdict: Verdict | None = case.verdicts.get(action_id)
    if verdict is None:
        return ""
    said = "approved"
    if isinstance(verdict, Edit):
        said = "edited"
    elif isinstance(verdict, Reject):
        said = "rejected"
    elif isinstance(verdict, Respond):
        said = "responded"
    return f" You {said} it."
