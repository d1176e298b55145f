"""A session put away until its browser comes back: what lies on the disk opens only with the cookie that the browser has.

A cookie is 256 random bits, made for one session and one token. Its digest names the file; a key that is drawn from it hides
the token and notices a changed byte. Who has the file alone has nothing, and the cookie alone was always the session.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import time
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from pydantic import BaseModel, ConfigDict, ValidationError

from store.roles import User


class Kept(BaseModel):
    """One session. `seen`: when its person last did something, in seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    user: User
    made_here: bool
    seen: float
    sealed: str


class Shelf:
    """The folder of them, for its owner alone."""

    def __init__(self, folder: Path, idle_seconds: float) -> None:
        """What nobody may open any more is thrown away: without it its token is nowhere."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in folder.glob("*.json"):
            kept = _read(path)
            if kept is None or time.time() - kept.seen > idle_seconds:
                path.unlink(missing_ok=True)

    def put(self, digest: str, kept: Kept) -> None:
        """Whole or not at all. A disk that takes nothing costs a session at the next restart, and nothing else."""
        path = self._path(digest)
        fresh = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(kept.model_dump_json())
            fresh.replace(path)

    def find(self, digest: str) -> Kept | None:
        return _read(self._path(digest))

    def drop(self, digest: str) -> None:
        with contextlib.suppress(OSError):
            self._path(digest).unlink()

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"


def seal(cookie: str, token: str) -> str:
    return _lock(cookie).encrypt(token.encode()).decode()


def unseal(cookie: str, sealed: str) -> str | None:
    """The token; None when this is not its cookie, or a byte was changed."""
    try:
        return _lock(cookie).decrypt(sealed).decode()
    except InvalidToken:
        return None


def _lock(cookie: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"lastclick seals\n" + cookie.encode()).digest()))


def _read(path: Path) -> Kept | None:
    try:
        return Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
