"""The team as the store's own rules ask for it: who decides, what they may let go, who filed a proposal."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session

from store.contract import Action, Money, Proposal
from store.people_tables import UserRow
from store.queue import Forbidden
from store.roles import User, may_not_decide, over_limit
from store.tables import ExecutionRow, ProposalRow, ReviewRow, table

_users, _reviews, _executions = table(UserRow), table(ReviewRow), table(ExecutionRow)


def may_decide(session: Session, name: str) -> User | None:
    """The user who decides; None on a queue without users, which is one person's own. Raises `Forbidden`."""
    row = session.get(UserRow, name)
    if row is None and session.execute(select(_users.c.name).limit(1)).first() is None:
        return None
    user = user_value(row) if row is not None else None
    reason = may_not_decide(name, user)
    if reason is not None:
        raise Forbidden(reason)
    return user


def may_let_go(session: Session, name: str, actions: Iterable[Action]) -> None:
    """Raises `Forbidden` when these actions are more than this person lets go alone."""
    within_limits(may_decide(session, name), actions)


def within_limits(user: User | None, actions: Iterable[Action]) -> None:
    """The same of one who may decide."""
    reason = over_limit(user, actions) if user is not None else None
    if reason is not None:
        raise Forbidden(reason)


def filer(session: Session, subject: str) -> str | None:
    """Who filed the proposal of a review, or of an execution; None when there is no such one."""
    review = select(_reviews.c.request_id).where(_reviews.c.id == subject)
    execution = select(_executions.c.request_id).where(_executions.c.id == subject)
    request = session.execute(review).scalar() or session.execute(execution).scalar()
    found = session.get(ProposalRow, request) if request else None
    return Proposal.model_validate_json(found.body).source.system if found else None


def user_value(row: UserRow) -> User:
    return User(
        name=row.name,
        role=row.role,
        limits=tuple(Money.model_validate(one) for one in json.loads(row.limits)),
        created_at=row.created_at,
        created_by=row.created_by,
        revoked_at=row.revoked_at,
    )


def limits_text(limits: Iterable[Money]) -> str:
    return json.dumps([limit.model_dump() for limit in limits])
