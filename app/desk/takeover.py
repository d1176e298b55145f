"""How the desk takes the place of its first picture: without a blank screen between, and not before it has more to show."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from textual.driver import Driver
from textual.screen import Screen

from app.desk.output import Output
from app.desk.screens.frame import Frame

if TYPE_CHECKING:
    from textual.drivers._writer_thread import WriterThread

PATIENCE = 10.0
"""Seconds after which the desk shows itself with whatever it has."""
ALTERNATE = "\x1b[?1049h"
"""Opens the alternate screen, and empties it where it is open already."""


def driver(*, pictured: bool) -> type[Driver] | None:
    """Textual's driver, which writes at once and to which a paste presses no keys; where the desk was `pictured`, it finds
    the alternate screen open when it starts for the first time. None: another driver than that of a terminal is asked for.
    """
    if sys.platform == "win32" or "TEXTUAL_DRIVER" in os.environ:
        return None
    from textual.drivers import linux_driver

    from app.desk import pasted

    vars(linux_driver)["XTermParser"] = pasted.Parser

    class Taking(linux_driver.LinuxDriver):
        _first = pictured

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]
            thread, file = self._writer_thread, self._file
            if file is None:
                return
            with contextlib.suppress(OSError):
                output = Output(file)
                if thread is not None:
                    thread.stop()
                self._writer_thread = cast("WriterThread", output)

        def write(self, text: str) -> None:
            """Textual's own sequences and the frames that it has made of what passed the gates."""
            if self._first and text == ALTERNATE:
                self._first = False
                return
            super().write(text)

    return Taking


def ready(stack: Sequence[Screen[Any]]) -> bool:
    """Whether there is a case to show, or something else that a person has to see instead."""
    return any(isinstance(each, Frame) and (each.review is not None or each.troubled) for each in stack)
