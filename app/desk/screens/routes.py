"""Routes, models, prompts and kinds of action as they run, with the switch that stops one of them for everybody at once."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from app.desk import operating
from app.desk.dialogs.switch import SwitchDialog
from app.desk.screens.cases import CasesScreen
from app.desk.screens.readout import Readout
from app.desk.words import NOTHING, words
from store.live import Behind, CaseLine, Operation, Switch
from store.queue import Queue

SPANS = (24, 168, 672)
FAILURES = 5


class RoutesScreen(Readout):
    """The list, and below it everything about the chosen line."""

    MODE = "routes"
    EVERY = 1.0  # a switch that another throws is on screen within it

    def __init__(self, queue: Queue, actor: str, *, read_only: bool = False) -> None:
        super().__init__(queue, actor, read_only=read_only)
        self._found: tuple[Operation, ...] = ()
        self._failures: tuple[CaseLine, ...] = ()
        self._hours = SPANS[0]
        self._chosen: tuple[str, str] | None = None

    async def read(self) -> None:
        self._found = await self.queue.operations(self._hours)
        names = [(one.kind, one.name) for one in self._found]
        if self._chosen in names:
            self.cursor = names.index(self._chosen)
        one = self.chosen
        self._failures = () if one is None else (await self.queue.cases(self._behind(one), limit=FAILURES)).lines

    @property
    def chosen(self) -> Operation | None:
        return self._found[self.cursor] if self.cursor < len(self._found) else None

    def count(self) -> int:
        return len(self._found)

    def moved(self) -> None:
        one = self.chosen
        self._chosen, self._failures = ((one.kind, one.name) if one else None), ()
        self.again()

    def head(self) -> Content:
        return operating.head(self._found, self._hours)

    def body(self, cells: int) -> Sequence[Content]:
        one = self.chosen
        if one is None:
            return [
                NOTHING,
                words("  Nothing has run yet: routes, models, prompts and actions show here once they do.", "$quiet"),
            ]
        rows = operating.listing(self._found, self.cursor, cells)
        return [*rows, words("─" * cells, "$rule"), *operating.detail(one, self._failures, cells)]

    def _behind(self, one: Operation) -> Behind:
        return Behind(measure="errors", by=one.kind, key=one.name, hours=672)

    def _do_span(self) -> None:
        self._hours = SPANS[(SPANS.index(self._hours) + 1) % len(SPANS)]
        self.again()

    def _do_failures(self) -> None:
        one = self.chosen
        if one is not None:
            title = f"Failures of {one.kind} {one.name}"
            self.app.push_screen(
                CasesScreen(self.queue, self.actor, self._behind(one), title, read_only=self.read_only)
            )

    def _do_switch(self) -> None:
        one = self.chosen
        if one is None:
            return
        switch = Switch(kind=one.kind, name=one.name, on=not one.on, who=self.actor)
        ways = [each.name for each in self._found if each.kind == "route" and each.on and each.name != one.name]

        def answered(thrown: Switch | None) -> None:
            if thrown is not None:
                self.ask_queue(self._throw(thrown))

        self.app.push_screen(SwitchDialog(switch, self.queue.preview, ways), answered)

    async def _throw(self, switch: Switch) -> None:
        thrown = await self.queue.throw(switch)
        self._chosen = (thrown.kind, thrown.name)
        if thrown.on:
            self.say(
                f"● {thrown.kind} {thrown.name} is on again; what was held comes back, oldest first.", "bold $success"
            )
        else:
            self.say(f"OFF: {thrown.kind} {thrown.name}, for everybody. {thrown.held} held.", "bold $warning")
