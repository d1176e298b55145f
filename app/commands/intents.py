"""Fit and test the embedded models on the intents and examples of your rules folder.

fit   fits anew and shows what cross-validation found: accuracy, calibration, out of scope, confusions.
test  scores a file of {"text": …, "intent": …} lines (or the folds of the examples when no file is named).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("fit", "test"))
    parser.add_argument("file", nargs="?", type=Path, help="JSON Lines of texts with their intent, for test")


def run(given: argparse.Namespace) -> int:
    from app.models.embedded import Fitted
    from app.models.scoring import render, test
    from config.load import load
    from store import plain

    where = settings(given.home, rules=given.rules)
    fitted = Fitted(load(where.rules), where.models)
    if given.what == "fit" or given.file is None:
        print(plain.body(render(fitted.fit())))
        return 0
    rows, problems = _rows(given.file, set(fitted.pair().labels))
    for problem in problems:
        print(plain.line(problem), file=sys.stderr)
    if problems:
        return 1
    print(plain.body(render(test(fitted.pair(), [text for text, _ in rows], [intent for _, intent in rows]))))
    return 0


def _rows(file: Path, known: set[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Texts with their intent, and what is wrong with the file, line by line."""
    from difflib import get_close_matches

    try:
        lines = file.read_text(encoding="utf-8").split("\n")  # a text may hold U+2028
    except (OSError, UnicodeDecodeError) as error:
        return [], [f"{file}: {error}"]
    rows: list[tuple[str, str]] = []
    problems = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text, intent = str(row["text"]), str(row["intent"])
        except (ValueError, TypeError, KeyError) as error:
            problems.append(f'{file}:{number}: expected {{"text": …, "intent": …}}: {error}')
            continue
        if intent not in known:
            near = get_close_matches(intent, known, n=1)
            problems.append(
                f"{file}:{number}: intent: {intent!r} is unknown" + (f", did you mean {near[0]!r}?" if near else "")
            )
            continue
        rows.append((text, intent))
    if not rows and not problems:
        problems.append(f"{file}: there is no line in it")
    return rows, problems
