"""The desk's one way to put words on a widget: `Content`, which Textual never reads as markup."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.style import Style

from store import plain

Piece = Content | tuple[str, str]

NOTHING = Content("")


def words(text: str, style: str = "") -> Content:
    """Any text, outside or ours, as it is: no tag in it is ever obeyed."""
    return Content.styled(text, style) if style else Content(text)


def line(*pieces: Piece) -> Content:
    """Pieces of text and style, one after the other: `line(("Refund ", ""), ("€1.00", "bold"))`."""
    return Content.assemble(*(piece if isinstance(piece, Content) else words(*piece) for piece in pieces))


def press(key_id: str, *pieces: Piece) -> Content:
    """A line that does on a click what that action's key does. The action's id is ours, never outside text."""
    return line(*pieces).stylize(Style.from_meta({"press": key_id}))


def pressed(style: object) -> str:
    """The action that stands where somebody clicked (the style of the event); empty: none."""
    found = getattr(style, "meta", {}).get("press", "")
    return found if isinstance(found, str) else ""


def lines(rows: Iterable[Content]) -> Content:
    return Content("\n").join(rows)


def fit(text: str, cells: int) -> str:
    """Exactly so many cells: padded with spaces, or cut with an ellipsis. Never splits a wide character."""
    if cells <= 0:
        return ""
    return set_cell_size(text, cells) if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"


def short(text: str, cells: int) -> str:
    """At most so many cells."""
    return text if cell_len(text) <= cells else fit(text, cells)


def capped(text: str, limit: int) -> str:
    """A long text as it is drawn; what is hashed and decided is never cut."""
    return plain.capped(text, limit)
