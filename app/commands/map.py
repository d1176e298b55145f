"""Draw the way of a ticket from your live rules on one page: who reads what, where routing sends it, when a person steps in,
what the customer sees if it fails. A rule that nothing can reach is marked.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings, settings

if TYPE_CHECKING:
    from app.reports.way import Way


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as", dest="form", choices=("text", "svg", "html", "mermaid", "json"), default="text", help="default: text"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there instead of printing it")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when nothing can reach a trigger or a review rule"
    )


def run(given: argparse.Namespace) -> int:
    """0; with --check 1 when a rule of routes.toml or review.toml is dead."""
    from app.reports.way import way
    from config.load import load

    where = settings(given.home, rules=given.rules, actor=given.actor)
    made = way(load(where.rules), where.rules, off=_off(where))
    if given.out is None and given.form == "text":
        from app.reports.way_text import show

        show(made)
    elif (problem := _write(_drawn(made, given.form), given.out)) is not None:
        print(problem, file=sys.stderr)
        return 1
    dead = any(each.dead for each in made.triggers) or any(each.dead for each in made.stops)
    return 1 if given.check and dead else 0


def _drawn(made: Way, form: str) -> str:
    if form == "json":
        import json
        from dataclasses import asdict

        return json.dumps(asdict(made), ensure_ascii=False, indent=2) + "\n"
    if form == "mermaid":
        from app.reports.way_mermaid import chart

        return chart(made)
    if form == "text":
        from app.reports.way_text import lines

        return lines(made)
    from app.reports.way_html import drawing, page

    return page(made) if form == "html" else drawing(made)


def _write(text: str, out: Path | None) -> str | None:
    """None when it is written, else what is wrong."""
    if out is None:
        print(text, end="")
        return None
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        return f"{out} cannot be written: {error.strerror}."
    print(f"Written to {out}.")
    return None


def _off(where: Settings) -> list[str]:
    """What is switched off in the queue, when there is one."""
    import asyncio

    if "://" not in where.queue and not Path(where.queue).exists():
        return []

    async def read() -> list[str]:
        from app.commands.desk import queue_of

        queue = queue_of(where)
        try:
            return [f"{switch.kind} {switch.name}" for switch in await queue.switches() if not switch.on]
        finally:
            await queue.close()

    return asyncio.run(read())
