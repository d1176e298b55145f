"""How a PostgreSQL is reached: what its URL must be, and what every connection of ours asks of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from store.queue import Unavailable

PATIENCE_MS = 10_000
"""How long a lock is waited for, and a peer that does not answer."""
IDLE_MS = 5_000
"""A transaction whose process sleeps or was cut off holds its locks no longer than this."""


def parsed(text: str) -> URL:
    """The URL with the driver we use. Raises `Unavailable` for one that cannot be read."""
    try:
        url = make_url(text).set(drivername="postgresql+psycopg")
        _ = url.port
    except (exc.ArgumentError, ValueError) as error:
        raise Unavailable(
            "This is no PostgreSQL URL. Write postgresql+psycopg://user:password@host:5432/database; "
            "a password with special characters is percent-encoded."
        ) from error
    return url


def connect_arguments() -> dict[str, Any]:
    """How every connection of ours behaves. A cut network is noticed within seconds, on both of its ends."""
    options = {
        "synchronous_commit": "off",
        "lock_timeout": PATIENCE_MS,
        "idle_in_transaction_session_timeout": IDLE_MS,
        "tcp_keepalives_idle": 5,
        "tcp_keepalives_interval": 2,
        "tcp_keepalives_count": 3,
        "tcp_user_timeout": PATIENCE_MS,
        "timezone": "UTC",
    }
    return {
        "connect_timeout": 5,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": PATIENCE_MS,
        "application_name": "lastclick",
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
    }
