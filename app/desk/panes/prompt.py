"""The question that is asked in place before a decision goes out: what would happen, and the two keys that answer it."""

from __future__ import annotations

import textwrap

from textual.content import Content

from app.desk import keys
from app.desk.holding import Pending
from app.desk.words import line, press, words

CHECK_LINES = 3
FRAME_CELLS = 3
"""What its border and padding take of the pane (main.tcss)."""


def rows(pending: Pending, cells: int = 80) -> list[Content]:
    """Each clause of the effect as an item, wrapped to so many cells; what the gate says of an edit; then the keys."""
    shown = [words("This will happen:", "bold $warning")]
    for clause in pending.effect:
        shown += _hung(("  • ", "$warning"), (clause, "bold"), cells)
    for part in textwrap.wrap(f"read again before: {'; '.join(pending.checks)}", max(20, cells - 2))[:CHECK_LINES]:
        shown += [words(f"  {part}", "$quiet")] if pending.checks else []
    if pending.gate is not None:
        shown += _gate(pending, cells)
    yes, no = f"  {keys.shown('confirm')}", keys.shown("back_out")
    do_it = press("confirm", (yes, "bold $primary"), (" do it", ""))
    shown.append(line(do_it, ("     ", ""), press("back_out", (no, "bold $primary"), (" not yet", ""))))
    return shown


def _hung(mark: tuple[str, str], said: tuple[str, str], cells: int) -> list[Content]:
    """A mark and what is said, later lines beneath the first."""
    text, style = said
    room = max(20, cells - len(mark[0]))
    return [
        line(mark if n == 0 else (" " * len(mark[0]), ""), (part, style))
        for n, part in enumerate(textwrap.wrap(text, room) or [""])
    ]


def _gate(pending: Pending, cells: int) -> list[Content]:
    gate = pending.gate
    assert gate is not None
    if not gate.reasons:
        return [line(("  gate ", "$quiet"), ("no rule stops the edited version", "$success"))]
    telling = [each for each in gate.reasons if not each.general] or gate.reasons
    said = [row for reason in telling for row in _hung(("  gate ", "$quiet"), (reason.text, "$warning"), cells)]
    if gate.needs == "two":
        said.append(words("       a second person must approve it", "bold $accent"))
    return said
