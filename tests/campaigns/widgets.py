"""Every dialog and screen of the desk, opened over hostile text and written into: what we draw in it must stay as it is."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.terminal import Terminal

PATIENCE = 5.0
"""Seconds in which a widget must be there, and must be gone."""
NOT_DEAF = 0.7
"""Seconds after which a dialog that has just opened takes keys for its own, on a busy machine."""
AFTER_ESCAPE = 0.3
"""Seconds in which another key would be taken for a part of the same sequence, and the screen behind comes back."""
LONGEST = 400
"""Characters of one text that are pasted: the first of a long one."""
GONE = " is gone"
_TICKET = re.compile(r"T-\d{4}")


@dataclass(frozen=True)
class Widget:
    """`keys` open it, one after the other; `title` stands there then, and was not there before; `ours` are words of the
    lines that only the desk writes; `leave` closes all of it again. `pasted`: it takes words."""

    name: str
    keys: tuple[str, ...]
    title: str
    ours: tuple[str, ...]
    pasted: bool = False
    leave: tuple[str, ...] = ("\x1b",)


WIDGETS = (
    Widget("source", ("1",), "back to the message", ()),
    Widget("other", ("v",), "Two models, two proposals", ("neither: reject",)),
    Widget("edit", ("e",), "Edit T-", ("keep and leave",)),
    Widget("reject", ("r",), "Reject: why?", ("The facts are wrong", "choose")),
    Widget("reject, in words", ("r", "1"), "Reject: why?", ("Enter send",), pasted=True),
    Widget("respond", ("x",), "instead", ("Ctrl+S send",), pasted=True),
    Widget("retry", ("t",), "Send it round again", ("Ctrl+S send",), pasted=True),
    Widget("hand over", ("o",), "Hand over to", ("Enter hand over",), pasted=True),
    Widget("snooze", ("s",), "Snooze until", ("Enter snooze",), pasted=True),
    Widget("note", ("N",), "Note for the team", ("Ctrl+S send",), pasted=True),
    Widget("search", ("/",), "Search in subjects", ("Enter search",), pasted=True),
    Widget("filter", ("f", "\x1b[F"), "narrow by it", ("narrow by it",)),
    Widget("age", ("f", "o"), "Show what waits longer than", ("Enter show",), pasted=True),
    Widget("palette", ("\x10",), "Search for commands", (), pasted=True),
    Widget("help", ("?",), "Keys that work here", ()),
    Widget("bulk", ("T", "b"), "approve all", ("like the first", "approve all"), leave=("\x1b", "\x7f")),
    Widget("history", ("h",), "History of T-", ()),
    Widget("routes", ("R",), "switch it off or on", ()),
    Widget("switch", ("R", " "), "what waits", ("Enter switch it",), pasted=True, leave=("\x1b", "\x1b")),
    Widget("figures", ("S",), "Figures", ()),
    Widget("cases", ("S", "\r"), "Came back", (), leave=("\x1b", "\x1b")),
    Widget("spot checks", ("W",), "Spot checks", ()),
    Widget("grade", ("W", "w"), "What is wrong?", ("The facts are wrong", "Tab Enter"), leave=("\x1b", "\x1b")),
    Widget("grade, in words", ("W", "w", "\t"), "What is wrong?", ("Tab Enter",), pasted=True, leave=("\x1b", "\x1b")),
)
LASTLY = (
    Widget("save a view", ("w",), "Save what is shown as", ("Enter save",), pasted=True),
)  # fmt: skip
"""What opens only on a narrowed list, which is another list afterwards."""


def visited(terminal: Terminal, widget: Widget, texts: Sequence[str]) -> list[str]:
    """Opens it, pastes the texts where it takes words, and leaves it: the lines of ours as they stood; empty: it did not
    open, or did not close."""
    for key in widget.keys[:-1]:
        terminal.type(key)
        terminal.read(NOT_DEAF)
    terminal.type(widget.keys[-1])
    opened = _comes(terminal, widget.title)
    if opened and widget.pasted:
        for text in texts:
            terminal.type(f"\x1b[200~{text[:LONGEST]}\x1b[201~")
            terminal.read(0.02)
        terminal.read(0.15)
    lines = _at_rest(terminal, widget) if opened else []
    for key in widget.leave:
        terminal.type(key)
        terminal.read(AFTER_ESCAPE)
    return lines if opened and _goes(terminal, widget.title) else []


def _at_rest(terminal: Terminal, widget: Widget) -> list[str]:
    """The same when all of it stands there, or whatever does after a while."""
    until = time.monotonic() + PATIENCE / 2
    lines = _ours(terminal, widget)
    while any(line.endswith(GONE) for line in lines) and time.monotonic() < until:
        terminal.read(0.1)
        lines = _ours(terminal, widget)
    return lines


def _ours(terminal: Terminal, widget: Widget) -> list[str]:
    """The name of the widget, and its lines of ours, each from border to border; its title where it stands in the border."""
    rows = terminal.screen().splitlines()
    framed = f"╭─ {widget.title}"
    found = [widget.name]
    for words in (framed, *widget.ours) if any(framed in row for row in rows) else widget.ours:
        row = next((each for each in rows if words in each), f"{words}{GONE}")
        at = row.find(words)
        left, right = max(row.rfind(edge, 0, at + 1) for edge in "│╭"), row.find("╮" if words is framed else "│", at)
        found.append(_TICKET.sub("T-", row[max(left, 0) : right if right > 0 else None]))
    return found


def _comes(terminal: Terminal, words: str) -> bool:
    until = time.monotonic() + PATIENCE
    while words not in terminal.screen():
        if time.monotonic() > until:
            return False
        terminal.read(0.05)
    terminal.read(0.05)
    return True


def _goes(terminal: Terminal, words: str) -> bool:
    until = time.monotonic() + PATIENCE
    while words in terminal.screen():
        if time.monotonic() > until:
            return False
        terminal.read(0.05)
    return True
