"""Replay old tickets through the AI path without effects, beside what people did with them.

FILE is JSON Lines: message_id, text (or messages: [{from: customer|us, text, at}]), subject, author, sender, at, and
did: {actions: [{kind, args, amount?}], reply?, handed_over?}. Without FILE the reviews that your team decided are replayed.
A run that was broken off goes on where it was; the same run again only shows its report.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.desk.replay import Handoff
    from app.reports.replay.compared import Compared
    from app.reports.replay.old import Old
    from config.rules import Rules


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, help="a .jsonl file of old tickets")
    parser.add_argument("--last", type=int, default=500, metavar="N", help="at most the newest N tickets (default 500)")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="processes (default: one a core, at most 4)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where results and report go (default: in the home)")
    parser.add_argument("--look", action="store_true", help="open the cases side by side, to mark each handoff")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(given: argparse.Namespace) -> int:
    """0 when everything was replayed; 1 with each bad line named, and nothing replayed, otherwise."""
    from app.sources.records import open_shop
    from config.load import load

    where = settings(given.home, rules=given.rules, actor=given.actor)
    where.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    rules = load(where.rules)
    olds = _olds(given, where)
    if olds is None:
        return 1
    if not olds:
        print(
            "There is nothing to replay: nobody has decided a review yet. Give a file of old tickets.", file=sys.stderr
        )
        return 1
    open_shop(rules, where.shop)
    folder = given.out or where.home / "replay" / _named(olds, rules)
    _replay(olds, where, folder, given.jobs)
    return _told(given, folder, rules)


def _olds(given: argparse.Namespace, where: Settings) -> list[Old] | None:
    from app.reports.replay.old import at_of, of_file, of_queue
    from app.ticket_files import BadFile
    from store import plain

    if given.file is None:
        from app.commands.desk import queue_of

        async def read() -> list[Old]:
            queue = queue_of(where)
            try:
                return [old async for old in of_queue(queue, given.last)]
            finally:
                await queue.close()

        return asyncio.run(read())
    try:
        found, bad = of_file(given.file)
    except (BadFile, OSError) as error:
        print(plain.line(f"{given.file}: {error}"), file=sys.stderr)
        return None
    for problem in bad:
        print(plain.line(f"{given.file}:{problem}"), file=sys.stderr)
    if bad:
        print("Nothing was replayed.", file=sys.stderr)
        return None
    return sorted(found, key=at_of, reverse=True)[: given.last]


def _named(olds: Sequence[Old], rules: Rules) -> str:
    """The same tickets under the same rules are the same run."""
    digest = hashlib.sha256(rules.version.encode())
    for old in olds:
        digest.update(old.model_dump_json().encode())
    return digest.hexdigest()[:12]


def _replay(olds: Sequence[Old], where: Settings, folder: Path, jobs: int) -> None:
    from app.reports.replay.run import Shop, replay

    shop = Shop(where.rules, where.shop, where.models)
    most = jobs or min(4, os.cpu_count() or 1)
    if not sys.stderr.isatty():
        replay(olds, shop, folder, jobs=most, say=_every_hundred)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=len(olds))
        replay(olds, shop, folder, jobs=most, say=_on(bar, task))


def _on(bar: object, task: object) -> Callable[[int, int], None]:
    return lambda done, total: bar.update(task, completed=done, total=total)  # type: ignore[attr-defined]


def _every_hundred(done: int, total: int) -> None:
    if done == total or (done and done % 100 == 0):
        print(f"replayed {done} of {total}", file=sys.stderr)


def _told(given: argparse.Namespace, folder: Path, rules: Rules) -> int:
    from app.reports.replay import report
    from app.reports.replay.compared import WORDS
    from app.reports.replay.marks import marks
    from app.reports.replay.run import FIGURES, REPORT, results

    found = list(results(folder))
    if given.look and not _looked(found, folder):
        return 2
    marked = marks(folder)
    told = report.figures(found, marked)
    source = str(given.file) if given.file else "the queue"
    (folder / FIGURES).write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (folder / REPORT).write_text(report.markdown(found, source, rules.version, marked), encoding="utf-8")
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
        return 0
    for name, count in told["verdicts"].items():
        print(f"{count:>6}  {name.replace('_', ' '):<14} {WORDS[name]}")
    print(f"{told['wrong_amounts']:>6}  wrong amounts")
    print(f"The report is {folder / REPORT}. `--look` opens the cases side by side.")
    return 0


def _looked(found: Sequence[Compared], folder: Path) -> bool:
    """Open the cases side by side. False without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("--look needs a terminal. The report holds the same cases.", file=sys.stderr)
        return False
    from functools import partial

    from app.desk.replay import look
    from app.reports.replay.marks import mark, marks
    from app.reports.replay.report import worst_first

    marked = marks(folder)
    look([_handoff(each, marked.get(each.id, "")) for each in worst_first(found)], partial(mark, folder))
    return True


def _handoff(each: Compared, mark: str) -> Handoff:
    from app.desk.replay import Handoff
    from app.reports.replay.compared import WORDS

    return Handoff(
        id=each.id,
        ticket=f"{each.ticket_id} {each.subject}".strip(),
        verdict=each.verdict.replace("_", " "),
        meaning=WORDS[each.verdict],
        message=each.message,
        route=f"{each.route}: {each.route_reason}",
        ours=each.ours,
        theirs=each.theirs or (("handed over or refused",) if each.handed_over else ()),
        fields=tuple((one.field, str(one.before), str(one.after)) for one in each.differences),
        reasons=each.reasons,
        our_reply=each.reply,
        their_reply=each.their_reply,
        mark=mark,
    )
