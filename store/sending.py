"""A reply that went out: it becomes a message of the ticket, marked when no person decided it, and maybe a spot check."""

from __future__ import annotations

import hashlib
import json

from sqlmodel import Session

from config.rules import Windows
from store import journal, noting, reading, spotting
from store.contract import now
from store.tables import DecisionRow, ExecutionRow, MessageRow, TicketRow


def sent(session: Session, ticket: TicketRow, row: ExecutionRow, windows: Windows) -> None:
    """Adds the outbound message. `ai_handled` keeps what repeat contacts are counted by: route, prompt, failure message."""
    proposal = reading.proposal(session, row.request_id)
    alone = row.decision_id is None
    route = proposal.route.name
    checked = alone and sampled(ticket.id, windows.spot_check_shares.get(route, windows.spot_check_share))
    message = MessageRow(
        id=f"{row.id}:reply",
        ticket_id=ticket.id,
        direction="outbound",
        at=now(),
        author=proposal.source.system if alone else _decided_by(session, row),
        text=json.loads(row.action)["args"]["text"],
        ai_handled=alone,
        request_id=row.request_id,
        execution_id=row.id,
        route=route,
        prompt_version=proposal.route.prompt_version,
        failure_code=proposal.failure.code if proposal.failure else None,
        spot_check="waiting" if checked else None,
    )
    session.add(message)
    session.flush()
    ticket.version += 1
    noting.reply(session, ticket, message, proposal)
    if checked:
        spotting.draw(session, message, proposal, 2 if sampled(f"{ticket.id}/2", windows.spot_check_twice) else 1)
    journal.append(
        session,
        "message.sent",
        ticket.id,
        ticket=ticket.id,
        message=message.id,
        ai_handled=alone,
        route=route,
        prompt_version=proposal.route.prompt_version,
        spot_check=checked,
    )


def sampled(ticket_id: str, share: float) -> bool:
    """A stable sample: the same ticket always falls in or out, whatever is sent and however often it is asked."""
    return int(hashlib.sha256(ticket_id.encode()).hexdigest()[:8], 16) / 2**32 < share


def _decided_by(session: Session, row: ExecutionRow) -> str:
    return session.get_one(DecisionRow, row.decision_id).actor
