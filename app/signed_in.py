"""Where a person is signed in, and their token: in the system's keyring, or in a file that was asked for by name."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from config.settings import Settings
from store.queue import NotSignedIn, QueueError

SERVICE = "lastclick"
KEYRING_SECONDS = 3.0
"""A locked keyring waits for a person to unlock it; a desk does not."""
_HINT = "Unlock it, or name a file that only you can read: lastclick login URL --token-file FILE"


class NoPlace(QueueError):
    """The token could not be kept."""


class Login(BaseModel):
    """The address, the name there, and the file of the token where it is not in the keyring."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    user: str
    token_file: Path | None = None


def current(where: Settings) -> Login | None:
    """Where this person is signed in. Raises `NotSignedIn` for a file that cannot be read."""
    try:
        return Login.model_validate_json(where.login.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise NotSignedIn(f"{where.login} cannot be read. Sign in again: lastclick login URL") from None


def keep(where: Settings, login: Login, token: str) -> None:
    """Keeps the token, then where it belongs. Raises `NoPlace`."""
    if login.token_file is not None:
        _write(login.token_file, token.encode() + b"\n")
    else:
        _in_time(lambda keyring: keyring.set_password(SERVICE, login.url, token))
    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(where.login, login.model_dump_json(exclude_none=True).encode())


def token(login: Login) -> str:
    """The token. Raises `NotSignedIn` with where it was looked for."""
    if login.token_file is not None:
        return _from_file(login.token_file)
    try:
        found = _in_time(lambda keyring: keyring.get_password(SERVICE, login.url))
    except NoPlace as error:
        raise NotSignedIn(str(error)) from None
    if not found:
        raise NotSignedIn(f"The keyring holds no token for {login.url}. Sign in again: lastclick login {login.url}")
    return str(found)


def forget(where: Settings, login: Login) -> None:
    """This computer knows the token no more; the server ends it by `lastclick token revoke`."""
    if login.token_file is not None:
        login.token_file.unlink(missing_ok=True)
    else:
        with contextlib.suppress(NoPlace):
            _in_time(lambda keyring: keyring.delete_password(SERVICE, login.url))
    where.login.unlink(missing_ok=True)


def _from_file(path: Path) -> str:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise NotSignedIn(f"{path} can be read by others. Make it yours alone: chmod 600 {path}")
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        raise NotSignedIn(f"The token file {path} is not there. Sign in again: lastclick login URL") from None
    except (OSError, UnicodeDecodeError):
        raise NotSignedIn(f"The token file {path} cannot be read. Sign in again: lastclick login URL") from None


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, readable by its owner alone from the first byte."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise NoPlace(f"{path} cannot be written: {error.strerror}.") from error


def _in_time(ask: Callable[..., object]) -> object:
    """Asks the keyring in a thread of its own, since some wait for ever."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise NoPlace(f"There is no keyring here: pip install 'lastclick[keyring]'. {_HINT}") from None
    answers: list[object] = []
    failed: list[str] = []

    def run() -> None:
        try:
            answers.append(ask(keyring))
        except KeyringError as error:
            failed.append(type(error).__name__)

    asking = threading.Thread(target=run, name="keyring", daemon=True)
    asking.start()
    asking.join(KEYRING_SECONDS)
    if failed:
        raise NoPlace(f"The keyring cannot be used ({failed[0]}). {_HINT}")
    if not answers:
        raise NoPlace(f"The keyring did not answer within {KEYRING_SECONDS:.0f} s. {_HINT}")
    return answers[0]
