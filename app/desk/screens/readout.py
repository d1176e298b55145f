"""A screen of figures: a head, what was read, the keys. Reads again now and then, draws what changed, and says when the
queue cannot be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen

from app.desk import commands, keys
from app.desk.dialogs.help import HelpDialog
from app.desk.panes.ticket import Drawn
from app.desk.words import line, lines, words
from store.queue import Queue, QueueError


class Readout(Screen[None]):
    """`read` fetches, `head` and `body` draw. `lines` of the list can be walked with `j` and `k`."""

    MODE: ClassVar[keys.Mode] = "stats"
    EVERY: ClassVar[float] = 5.0
    """Seconds between two readings."""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (170, "-wide")]  # noqa: RUF012

    def __init__(self, queue: Queue, actor: str, *, read_only: bool = False) -> None:
        super().__init__()
        commands.bind(self)
        self.queue = queue
        self.actor = actor
        self.read_only = read_only
        self.cursor = 0
        self._said = Content("")
        self._ready = False

    def compose(self) -> ComposeResult:
        yield Drawn(id="readout-head")
        with VerticalScroll(id="readout", can_focus=False):
            yield Drawn(id="readout-body")
        yield Drawn(id="readout-said")
        yield Drawn(id="readout-keys")

    def on_mount(self) -> None:
        self._head(words(" Reading …", "$quiet"))
        self._keys()
        self.run_worker(self._follow(), group="read", exclusive=True)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    # ── what a screen says of itself ─────────────────────────────────────────

    async def read(self) -> None:
        """Fetch what is shown. Raises `QueueError`."""
        raise NotImplementedError

    def head(self) -> Content:
        raise NotImplementedError

    def body(self, cells: int) -> Sequence[Content]:
        raise NotImplementedError

    def count(self) -> int:
        """How many lines the list has."""
        return 0

    def line_of_cursor(self) -> int:
        """At which line of the body the cursor stands."""
        return self.cursor + 1

    def moved(self) -> None:
        """Another line was chosen."""

    # ── keys ─────────────────────────────────────────────────────────────────

    def situation(self) -> keys.Situation:
        return keys.Situation(mode=self.MODE, read_only=self.read_only, lines=self.count())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return keys.works(str(parameters[0]), self.situation()) if action == "do" else True

    def action_do(self, key_id: str) -> None:
        """A key of the registry."""
        if not keys.works(key_id, self.situation()):
            return
        if key_id == "help":
            self.app.push_screen(HelpDialog(keys.working(self.situation())))
            return
        do: Callable[[], None] = getattr(self, f"_do_{key_id}")
        do()
        self.draw()

    def _do_line_down(self) -> None:
        self._move(1)

    def _do_line_up(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        if self.count():
            before, self.cursor = self.cursor, max(0, min(self.count() - 1, self.cursor + by))
            if before != self.cursor:
                self.moved()
            self._in_view()

    def _do_figures_down(self) -> None:
        self.query_one("#readout", VerticalScroll).scroll_page_down(animate=False)

    def _do_figures_up(self) -> None:
        self.query_one("#readout", VerticalScroll).scroll_page_up(animate=False)

    def _do_figures_back(self) -> None:
        self.dismiss()

    def _in_view(self) -> None:
        scroll, at = self.query_one("#readout", VerticalScroll), self.line_of_cursor()
        top, rows = int(scroll.scroll_offset.y), max(1, scroll.size.height)
        if at <= top:
            scroll.scroll_to(y=0 if self.cursor == 0 else at, animate=False)
        elif at >= top + rows:
            scroll.scroll_to(y=at - rows + 1, animate=False)

    # ── reading and drawing ──────────────────────────────────────────────────

    def again(self) -> None:
        """Read now, then now and then."""
        self.run_worker(self._follow(), group="read", exclusive=True)

    def ask_queue(self, work: Coroutine[Any, Any, None]) -> None:
        """Change something in the queue, then read."""
        self.run_worker(self._asked(work), group="ask")

    def say(self, text: str, style: str = "") -> None:
        """A sentence above the keys."""
        self._said = words(f" {text}", style)
        self.query_one("#readout-said", Drawn).draw(self._said)
        self.query_one("#readout-said").set_class(bool(text), "-shown")

    async def _asked(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except QueueError as error:
            self.say(f"✗ Not done. {error}", "bold $error")
        else:
            self.again()

    async def _follow(self) -> None:
        while True:
            try:
                await self.read()
            except QueueError as error:
                self.set_class(True, "-stale")
                self._head(words(f" ✗ {error}", "bold $error"))
            else:
                self.set_class(False, "-stale")
                self._ready = True
                self.cursor = max(0, min(self.count() - 1, self.cursor))
                self.draw()
            await asyncio.sleep(self.EVERY)

    def draw(self) -> None:
        """Draw what was read; only what differs reaches the terminal."""
        if not self._ready or not self.is_mounted:
            return
        if not self.has_class("-stale"):
            self._head(self.head())
        cells = max(20, self.query_one("#readout").size.width - 1)
        self.query_one("#readout-body", Drawn).draw(lines(self.body(cells)))
        self._keys()

    def _head(self, content: Content) -> None:
        self.query_one("#readout-head", Drawn).draw(content)

    def _keys(self) -> None:
        shown = keys.footer(self.situation(), self.size.width - 2)
        parts = (line((key, "bold $primary"), (f" {title}", "")) for key, title in shown)
        self.query_one("#readout-keys", Drawn).draw(line((" ", ""), Content("  ").join(parts)))
