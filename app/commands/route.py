"""List what can be switched as it runs, and throw a switch: a route, a model, a prompt or a kind of action.

lastclick route list [--json]
lastclick route off messy --why "prompt loops" [--waiting hold|review|ROUTE] [--until 18:00] [--kind model]
lastclick route on messy --why "prompt mended"
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from config.settings import Settings
from store.live import SwitchKind

if TYPE_CHECKING:
    from store.live import Operation, Switch, SwitchPreview
    from store.queue import Queue


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("list", "off", "on"))
    parser.add_argument("name", nargs="?", help="what is switched")
    parser.add_argument("--kind", choices=get_args(SwitchKind), default="route", help="what it is (default: a route)")
    parser.add_argument("--why", metavar="WORDS", help="the reason, which everybody reads")
    parser.add_argument(
        "--waiting", metavar="WAY", default="hold", help="what waits: hold (default), review, or the name of a route"
    )
    parser.add_argument(
        "--until", metavar="TIME", help="when it goes on again by itself: 18:00, in 2 hours, tomorrow 9"
    )
    parser.add_argument("--preview", action="store_true", help="say what it would touch, and do nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--hours", type=int, default=24, metavar="N", help="list: the last N hours (default 24)")
    parser.add_argument("--demo", action="store_true", help="the demo's queue")


def run(given: argparse.Namespace) -> int:
    from app.commands.desk import asked_about
    from store.queue import Invalid

    if given.what != "list" and not given.name:
        raise Invalid(f"Name what is switched {given.what}: lastclick route {given.what} NAME --why WORDS")
    if given.what != "list" and not given.preview and not (given.why or "").strip():
        raise Invalid('Say why, so that everybody knows: --why "…"')
    where = asked_about(given)
    known = _known(where.rules) if given.what != "list" else {}
    return asyncio.run(_run(where, given, known))


def _known(folders: Sequence[Path]) -> Mapping[str, tuple[str, ...]]:
    """Names that the rules know, by kind. A prompt on trial can be switched off before its first ticket."""
    from config.load import load

    rules = load(folders)
    by_kind: dict[str, Iterable[str]] = {
        "route": rules.routes, "model": rules.models, "prompt": rules.prompts, "action": rules.actions,
    }  # fmt: skip
    return {kind: tuple(names) for kind, names in by_kind.items()}


async def _run(where: Settings, given: argparse.Namespace, known: Mapping[str, tuple[str, ...]]) -> int:
    from app.commands.desk import opened

    queue = await opened(where)
    try:
        if given.what == "list":
            found = await queue.operations(given.hours)
            shown = [one.model_dump(mode="json") | {"on": one.on} for one in found]
            print(json.dumps(shown, indent=2, ensure_ascii=False) if given.json else "\n".join(listing(found)))
            return 0
        await _there(queue, given, known)
        switch = _switch(given, where.actor)
        preview = await queue.preview(switch)
        if given.preview:
            print(preview.model_dump_json(indent=2) if given.json else "\n".join(touched(preview)))
            return 0
        thrown = await queue.throw(switch)
        place = f" on {where.server}" if where.server else ""
        print(thrown.model_dump_json(indent=2) if given.json else said(thrown, preview, place))
    finally:
        await queue.close()
    return 0


async def _there(queue: Queue, given: argparse.Namespace, known: Mapping[str, tuple[str, ...]]) -> None:
    """A name with a slip in it would switch nothing off, in the middle of the night. Raises `Invalid`."""
    from config.load import nearest
    from store.queue import Invalid

    used = {one.name for one in await queue.operations(672) if one.kind == given.kind}
    names = used | set(known[given.kind])
    if given.name not in names:
        other = next((kind for kind, others in known.items() if given.name in others), None)
        if other is not None:
            raise Invalid(f"{given.name} is no {given.kind}: say --kind {other}. Nothing was switched.")
        hint = nearest(given.name, sorted(names))
        raise Invalid(
            f"No {given.kind} is called {given.name}{hint}{'' if hint.endswith('?') else '.'} Nothing was switched."
        )
    way, routes = given.waiting, known["route"]
    if given.what == "off" and way not in ("hold", "review") and given.kind == "route" and way not in routes:
        raise Invalid(f"--waiting is hold, review or a route{nearest(way, ['hold', 'review', *routes])}")


def _switch(given: argparse.Namespace, actor: str) -> Switch:
    from store.live import Switch

    way = given.waiting if given.waiting in ("hold", "review") else f"route:{given.waiting.removeprefix('route:')}"
    until = _until(given.until) if given.until and given.what == "off" else None
    return Switch(
        kind=given.kind,
        name=given.name,
        on=given.what == "on",
        who=actor,
        why=given.why or "",
        waiting=way,
        until=until,
    )


def _until(words: str) -> datetime:
    from app.desk import times
    from store.contract import now
    from store.queue import Invalid

    try:
        return times.parse(words, now())
    except times.NotATimeError as wrong:
        raise Invalid(f"--until: {wrong}") from None


def touched(preview: SwitchPreview) -> Iterator[str]:
    """What throwing it touches, one line each."""
    switch = preview.switch
    yield f"{switch.kind} {switch.name}:"
    yield f"  {preview.reviews} waiting for a person, {preview.executions} about to run"
    yield f"  {preview.in_flight} tickets in work, {preview.per_hour:.1f} an hour in the last day"
    if preview.then:
        yield f"  new tickets: {preview.then}"


def said(thrown: Switch, preview: SwitchPreview, place: str = "") -> str:
    """What has happened, and on which server, in a sentence."""
    if thrown.on:
        back = f"; {preview.held} held come back in order" if preview.held else ""
        return f"{thrown.kind} {thrown.name} is on again{place}{back}."
    way = thrown.waiting.replace("route:", "go by route ")
    until = f" until {thrown.until.astimezone():%a %d %b %H:%M}" if thrown.until else ""
    return f"{thrown.kind} {thrown.name} is OFF{place}{until}. {preview.reviews} waiting: {way}; {thrown.held} held."


def listing(found: tuple[Operation, ...]) -> Iterator[str]:
    """One line each, and below it what is unusual and who switched it why."""
    from app.figures_told import counted, span

    if not found:
        yield "Nothing has run yet."
        return
    yield (
        f"{'':3}{'kind':<7} {'name':<22} {'traffic':>8} {'errors':>16} {'retries':>16} {'p50':>8} {'p95':>8} "
        f"{'came back':>16} {'cost':>9}"
    )
    for one in found:
        took = one.latency
        p50, p95 = (span(took.p50), span(took.p95)) if took.count else ("–", "–")
        yield (
            f"{'on ' if one.on else 'OFF'}{one.kind:<7} {one.name[:22]:<22} {one.traffic:>8} {counted(one.errors):>16} "
            f"{counted(one.retries):>16} {p50:>8} {p95:>8} {counted(one.repeats):>16} {one.cost_micros / 1e6:>9.4f}"
        )
        if one.switch is not None and not one.on:
            held = f" · {one.switch.held} held" if one.switch.held else ""
            yield f"{'':11}switched off by {one.switch.who}: {one.switch.why}{held}"
        if one.remark:
            yield f"{'':11}▲ {one.remark}"
