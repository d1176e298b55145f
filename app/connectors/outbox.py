"""Replies as e-mail files in a folder: one .eml for each key, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from app.connectors.port import Result
from store import plain
from store.contract import Execution, Json, action_hash, now

DOMAIN = "lastclick.invalid"
"""The right side of our Message-IDs: reserved, so that it can never be somebody's."""
SENDER = Address("Support", "support", DOMAIN)

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9.!#$%&'*+/^_`{|}~@-]")


class Outbox:
    """Writes `<key>.eml`. A mail program or a relay takes the files from there; nothing is sent by itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def perform(self, execution: Execution) -> Result:
        """The same key and bytes: the same file. Only the text and the headers below leave, never a note of ours."""
        known = self.outcome(execution)
        if known.state != "missing":
            return known
        try:
            mail = _mail(execution)
            self._write(self._path(execution), mail.as_bytes())
        except ValueError as error:
            return Result(state="failed", code="connector_refused", detail=str(error))
        except FileExistsError:  # another worker was quicker with the same key
            return self.outcome(execution)
        except OSError as error:
            return Result(state="failed", code="connector_unreachable", detail=f"outbox: {error.strerror or error}")
        return Result(state="done", external_id=str(mail["Message-ID"]))

    def outcome(self, execution: Execution) -> Result:
        """Whether the file of this key is there, and is of these bytes."""
        path = self._path(execution)
        try:
            head = path.read_bytes()
        except FileNotFoundError:
            return Result(state="missing")
        except OSError as error:
            return Result(state="unknown", code="connector_timeout", detail=f"outbox: {error.strerror or error}")
        if action_hash(execution.action).encode() not in head:
            return Result(state="failed", code="connector_refused", detail="the key was used for another reply")
        return Result(state="done", external_id=_message_id(execution))

    def read(self, record: str, record_id: str, field: str) -> Json:
        """A reply hangs on no record."""
        return None

    def _path(self, execution: Execution) -> Path:
        key = execution.action.idempotency_key or execution.id
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.eml"

    def _write(self, path: Path, content: bytes) -> None:
        """Written beside and linked into place: a reader never sees half a file, and a file is never written over."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.stem}.{os.getpid()}.{id(content)}")
        try:
            with beside.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(beside, path)
            _sync(self._folder)
        finally:
            beside.unlink(missing_ok=True)


def _mail(execution: Execution) -> EmailMessage:
    """The mail of a reply. Raises ValueError when there is no text."""
    args = execution.action.args
    text = args.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("the reply has no text")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = SENDER
    if (to := _recipient(args.get("to"), args.get("name"))) is not None:
        mail["To"] = to
    subject = _line(args.get("subject")) or "Your message to us"
    mail["Subject"] = subject if subject.casefold().startswith("re:") else f"Re: {subject}"
    mail["Date"] = now()
    mail["Message-ID"] = _message_id(execution)
    if answered := _in_brackets(args.get("in_reply_to")):
        mail["In-Reply-To"] = answered
        mail["References"] = answered
    for name, value in (
        ("Thread", args.get("thread")),
        ("Channel", args.get("channel")),
        ("Ticket", execution.ticket_id),
    ):
        if line := _line(value):
            mail[f"X-Lastclick-{name}"] = line
    mail["X-Lastclick-Digest"] = action_hash(execution.action)
    mail["Auto-Submitted"] = "auto-replied"  # RFC 3834: an out-of-office robot does not answer it
    mail.set_content(plain.body(text), subtype="plain", charset="utf-8", cte="quoted-printable")
    return mail


def _recipient(address: Json, name: Json) -> Address | None:
    """The proven sender. What is no plain address gets no To line: the thread says where the reply belongs."""
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address) or len(address) > 254:
        return None
    return Address(_line(name)[:80], addr_spec=address)


def _message_id(execution: Execution) -> str:
    key = execution.action.idempotency_key or execution.id
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{DOMAIN}>"


def _in_brackets(message_id: Json) -> str:
    """A channel's message id as a header may carry it; empty when nothing of it is left."""
    bare = _NOT_IN_AN_ID.sub("", message_id if isinstance(message_id, str) else "")[:200]
    return f"<{bare if '@' in bare else f'{bare}@{DOMAIN}'}>" if bare else ""


def _line(value: Json) -> str:
    """One line without control characters, and without the start of an encoded word: the standard library decodes
    `=?utf-8?q?=0D=0A...?=` when a header is set and would write the line break that stands in it."""
    return plain.line(value).replace("=?", "= ?")[:200].strip() if isinstance(value, str) else ""


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
