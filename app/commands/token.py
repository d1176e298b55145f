"""Your tokens on the server you are signed in to: list them, put a new one in the place of the old, end one at once.

`--database` works on the database itself, where the server runs, for everybody's.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from config.settings import Settings, settings

if TYPE_CHECKING:
    from app.signed_in import Login
    from store.account import Account
    from store.roles import Token


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="rotate|list|revoke")
    what.add_parser("rotate", help="a new token in the place of yours")
    what.add_parser("list", help="tokens with their ends; never the tokens themselves")
    what.add_parser("revoke", help="end a token at once").add_argument("id")


def run(given: argparse.Namespace) -> int:
    from app import signed_in

    where = settings(given.home, given.database, given.rules, given.actor)
    login = None if given.database else signed_in.current(where)
    if login is not None:
        return asyncio.run(_there(where, login, given))
    if given.what == "rotate":
        print("You are not signed in anywhere: lastclick login URL", file=sys.stderr)
        return 1
    return _here(where, given)


async def _there(where: Settings, login: Login, given: argparse.Namespace) -> int:
    from app import signed_in
    from store.account import account

    mine = account(login.url, signed_in.token(login))
    try:
        if given.what == "list":
            _list(await mine.tokens())
        elif given.what == "revoke":
            await mine.revoke(given.id)
            print(f"{given.id} ended.")
        else:
            await _rotate(where, login, mine)
    finally:
        await mine.close()
    return 0


async def _rotate(where: Settings, login: Login, mine: Account) -> None:
    from app import signed_in

    token, user = await mine.rotate()
    signed_in.keep(where, login, token)
    print(f"{user.name} has a new token at {login.url}; the old one ended.")


def _here(where: Settings, given: argparse.Namespace) -> int:
    from store.engine import open_database
    from store.people import People

    people = People(open_database(where.queue))
    try:
        if given.what == "list":
            _list(people.tokens())
        else:
            people.revoke_token(given.id, by=where.actor)
            print(f"{given.id} ended.")
    finally:
        people.close()
    return 0


def _list(tokens: Iterable[Token]) -> None:
    for token in tokens:
        state = f"revoked {token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else ""
        print(f"{token.id:<18} {token.user:<24} until {token.expires_at:%Y-%m-%d} {state}".rstrip())
