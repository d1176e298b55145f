"""What can go wrong with the database, as one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def named(place: str) -> Iterator[None]:
    """Turns what the driver raises into `Unavailable`; a broken rule of the tables (a bug of ours) stays what it is."""
    try:
        yield
    except (exc.IntegrityError, exc.ProgrammingError):
        raise
    except exc.DBAPIError as error:
        raise Unavailable(sentence(str(error.orig), place)) from error
    except exc.TimeoutError as error:
        raise Unavailable(sentence("busy", place)) from error
    except errors() as error:
        raise Unavailable(sentence(str(error), place)) from error
    except OSError as error:
        raise Unavailable(
            f"{place}: {error.strerror or error}. Check the disk and the file, then try again."
        ) from error


def sentence(text: str, place: str) -> str:
    """The sentence for what SQLite says; for what it never said before, its own words."""
    lower = text.lower()
    for words, answer in _SENTENCES:
        if words in lower:
            return answer.format(place=place)
    return f"{place}: {text}. Run `lastclick doctor`."
