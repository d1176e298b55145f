"""Plant cases with a known fault among those that wait, to see whether people still look; read what became of them.

lastclick seed plant [--count 4] [--fault amount,order,claim,value] [--like REVIEW]
lastclick seed list [--json]
lastclick seed withdraw

Each is a copy of a case that was approved as it was proposed, with one thing wrong: the amount, another customer's order, a
promise no source makes, a value the customer did not give. Nothing of it is ever carried out or counted among tickets.
`planted_share` in review.toml plants them by itself.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.settings import Settings

if TYPE_CHECKING:
    from store.planted_told import Planted, PlantedCase, PlantedFigures


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("plant", "list", "withdraw"))
    parser.add_argument("--count", type=int, default=1, metavar="N", help="plant: so many, 1 to 50 (default 1)")
    parser.add_argument("--fault", metavar="KINDS", help="plant: amount, order, claim, value (default: all in turn)")
    parser.add_argument("--like", metavar="REVIEW", help="plant: a copy of this decided case")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--demo", action="store_true", help="the demo's queue")


def run(given: argparse.Namespace) -> int:
    from app.commands.desk import asked_about
    from store.planting import KINDS
    from store.queue import Invalid

    kinds = tuple(one.strip() for one in given.fault.split(",")) if given.fault else KINDS
    if wrong := [one for one in kinds if one not in KINDS]:
        raise Invalid(f"--fault: there is no {wrong[0]!r}; there are: {', '.join(KINDS)}.")
    if not 1 <= given.count <= 50:
        raise Invalid(f"--count is 1 to 50, not {given.count}.")
    print(asyncio.run(_do(asked_about(given), given, kinds)))
    return 0


async def _do(where: Settings, given: argparse.Namespace, kinds: tuple[str, ...]) -> str:
    from app.commands.desk import opened
    from store.planted_told import Planting

    queue, actor = await opened(where), where.actor
    try:
        told: Planted | PlantedFigures
        if given.what == "list":
            told = await queue.planted()
            lines = _figures(told)
        elif given.what == "withdraw":
            told = await queue.withdraw_planted(actor)
            lines = _listed("taken back", told.cases)
        else:
            asked = {"by": actor, "count": given.count, "kinds": kinds, "origin": given.like}
            told = await queue.plant(Planting.model_validate(asked))
            lines = _listed("planted", told.cases)
    finally:
        await queue.close()
    return told.model_dump_json(indent=2) if given.json else "\n".join(lines)


def _listed(what: str, cases: tuple[PlantedCase, ...]) -> Iterator[str]:
    yield f"{len(cases)} {what}." if len(cases) != 1 else f"One case {what}."
    for one in cases:
        yield f"  {one.ticket_id or '':<12} {one.kind:<7} {one.said}"


def _figures(told: PlantedFigures) -> Iterator[str]:
    from app.figures_told import counted

    found = f"{counted(told.found)} found" if told.found.whole else "none answered"
    yield f"Planted cases, last 28 days: {found} · {told.waiting} {'waits' if told.waiting == 1 else 'wait'}"
    for kind, share in told.kinds.items():
        yield f"  {kind:<20} {counted(share):>18}"
    for who, share in told.people.items():
        yield f"  {who[:20]:<20} {counted(share):>18}"
    for one in told.cases:
        who = f" · {one.answered_by}" if one.answered_by else ""
        yield f"  {one.at:%Y-%m-%d}  {one.state:<9} {one.ticket_id or '–':<12} {one.said}{who}"
    if not told.people and told.found.whole:
        yield "Who answered is told to nobody but them; planted_by_person = true in review.toml tells it to a lead."
