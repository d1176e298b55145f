"""The history of one ticket on a screen of its own: the lines in view, notes, earlier conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from app.desk import chronicle, commands, keys, people
from app.desk.chronicle import Entry, Tone
from app.desk.dialogs.frame import Dialog
from app.desk.dialogs.help import HelpDialog
from app.desk.dialogs.note import NoteDialog
from app.desk.figures import clock
from app.desk.panes.bars import key_line
from app.desk.panes.ticket import Drawn
from app.desk.words import fit, line, pressed, short, words
from store.live import Row, TicketHistory
from store.queue import Queue, QueueError

EARLIER = 20
"""So many earlier conversations are looked for."""


class HistoryScreen(Screen[None]):
    """Reads the history of `ticket_id` when it opens and after each note."""

    BINDINGS: ClassVar[list[Any]] = []

    def __init__(self, queue: Queue, actor: str, ticket_id: str, *, read_only: bool = False) -> None:
        super().__init__()
        commands.bind(self)
        self._queue = queue
        self._actor = actor
        self._ticket_id = ticket_id
        self._read_only = read_only
        self._history: TicketHistory | None = None
        self._earlier: tuple[Row, ...] = ()

    def compose(self) -> ComposeResult:
        yield Drawn(id="history-head")
        yield HistoryLines(id="history-lines")
        yield Drawn(id="history-keys")

    def on_mount(self) -> None:
        self.query_one("#history-head", Drawn).draw(words(" Reading the history …", "$quiet"))
        self.query_one("#history-lines", HistoryLines).border_title = words(f"History of {self._ticket_id}")
        self._draw_keys()
        self.run_worker(self._read(), group="history", exclusive=True)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw_keys)

    def situation(self) -> keys.Situation:
        return keys.Situation(mode="history", case=True, read_only=self._read_only, earlier=len(self._earlier))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return keys.works(str(parameters[0]), self.situation()) if action == "do" else True

    def action_do(self, key_id: str) -> None:
        """A key of the registry: `history_…` belongs to this screen."""
        if not keys.works(key_id, self.situation()):
            return
        if key_id == "help":
            self.app.push_screen(HelpDialog(keys.working(self.situation())), lambda key: self.action_do(key or ""))
        else:
            do: Callable[[], None] = getattr(self, f"_do_{key_id.removeprefix('history_')}")
            do()

    def on_click(self, event: events.Click) -> None:
        self.action_do(pressed(event.style))

    def _do_down(self) -> None:
        self._lines.scroll_relative(y=1, animate=False, immediate=True)

    def _do_up(self) -> None:
        self._lines.scroll_relative(y=-1, animate=False, immediate=True)

    def _do_page_down(self) -> None:
        self._lines.scroll_page_down(animate=False)

    def _do_page_up(self) -> None:
        self._lines.scroll_page_up(animate=False)

    def _do_top(self) -> None:
        self._lines.scroll_home(animate=False)

    def _do_end(self) -> None:
        self._lines.scroll_end(animate=False)

    def _do_back(self) -> None:
        self.dismiss()

    def _do_note(self) -> None:
        known = people.of_history(self._history, self._actor) if self._history else ()

        def written(text: str | None) -> None:
            if text:
                self.run_worker(self._note(text), group="note")

        self.app.push_screen(NoteDialog(known), written)

    def _do_earlier(self) -> None:
        def chosen(ticket_id: str | None) -> None:
            if ticket_id is not None:
                self.app.push_screen(HistoryScreen(self._queue, self._actor, ticket_id, read_only=self._read_only))

        self.app.push_screen(EarlierDialog(self._earlier), chosen)

    @property
    def _lines(self) -> HistoryLines:
        return self.query_one("#history-lines", HistoryLines)

    async def _note(self, text: str) -> None:
        try:
            await self._queue.note(self._ticket_id, self._actor, text)
        except QueueError as error:
            self._head(words(f" ✗ The note was not kept. {error}", "bold $error"))
            return
        await self._read()

    async def _read(self) -> None:
        try:
            self._history = history = await self._queue.history(self._ticket_id)
        except QueueError as error:
            self._head(words(f" ✗ {error}", "bold $error"))
            return
        self._lines.show(chronicle.entries(history))
        self._draw_head()
        self._lines.scroll_end(animate=False)
        self._earlier = await conversations(self._queue, history)
        self._draw_head()
        self._draw_keys()

    def _draw_head(self) -> None:
        history = self._history
        assert history is not None
        ticket = history.ticket
        many = len(self._earlier)
        told = f" · {many} earlier conversation{'' if many == 1 else 's'}" if many else ""
        self._head(
            line(
                (f" {ticket.id} ", "bold $primary"),
                (short(ticket.subject, 60), "bold"),
                (f"  {ticket.state.replace('_', ' ')} · {chronicle.cost(history)}{told}", "$quiet"),
            )
        )

    def _head(self, content: Content) -> None:
        self.query_one("#history-head", Drawn).draw(content)

    def _draw_keys(self) -> None:
        shown = keys.footer(self.situation(), self.size.width - 2)
        self.query_one("#history-keys", Drawn).draw(line((" ", ""), key_line(shown)))


class HistoryLines(ScrollView, can_focus=False):
    """Entries laid out for the width there is; only what is in view is drawn."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"history--{tone}" for tone in ("said", "step", "bad", "good", "person", "note", "quiet")
    }

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: tuple[Entry, ...] = ()
        self._laid: list[tuple[Tone, str, str]] = []

    def show(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        at = y + int(self.scroll_offset.y)
        if at >= len(self._laid):
            return Strip.blank(width, self.rich_style)
        tone, head, text = self._laid[at]
        style = self.get_component_rich_style(f"history--{tone}")
        quiet = self.get_component_rich_style("history--quiet")
        return Strip([Segment(head, quiet), Segment(fit(text, width - len(head)), style)], width)

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        self._laid = chronicle.laid_out(self._entries, width) if width > 0 else []
        self.virtual_size = Size(width, len(self._laid))
        self.refresh()


class EarlierDialog(Dialog[str]):
    """The customer's other conversations; Enter opens one's history."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        super().__init__(
            words("Earlier conversations of this customer"),
            line(("Enter", "bold $primary"), (" open   ", ""), ("Esc", "bold $primary"), (" back", "")),
        )
        self._rows = rows

    def fields(self) -> ComposeResult:
        yield OptionList(
            *(
                Option(
                    line(
                        (fit(row.ticket_id, 9), "bold $primary"),
                        (f"{row.created_at.astimezone():%d %b} {clock(row.created_at)}  ", "$quiet"),
                        (short(row.subject, 44), ""),
                    )
                )
                for row in self._rows
            ),
            id="earlier",
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if self.settled:
            self.dismiss(self._rows[event.option_index].ticket_id)


async def conversations(queue: Queue, history: TicketHistory) -> tuple[Row, ...]:
    """Other tickets of the same known customer. The search finds who is named; the ticket itself says whose it is."""
    customer = history.ticket.customer.id
    if not customer:
        return ()
    try:
        page = await queue.search(customer, limit=EARLIER)
        rows = chronicle.earlier(page.rows, history.ticket.id)
        return tuple([row for row in rows if (await queue.ticket(row.ticket_id)).customer.id == customer])
    except QueueError:
        return ()
