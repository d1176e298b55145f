"""The desk: a terminal workstation on any queue. Shows its frame first, opens the queue then, leaves the terminal clean."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TextIO

from rich.console import RenderableType
from rich.text import Text
from textual._compositor import CompositorUpdate
from textual.app import App, SystemCommand
from textual.css.query import NoMatches
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import WorkerFailed

import app as package
from app.desk import commands, crash, diary, keys, takeover, themes
from app.desk import session as session_file
from app.desk.ink import terminal_erases
from app.desk.paint import Colourless, Inert
from app.desk.screens.main import MainScreen
from app.desk.session import Session
from app.desk.thrift import Shown, Thrifty
from store.queue import Queue, QueueError

STYLES = Path(package.__file__).parent.parent / "styles"
RETRY_SECONDS = 2.0
SAVE_SECONDS = 5.0
GONE_SECONDS = 2.0
LEAVE_SECONDS = 3.0
GARBAGE = 20_000, 10, 50
"""Objects after which Python looks for garbage; by default after every 700, which is dozens of times in one frame."""


class Desk(App[None]):
    """`open_queue` is awaited after the first paint. `read_only`: nothing can be decided, all can be read. `pictured`: the
    terminal shows the first picture, which stays until a case, or what is wrong, can stand in its place."""

    TITLE = "lastclick"
    CSS_PATH: ClassVar = [STYLES / f"{name}.tcss" for name in ("base", "main", "dialogs", "history", "readout")]
    ENABLE_COMMAND_PALETTE = False  # Textual's own key for it cannot be remapped: `commands` opens it

    def __init__(
        self,
        open_queue: Callable[[], Awaitable[Queue]],
        actor: str,
        title: str = "local",
        *,
        read_only: bool = False,
        table: Sequence[keys.Key] = keys.KEYS,
        session: Path | None = None,
        views: Path | None = None,
        crashes: Path | None = None,
        pictured: bool = False,
    ) -> None:
        keys.use(table)
        self._no_color = "NO_COLOR" in os.environ
        super().__init__(driver_class=takeover.driver(pictured=pictured))
        self._pictured = pictured
        self._open_queue = open_queue
        self._actor = actor
        self._place = title
        self._read_only = read_only
        self._session = session
        self._views = views
        self._saved: Session | None = None
        self._crashes = crashes
        self._queue: Queue | None = None
        self._inert = Inert()
        self._shown = Shown(erases=terminal_erases())

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
        if isinstance(renderable, CompositorUpdate) and self._writes:
            if self._pictured:
                if not takeover.ready(self.screen_stack):
                    self.post_display_hook()
                    return
                self._pictured = False
                renderable = screen._compositor.render_update(full=True)
            renderable = Thrifty(renderable, self._shown, self.size, self.console)
            at = self.screen.outer_size.clamp_offset(self.cursor_position)
            if not renderable and at == self._previous_cursor_position:
                self.post_display_hook()
                return
        super()._display(screen, renderable)

    @property
    def _writes(self) -> bool:
        """Whether Textual writes to the terminal now; else nothing may be taken for shown."""
        return (
            self._running and not (self._closed or self.is_headless or self._batch_count) and self._driver is not None
        )

    def on_mount(self) -> None:
        for signalled in (self.app_suspend_signal, self.app_resume_signal):
            signalled.subscribe(self, lambda _: self._shown.forget())
        for theme in themes.ALL:
            self.register_theme(theme)
        self.theme = themes.default(self._no_color)
        self._leave_clean_on_signals()
        if not (self.is_headless or self.is_web):
            self.set_interval(GONE_SECONDS, self._end_without_terminal)
        main = MainScreen(self._actor, self._place, self._read_only)
        main.saved_views = self._views
        self.push_screen(main)
        if self._pictured:
            self.set_timer(takeover.PATIENCE, self._reveal)
        self.call_after_refresh(self._start)

    def _reveal(self) -> None:
        """Show the desk as it is, whatever there is to see."""
        self._pictured = False
        self.screen.refresh(layout=True)

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
        gc.freeze()  # what is loaded stays: looking through it for garbage would hold a key up for tenths of a second
        gc.set_threshold(*GARBAGE)
        screen.trouble("")
        last, problem = Session(), ""
        if self._session is not None:
            last, problem = session_file.load(self._session)
            last = await session_file.still_there(self._queue, last)
            self.set_interval(SAVE_SECONDS, self._save)
        screen.use(self._queue)
        for remark in getattr(self._queue, "remarks", ()):
            screen.say(remark, "$warning")
        session_file.restore(screen, last)
        if problem:
            screen.say(problem, "$warning")

    def query_main(self) -> MainScreen:
        """The main screen, which is always there once mounted."""
        return next(screen for screen in self.screen_stack if isinstance(screen, MainScreen))

    def _save(self) -> None:
        """Keep where the agent is, when it changed."""
        if self._session is None or self._queue is None:
            return
        now = session_file.of(self.query_main())
        if now != self._saved and session_file.save(self._session, now):
            self._saved = now

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave; where the agent was is kept."""
        self._save()
        super().exit(result, return_code, message)

    def _handle_exception(self, error: Exception) -> None:
        """A defect: the terminal is left clean with one sentence. Textual would print every local of every frame.

        While the desk closes, its panes go before what was still being read for them: nothing is left to draw on then.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        if isinstance(cause, NoMatches) and not self.is_running:
            return
        super()._handle_exception(error)
        path = crash.write(self._crashes, error) if self._crashes is not None else None
        diary.note(f"crashed with {type(error).__name__}")
        self._exit_renderables[:] = [Text(crash.sentence(path))]

    async def on_unmount(self) -> None:
        if self._queue is not None:
            await self._queue.close()

    def _end_without_terminal(self) -> None:
        """A terminal can go without a signal, when the desk is not its session's: then nobody is there any more."""
        if gone(sys.__stdin__):
            diary.note("the terminal is gone")
            self._leave(128 + signal.SIGHUP)

    def _leave_clean_on_signals(self) -> None:
        """A terminal that goes away or a kill ends the desk as `q` does: no alternate screen, no mouse left on."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and sys.platform != "win32":
                loop.add_signal_handler(number, self._leave, 128 + number)

    def _leave(self, code: int) -> None:
        """Exit, and end in any case: what still has to be written to a terminal that is gone blocks for ever.

        The worker beside the desk notices that its parent is gone and ends by itself.
        """
        if not self.is_headless:
            last_resort = threading.Timer(LEAVE_SECONDS, os._exit, (code,))
            last_resort.daemon = True
            last_resort.start()
        self.exit(return_code=code)


def gone(terminal: TextIO | None) -> bool:
    """Whether the terminal behind this file has been hung up."""
    if terminal is None or sys.platform == "win32":
        return False
    import termios

    try:
        termios.tcgetattr(terminal.fileno())
    except (termios.error, ValueError, OSError):
        return True
    return False


def run(desk: Desk) -> int:
    """Run it on this terminal; without one say so. Returns the exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("The desk needs a terminal. `lastclick show` prints the queue without one.", file=sys.stderr)
        return 2
    desk.run()
    if gone(sys.__stdin__):
        # Nothing can be flushed to it any more; the interpreter would end with 120 instead of the desk's own code.
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    return desk.return_code or 0
