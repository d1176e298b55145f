"""The parts of the queue that can be asked for by themselves, and how they are called. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.live import View

SAVED = "Saved"
"""The heading of what an agent saved."""
SORTS = {"oldest": "oldest first", "newest": "newest first", "due": "due first", "amount": "largest amount first"}


@dataclass(frozen=True)
class Section:
    """One line of the menu: what it shows, under which heading, and how many wait there (None: not counted)."""

    heading: str
    title: str
    view: View
    count: int | None = None

    @property
    def saved(self) -> bool:
        """Whether somebody gave it its name, so that it can be taken away."""
        return self.heading == SAVED


def standing(me: str, routes: Sequence[str], sort: View) -> tuple[Section, ...]:
    """The sections that are always there, to be counted one by one. `sort`: the view whose order is kept."""

    def asked(**fields: object) -> View:
        return View.model_validate({"sort": sort.sort, **fields})

    return (
        Section("Queue", "everything that waits", asked()),
        Section("Queue", "handed to me", asked(assignee=me)),
        Section("Queue", "overdue", asked(overdue=True)),
        Section("Queue", "older than an hour", asked(older_than_minutes=60)),
        Section("Queue", "high risk", asked(risk="high")),
        Section("Queue", "snoozed", asked(state="snoozed")),
        Section("Queue", "held by a switch", asked(state="held")),
        *(Section("Route", route, asked(route=route)) for route in routes),
    )


def by_assignee(counts: Mapping[str, int], me: str, sort: View) -> tuple[Section, ...]:
    """A section for each other person or group that anything waits for, by name."""
    found = {key.removeprefix("assignee:"): n for key, n in counts.items() if key.startswith("assignee:")}
    return tuple(
        Section("Handed to", name, View(assignee=name, sort=sort.sort), count)
        for name, count in sorted(found.items())
        if count and name != me
    )


def narrowed(view: View, by: View) -> View:
    """What is shown, narrowed by what another view asks for."""
    return view.model_copy(update=by.model_dump(exclude_defaults=True))


def by_reason(counts: Mapping[str, int], sort: View) -> tuple[Section, ...]:
    """A section for each first reason that anything waits for, the largest first. `counts`: of all that waits."""
    found = [(key.removeprefix("reason:"), count) for key, count in counts.items() if key.startswith("reason:")]
    return tuple(
        Section("Reason", code.replace("_", " "), View(reason=code, sort=sort.sort), count)
        for code, count in sorted(found, key=lambda each: (-each[1], each[0]))
        if count
    )


def sorts(view: View) -> tuple[Section, ...]:
    """The same view in another order."""
    return tuple(
        Section("Order", title, view.model_copy(update={"sort": sort}))
        for sort, title in SORTS.items()
        if sort != view.sort
    )


def called(view: View, words: str = "") -> str:
    """What the list shows, in the fewest words: `Queue`, `overdue`, `“kettle”`."""
    if words:
        return f"“{words}”"
    parts: list[str] = [] if view.state == "open" else [view.state]
    parts += [view.reason.replace("_", " ")] if view.reason else []
    parts += [f"route {view.route}"] if view.route else []
    parts += [f"for {view.assignee}"] if view.assignee else []
    parts += ["high risk" if view.risk == "high" else "low risk"] if view.risk else []
    parts += ["overdue"] if view.overdue else []
    parts += [f"older than {_length(view.older_than_minutes)}"] if view.older_than_minutes else []
    parts += [SORTS[view.sort]] if view.sort != "oldest" else []
    return ", ".join(parts) or "Queue"


def _length(minutes: int) -> str:
    """`45m`, `2h`, `1h 30m`, `3d`."""
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    return " ".join(f"{n}{unit}" for n, unit in ((days, "d"), (hours, "h"), (left, "m")) if n)


def whole(view: View) -> bool:
    """Whether it leaves nothing out of what waits."""
    return view.model_copy(update={"sort": "oldest"}) == View()
