"""The map as a Mermaid flowchart, for a wiki or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.reports.way import Way
from store import plain

PERSON, CUSTOMER, OUT = "person", "customer", "out"


def chart(way: Way) -> str:
    """One flowchart: triggers to ways, ways to the gate, what stops before whom."""
    return "\n".join(["flowchart LR", *(f"  {line}" for line in _lines(way))]) + "\n"


def _lines(way: Way) -> Iterator[str]:
    models = {job.name: ", ".join(sorted({model for _, model in job.models})) for job in way.jobs}
    yield f'message(["message"]) --> classify["classify: {_safe(models.get("classification", ""))}"]'
    yield f'classify --> look_up["look up: {_safe(", ".join(_reads(way, "lookup")))}"] --> route{{"ROUTE"}}'
    yield f'{PERSON}(["a person"])'
    yield f'{CUSTOMER}(["one question to the customer"])'
    yield f'{OUT}(["sent by itself"])'
    for road in way.routes:
        yield f'{_id("way", road.name)}["{_safe(road.name)}: drafted by {_safe(road.model)}"]'
    for number, each in enumerate(way.triggers, 1):
        to = _target(each.then, each.route)
        line = "-.->" if each.dead else "-->"
        yield f'route {line}|"{number} {_safe(each.when)}{" ⚠ never" if each.dead else ""}"| {to}'
    for road in way.routes:
        yield f'{_id("way", road.name)} --> prove["PROVE"]'
    yield 'prove --> gate{"GATE"}'
    yield f'gate -->|"nothing stops it"| {OUT}'
    for to, rules in _by_person(way).items():
        yield f'gate -->|"{_safe(", ".join(rules))}"| {_id("to", to)}(["{_safe(to)}"]) --> {PERSON}'


def _reads(way: Way, name: str) -> tuple[str, ...]:
    return next((job.reads for job in way.jobs if job.name == name), ())


def _target(then: str, route: str) -> str:
    if then.startswith("ask"):
        return CUSTOMER
    return PERSON if then == "a person" else _id("way", route)


def _by_person(way: Way) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in way.stops:
        if not each.dead:
            found.setdefault(each.to, []).append(each.name)
    return found


def _id(kind: str, name: str) -> str:
    return f"{kind}_{re.sub(r'[^A-Za-z0-9]', '_', name)}"


def _safe(text: str) -> str:
    """Text inside a quoted label: what Mermaid would read as its own is written as an entity."""
    text = plain.line(text).replace("#", "#35;")
    for sign, code in (('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("|", "#124;")):
        text = text.replace(sign, code)
    return text
