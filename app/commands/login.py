"""Sign in to a team's queue with the one-time code you were given; then plain `lastclick` opens the desk there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the address of the server: https://queue.example")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="keep the token in this file (0600), not in the keyring"
    )


def run(given: argparse.Namespace) -> int:
    import asyncio

    return asyncio.run(_sign_in(given))


async def _sign_in(given: argparse.Namespace) -> int:
    """Greets first: whether there is a server that speaks our contract, before a code is asked for and used up."""
    from app import signed_in
    from store.account import account
    from store.calling import checked

    where = settings(given.home, rules=given.rules, actor=given.actor)
    url = checked(given.url)
    nobody = account(url)
    try:
        await nobody.contract()
        token, user = await nobody.enrol(_code())
    finally:
        await nobody.close()
    file = given.token_file.expanduser().absolute() if given.token_file else None
    mine = account(url, token)
    try:
        try:
            signed_in.keep(where, signed_in.Login(url=url, user=user.name, token_file=file), token)
        except signed_in.NoPlace:
            await mine.end()  # a token that could not be kept is nobody's
            raise
        print(f"Signed in to {url} as {user.name} ({user.role}). `lastclick` opens the desk there.")
        for remark in (await mine.me())[1]:
            print(remark, file=sys.stderr)
    finally:
        await mine.close()
    return 0


def _code() -> str:
    """Asked for, never taken from the command line, where every other process could read it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    from getpass import getpass

    return getpass("One-time code: ").strip()
