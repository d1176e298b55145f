"""The desk: a terminal workstation on any queue. Shows its frame first, opens the queue then, leaves the terminal clean."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.app import App, SystemCommand
from textual.filter import LineFilter
from textual.screen import Screen

import app as package
from app.desk import commands, keys, themes
from app.desk.paint import Colourless, Inert
from app.desk.screens.main import MainScreen
from app.desk.thrift import Shown, Thrifty
from store.queue import Queue, QueueError

STYLES = Path(package.__file__).parent.parent / "styles"
RETRY_SECONDS = 2.0


class Desk(App[None]):
    """`open_queue` is awaited after the first paint. `read_only`: nothing can be decided, all can be read."""

    TITLE = "lastclick"
    CSS_PATH: ClassVar = [STYLES / "base.tcss", STYLES / "main.tcss", STYLES / "dialogs.tcss", STYLES / "history.tcss"]
    ENABLE_COMMAND_PALETTE = False  # Textual's own key for it cannot be remapped: `commands` opens it

    def __init__(
        self,
        open_queue: Callable[[], Awaitable[Queue]],
        actor: str,
        title: str = "local",
        *,
        read_only: bool = False,
        table: Sequence[keys.Key] = keys.KEYS,
    ) -> None:
        keys.use(table)
        self._no_color = "NO_COLOR" in os.environ
        super().__init__()
        self._open_queue = open_queue
        self._actor = actor
        self._place = title
        self._read_only = read_only
        self._queue: Queue | None = None
        self._inert = Inert()
        self._shown = Shown()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.FALLBACK

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The second gate for outside text stands before every other filter."""
        return [self._inert, Colourless()] if self._no_color else [self._inert, *super().get_line_filters()]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers: what works on the screen below it."""
        yield from commands.offered(screen)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Textual's way to the terminal; what is there already is not written again."""
        if isinstance(renderable, CompositorUpdate):
            renderable = Thrifty(renderable, self._shown, self.size)
        super()._display(screen, renderable)

    def on_mount(self) -> None:
        for signalled in (self.app_suspend_signal, self.app_resume_signal):
            signalled.subscribe(self, lambda _: self._shown.forget())
        for theme in themes.ALL:
            self.register_theme(theme)
        self.theme = themes.default(self._no_color)
        self._leave_clean_on_signals()
        self.push_screen(MainScreen(self._actor, self._place, self._read_only))
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self.run_worker(self._open(), group="open")

    async def _open(self) -> None:
        """Open the queue; when it cannot be, say so and try again."""
        screen = self.query_main()
        while self._queue is None:
            try:
                self._queue = await self._open_queue()
            except QueueError as error:
                screen.trouble(str(error))
                await asyncio.sleep(RETRY_SECONDS)
        screen.trouble("")
        screen.use(self._queue)

    def query_main(self) -> MainScreen:
        """The main screen, which is always there once mounted."""
        return next(screen for screen in self.screen_stack if isinstance(screen, MainScreen))

    async def on_unmount(self) -> None:
        if self._queue is not None:
            await self._queue.close()

    def _leave_clean_on_signals(self) -> None:
        """A terminal that goes away or a kill ends the desk as `q` does: no alternate screen, no mouse left on."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and sys.platform != "win32":
                loop.add_signal_handler(number, self.exit, None, 128 + number)


def run(desk: Desk) -> int:
    """Run it on this terminal; without one say so. Returns the exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("The desk needs a terminal. `lastclick show` prints the queue without one.", file=sys.stderr)
        return 2
    desk.run()
    return desk.return_code or 0
