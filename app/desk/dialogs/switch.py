"""Throwing a switch: what it touches is on screen first, why is asked, what waits is chosen, an end may be set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from app.desk import operating, times
from app.desk.dialogs.later import ChoiceDialog
from app.desk.words import line, lines, words
from store.contract import now
from store.live import Switch, SwitchPreview
from store.queue import QueueError

Ask = Callable[[Switch], Awaitable[SwitchPreview]]


class SwitchDialog(ChoiceDialog[Switch]):
    """Answers with the switch to throw. `ways`: other routes that what waits could take."""

    def __init__(self, switch: Switch, ask: Ask, ways: Sequence[str]) -> None:
        state = "on again" if switch.on else "OFF"
        more = "" if switch.on else " what waits   "
        hint = line(
            ("Enter", "bold $primary"), (f" switch it {state}   ", ""), ("" if switch.on else "↑ ↓", "bold $primary"),
            (more, ""), ("" if switch.on else "Tab", "bold $primary"), ("" if switch.on else " until   ", ""),
            ("Esc", "bold $primary"), (" back", ""),
        )  # fmt: skip
        super().__init__(words(f"Switch {switch.kind} {switch.name} {state}"), hint)
        self._switch = switch
        self._ask = ask
        self._ways = ("hold", "review", *(f"route:{name}" for name in ways))

    def fields(self) -> ComposeResult:
        yield Static(words("Counting what it touches …", "$quiet"), id="touched")
        yield Static(words("why", "$secondary bold"), classes="edit-label")
        yield Input(id="text", compact=True, placeholder="the reason, which everybody reads")
        yield Static(words("what waits", "$secondary bold"), classes="edit-label off-only")
        yield OptionList(*self.options(), id="choices", compact=True, classes="off-only")
        yield Static(words("until", "$secondary bold"), classes="edit-label off-only")
        yield Input(id="until", compact=True, placeholder="18:00, in 2 hours; empty: by hand", classes="off-only")
        yield Static("", id="back")

    def on_mount(self) -> None:
        super().on_mount()
        self.set_class(self._switch.on, "-on")
        self.call_after_refresh(self._begin)
        for each in self.query(".off-only"):
            each.display = not self._switch.on
        self._count()

    def _begin(self) -> None:
        """What waits does something from the start: the list stands on it."""
        self.query_one("#choices", OptionList).highlighted = self._ways.index(self._switch.waiting)

    def options(self) -> list[Option]:
        return [Option(words(operating.way(each))) for each in self._ways]

    def lit(self, place: int) -> None:
        self._count()

    def say_back(self) -> None:
        wrong = self._wrong()
        self.draw_back(words(self._end(), "bold $accent") if wrong is None else words(wrong, "$warning"))

    def chosen(self) -> Switch | None:
        if not self.typed:
            self.problem(words("Say why: everybody who works here reads it.", "$warning"))
            return None
        if (wrong := self._wrong()) is not None:
            self.problem(words(wrong, "$warning"))
            return None
        return self._as_chosen()

    @on(Input.Changed, "#until")
    def _until_typed(self) -> None:
        self.say_back()

    def _as_chosen(self) -> Switch:
        until = self.query_one("#until", Input).value.strip()
        return self._switch.model_copy(
            update={
                "why": self.typed,
                "waiting": self._ways[self.place or 0],
                "until": times.parse(until, now()) if until and not self._switch.on else None,
            }
        )

    def _wrong(self) -> str | None:
        until = self.query_one("#until", Input).value.strip()
        try:
            if until:
                times.parse(until, now())
        except times.NotATimeError as wrong:
            return str(wrong)
        return None

    def _end(self) -> str:
        until = self.query_one("#until", Input).value.strip()
        return f"on again {times.said(times.parse(until, now()), now())}" if until and not self._switch.on else ""

    def _count(self) -> None:
        self.run_worker(self._preview(), group="preview", exclusive=True)

    async def _preview(self) -> None:
        wanted = self._switch.model_copy(update={"waiting": self._ways[self.place or 0], "why": "preview"})
        try:
            preview = await self._ask(wanted)
        except QueueError as error:
            self.problem(words(f"✗ {error}", "bold $error"))
            return
        self.query_one("#touched", Static).update(lines(operating.touched(preview)))
