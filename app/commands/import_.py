"""File tickets from a JSON Lines, CSV or mbox file into your queue: whole or not at all, each bad line named.

Fields: message_id, thread, subject, author, sender, text, at, channel. The same file again changes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings, settings

if TYPE_CHECKING:
    from app.ticket_files import Parsed


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, help="a .jsonl, .csv or .mbox file")
    what.add_argument("--sample-day", action="store_true", help="the sample shop's day of tickets, arriving live")
    parser.add_argument("--skip-bad", action="store_true", help="file the good lines of a file that has bad ones")
    parser.add_argument(
        "--proven-senders", action="store_true", help="your mail server checked who sent the mails of an .mbox file"
    )
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="how fast the sample day passes")


def run(given: argparse.Namespace) -> int:
    where = settings(given.home, rules=given.rules, actor=given.actor)
    if given.sample_day:
        return _play(where, given.speed)
    from app.ticket_files import BadFile, parse
    from store import plain

    try:
        parsed = parse(given.file, proven=given.proven_senders)
    except (BadFile, OSError) as bad:
        what = f"cannot be read: {bad.strerror}. Give the path of a file" if isinstance(bad, OSError) else bad
        print(plain.line(f"{given.file}: {what}"), file=sys.stderr)
        return 1
    for problem in parsed.problems:
        print(plain.line(f"{given.file}:{problem}"), file=sys.stderr)
    if parsed.ignored:
        print(plain.line(f"{given.file}: nothing reads the field {', '.join(parsed.ignored)}"), file=sys.stderr)
    if parsed.problems and not given.skip_bad:
        print("Nothing was filed. --skip-bad files the good lines.", file=sys.stderr)
        return 1
    if not parsed.messages:
        print(
            plain.line(f"{given.file}: holds no message. One a line is read, below a header in a .csv"), file=sys.stderr
        )
        return 1
    return asyncio.run(_file(where, parsed, skip_bad=given.skip_bad))


async def _file(where: Settings, parsed: Parsed, *, skip_bad: bool) -> int:
    from app.arrivals import file
    from app.commands.desk import queue_of
    from store import plain

    queue = queue_of(where)
    try:
        filed = await file(queue, parsed, skip_bad=skip_bad)
    finally:
        await queue.close()
    print("1 message is in the queue." if filed.messages == 1 else f"{filed.messages} messages are in the queue.")
    for message_id in filed.conflicts:
        print(plain.line(f"{message_id} is known with other contents and stays as it was."), file=sys.stderr)
    return 1 if filed.conflicts else 0


def _play(where: Settings, speed: float) -> int:
    """The sample day; ends with SIGTERM or when the last message has come."""
    from app.arrivals import day, play
    from app.children import end_with_parent
    from app.commands.desk import queue_of
    from config.load import SHOP

    async def run_day() -> None:
        queue = queue_of(where)
        try:
            await play(queue, day(SHOP / "tickets.jsonl"), speed=speed)
        finally:
            await queue.close()

    end_with_parent()
    asyncio.run(run_day())
    return 0
