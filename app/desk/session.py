"""Where an agent left off: ticket, filter, layout and half-written edits, in a file that only they can read."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from app.desk import form
from app.desk.dialogs.edit import EditDialog, Edits
from app.desk.dialogs.frame import Dialog
from store.live import View
from store.queue import Queue, QueueError

if TYPE_CHECKING:
    from app.desk.screens.main import MainScreen

LARGEST = 4_000_000
"""Bytes. A larger file is none of ours."""


class Written(BaseModel):
    """What was typed into the form of one review and not sent."""

    model_config = ConfigDict(extra="forbid")
    args: dict[str, dict[str, Any]] = {}
    reply: str | None = None
    note: str = ""


class Session(BaseModel):
    """One desk as it was left."""

    model_config = ConfigDict(extra="forbid")
    version: Literal[1] = 1
    review_id: str | None = None
    view: View = View()
    words: str = ""
    pane: Literal["queue", "ticket", "live"] = "queue"
    edits: dict[str, Written] = {}
    texts: dict[str, dict[str, str]] = {}


def load(path: Path) -> tuple[Session, str]:
    """The last session, and what is wrong with its file in a sentence. A file that cannot be read is set aside, not lost."""
    try:
        if not path.exists():
            return Session(), ""
        if path.stat().st_size > LARGEST:
            raise ValueError("too large")
        return Session.model_validate_json(path.read_bytes()), ""
    except (OSError, ValueError, ValidationError):
        aside = path.with_name(f"{path.name}.unreadable")
        with contextlib.suppress(OSError):
            path.replace(aside)
        return Session(), f"The last session could not be read and is kept as {aside.name}."


def save(path: Path, session: Session) -> bool:
    """Write it whole or not at all, readable by its owner alone. False: the disk would not."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(session.model_dump_json(exclude_defaults=True).encode())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return False
    return True


def of(screen: MainScreen) -> Session:
    """The session as it is now, with what stands in an open form."""
    handling, reading = screen.handling, screen.reading
    kept = dict(handling.kept) if handling else {}
    dialogs = [each for each in screen.app.screen_stack if isinstance(each, Dialog) and each.is_mounted]
    for each in dialogs:
        if isinstance(each, EditDialog) and handling is not None and handling.case is not None:
            with contextlib.suppress(form.BadValue):
                kept[handling.case.review.id] = each.edits()
    review = screen.review
    texts = dict(screen.texts)
    for each in dialogs:
        if each.about and review is not None and (written := each.written()):
            texts[review.id] = {**texts.get(review.id, {}), each.about: written}
    return Session(
        review_id=review.id if review else None,
        view=reading.view if reading else View(),
        words=reading.words if reading else "",
        pane=screen.pane,
        texts=texts,
        edits={review_id: Written(args=e.args, reply=e.reply, note=e.note) for review_id, e in kept.items()},
    )


async def still_there(queue: Queue, session: Session) -> Session:
    """The session without a ticket that no longer waits."""
    if session.review_id is None:
        return session
    try:
        waits = (await queue.review(session.review_id)).state == "open"
    except QueueError:
        waits = False
    return session if waits else session.model_copy(update={"review_id": None})


def restore(screen: MainScreen, session: Session) -> None:
    """Put the desk back as it was left, as soon as the queue is in use."""
    handling, reading = screen.handling, screen.reading
    if handling is None or reading is None:
        return
    for review_id, written in session.edits.items():
        handling.kept.setdefault(review_id, Edits(written.args, written.reply, written.note, send=False))
    screen.texts.update(session.texts)
    if session.view != View() or session.words:
        screen.look_at(session.view, session.words)
    screen.set_pane(session.pane)
    if session.review_id is not None:
        screen.return_to(session.review_id)
