"""Which SQLite is used, and whether it can be trusted with a write-ahead log."""

from __future__ import annotations

import sqlite3
from types import ModuleType


def driver() -> ModuleType:
    """pysqlite3's own SQLite where there is a wheel, else the standard library's."""
    try:
        from pysqlite3 import dbapi2  # type: ignore[import-untyped]
    except ImportError:
        return sqlite3
    module: ModuleType = dbapi2
    return module


def trusted_with_wal(version: tuple[int, ...]) -> bool:
    """False for SQLite 3.7.0 to 3.51.2, which can corrupt a WAL file that two connections use (3.44.6, 3.50.7 are mended).

    Source: https://sqlite.org/wal.html#walresetbug
    """
    mended = (version[:2] == (3, 44) and version >= (3, 44, 6)) or (version[:2] == (3, 50) and version >= (3, 50, 7))
    return version < (3, 7, 0) or version > (3, 51, 2) or mended


def errors() -> tuple[type[Exception], ...]:
    """What the driver raises when SQLAlchemy does not stand in between."""
    return (driver().Error, sqlite3.Error)
