"""What an unknown outcome turned out to be: what was done after all is taken from before the person, once and for all."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlmodel import Session

from store import carrying, reading, reviewing
from store.carrying import SEND_REPLY
from store.contract import Action, Gate, GateReason, Proposal, now
from store.judge import Judge
from store.tables import DecisionRow, ExecutionRow, ReviewRow, TicketRow, table

_executions, _reviews, _decisions = table(ExecutionRow), table(ReviewRow), table(DecisionRow)


def twin(session: Session, row: ExecutionRow) -> ExecutionRow | None:
    """Another execution under the same key that runs or is done: a person let the same deed go again meanwhile."""
    same = (_executions.c.idempotency_key == row.idempotency_key) & (_executions.c.id != row.id)
    found = select(ExecutionRow).where(same, _executions.c.state.in_(("running", "done")))
    return session.execute(found).scalar_one_or_none()


def take_back(session: Session, judge: Judge, row: ExecutionRow) -> None:
    """The review that asked a person about it is closed; what was let go to do it again and has not run is taken back.

    What else was in there (the actions after this one, the reply) is still not done: it stands in a new review.
    """
    asked, rest = f"{row.id}!unknown", None
    review = session.execute(select(ReviewRow).where(_reviews.c.request_id == asked)).scalar_one_or_none()
    if review is not None and review.state in reviewing.UNDECIDED:
        rest = _without(reading.proposal(session, asked), row)
        reviewing.close(session, review, f"{row.kind} was done after all")
    again = _let_go_again(session, review, row)
    if again:
        carrying.void(session, again, f"{row.kind} was done after all")
        left = [one for one in again if one.idempotency_key != row.idempotency_key]
        rest = carrying.as_let_go(session, again[0].request_id, left)
    ticket = session.get_one(TicketRow, row.ticket_id)
    if rest is not None and (rest.actions or rest.customer_reply) and ticket.newest_message_id == row.message_id:
        _file_rest(session, judge, ticket, row, rest)


def _without(proposal: Proposal, row: ExecutionRow) -> Proposal:
    if row.kind == SEND_REPLY:
        return proposal.model_copy(update={"customer_reply": None, "claims": ()})
    done = Action.model_validate_json(row.action).action_id
    return proposal.model_copy(update={"actions": tuple(one for one in proposal.actions if one.action_id != done)})


def _let_go_again(session: Session, review: ReviewRow | None, row: ExecutionRow) -> list[ExecutionRow]:
    """What a person let go from that review, or under the same key from another, and no worker has taken yet."""
    queued = _executions.c.state == "queued"
    same = select(_executions.c.batch).where(queued, _executions.c.idempotency_key == row.idempotency_key)
    mine = select(_decisions.c.id).where(_decisions.c.review_id == (review.id if review else None))
    begun = select(_executions.c.batch).where(_executions.c.decision_id.in_(mine), ~queued)
    fresh = _executions.c.decision_id.in_(mine) & _executions.c.batch.not_in(begun)
    again = or_(_executions.c.batch.in_(same), fresh)
    found = select(ExecutionRow).where(queued, again).order_by(_executions.c.batch, _executions.c.position)
    return list(session.execute(found).scalars())


def _file_rest(session: Session, judge: Judge, ticket: TicketRow, row: ExecutionRow, rest: Proposal) -> None:
    done = Action.model_validate_json(row.action).description or row.kind
    text = f"{done} was done after all; what follows it was not"
    proposal = rest.model_copy(
        update={
            "request_id": f"{row.id}!done",
            "created_at": now(),
            "failure": None,
            "internal_note": f"Already done: {done}.",
        }
    )
    gate: Gate = judge.gate(proposal, carrying.refunded_today(session, ticket.customer_id))
    reasons = (GateReason(code="done_after_all", text=text), *gate.reasons)
    reviewing.keep(session, proposal, ticket, "review")
    reviewing.open_review(session, judge, ticket, proposal, gate.model_copy(update={"reasons": reasons}))


def same_deed(session: Session, row: ExecutionRow, other: ExecutionRow) -> None:
    """The deed is done once and counted once, on the execution that a person let go last."""
    row.state = "void"
    session.flush()
    told = {"why": f"the same as {other.id}", "same_as": other.id}
    carrying.tell(session, row, "void", **told)
