"""What the ticket pane says when there is no case to show: what is so, and what to do first."""

from __future__ import annotations

from textual.content import Content

from app.desk import keys, notices
from app.desk.words import NOTHING, line, lines, words
from store.live import Counters

DEMO = "demo"
"""The name under which the sample shop's queue is opened."""


def opening() -> Content:
    return words("Opening the queue …", "$quiet")


def shut(said: str) -> Content:
    """That the queue could not be opened, why and what to do, in the store's own sentence."""
    return lines(
        [
            words("The queue is not open.", "bold $error"),
            words(said),
            NOTHING,
            line(("It is tried again by itself; ", "$quiet"), *notices.key("quit", "leaves", "$quiet")),
        ]
    )


def nothing_waits(counters: Counters | None, decided_here: int, place: str = "local") -> Content:
    """First run, all done, everything held, or no worker: told apart by the figures. In the demo the first run means
    that its tickets are on their way."""
    if counters is None:
        return opening()
    if counters.held and not counters.waiting:
        return _all_held(counters)
    handled = sum(route.handled for route in counters.routes)
    if handled or decided_here:
        return _all_done(counters, decided_here)
    return _arriving(counters) if place == DEMO else _first_run(counters)


def nothing_fits(called: str) -> Content:
    """A filter or a search that leaves nothing."""
    return lines(
        [
            words(f"Nothing waits under: {called}", "bold"),
            line(
                (keys.shown("everything"), "bold $primary"),
                (" shows everything, ", "$quiet"),
                (keys.shown("search"), "bold $primary"),
                (" searches, ", "$quiet"),
                (keys.shown("filter"), "bold $primary"),
                (" chooses another part.", "$quiet"),
            ),
        ]
    )


def _all_done(counters: Counters, decided_here: int) -> Content:
    told = f"You decided {decided_here} just now." if decided_here else "Nothing stopped for a person."
    rows = [words("Nothing waits.", "bold $success"), words(told), NOTHING]
    rows.append(words("New cases appear here by themselves.", "$quiet") if counters.workers else _no_worker())
    rows.append(_elsewhere("shows what is snoozed or held"))
    return lines(rows)


def _elsewhere(shows: str) -> Content:
    shown = keys.shown("filter")
    return line((shown, "bold $primary"), (f" {shows}.", "$quiet")) if shown else NOTHING


def _all_held(counters: Counters) -> Content:
    one = counters.held == 1
    return lines(
        [
            words(f"{'One case is' if one else f'All {counters.held} cases are'} held.", "bold $warning"),
            words("A switch is off, and what waits behind it holds until it is on again."),
            NOTHING,
            words("The line above says which switch, who threw it and why.", "$quiet"),
            _elsewhere("shows the cases under “held by a switch”"),
        ]
    )


def _first_run(counters: Counters) -> Content:
    rows = [
        words("This queue is empty.", "bold"),
        words("Tickets that need a person will wait here, with the reason and the sources."),
        NOTHING,
        line(("lastclick demo         ", "bold $primary"), ("see it at work on a sample shop", "")),
        line(("lastclick import FILE  ", "bold $primary"), ("file your own tickets", "")),
        line(("lastclick rules check  ", "bold $primary"), ("check the rules before they do", "")),
        NOTHING,
    ]
    rows.append(
        words("A worker runs. New cases appear here by themselves.", "$quiet") if counters.workers else _no_worker()
    )
    return lines(rows)


def _arriving(counters: Counters) -> Content:
    loads = (
        "The worker runs and loads its models" if counters.workers else "The worker is starting and loads its models"
    )
    return lines(
        [
            words("The day's tickets are about to arrive.", "bold"),
            words("What is routine is answered by itself. What needs a person stops here,"),
            words("with the reason, the sources and a proposal."),
            NOTHING,
            words(f"{loads}: the first time takes up to a minute.", "$quiet"),
            line(
                (keys.shown("help"), "bold $primary"),
                (" shows the keys, ", "$quiet"),
                (keys.shown("quit"), "bold $primary"),
                (" leaves.", "$quiet"),
            ),
        ]
    )


def _no_worker() -> Content:
    return line(("No worker runs: ", "bold $warning"), ("start one with ", ""), ("lastclick worker", "bold $primary"))
