"""Replayed tickets side by side: what people did, what the workflow would have done; one key marks each handoff."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.filter import LineFilter
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

import app as package
from app.desk import themes
from app.desk.paint import Colourless, Inert
from app.desk.words import capped, line, lines, short, words

STYLES = Path(package.__file__).parent.parent / "styles"
SIGNS = {"right": "✓", "wrong": "✗", "unclear": "?"}
MOST_TEXT = 20_000


@dataclass(frozen=True)
class Handoff:
    """One replayed ticket as it is shown. `fields`: name, what people had, what the workflow had."""

    id: str
    ticket: str
    verdict: str
    meaning: str
    message: str
    route: str
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    our_reply: str = ""
    their_reply: str = ""
    mark: str = ""


class ReplayDesk(App[None]):
    """`mark(id, kind)` keeps a mark; it may raise `OSError`, which is told and changes nothing."""

    TITLE = "lastclick replay"
    CSS_PATH: ClassVar = [STYLES / "base.tcss", STYLES / "replay.tcss"]
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (100, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next", priority=True),
        Binding("k,up", "move(-1)", "before", priority=True),
        Binding("r", "mark('right')", "handoff right"),
        Binding("w", "mark('wrong')", "handoff wrong"),
        Binding("u", "mark('unclear')", "unclear"),
        Binding("space,pagedown", "page(1)", "scroll", priority=True),
        Binding("pageup", "page(-1)", "scroll back", priority=True),
        Binding("q,escape", "quit", "done"),
    ]

    def __init__(self, handoffs: Sequence[Handoff], mark: Callable[[str, str], None]) -> None:
        self._no_color = "NO_COLOR" in os.environ
        super().__init__()
        self._handoffs = list(handoffs)
        self._keep = mark
        self._inert = Inert()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.FALLBACK

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The second gate for outside text stands before every other filter."""
        return [self._inert, Colourless()] if self._no_color else [self._inert, *super().get_line_filters()]

    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        with Horizontal(id="body"):
            yield OptionList(*(Option(line(_row(each))) for each in self._handoffs), id="cases", markup=False)
            with VerticalScroll(id="case", can_focus=False):
                yield Static(id="said", markup=False)
                with Horizontal(id="sides"):
                    with Vertical(id="theirs"):
                        yield Static(id="their-side", markup=False)
                    with Vertical(id="ours"):
                        yield Static(id="our-side", markup=False)
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        for theme in themes.ALL:
            self.register_theme(theme)
        self.theme = themes.default(self._no_color)
        self.query_one("#theirs").border_title = words("people did")
        self.query_one("#ours").border_title = words("the workflow would have")
        self.query_one("#cases").border_title = words("Replayed, what to read first on top")
        if self._handoffs:
            self.query_one(OptionList).highlighted = 0
        self._draw()

    def on_option_list_option_highlighted(self) -> None:
        self._draw()

    def action_move(self, by: int) -> None:
        """To the next case or the one before."""
        cases = self.query_one(OptionList)
        if self._handoffs:
            cases.highlighted = max(0, min((cases.highlighted or 0) + by, len(self._handoffs) - 1))

    def action_page(self, by: int) -> None:
        """Scroll a long case."""
        case = self.query_one("#case", VerticalScroll)
        case.scroll_relative(y=by * max(1, case.size.height - 2), animate=False)

    def action_mark(self, kind: str) -> None:
        """Say whether this handoff was right, and go to the next case."""
        cases = self.query_one(OptionList)
        at = cases.highlighted
        if at is None:
            return
        try:
            self._keep(self._handoffs[at].id, kind)
        except OSError as error:
            self.query_one("#head", Static).update(
                words(f" Not kept: {error.strerror}. Free the disk, then mark again.")
            )
            return
        self._handoffs[at] = replace(self._handoffs[at], mark=kind)
        cases.replace_option_prompt_at_index(at, _row(self._handoffs[at]))
        if at + 1 < len(self._handoffs):
            cases.highlighted = at + 1
        self._draw()

    def _draw(self) -> None:
        marked = sum(bool(each.mark) for each in self._handoffs)
        self.query_one("#head", Static).update(
            line((" lastclick replay", "bold"), (f"  {len(self._handoffs)} tickets · {marked} marked", "$quiet"))
        )
        self.query_one("#keys", Static).update(
            line(*(piece for key, title in KEYS for piece in ((f" {key} ", "bold $primary"), (f"{title} ", ""))))
        )
        at = self.query_one(OptionList).highlighted
        if at is None:
            self.query_one("#said", Static).update(words("Nothing was replayed.", "$quiet"))
            return
        each = self._handoffs[at]
        self.query_one("#said", Static).update(lines(_said(each)))
        self.query_one("#their-side", Static).update(lines(_side(each.theirs, each.their_reply)))
        self.query_one("#our-side", Static).update(lines(_side(each.ours, each.our_reply)))
        self.query_one("#case", VerticalScroll).scroll_home(animate=False)


KEYS = (("r", "right"), ("w", "wrong"), ("u", "unclear"), ("j k", "move"), ("Space", "scroll"), ("q", "done"))


def look(handoffs: Sequence[Handoff], mark: Callable[[str, str], None]) -> None:
    """Run it on this terminal until the person is done."""
    ReplayDesk(handoffs, mark).run()


def _row(each: Handoff) -> Content:
    sign = SIGNS.get(each.mark, "·")
    return line((f"{sign} ", "bold"), (f"{each.verdict:<13} ", "$accent"), (short(each.ticket, 40), ""))


def _said(each: Handoff) -> list[Content]:
    mark = f"   marked {each.mark}" if each.mark else ""
    rows = [
        line((f"{each.ticket}", "bold"), (mark, "$accent")),
        line((f"{each.verdict}: ", "bold $accent"), (each.meaning, "")),
        line(("way    ", "$quiet"), (each.route, "")),
        *(line(("stops  ", "$quiet"), (reason, "$warning")) for reason in each.reasons),
        *(
            line((f"{name}  ", "$quiet"), (f"people {theirs}", ""), ("  workflow ", "$quiet"), (ours, "bold"))
            for name, theirs, ours in each.fields
        ),
        words(""),
    ]
    return rows + [line(("▏ ", "$rule"), (text, "")) for text in capped(each.message, MOST_TEXT).split("\n")]


def _side(actions: Sequence[str], reply: str) -> list[Content]:
    did = [line(("• ", "$quiet"), (action, "bold")) for action in actions] or [words("nothing was changed", "$quiet")]
    said = [words(text) for text in capped(reply, MOST_TEXT).split("\n")] if reply else [words("no reply", "$quiet")]
    return [*did, words(""), *said]
