"""Where a model's key comes from: an environment variable, or the operating system's keyring. It is never kept or logged."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.rules import ModelEntry

SERVICE = "lastclick"
KEYRING_SECONDS = 3.0
"""A locked keyring waits for a person to unlock it; a worker does not."""


class NoKey(Exception):
    """The key is not where models.toml says it is. The text says where it was looked for and what to do."""


def key(entry: ModelEntry) -> str | None:
    """The key of a model, None where it needs none. Raises `NoKey`."""
    if entry.key_env:
        return _usable(os.environ.get(entry.key_env), f"The environment variable {entry.key_env} holds no key.")
    if entry.key_keyring:
        missing = f"The keyring holds no key: keyring set {SERVICE} {entry.key_keyring}"
        return _usable(_from_keyring(entry.key_keyring), missing)
    return None


def _usable(found: str | None, otherwise: str) -> str:
    stripped = (found or "").strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable():
        raise NoKey(otherwise)
    return stripped


def _from_keyring(name: str) -> str | None:
    """Ask the keyring in a thread of its own, since some wait for ever."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise NoKey("The keyring is not installed: pip install 'lastclick[keyring]'") from None
    found: list[str | None] = []
    failed: list[str] = []

    def ask() -> None:
        try:
            found.append(keyring.get_password(SERVICE, name))
        except KeyringError as error:
            failed.append(str(error))

    asking = threading.Thread(target=ask, name="keyring", daemon=True)
    asking.start()
    asking.join(KEYRING_SECONDS)
    if failed:
        raise NoKey(f"The keyring cannot be read: {failed[0]}")
    if not found:
        raise NoKey(f"The keyring did not answer within {KEYRING_SECONDS:.0f} s. Unlock it, or use key_env.")
    return found[0]
