"""A write that is asked for twice is done once: its answer is kept under the key of its request, in the same transaction.

Whoever lost the answer asks for it by the key. A key that nothing was written under is withdrawn by that question, so a
request that is still under way cannot arrive later: after it, "not sent" stays true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from store.contract import now
from store.people_tables import AnswerRow
from store.queue import Conflict
from store.tables import table

T = TypeVar("T")

KEPT = timedelta(hours=48)
"""How long an answer can be asked for."""

_json: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True)
class Key:
    """Whose request it is, its key, and a digest of what it asks for."""

    user: str
    key: str
    digest: str


class Again(Exception):
    """This request was carried out before; `answer` is what it answered, as JSON."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


_current: ContextVar[Key | None] = ContextVar("request_key", default=None)


@contextmanager
def under(key: Key) -> Iterator[None]:
    """What is written within is written under this key."""
    token = _current.set(key)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Key | None:
    return _current.get()


def do(key: Key, change: Callable[[Session], T], session: Session) -> T:
    """Makes the change and keeps its answer. Raises `Again` when it was made, `Conflict` when the key is another's or
    was withdrawn. A change that changed nothing leaves nothing under its key: to ask again is harmless."""
    known = session.get(AnswerRow, (key.user, key.key))
    if known is not None:
        raise _known(known, key)
    answer = change(session)
    if "journal" in session.info or session.info.get("staged"):
        kept = _json.dump_json(answer).decode()
        session.add(AnswerRow(user=key.user, key=key.key, digest=key.digest, answer=kept, at=now()))
        try:
            session.flush()
        except IntegrityError:
            raise Conflict("This request was withdrawn, or sent twice at once. Nothing was changed by it.") from None
    return answer


def answer_or_withdraw(session: Session, user: str, key: str) -> str | None:
    """The answer kept under a key, as JSON; None when there is none, and then there never will be."""
    known = session.get(AnswerRow, (user, key))
    if known is not None:
        return known.answer
    session.add(AnswerRow(user=user, key=key, digest="", answer=None, at=now()))
    session.flush()
    return None


def forget_old(session: Session) -> None:
    """Answers that nobody asks for any more."""
    answers = table(AnswerRow)
    session.execute(delete(answers).where(answers.c.at < now() - KEPT))


def _known(known: AnswerRow, key: Key) -> Exception:
    if known.answer is None:
        return Conflict("This request was withdrawn before it arrived. Nothing was changed.")
    if known.digest != key.digest:
        return Conflict("This Idempotency-Key was used for another request. Take a new one.", field="Idempotency-Key")
    return Again(known.answer)
