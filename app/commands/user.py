"""Who is on the team: add a user and get the one-time code they sign in with, list users, revoke one at once.

Works on the database itself: run it where the server runs.
"""

from __future__ import annotations

import argparse
from typing import get_args

from config.settings import settings
from store.roles import Role

ROLES = get_args(Role)


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="add|code|list|revoke")
    add = what.add_parser("add", help="add a user; prints their one-time code")
    add.add_argument("name")
    add.add_argument("--role", required=True, choices=ROLES)
    add.add_argument(
        "--limit", action="append", default=[], type=_money, metavar="'EUR 200'", help="lets go alone up to this amount"
    )
    what.add_parser("code", help="another one-time code for a user").add_argument("name")
    what.add_parser("list", help="users with roles and limits")
    what.add_parser("revoke", help="end a user and all their tokens, at once").add_argument("name")


def run(given: argparse.Namespace) -> int:
    from store.engine import open_database
    from store.people import CODE_HOURS, People

    where = settings(given.home, given.database, given.rules, given.actor)
    people = People(open_database(where.queue))
    try:
        if given.what == "list":
            _list(people.users())
        elif given.what == "revoke":
            people.revoke(given.name, by=where.actor)
            print(f"{given.name} and every token of theirs ended.")
        else:
            if given.what == "add":
                code = people.add(given.name, given.role, tuple(given.limit), by=where.actor)
            else:
                code = people.code(given.name, by=where.actor)
            print(code)
            _tell(given.name, CODE_HOURS)
    finally:
        people.close()
    return 0


def _tell(name: str, hours: int) -> None:
    import sys

    told = f"The code above is {name}'s: good once, within {hours} hours. They run: lastclick login URL"
    print(told, file=sys.stderr)


def _list(users: object) -> None:
    from store.roles import User

    assert isinstance(users, tuple)
    for user in users:
        assert isinstance(user, User)
        limits = " ".join(str(limit) for limit in user.limits)
        state = f"revoked {user.revoked_at:%Y-%m-%d}" if user.revoked_at else ""
        print(f"{user.name:<24} {user.role:<9} {limits:<16} {state}".rstrip())
    if not users:
        print("No users yet: lastclick user add NAME --role lead")


def _money(text: str) -> object:
    from decimal import Decimal, InvalidOperation

    from pydantic import ValidationError

    from store.contract import Money

    currency, _, amount = text.strip().partition(" ")
    try:
        minor = Decimal(amount) * 100
        if minor != int(minor) or minor < 0:
            raise ValueError
        return Money(minor=int(minor), currency=currency.upper())
    except (InvalidOperation, ValidationError, ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount; write it as 'EUR 200' or 'EUR 49.90'") from None
