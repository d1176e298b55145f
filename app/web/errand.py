"""The desk process, and what the first line of its standard input tells it: whose desk, where, with which token."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from store.queue import Queue

if TYPE_CHECKING:
    from store.remote import RemoteQueue

_LONGEST = 16_384


class Errand(BaseModel):
    """Whose desk it is. `home` holds what this person left half-written, and the views they saved."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    server: str
    user: str
    token: str = Field(repr=False)
    home: Path
    keymap: Path

    def line(self) -> bytes:
        return self.model_dump_json().encode() + b"\n"


async def opened(errand: Errand) -> Queue:
    """The same remote queue as a terminal opens."""
    remote = await asyncio.to_thread(_remote)
    return await remote.open(errand.server, errand.token)


def _remote() -> type[RemoteQueue]:
    """The class, whose import takes a moment."""
    from store.remote import RemoteQueue

    return RemoteQueue


def main() -> int:
    """Opens the desk on the pipes it was started with, and ends with the process that started it."""
    errand = Errand.model_validate_json(_first_line(sys.stdin.fileno()))
    from dataclasses import replace
    from functools import partial

    from app.children import end_with_parent
    from app.desk import keymap
    from app.desk.desk import Desk
    from config.settings import settings

    end_with_parent()
    errand.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    table, _ = keymap.load(errand.keymap)
    where = replace(settings(errand.home), server=errand.server)
    desk = Desk(
        partial(opened, errand),
        actor=errand.user,
        title=urlsplit(errand.server).netloc,
        table=table,
        session=where.session,
        views=where.views,
        crashes=where.crashes,
    )
    desk.run()
    return desk.return_code or 0


def _first_line(pipe: int) -> bytes:
    """Byte by byte: what comes behind it is the person's keys."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST:
        byte = os.read(pipe, 1)
        if not byte:
            break
        line += byte
    return line


if __name__ == "__main__":
    sys.exit(main())
