"""What is done beside deciding a case: read its history, leave the team a note, copy a text for another program."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from app.desk import letters
from app.desk.dialogs.note import NoteDialog
from app.desk.screens.history import HistoryScreen
from store.contract import Review
from store.queue import Queue, QueueError

if TYPE_CHECKING:
    from app.desk.screens.main import MainScreen


def copied(review: Review, source: int | None) -> tuple[str, str]:
    """What is copied and its text: the open source, else the drafted reply, else the customer's newest message."""
    if source is not None:
        return f"source {source}", review.proposal.evidence[source - 1].quote
    if review.proposal.customer_reply:
        return "the reply", review.proposal.customer_reply
    newest = letters.latest(review.messages)
    return "the message", newest[0].text if newest else ""


def asked_to_copy(what: str, text: str, environment: Mapping[str, str]) -> str:
    """What can honestly be said: a terminal that is asked to copy gives no answer."""
    if not text:
        return f"There is nothing to copy: {what} is empty."
    if environment.get("TMUX"):
        return f"Asked tmux to copy {what}: it passes it on when set-clipboard is on."
    return f"Asked the terminal to copy {what}: it gives no answer."


def _copy(screen: MainScreen) -> None:
    if screen.review is not None:
        _ask(screen, *copied(screen.review, screen.source))


def _copy_id(screen: MainScreen) -> None:
    if screen.review is not None:
        _ask(screen, "the ticket's number", screen.review.proposal.ticket.id)


def _ask(screen: MainScreen, what: str, text: str) -> None:
    if text:
        screen.app.copy_to_clipboard(text)
    screen.say(asked_to_copy(what, text, os.environ), "$quiet")


def _history(screen: MainScreen) -> None:
    queue, review = screen.queue, screen.review
    if queue is not None and review is not None:
        ticket = review.proposal.ticket.id
        screen.app.push_screen(HistoryScreen(queue, screen.actor, ticket, read_only=screen.read_only))


def _note(screen: MainScreen) -> None:
    queue, review = screen.queue, screen.review
    if queue is None or review is None:
        return
    ticket = review.proposal.ticket.id

    def written(text: str | None) -> None:
        if text:
            screen.spawn(_keep(screen, queue, ticket, text), "note")

    dialog = NoteDialog(screen.names(), screen.begun("note"))
    dialog.about = "note"
    screen.ask(dialog, written)


async def _keep(screen: MainScreen, queue: Queue, ticket_id: str, text: str) -> None:
    try:
        await queue.note(ticket_id, screen.actor, text)
    except QueueError as error:
        screen.say(f"The note was not kept. {error}", "bold $error")
    else:
        screen.say(f"✎ note kept on {ticket_id}", "$success")


def _routes(screen: MainScreen) -> None:
    from app.desk.screens.routes import RoutesScreen

    if screen.queue is not None:
        screen.app.push_screen(RoutesScreen(screen.queue, screen.actor, read_only=screen.read_only))


def _stats(screen: MainScreen) -> None:
    from app.desk.screens.stats import StatsScreen

    if screen.queue is not None:
        screen.app.push_screen(StatsScreen(screen.queue, screen.actor, read_only=screen.read_only))


def _spots(screen: MainScreen) -> None:
    from app.desk.screens.spots import SpotsScreen

    if screen.queue is not None:
        screen.app.push_screen(SpotsScreen(screen.queue, screen.actor, read_only=screen.read_only))


ALSO: Mapping[str, Callable[[MainScreen], None]] = {
    "history": _history,
    "note": _note,
    "copy": _copy,
    "copy_id": _copy_id,
    "routes": _routes,
    "stats": _stats,
    "spots": _spots,
}
"""The actions of this room, by their key's id."""
