"""Signatures of the Standard Webhooks specification: HMAC-SHA256 over id, timestamp and body; a five-minute window."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

WINDOW_SECONDS = 300
PREFIX = "whsec_"


class BadSecret(ValueError):
    """The secret is not one of ours; says what is."""


def new_secret() -> str:
    """256 random bits, as the specification writes them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def kept_secret(path: Path) -> str:
    """The secret of this server: from `LASTCLICK_WEBHOOK_SECRET`, else from its file, which is made when it is missing."""
    if named := os.environ.get("LASTCLICK_WEBHOOK_SECRET"):
        return named
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(file, "w", encoding="ascii") as written:
        made = new_secret()
        written.write(made + "\n")
    return made


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes with a body. Raises `BadSecret`."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + _signature(secret, message_id, timestamp, body),
    }


def verified(secret: str, sent: Mapping[str, str], body: bytes, at: int) -> bool:
    """Whether the headers fit the body, as a receiver checks it: any of several signatures, within the window."""
    try:
        timestamp = int(sent["webhook-timestamp"])
        message_id, signatures = sent["webhook-id"], sent["webhook-signature"].split(" ")
    except (KeyError, ValueError):
        return False
    if abs(at - timestamp) > WINDOW_SECONDS:
        return False
    wanted = "v1," + _signature(secret, message_id, timestamp, body)
    return any(hmac.compare_digest(wanted.encode(), each.encode()) for each in signatures)


def _signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSecret(f"The webhook secret is {PREFIX} and base64; `lastclick serve` makes one.") from error
    if len(key) < 24:
        raise BadSecret("The webhook secret is shorter than 24 bytes; `lastclick serve` makes one.")
    return base64.b64encode(
        hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    ).decode()
