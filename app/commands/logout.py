"""Sign out: the token ends on the server and is forgotten here; `lastclick` opens your own queue again."""

from __future__ import annotations

import argparse
import asyncio
import sys

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run(given: argparse.Namespace) -> int:
    from app import signed_in
    from store.account import account
    from store.queue import QueueError

    where = settings(given.home, rules=given.rules, actor=given.actor)
    login = signed_in.current(where)
    if login is None:
        print("You are not signed in anywhere.", file=sys.stderr)
        return 1

    async def end() -> None:
        mine = account(login.url, signed_in.token(login))
        try:
            await mine.end()
        finally:
            await mine.close()

    try:
        asyncio.run(end())
    except QueueError as error:
        print(f"The token was forgotten here, but not ended there: {error}", file=sys.stderr)
    signed_in.forget(where, login)
    print(f"Signed out of {login.url}.")
    return 0
