"""What can go wrong with the database, as one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc

from store.driver import errors
from store.queue import Unavailable

_SENTENCES = (
    ("database or disk is full", "The disk that holds {place} is full. Free some space, then try again."),
    ("readonly database", "{place} is read-only. Make the file and its folder writable, then try again."),
    ("attempt to write a readonly", "{place} is read-only. Make the file and its folder writable, then try again."),
    ("file is not a database", "{place} is not a Lastclick queue. Give the right file, or move this one away."),
    ("malformed", "{place} is damaged. Stop every Lastclick, keep a copy, and restore the last good one."),
    ("locked", "{place} is busy: another process has held it for too long. Try again; if it stays, stop that process."),
    ("busy", "{place} is busy: another process has held it for too long. Try again; if it stays, stop that process."),
    ("unable to open", "{place} cannot be opened. Check that the folder exists and that you may write there."),
    ("disk i/o error", "The disk that holds {place} does not answer as it should. Check the disk, then try again."),
    ("no such table", "{place} is not a Lastclick queue. Give the right file, or move this one away."),
    ("no such column", "{place} has a schema this version does not know. Update Lastclick, or use another file."),
)


_STATES = {
    "28P01": "{place} refuses the password. Check user and password in the URL (LASTCLICK_DATABASE).",
    "28000": "{place} refuses this user. Check the user in the URL, and pg_hba.conf on the server.",
    "3D000": "{place} does not exist. Make it with `createdb`, or correct the name in the URL.",
    "25006": "{place} is read-only: it is a standby, or was set so. Give the URL of the primary.",
    "42501": "{place} does not let this user write. Make the user the owner of the database.",
    "53100": "The disk of {place} is full. Free some space there, then try again; nothing was changed.",
    "53200": "{place} has no memory left. Nothing was changed; try again, and look at the server.",
    "53300": "{place} has no connection left. Raise max_connections, or run fewer workers.",
    "55P03": "{place} is busy: another transaction has held it for too long. Nothing was changed; try again.",
    "57014": "{place} was told to stop what it did. Nothing was changed; try again.",
    "57P03": "{place} is starting or stopping. Try again in a moment.",
    "42P01": "{place} is not a Lastclick queue. Give the right database.",
    "42703": "{place} has a schema this version does not know. Update Lastclick, or use another database.",
    "40001": "{place} is busy: others changed the same again and again. Nothing was changed; try again.",
    "40P01": "{place} is busy: others changed the same again and again. Nothing was changed; try again.",
}
"""By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

_GONE = "{place} does not answer. Check that PostgreSQL runs there and that the network lets you through."
_REFUSALS = {"password authentication failed": "28P01", "does not exist": "3D000", "too many clients": "53300"}
"""While connecting the driver passes on the server's words alone."""


def sqlstate(error: BaseException | None) -> str | None:
    """PostgreSQL's code of an error, also of one that SQLAlchemy wraps; None where there is none."""
    orig = error.orig if isinstance(error, exc.DBAPIError) else error
    found = getattr(orig, "sqlstate", None)
    return found if isinstance(found, str) else None


def _of_postgres(error: BaseException | None, place: str) -> str | None:
    """The sentence for what psycopg raises; None for a broken rule of the tables, and for other drivers."""
    if error is None or not type(error).__module__.startswith("psycopg"):
        return None
    state = sqlstate(error)
    if state is None:
        said = str(error)
        state = next((code for words, code in _REFUSALS.items() if words in said), None)
        if state is None:
            return _GONE.format(place=place) if _is_operational(error) else None
    if state in _STATES:
        return _STATES[state].format(place=place)
    if state[:2] in ("08", "57") or state == "25P03":
        return _GONE.format(place=place)
    return None if state[:2] in ("22", "23", "42") else f"{place}: {error}. Run `lastclick doctor`."


def _is_operational(error: Any) -> bool:
    return any(one.__name__ in ("OperationalError", "InterfaceError") for one in type(error).__mro__)


@contextmanager
def named(place: str) -> Iterator[None]:
    """Turns what the driver raises into `Unavailable`; a broken rule of the tables (a bug of ours) stays what it is."""
    try:
        yield
    except exc.DBAPIError as error:
        told = _of_postgres(error.orig, place)
        if told is None and isinstance(error, exc.IntegrityError | exc.ProgrammingError):
            raise
        raise Unavailable(told or sentence(str(error.orig), place)) from error
    except exc.TimeoutError as error:
        raise Unavailable(sentence("busy", place)) from error
    except errors() as error:
        raise Unavailable(sentence(str(error), place)) from error
    except OSError as error:
        raise Unavailable(
            f"{place}: {error.strerror or error}. Check the disk and the file, then try again."
        ) from error
    except Exception as error:
        told = _of_postgres(error, place)
        if told is None:
            raise
        raise Unavailable(told) from error


def sentence(text: str, place: str) -> str:
    """The sentence for what SQLite says; for what it never said before, its own words."""
    lower = text.lower()
    for words, answer in _SENTENCES:
        if words in lower:
            return answer.format(place=place)
    return f"{place}: {text}. Run `lastclick doctor`."
