"""Who may do what: users and roles, enrolment by one-time code, tokens of which only the digest is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select, update
from sqlmodel import Session

from store import journal, once, team
from store.contract import Money, now
from store.people_tables import EnrolmentRow, TokenRow, UserRow
from store.queue import Conflict, Invalid, NotFound, NotSignedIn
from store.roles import Bearer, Role, Token, User
from store.tables import table

if TYPE_CHECKING:
    from store.engine import Database
    from store.postgres import Postgres

T = TypeVar("T")

TOKEN_DAYS = 90
CODE_HOURS = 24

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_RESERVED = re.compile(r"(lastclick|worker.*|system|someone)", re.IGNORECASE)
"""Names under which the store itself writes into the journal."""
_TOKEN = re.compile(r"lct_([a-z2-7]{16})_([A-Za-z0-9_-]{43})")

_tokens, _users, _codes = table(TokenRow), table(UserRow), table(EnrolmentRow)


class People:
    """The door to users and tokens. Synchronous; every method is one transaction. Raises `QueueError`s."""

    def __init__(self, database: Database | Postgres) -> None:
        self._database = database

    @property
    def database(self) -> Database | Postgres:
        """Where they are kept."""
        return self._database

    # ── users ────────────────────────────────────────────────────────────────

    def add(self, name: str, role: Role, limits: tuple[Money, ...] = (), *, by: str) -> str:
        """Adds a user and returns the code with which they enrol. Raises `Conflict` for a name that is taken."""
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
            raise Invalid(f"{name!r} is no user's name: up to 64 letters, digits and . _ @ + -, not the store's own.")
        if len({limit.currency for limit in limits}) != len(limits) or any(limit.minor < 0 for limit in limits):
            raise Invalid("limit: one amount a currency, not below zero.")

        def write(session: Session) -> str:
            if session.get(UserRow, name) is not None:
                raise Conflict(
                    f"{name} is a user already. `lastclick user code {name}` makes a new code.", field="name"
                )
            row = UserRow(name=name, role=role, limits=team.limits_text(limits), created_at=now(), created_by=by)
            session.add(row)
            session.flush()
            journal.append(session, "user.added", name, actor=by, role=role, limits=[str(one) for one in limits])
            return _new_code(session, name)

        return self._write(write)

    def code(self, name: str, *, by: str) -> str:
        """Another one-time code for a user who lost a token; codes that were not used end."""

        def write(session: Session) -> str:
            user = _living(session, name)
            session.execute(
                update(_codes).where(_codes.c.user == user.name, _codes.c.used_at.is_(None)).values(used_at=now())
            )
            journal.append(session, "user.invited", name, actor=by)
            return _new_code(session, name)

        return self._write(write)

    def revoke(self, name: str, *, by: str) -> None:
        """Ends a user, their tokens and their codes, at once. A user is never deleted: the journal speaks of them."""

        def write(session: Session) -> None:
            row = _living(session, name)
            row.revoked_at = now()
            for what, column in ((_tokens, _tokens.c.revoked_at), (_codes, _codes.c.used_at)):
                session.execute(update(what).where(what.c.user == name, column.is_(None)).values({column.name: now()}))
            session.flush()
            journal.append(session, "user.revoked", name, actor=by)

        self._write(write)

    def users(self) -> tuple[User, ...]:
        with self._database.reading() as session:
            rows = session.execute(select(UserRow).order_by(_users.c.name)).scalars()
            return tuple(team.user_value(row) for row in rows)

    # ── tokens ───────────────────────────────────────────────────────────────

    def enrol(self, code: str) -> tuple[str, Bearer]:
        """The token for a one-time code, which is used up. Raises `NotSignedIn` for a code that is not good."""

        def write(session: Session) -> tuple[str, Bearer]:
            used = session.execute(
                update(_codes)
                .where(
                    _codes.c.digest == _digest(_spelled(code)), _codes.c.used_at.is_(None), _codes.c.expires_at > now()
                )
                .values(used_at=now())
                .returning(_codes.c.user)
            ).scalar()
            if used is None:
                raise NotSignedIn("This code is not good: it was used, ran out or never was. Ask for a new one.")
            return _new_token(session, team.user_value(_living(session, used)))

        return self._write(write)

    def bearer(self, token: str) -> Bearer:
        """Whose token this is. Raises `NotSignedIn` for one that is unknown, expired or revoked."""
        parts = _TOKEN.fullmatch(token)
        with self._database.reading() as session:
            found = session.execute(
                select(TokenRow, UserRow)
                .join(UserRow, _users.c.name == _tokens.c.user)
                .where(_tokens.c.id == (parts[1] if parts else ""))
            ).first()
            kept = found[0].digest if found else _digest("")
            same = hmac.compare_digest(kept, _digest(token))
            if found is None or not same:
                raise NotSignedIn("This token is not known here. Sign in: lastclick login.")
            row, user = found
            if row.revoked_at is not None or user.revoked_at is not None:
                raise NotSignedIn("This token was revoked. Ask whoever runs the queue for a new code.")
            if row.expires_at <= now():
                raise NotSignedIn("This token ran out. Ask whoever runs the queue for a new code.")
            return Bearer(user=team.user_value(user), token_id=row.id, expires_at=row.expires_at)

    def rotate(self, bearer: Bearer) -> tuple[str, Bearer]:
        """A new token in the place of this one, which ends."""

        def write(session: Session) -> tuple[str, Bearer]:
            _end(session, bearer.token_id, bearer.user.name)
            return _new_token(session, team.user_value(_living(session, bearer.user.name)))

        return self._write(write)

    def revoke_token(self, token_id: str, *, by: str, of: str | None = None) -> None:
        """Ends a token at once; `of`: only when it is that user's. Raises `NotFound`."""

        def write(session: Session) -> None:
            row = session.get(TokenRow, token_id)
            if row is None or (of is not None and row.user != of):
                raise NotFound("There is no such token. `lastclick token list` shows them.")
            _end(session, token_id, by)

        self._write(write)

    def tokens(self, user: str | None = None) -> tuple[Token, ...]:
        """All tokens, or those of one user, the newest first."""
        wanted = select(TokenRow).order_by(_tokens.c.created_at.desc(), _tokens.c.id)
        with self._database.reading() as session:
            rows = session.execute(wanted if user is None else wanted.where(_tokens.c.user == user)).scalars()
            return tuple(
                Token(
                    id=row.id,
                    user=row.user,
                    created_at=row.created_at,
                    expires_at=row.expires_at,
                    revoked_at=row.revoked_at,
                )
                for row in rows
            )

    # ── answers and ownership ────────────────────────────────────────────────

    def answer_or_withdraw(self, user: str, key: str) -> str | None:
        """What the request under this key answered, as JSON; None: nothing was written, and nothing will be."""
        return self._database.write(lambda session: once.answer_or_withdraw(session, user, key), journaled=False)

    def forget_old_answers(self) -> None:
        self._database.write(once.forget_old, journaled=False)

    def filer(self, subject: str) -> str | None:
        """Who filed the proposal of a review or of an execution; None when there is no such one."""
        with self._database.reading() as session:
            return team.filer(session, subject)

    def close(self) -> None:
        self._database.close()

    def _write(self, change: Callable[[Session], T]) -> T:
        return self._database.write(change)


# ── rows ─────────────────────────────────────────────────────────────────────


def _living(session: Session, name: str) -> UserRow:
    row = session.get(UserRow, name)
    if row is None:
        raise NotFound(f"There is no user {name!r}. `lastclick user list` shows them.")
    if row.revoked_at is not None:
        raise Conflict(f"{name} was revoked on {row.revoked_at:%Y-%m-%d}. Add them under another name.")
    return row


def _new_code(session: Session, name: str) -> str:
    text = base64.b32encode(secrets.token_bytes(15)).decode()
    until = now() + timedelta(hours=CODE_HOURS)
    session.add(EnrolmentRow(digest=_digest(text), user=name, created_at=now(), expires_at=until))
    session.flush()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _new_token(session: Session, user: User) -> tuple[str, Bearer]:
    token_id = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    token = f"lct_{token_id}_{secrets.token_urlsafe(32)}"
    until = now() + timedelta(days=TOKEN_DAYS)
    row = TokenRow(id=token_id, user=user.name, digest=_digest(token), created_at=now(), expires_at=until)
    session.add(row)
    session.flush()
    journal.append(session, "token.made", token_id, actor=user.name, user=user.name, until=until.isoformat())
    return token, Bearer(user=user, token_id=token_id, expires_at=until)


def _end(session: Session, token_id: str, by: str) -> None:
    row = session.get_one(TokenRow, token_id)
    if row.revoked_at is None:
        row.revoked_at = now()
        session.flush()
        journal.append(session, "token.revoked", token_id, actor=by, user=row.user)


def _spelled(code: str) -> str:
    """The code as it was made, however it was typed: small letters, spaces, without dashes, 0 for O and 1 for I."""
    return re.sub(r"[\s-]", "", code).upper().replace("0", "O").replace("1", "I")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
