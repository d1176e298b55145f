"""The tickets behind a figure, newest first; Enter opens the history of one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from app.desk.figures import clock
from app.desk.screens.history import HistoryScreen
from app.desk.screens.readout import Readout
from app.desk.words import NOTHING, fit, line, short, words
from store.live import Behind, CaseLine
from store.queue import Queue

MOST = 500


class CasesScreen(Readout):
    """Reads page after page up to a limit: who wants more asks `lastclick stats`."""

    MODE = "cases"

    def __init__(self, queue: Queue, actor: str, asked: Behind, title: str, *, read_only: bool = False) -> None:
        super().__init__(queue, actor, read_only=read_only)
        self._figure = asked
        self._title = title
        self._found: tuple[CaseLine, ...] = ()
        self._more = False

    async def read(self) -> None:
        page = await self.queue.cases(self._figure, limit=MOST)
        self._found, self._more = page.lines, page.next is not None

    def count(self) -> int:
        return len(self._found)

    def line_of_cursor(self) -> int:
        return sum(1 + len(one.changed) for one in self._found[: self.cursor])

    def head(self) -> Content:
        many = f"{len(self._found)}{'+' if self._more else ''} ticket{'' if len(self._found) == 1 else 's'}"
        return line((f" {self._title} ", "bold $primary"), (f"· {many}", "$quiet"))

    def body(self, cells: int) -> Sequence[Content]:
        if not self._found:
            return [NOTHING, words("  No ticket is behind this.", "$quiet")]
        rows: list[Content] = []
        for number, one in enumerate(self._found):
            here = number == self.cursor
            when = f"{one.at.astimezone():%d %b} {clock(one.at)} "
            rows.append(
                line(
                    ("▌ " if here else "  ", "bold $primary"),
                    (when, "$quiet"),
                    (fit(one.ticket_id, 12) + " ", "bold $primary" if here else "$primary"),
                    (short(one.text, cells - 29), "bold" if here else ""),
                )
            )
            rows += [line((" " * 16, ""), (short(f"≠ {each}", cells - 18), "$accent")) for each in one.changed]
        return rows

    def _do_ticket(self) -> None:
        one = self._found[self.cursor]
        self.app.push_screen(HistoryScreen(self.queue, self.actor, one.ticket_id, read_only=self.read_only))
