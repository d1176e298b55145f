"""Routes, models, prompts and kinds of action as they run: what the person on call reads before a switch is thrown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from store import noticing, sheets, switching
from store.contract import now
from store.live import Operation, Share, Switch, SwitchKind
from store.sheets import HOUR, spread, start_of, sums, window

HOURS = 24
USUAL_HOURS = 28 * 24
MOST = 200


@dataclass(frozen=True)
class _Kind:
    """Under which names the figures of a kind stand."""

    traffic: str
    errors: tuple[str, ...]
    retries: str
    latency: str


_KINDS: dict[SwitchKind, _Kind] = {
    "route": _Kind("handled", ("stopped", "carry_errors"), "call_retries", "handle_ms"),
    "model": _Kind("calls", ("call_errors",), "call_retries", "call_ms"),
    "prompt": _Kind("calls", ("call_errors",), "call_retries", "call_ms"),
    "action": _Kind("carried", ("carry_errors",), "", "carry_ms"),
}
_TO_PEOPLE = ("returned", "replies", "overrides", "decided")


def operations(session: Session, hours: int = HOURS) -> tuple[Operation, ...]:
    """Everything that can be switched and was used in the last four weeks, or is off; routes first, the busiest first."""
    switches = {(one.kind, one.name): one for one in switching.all_switches(session)}
    moment = now()
    start, end = window(moment, hours)
    every = [name for kind in _KINDS for name in _names(kind)]
    read = _Read(
        hours=hours,
        moment=moment,
        start=start,
        end=end,
        recent=sums(session, every, start, end),
        usual=sums(session, every, start_of(moment, USUAL_HOURS), start),
    )
    found = []
    for kind in _KINDS:
        mine = {name: one for (of, name), one in switches.items() if of == kind}
        found += _of_kind(session, kind, mine, read)
    return tuple(found[:MOST])


@dataclass(frozen=True)
class _Read:
    """All that the window came to, and the four weeks before it: one statement each."""

    hours: int
    moment: datetime
    start: int
    end: int
    recent: dict[str, dict[str, int]]
    usual: dict[str, dict[str, int]]


def _names(kind: SwitchKind) -> list[str]:
    names = _KINDS[kind]
    wanted = [names.traffic, *names.errors, "calls", "call_retries", "cost", *_TO_PEOPLE]
    return [f"{name}.{kind}" for name in dict.fromkeys(wanted)]


def _of_kind(session: Session, kind: SwitchKind, switches: Mapping[str, Switch], read: _Read) -> list[Operation]:
    names, moment = _KINDS[kind], read.moment
    recent, usual = ({name: whole[name] for name in _names(kind)} for whole in (read.recent, read.usual))
    lengths = sheets.buckets(session, f"{names.latency}.{kind}", read.start, read.end)
    hourly = sheets.series(session, f"{names.traffic}.{kind}", start_of(moment, HOURS), HOUR, HOURS)
    versions = _versions(session, start_of(moment, USUAL_HOURS), read.end) if kind == "prompt" else {}
    keys = {key for figures in (recent, usual) for cells in figures.values() for key in cells if key} | set(switches)
    made = []
    for key in keys:
        now_, before = _shares(kind, recent, key), _shares(kind, usual, key)
        made.append(
            Operation(
                kind=kind,
                name=key,
                switch=switches.get(key),
                traffic=recent[f"{names.traffic}.{kind}"].get(key, 0),
                per_hour=tuple(hourly.get(key, [0] * HOURS)),
                **now_,
                latency=spread(lengths.get(key, {})),
                cost_micros=recent[f"cost.{kind}"].get(key, 0),
                versions=tuple(versions.get(key, ())),
                remark=noticing.remark(now_, before, read.hours),
            )
        )
    return sorted(made, key=lambda one: (one.on, -one.traffic, one.name))


def _shares(kind: SwitchKind, figures: dict[str, dict[str, int]], key: str) -> dict[str, Share]:
    def n(*names: str) -> int:
        return max(0, sum(figures.get(f"{name}.{kind}", {}).get(key, 0) for name in names))

    names = _KINDS[kind]
    return {
        "errors": Share(part=n(*names.errors), whole=n(names.traffic)),
        "retries": Share(part=n("call_retries"), whole=n("calls")),
        "repeats": Share(part=n("returned"), whole=n("replies")),
        "overrides": Share(part=n("overrides"), whole=n("decided")),
    }


def _versions(session: Session, start: int, end: int) -> dict[str, list[str]]:
    """The versions of each prompt with what each was called, the busiest first."""
    figures = sums(session, ["calls.version", "returned.version", "replies.version"], start, end)
    found: dict[str, list[str]] = {}
    for key, calls in sorted(figures["calls.version"].items(), key=lambda item: (-item[1], item[0])):
        prompt, _, rest = key.partition(" ")
        back, sent = figures["returned.version"].get(key, 0), figures["replies.version"].get(key, 0)
        told = f" · {back} of {sent} replies came back" if sent else ""
        found.setdefault(prompt, []).append(f"{rest} {calls} calls{told}")
    return found
