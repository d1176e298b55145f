"""Open the desk on your queue: the next case, its reasons and its sources, one key to decide."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.settings import Settings, settings

if TYPE_CHECKING:
    from app.desk.first import Taken
    from app.desk.keys import Key
    from store.queue import Queue
    from store.remote import RemoteQueue


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-worker", action="store_true", help="do not start a worker beside the desk")
    parser.add_argument("--local", action="store_true", help="your own queue, also when you are signed in to a server")
    shown(parser)


def shown(parser: argparse.ArgumentParser) -> None:
    """The options of everything that opens a desk."""
    parser.add_argument("--plain", action="store_true", help="one case as lines of text, decisions by words, no redraw")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write what the desk does, without customers' words")


def run(given: argparse.Namespace) -> int:
    where = settings(given.home, rules=given.rules, actor=given.actor)
    if not (given.local or given.database) and where.login.exists():
        from app import signed_in  # who is not signed in anywhere has the first picture before this is loaded

        login = signed_in.current(where)
    else:
        login = None
    if login is not None:
        where = replace(where, server=login.url, actor=login.user)
        return open_desk(where, urlsplit(login.url).netloc, (), plain=given.plain, log=given.log)
    beside = [] if given.no_worker else [["worker", *places(where)]]
    return open_desk(where, "local", beside, plain=given.plain, log=given.log)


def places(where: Settings) -> list[str]:
    """The options that make a child process use the same folders."""
    return ["--home", str(where.home), *(word for folder in where.rules for word in ("--rules", str(folder)))]


def open_desk(
    where: Settings, title: str, beside: Sequence[Sequence[str]], *, plain: bool = False, log: Path | None = None
) -> int:
    """Run the desk on the terminal with the given commands beside it; returns when the person quits."""
    if not plain and not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(
            "The desk needs a terminal. `lastclick show` prints the queue without one, `--plain` decides by words.",
            file=sys.stderr,
        )
        return 2
    if plain or where.server:  # the file beside a server's desk is not what the desk shows
        return _open(where, title, beside, log, None, plain=plain)
    from app.desk import first

    with first.picture(where.queue, where.session, where.actor, title) as picture:
        return _open(where, title, beside, log, picture, plain=False)


def _open(
    where: Settings,
    title: str,
    beside: Sequence[Sequence[str]],
    log: Path | None,
    picture: Taken | None,
    *,
    plain: bool,
) -> int:
    from app import children
    from app.desk import keymap

    table, problems = keymap.load(where.keymap)
    if problems:
        if picture is not None:
            picture.leave()
        print(keymap.refusal(problems), file=sys.stderr)
        return 2
    if problem := _unwritable(where, beside, log):
        if picture is not None:
            picture.leave()
        print(problem, file=sys.stderr)
        return 2
    os.environ["LASTCLICK_MODELS"] = str(where.models)  # what the worker fits outlives a demo's folder
    with children.running(beside, where.logs):
        return by_words(where) if plain else on_screen(where, title, table, picture)


def _unwritable(where: Settings, beside: Sequence[Sequence[str]], log: Path | None) -> str:
    """What of all that is to be written cannot be, in a sentence; empty: all can."""
    from app.desk import diary

    try:
        where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if beside:
            where.logs.mkdir(parents=True, exist_ok=True)
        for command in beside:
            (where.logs / f"{command[0]}.log").open("ab").close()
    except OSError as error:
        return (
            f"{error.filename} cannot be written: {error.strerror}. "
            "Make it writable, or give another folder with --home; --no-worker opens a desk that only looks."
        )
    if log is not None:
        try:
            diary.start(log)
        except OSError as error:
            return f"The log {log} cannot be written: {error.strerror}."
    return ""


def on_screen(where: Settings, title: str, table: Sequence[Key], picture: Taken | None = None) -> int:
    from app.desk.desk import Desk
    from app.desk.desk import run as run_desk

    desk = Desk(
        partial(opened, where),
        actor=where.actor,
        title=title,
        table=table,
        session=where.session,
        views=where.views,
        crashes=where.crashes,
        pictured=picture is not None,
    )
    if picture is not None:
        picture.hand_over()
    return run_desk(desk)


def by_words(where: Settings) -> int:
    from app.desk import lines

    return lines.run(partial(opened, where), where.actor)


def asked_about(given: argparse.Namespace) -> Settings:
    """Whose queue a command is about: the demo's, that of the server one is signed in to, as at the desk, or this home's."""
    from app.commands.demo import demo_settings

    if getattr(given, "demo", False):
        return demo_settings(given.home, given.rules, given.actor)
    where = settings(given.home, given.database, given.rules, given.actor)
    if given.database or not where.login.exists():
        return where
    from app import signed_in

    login = signed_in.current(where)
    return where if login is None else replace(where, server=login.url, actor=login.user)


async def opened(where: Settings) -> Queue:
    import asyncio

    if where.server:
        remote, token = await asyncio.to_thread(_remote, where)
        return await remote.open(where.server, token)
    return await asyncio.to_thread(queue_of, where)


def _remote(where: Settings) -> tuple[type[RemoteQueue], str]:
    """The class, whose import takes a moment, and the token, for which a keyring may."""
    from app import signed_in
    from store.queue import NotSignedIn
    from store.remote import RemoteQueue

    login = signed_in.current(where)
    if login is None or login.url != where.server:
        raise NotSignedIn(f"You are not signed in to {where.server} any more: lastclick login {where.server}")
    return RemoteQueue, signed_in.token(login)


def queue_of(where: Settings) -> Queue:
    """The local queue with the rules' judge. Imports the store: call it in a thread when something is on screen."""
    from app.workflow.judge import RulesJudge
    from config.load import load
    from store.local import LocalQueue

    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LocalQueue(where.queue, RulesJudge(load(where.rules)))
