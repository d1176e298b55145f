"""A report of a defect that can be sent to anybody: versions, kinds of error, lines of code, never a value."""

from __future__ import annotations

import os
import platform
import sys
import traceback
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("lastclick", "textual", "rich", "pydantic")


def write(folder: Path, error: BaseException) -> Path | None:
    """The report's file (0600), or None when the disk would not take it."""
    at = datetime.now(UTC)
    path = folder / f"crash-{at:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(report(error, at))
    except OSError:
        return None
    return path


def report(error: BaseException, at: datetime) -> str:
    """What happened where, of the error and of what caused it. A message or a local could hold a customer's words."""
    lines = [
        f"Lastclick crash report, {at:%Y-%m-%d %H:%M:%S} UTC",
        "",
        *(f"{name} {_version(name)}" for name in PACKAGES),
    ]
    lines += [f"python {platform.python_version()} on {sys.platform}", f"TERM {_known(os.environ.get('TERM', ''))}"]
    for n, each in enumerate(_chain(error)):
        lines += ["", f"{'caused by ' if n else ''}{type(each).__module__}.{type(each).__qualname__}"]
        lines += [
            f"  {_file(frame.filename)}:{frame.lineno} in {frame.name}\n    {frame.line or ''}"
            for frame in traceback.extract_tb(each.__traceback__)
        ]
    return "\n".join(lines) + "\n"


def sentence(path: Path | None) -> str:
    """What the person at the terminal reads."""
    where = f" What is needed to mend it is in {path}; it holds no customer's words." if path else ""
    return f"Lastclick met a defect and ended. Nothing was sent that you had not confirmed.{where}"


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in chain and len(chain) < 10:
        chain.append(each)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return chain


def _file(name: str) -> str:
    """The path from the package on: folders above it may name a person."""
    parts = Path(name).parts
    for root in ("site-packages", "app", "store", "config", "lib"):
        if root in parts:
            at = len(parts) - 1 - parts[::-1].index(root)
            return "/".join(parts[at + (root == "site-packages") :])
    return parts[-1]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _known(term: str) -> str:
    return term if term.replace("-", "").replace(".", "").isalnum() else "?"
